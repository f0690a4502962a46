#pragma once

#include <string>
#include <vector>

#include "libs/base/decimal.h"
#include "libs/sizing/method.h"

namespace ballast::sizing {

// How a position is sized. Ratios are fractions of the capital.
struct Settings {
  Method method = Method::kFixedFraction;
  // Lost at the stop, fees included.
  Decimal risk_ratio = Decimal::Of("0.01");
  // Part of Kelly's fraction that is taken, and the most it may be.
  Decimal kelly_fraction = Decimal::Of("0.25");
  Decimal kelly_cap_ratio = Decimal::Of("0.1");
  // Trades without profit that are counted beside the real ones; below so many real ones the fixed fraction is taken.
  int kelly_prior_trades = 30;
  int kelly_minimum_trades = 20;
  // Moved by one usual move of a bar.
  Decimal volatility_ratio = Decimal::Of("0.001");
  VolatilityMeasure volatility_measure = VolatilityMeasure::kEwma;
  Decimal volatility_decay = Decimal::Of("0.94");
  int volatility_periods = 14;
  // Of kVoters; empty: all of them.
  std::vector<Method> members;
  Consensus consensus = Consensus::kMedian;

  friend bool operator==(const Settings&, const Settings&) = default;
};

// Empty, or which setting cannot be and why: "risk_ratio: above 0 and at most 0.2 expected, not 3".
std::string Fault(const Settings& settings);
const std::vector<Method>& MembersOf(const Settings& settings);

}  // namespace ballast::sizing
