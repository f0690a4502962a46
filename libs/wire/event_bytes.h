#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/model/order.h"

// Encoded events without a protobuf object for what is only passed on or passed by.
namespace ballast::wire {

// Appends the field `checks` of a ballast.order.v1.OrderEvent, as its own encoder does.
void AppendChecks(const std::vector<RiskCheck>& checks, std::string* out);
// Of an OrderEvent that has nothing else. Nothing of one that cannot be read.
[[nodiscard]] std::vector<RiskCheck> ReadChecks(std::string_view encoded);

// What an encoded OrderEvent begins with and where it came from: enough to see whether the rest concerns a reader.
struct EventHeader {
  std::string_view account_id;  // of the bytes that were read
  std::uint64_t sequence = 0;
  OrderEventType type = OrderEventType::kUnspecified;
  UtcTime event_time;
  std::uint64_t execution_sequence = 0;
  std::string_view order;  // encoded; empty: none
};
// Nothing of bytes that are no message.
[[nodiscard]] std::optional<EventHeader> ReadHeader(std::string_view encoded);

// What tells an encoded Order's states apart. Nothing of bytes that are no message.
struct OrderHeader {
  std::string_view order_id;
  std::uint64_t sequence = 0;
  int status = 0;
};
[[nodiscard]] std::optional<OrderHeader> ReadOrderHeader(std::string_view encoded);

// The encoded events of a StreamOrderEventsResponse, and the rest of it as a message of its own. False: it is no
// message.
[[nodiscard]] bool SplitEvents(std::string_view message, std::vector<std::string_view>* events, std::string* rest);

// How much of each event a reader of the log wants: StreamOrderEventsRequest says what the parts mean.
struct EventForm {
  bool checks = true;
  bool fills_only = false;
  bool deployments_only = false;
  // One bit a type, the last one for all types from 63 on; all: of every type.
  std::uint64_t whole_types = ~std::uint64_t{0};

  [[nodiscard]] bool all() const { return !fills_only && !deployments_only && whole_types == ~std::uint64_t{0}; }
  friend bool operator==(const EventForm&, const EventForm&) = default;
};
// What is left of an encoded OrderEvent (without checks) in a form: its own encoding again, all of it in doubt.
// `whole` says whether it is more than a header.
void AppendInForm(std::string_view encoded, const EventForm& form, std::string* out, bool* whole);

}  // namespace ballast::wire
