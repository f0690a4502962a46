#pragma once

#include <cstdint>
#include <optional>

#include "libs/model/market.h"
#include "libs/sizing/settings.h"

namespace ballast::sizing {

// How much an instrument moves in a bar: two measures, kept together. Exact decimals, rounded half-even at 18 places.
struct Volatility {
  // Bars it was made of.
  std::int64_t bars = 0;
  Decimal close;
  // Of the closes' returns, exponentially weighted around zero.
  Decimal variance;
  // Average true range (Wilder).
  Decimal range;
  // Of the newest bar: an older one changes nothing.
  UtcTime time;

  friend bool operator==(const Volatility&, const Volatility&) = default;
};

// A complete bar; one that is not newer, or has no price, changes nothing. A return counts as 10 at most.
void Observe(Volatility& volatility, const Bar& bar, const Settings& settings);
// The usual move of a bar as a fraction of the price, by the measure of the settings. Nothing before so many bars
// (BarsNeeded), or when it does not move.
std::optional<Decimal> UsualMove(const Volatility& volatility, const Settings& settings);
int BarsNeeded(const Settings& settings);

}  // namespace ballast::sizing
