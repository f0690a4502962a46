#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libs/platform/grpc/status.h"

namespace ballast {

// 1 to 64 of [A-Za-z0-9._:-]: accounts, orders, deployments, symbols, request ids.
bool IsIdentifier(const std::string& text);

// At most `bytes_max` bytes of the text; no character is cut in two, so it stays UTF-8, and a NUL, which Postgres keeps
// in no text, becomes a blank. For words that nothing may be refused for.
std::string Shortened(const std::string& text, std::size_t bytes_max);

// Looks at the fields of one request and keeps every violation, so that the caller learns them all at once:
//   FieldCheck check;
//   check.Id("account_id", request.account_id()).Range("page_size", request.page_size(), 0, 500);
//   if (!check.ok()) return check.Refusal();
class FieldCheck {
 public:
  FieldCheck& Id(const char* field, const std::string& value);
  // An id, or empty.
  FieldCheck& OptionalId(const char* field, const std::string& value);
  // Both ends belong to the range.
  FieldCheck& Range(const char* field, std::int64_t value, std::int64_t least, std::int64_t most);
  FieldCheck& Text(const char* field, const std::string& value, std::size_t bytes_max);
  // A page token that is the last number of the page before: 1 to 2^63-1 in digits, or empty. `*before` is set when it
  // is one.
  FieldCheck& Token(const char* field, const std::string& value, std::int64_t* before);
  FieldCheck& Refuse(const char* field, RejectReason reason, std::string message);

  [[nodiscard]] bool ok() const { return errors_.empty(); }
  // INVALID_ARGUMENT with the violations; OK when there are none.
  [[nodiscard]] grpc::Status Refusal() const;
  [[nodiscard]] std::vector<FieldError>& errors() { return errors_; }

 private:
  std::vector<FieldError> errors_;
};

}  // namespace ballast
