#pragma once

#include <optional>

#include "libs/model/order.h"
#include "libs/risk/exposure.h"

namespace ballast::risk {

// What is lost at stops, in money. A stop is taken to hold; what has none, or one that would fire at once, loses
// `unprotected_ratio` of its notional, long or short.

// The price the order opens at: the one it asks for, else the side of the market that it takes.
Decimal EntryPrice(const Order& order, const Quote& quote);
Decimal LossAtStop(Side side, Decimal quantity, Decimal entry_price, const std::optional<Decimal>& stop_price,
                   Decimal unprotected_ratio);
// Of all net positions, at the reduce-only stops that work for them (the furthest first, no more than is held), and of
// all working orders that are not reduce-only, each as if it opened. Nothing: one of them has no price.
std::optional<Decimal> LossAtAllStops(const Exposure& exposure, const Market& market, Decimal unprotected_ratio);

}  // namespace ballast::risk
