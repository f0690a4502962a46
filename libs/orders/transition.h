#pragma once

#include <optional>

#include "libs/model/order.h"

namespace ballast::orders {

// The state an order has after `event`, or nothing when the table does not allow it. For kFilled, kTradeCancel
// and kTradeCorrect, `complete` says whether the cumulative quantity reaches the order's with it. For kCancelRejected
// and kTradeCancel, `any_filled` says what it goes back to; `outcome_unknown` that nobody knows whether it is there at
// all, which a refused cancel does not change.
struct TransitionInput {
  OrderStatus from = OrderStatus::kUnspecified;
  OrderEventType event = OrderEventType::kUnspecified;
  bool complete = false;
  bool any_filled = false;
  bool outcome_unknown = false;
};
std::optional<OrderStatus> NextStatus(const TransitionInput& input);

}  // namespace ballast::orders
