#include "libs/wire/event_bytes.h"

#include "libs/wire/wire.h"

namespace ballast::wire {
namespace {

using Event = order::v1::OrderEvent;

// A field's number and how its value stands there.
constexpr std::uint32_t kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5;
constexpr std::uint32_t Tag(int field, std::uint32_t type) { return static_cast<std::uint32_t>(field) << 3 | type; }

void AppendVarint(std::uint64_t value, std::string* out) {
  while (value >= 0x80) {
    *out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *out += static_cast<char>(value);
}

constexpr std::size_t VarintSize(std::size_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

// As proto3 does, an empty text is not there. All field numbers here are below 16: one byte.
std::size_t TextSize(const std::string& text) { return text.empty() ? 0 : 1 + VarintSize(text.size()) + text.size(); }
void AppendText(int field, const std::string& text, std::string* out) {
  if (text.empty()) return;
  *out += static_cast<char>(Tag(field, kLength));
  AppendVarint(text.size(), out);
  *out += text;
}

// Reads from the front of `bytes`.
bool TakeVarint(std::string_view* bytes, std::uint64_t* value) {
  *value = 0;
  for (int shift = 0; shift < 64 && !bytes->empty(); shift += 7) {
    auto byte = static_cast<unsigned char>(bytes->front());
    bytes->remove_prefix(1);
    *value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}
bool TakeBytes(std::string_view* bytes, std::uint64_t size, std::string_view* taken) {
  if (size > bytes->size()) return false;
  *taken = bytes->substr(0, size);
  bytes->remove_prefix(size);
  return true;
}

}  // namespace

void AppendChecks(const std::vector<RiskCheck>& checks, std::string* out) {
  for (const RiskCheck& check : checks) {
    std::size_t size = TextSize(check.name) + TextSize(check.limit) + TextSize(check.used) + TextSize(check.after) +
                       (check.passed ? 2 : 0);
    *out += static_cast<char>(Tag(Event::kChecksFieldNumber, kLength));
    AppendVarint(size, out);
    AppendText(order::v1::RiskCheck::kNameFieldNumber, check.name, out);
    AppendText(order::v1::RiskCheck::kLimitFieldNumber, check.limit, out);
    AppendText(order::v1::RiskCheck::kUsedFieldNumber, check.used, out);
    AppendText(order::v1::RiskCheck::kAfterFieldNumber, check.after, out);
    if (!check.passed) continue;
    *out += static_cast<char>(Tag(order::v1::RiskCheck::kPassedFieldNumber, kVarint));
    *out += '\1';
  }
}

std::vector<RiskCheck> ReadChecks(std::string_view encoded) {
  std::vector<RiskCheck> checks;
  Event event;
  if (!event.ParseFromArray(encoded.data(), static_cast<int>(encoded.size()))) return checks;
  checks.reserve(static_cast<std::size_t>(event.checks_size()));
  for (const order::v1::RiskCheck& check : event.checks()) checks.push_back(FromProto(check));
  return checks;
}

std::optional<EventHeader> ReadHeader(std::string_view encoded) {
  EventHeader header;
  while (!encoded.empty()) {
    std::uint64_t tag = 0, value = 0;
    std::string_view bytes;
    if (!TakeVarint(&encoded, &tag)) return std::nullopt;
    switch (tag & 7) {
      case kVarint:
        if (!TakeVarint(&encoded, &value)) return std::nullopt;
        break;
      case kFixed64:
        if (!TakeBytes(&encoded, 8, &bytes)) return std::nullopt;
        break;
      case kFixed32:
        if (!TakeBytes(&encoded, 4, &bytes)) return std::nullopt;
        break;
      case kLength:
        if (!TakeVarint(&encoded, &value) || !TakeBytes(&encoded, value, &bytes)) return std::nullopt;
        break;
      default:
        return std::nullopt;
    }
    if (tag == Tag(Event::kAccountIdFieldNumber, kLength)) header.account_id = bytes;
    if (tag == Tag(Event::kSequenceFieldNumber, kVarint)) header.sequence = value;
    if (tag == Tag(Event::kTypeFieldNumber, kVarint)) header.type = static_cast<OrderEventType>(value);
    if (tag == Tag(Event::kExecutionSequenceFieldNumber, kVarint)) header.execution_sequence = value;
    if (tag != Tag(Event::kEventTimeFieldNumber, kLength)) continue;
    google::protobuf::Timestamp time;
    if (!time.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
    header.event_time = FromProto(time);
  }
  return header;
}

}  // namespace ballast::wire
