#include "libs/sizing/volatility.h"

#include <algorithm>

#include "libs/sizing/arithmetic.h"

namespace ballast::sizing {
namespace {

// Returns that an exponential average is made of before it says anything.
constexpr int kReturnsMin = 20;
const Decimal kReturnMost = Decimal::FromInt(10);

Decimal TrueRange(const Volatility& before, const Bar& bar) {
  Decimal range = bar.high - bar.low;
  if (before.bars == 0) return range;
  return std::max({range, (bar.high - before.close).Abs(), (bar.low - before.close).Abs()});
}

}  // namespace

int BarsNeeded(const Settings& settings) {
  return settings.volatility_measure == VolatilityMeasure::kAtr ? settings.volatility_periods : kReturnsMin + 1;
}

void Observe(Volatility& volatility, const Bar& bar, const Settings& settings) {
  if (!bar.close.IsPositive() || (volatility.bars > 0 && bar.start_time <= volatility.time)) return;
  const Decimal one = Decimal::FromInt(1);
  Decimal range = TrueRange(volatility, bar);
  // The average of the first ones, then Wilder's.
  std::int64_t weight = std::min<std::int64_t>(volatility.bars + 1, settings.volatility_periods);
  volatility.range += Divide(range - volatility.range, Decimal::FromInt(weight), Rounding::kHalfEven);
  if (volatility.bars > 0) {
    Decimal moved = (bar.close - volatility.close).Abs();
    Decimal change = std::min(kReturnMost, QuotientWithin(moved, volatility.close));
    Decimal square = Multiply(change, change, Rounding::kHalfEven);
    volatility.variance = volatility.bars == 1
                              ? square
                              : Multiply(volatility.variance, settings.volatility_decay, Rounding::kHalfEven) +
                                    Multiply(square, one - settings.volatility_decay, Rounding::kHalfEven);
  }
  ++volatility.bars;
  volatility.close = bar.close;
  volatility.time = bar.start_time;
}

std::optional<Decimal> UsualMove(const Volatility& volatility, const Settings& settings) {
  if (volatility.bars < BarsNeeded(settings)) return std::nullopt;
  Decimal move = settings.volatility_measure == VolatilityMeasure::kAtr
                     ? QuotientWithin(volatility.range, volatility.close)
                     : SquareRoot(volatility.variance);
  return move.IsPositive() ? std::optional(move) : std::nullopt;
}

}  // namespace ballast::sizing
