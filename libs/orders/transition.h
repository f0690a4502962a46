#pragma once

#include <optional>

#include "libs/model/order.h"

namespace ballast::orders {

// The state an order has after `event`, or nothing when the table does not allow it. For kFilled, `complete` says
// whether the cumulative quantity reached the order's. For kCancelRejected, `any_filled` says what it goes back to.
struct TransitionInput {
  OrderStatus from = OrderStatus::kUnspecified;
  OrderEventType event = OrderEventType::kUnspecified;
  bool complete = false;
  bool any_filled = false;
};
std::optional<OrderStatus> NextStatus(const TransitionInput& input);

}  // namespace ballast::orders
