#pragma once

#include <optional>

#include "libs/model/market.h"
#include "libs/model/order.h"
#include "libs/model/trigger.h"
#include "libs/risk/limits.h"

namespace ballast::risk {

// The prices an order may carry, both ends included; an end that is missing is open.
struct PriceBand {
  std::optional<Decimal> low;
  std::optional<Decimal> high;

  [[nodiscard]] bool Holds(Decimal price) const { return (!low || price >= *low) && (!high || price <= *high); }
};

// It would fire as it arrives: a buy stop at or below the price it is compared with (the ask, unless it says the last
// price), a buy take-profit at or above it, a sell the other way round. Equal counts, because venues trigger at equal.
// A side nobody quotes triggers nothing.
bool WouldTrigger(const Order& order, const Quote& quote);

// How far a price may be from the market: `collar_ratio` of the last price. A limit may rest as far away as it likes;
// it may not reach further through the market than that. A stop that never fires protects nobody, so it may not be
// further away than that either.
PriceBand MarketBand(Side side, const Quote& quote, Decimal collar_ratio);

// The limits a stop-limit may have for its stop: one that lies further behind the stop than the collar does not trade
// when the stop fires, and nobody meant that.
PriceBand BandBehindStop(Side side, Decimal stop_price, const Quote& quote, Decimal collar_ratio);

// The same around the trigger of a take-profit limit: it may trade a little worse than its trigger, and its limit may
// not lie so far beyond it that it does not trade when it is reached.
PriceBand BandAroundTrigger(Decimal trigger_price, const Quote& quote, Decimal collar_ratio);

// How far through the market the order's limit may reach unless somebody has confirmed it; nothing: as far as the
// collar. Of plain limit orders: where the others trade is told by their triggers.
std::optional<Decimal> SoftCollarOf(const Order& order, const Limits& limits);

// What of the trailing order's offsets is wrong, if anything: a stop (or a limit behind it) further away than the
// collar reaches. From its activation price where it has one, else from the market.
struct TrailBand {
  Decimal stop_price;
  PriceBand band;
  std::optional<Decimal> limit_price;
  PriceBand limit_band;
};
std::optional<TrailBand> BandOfTrail(const Order& order, const Quote& quote, Decimal tick_size, Decimal collar_ratio);

}  // namespace ballast::risk
