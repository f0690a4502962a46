#include "libs/risk/derisk.h"

#include <algorithm>

#include "libs/risk/loss_rules.h"

namespace ballast::risk {

Decimal RiskScale(const Limits& limits, const ledger::DayBaseline& baseline, std::optional<Decimal> equity,
                  Decimal range) {
  const Decimal one = Decimal::FromInt(1), floor = limits.derisk_floor;
  if (floor >= one) return one;
  if (!equity || baseline.peak_unknown) return floor;
  Decimal scale = one;
  LossMeasure drawdown = MeasureLoss(LossRule::kDrawdown, limits, baseline, *equity);
  if (drawdown.reached) return floor;
  if (drawdown.loss.IsPositive()) {
    // Below 1, for the limit is not reached.
    Decimal used = Divide(drawdown.loss, drawdown.limit, Rounding::kUp);
    if (used > limits.derisk_start && limits.derisk_start < one) {
      Decimal way = Divide(std::min(used, one) - limits.derisk_start, one - limits.derisk_start, Rounding::kUp);
      scale = one - Multiply(one - floor, way, Rounding::kUp);
    }
  }
  if (limits.derisk_volatility.IsPositive() && range > limits.derisk_volatility)
    scale = std::min(scale, Divide(limits.derisk_volatility, range, Rounding::kDown));
  return std::max(scale, floor);
}

}  // namespace ballast::risk
