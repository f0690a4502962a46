#pragma once

#include "libs/model/market.h"
#include "libs/model/order.h"

namespace ballast::orders {

// What a quote did to a trailing stop.
struct Followed {
  // It is known now where the stop is, or the stop or the best price has moved.
  bool moved = false;
  // The stop was reached; the order has to go out.
  bool triggered = false;
};

// Lets a trailing order look at the next quote of its instrument: the only thing that moves its stop_price, its
// limit_price and the high-water mark, and only in the order's favour, never back. The reference is what the order
// would trade against (or the last price, as its trigger_source says); the stop is the offset away from the best
// reference since it follows, rounded to the tick away from the market. It follows from the first quote, or from the
// one that touches the activation price. A quote that nobody stands behind, from outside the session, or older than the
// newest one it has looked at, changes nothing. What was stored is gone on from: a quote beyond the stored stop
// triggers it.
Followed Follow(Order& order, const Quote& quote, Decimal tick_size);

// How far a trailing stop with `offset` is from the reference price; the same for the limit's distance from the stop.
// Zero when no price that can be told is that far away.
Decimal TrailingDistance(const Trailing& trailing, Decimal offset, Decimal reference, Decimal tick_size);

// A held order that waits for its trigger, whatever kind it has: Follow for one that trails, else the trigger price.
Followed WatchTrigger(Order& order, const Quote& quote, Decimal tick_size);

}  // namespace ballast::orders
