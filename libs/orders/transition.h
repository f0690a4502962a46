#pragma once

#include <optional>

#include "libs/model/order.h"

namespace ballast::orders {

// The state an order has after `event`, or nothing when the table does not allow it. For kFilled, kTradeCancel,
// kTradeCorrect and kReplaced, `complete` says whether the cumulative quantity reaches the order's with it. For
// kCancelRejected, kReplaced, kReplaceRejected, kTradeCancel and kReopened, `any_filled` says what it goes back to;
// `outcome_unknown` that nobody knows whether it is there at all, which a refused cancel does not change, and
// `replace_pending` that a replacement asked for before the cancel is still unanswered.
struct TransitionInput {
  OrderStatus from = OrderStatus::kUnspecified;
  OrderEventType event = OrderEventType::kUnspecified;
  bool complete = false;
  bool any_filled = false;
  bool outcome_unknown = false;
  bool replace_pending = false;
};
std::optional<OrderStatus> NextStatus(const TransitionInput& input);

}  // namespace ballast::orders
