#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/order/v1/explain.pb.h"
#include "ballast/position/v1/position_service.pb.h"
#include "ballast/strategy/v1/strategy_service.pb.h"

namespace ballast {

// What the order log knows of one order.
struct OrderFacts {
  // Its events, oldest first, with what risk said; not empty.
  std::vector<order::v1::OrderEvent> events;
  std::string broker;
  std::string currency;
  // Of its list, by index from 1; one without an id was never made.
  std::vector<order::v1::Order> list;
  // What it went elsewhere as, or what went elsewhere as it.
  std::vector<order::v1::Order> elsewhere = {};
};

// Tells an order's story from its events. Pure: the same facts, the same story. What is not in them is named in `gaps`.
order::v1::ExplainOrderResponse Explain(const OrderFacts& facts);

// Which decision of its deployment an order came from; none: it did not, or its request id does not say so.
std::optional<std::uint64_t> DecisionOf(const order::v1::Order& order);
// What the strategy runner answered; not OK: it could not be asked.
void AddDecision(const absl::StatusOr<strategy::v1::Decision>& decision, order::v1::ExplainOrderResponse* explained);
// The fills as the positions service has booked them; not OK: it could not be asked.
void AddResults(const absl::StatusOr<position::v1::ListFillsResponse>& booked,
                order::v1::ExplainOrderResponse* explained);

}  // namespace ballast
