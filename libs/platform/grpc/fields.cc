#include "libs/platform/grpc/fields.h"

#include <algorithm>
#include <charconv>

namespace ballast {
namespace {

constexpr std::size_t kIdMax = 64;

}  // namespace

bool IsIdentifier(const std::string& text) {
  return !text.empty() && text.size() <= kIdMax && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == ':' || c == '-';
  });
}

std::string Shortened(const std::string& text, std::size_t bytes_max) {
  std::size_t end = std::min(text.size(), bytes_max);
  // Bytes 10xxxxxx go on with a character; the cut is before the one that starts it.
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  std::string kept = text.substr(0, end);
  std::replace(kept.begin(), kept.end(), '\0', ' ');
  return kept;
}

FieldCheck& FieldCheck::Id(const char* field, const std::string& value) {
  if (value.empty()) return Refuse(field, RejectReason::kMissingField, "an id is expected");
  return OptionalId(field, value);
}

FieldCheck& FieldCheck::OptionalId(const char* field, const std::string& value) {
  if (value.empty() || IsIdentifier(value)) return *this;
  return Refuse(field, RejectReason::kBadIdentifier, "1 to 64 characters of A-Z a-z 0-9 . _ : - expected");
}

FieldCheck& FieldCheck::Range(const char* field, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value >= least && value <= most) return *this;
  return Refuse(field, RejectReason::kOutOfRange, std::to_string(least) + " to " + std::to_string(most) + " expected");
}

FieldCheck& FieldCheck::Text(const char* field, const std::string& value, std::size_t bytes_max) {
  if (value.size() > bytes_max)
    return Refuse(field, RejectReason::kOutOfRange, "at most " + std::to_string(bytes_max) + " bytes");
  // Postgres keeps no NUL in a text.
  if (value.find('\0') != std::string::npos)
    return Refuse(field, RejectReason::kMalformed, "it has a character that is not allowed");
  return *this;
}

FieldCheck& FieldCheck::Token(const char* field, const std::string& value, std::int64_t* before) {
  if (value.empty()) return *this;
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < 1)
    return Refuse(field, RejectReason::kMalformed, "not a token of this call");
  *before = number;
  return *this;
}

FieldCheck& FieldCheck::Refuse(const char* field, RejectReason reason, std::string message) {
  errors_.push_back({.field = field, .reason = reason, .message = std::move(message)});
  return *this;
}

grpc::Status FieldCheck::Refusal() const { return errors_.empty() ? grpc::Status::OK : InvalidFields(errors_); }

}  // namespace ballast
