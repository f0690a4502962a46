#pragma once

#include <map>
#include <vector>

#include "libs/model/order.h"
#include "libs/orders/books.h"

namespace ballast::orders {

// A resting order that has to become smaller.
struct Trim {
  OrderId order_id;
  // In all, with what has traded already: that much and no more means that it ends.
  Decimal quantity;
  Rejection why;
};

// What reduce-only orders have to give up now that the position is what it is. Orders that the market reaches by moving
// one way (limits, or stops) may all trade together, so their sum stays within the position: the protection
// supervisor's give up first, then those reached last; a stop beside a limit shares it, for when the one trades the
// other is trimmed. In a halted account a book's order is also held by the net position. One that waits here for its
// trigger counts as resting. Market orders are left to the venue's own cap: they do not rest.
std::vector<Trim> TrimsFor(const Books& books, const std::map<OrderId, Order>& orders, bool halted);

}  // namespace ballast::orders
