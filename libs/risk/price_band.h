#pragma once

#include <optional>

#include "libs/model/market.h"
#include "libs/model/order.h"

namespace ballast::risk {

// The prices an order may carry, both ends included; an end that is missing is open.
struct PriceBand {
  std::optional<Decimal> low;
  std::optional<Decimal> high;

  [[nodiscard]] bool Holds(Decimal price) const { return (!low || price >= *low) && (!high || price <= *high); }
};

inline bool IsStop(OrderType type) { return type == OrderType::kStop || type == OrderType::kStopLimit; }

// The quote a stop of that side triggers on: a buy stop on the ask, a sell stop on the bid; zero when nobody quotes it.
inline Decimal TriggerPrice(Side side, const Quote& quote) {
  return side == Side::kBuy ? quote.ask_price : quote.bid_price;
}

// It would fire as it arrives: a buy stop at or below the ask, a sell stop at or above the bid. Equal counts, because
// venues trigger at equal. A side nobody quotes triggers nothing.
bool WouldTrigger(Side side, Decimal stop_price, const Quote& quote);

// How far a price may be from the market: `collar_ratio` of the last price. A limit may rest as far away as it likes;
// it may not reach further through the market than that. A stop that never fires protects nobody, so it may not be
// further away than that either.
PriceBand MarketBand(Side side, const Quote& quote, Decimal collar_ratio);

// The limits a stop-limit may have for its stop: one that lies further behind the stop than the collar does not trade
// when the stop fires, and nobody meant that.
PriceBand BandBehindStop(Side side, Decimal stop_price, const Quote& quote, Decimal collar_ratio);

}  // namespace ballast::risk
