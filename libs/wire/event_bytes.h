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
};
// Nothing of bytes that are no message.
[[nodiscard]] std::optional<EventHeader> ReadHeader(std::string_view encoded);

}  // namespace ballast::wire
