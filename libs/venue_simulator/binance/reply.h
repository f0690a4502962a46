#pragma once

#include <string>
#include <string_view>

namespace ballast::venue_simulator::binance {

// What is answered where a request was not done: HTTP's status, the code and the text of errors.md.
struct Failure {
  int code = 0;
  std::string message;
  int status = 400;
};

// An answer of REST or of the WebSocket API: `json` is the result, or the error's object.
struct Reply {
  int status = 200;
  std::string json;

  Reply() = default;
  explicit Reply(std::string result) : json(std::move(result)) {}
  // NOLINTNEXTLINE(google-explicit-constructor): a failure is a reply.
  Reply(const Failure& failure);
  [[nodiscard]] bool ok() const { return status == 200; }
};

Failure Missing(std::string_view parameter);
Failure Illegal(std::string_view parameter, std::string_view range);
Failure Invalid(std::string_view parameter);

}  // namespace ballast::venue_simulator::binance
