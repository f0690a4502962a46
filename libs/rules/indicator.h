#pragma once

#include <memory>

#include "libs/rules/number.h"

namespace ballast::rules {

// Of one bar, all within the bounds of a Value.
struct Prices {
  Decimal open;
  Decimal high;
  Decimal low;
  Decimal close;
  Decimal volume;
  // (high + low + close) / 3
  Decimal typical;
};

// One figure over the bars. A bar that it cannot take (its source is not known) starts it anew, as if it were the first
// one. Takes its memory when it is made.
class Indicator {
 public:
  virtual ~Indicator() = default;

  Value Next(const Prices& prices, const Value& source) {
    if (source) return Step(prices, *source);
    Clear();
    return std::nullopt;
  }

 private:
  // What it is with this bar; nothing while it is not known.
  virtual Value Step(const Prices& prices, Decimal source) = 0;
  virtual void Clear() = 0;
};

// docs/reference/rules.md says what each one is. Periods from 1 to 1000.
std::unique_ptr<Indicator> MakeSimpleAverage(int periods);
std::unique_ptr<Indicator> MakeExponentialAverage(int periods);
std::unique_ptr<Indicator> MakeWeightedAverage(int periods);
std::unique_ptr<Indicator> MakeMacd(int fast, int slow);
std::unique_ptr<Indicator> MakeMacdSignal(int fast, int slow, int signal);
std::unique_ptr<Indicator> MakeRelativeStrength(int periods);
// Of the bar's prices; the source only says whether the bar is known.
std::unique_ptr<Indicator> MakeTrueRange(int periods);
std::unique_ptr<Indicator> MakeVwap(int periods);
std::unique_ptr<Indicator> MakeStochastic(int periods);
// The average of the last `smooth` of it.
std::unique_ptr<Indicator> MakeStochasticAverage(int periods, int smooth);
std::unique_ptr<Indicator> MakeHighest(int periods);
std::unique_ptr<Indicator> MakeLowest(int periods);
std::unique_ptr<Indicator> MakeRateOfChange(int periods);
std::unique_ptr<Indicator> MakeDeviation(int periods);
// The simple average and `deviations` (of either sign) standard deviations.
std::unique_ptr<Indicator> MakeBollinger(int periods, Decimal deviations);

}  // namespace ballast::rules
