#pragma once

#include <vector>

#include "libs/execution/algo.h"

namespace ballast::execution {

// From `time` on so much is to have been sent, in all.
struct ScheduleStep {
  UtcTime time;
  Decimal cumulative;

  friend bool operator==(const ScheduleStep&, const ScheduleStep&) = default;
};

// The schedule of a TWAP, VWAP or implementation shortfall with all its defaults: a step for each slice, in time, never
// falling, each a multiple of `lot`, the last one the whole quantity. Empty for the others. The same terms give the
// same schedule.
//
// Implementation shortfall is Almgren and Chriss's optimal trajectory in discrete time ("Optimal execution of portfolio
// transactions", 2000, eq. 16): what remains after slice j is sinh(kappa (T - t_j)) / sinh(kappa T) of it, with
// 2 cosh(kappa tau) = 2 + (urgency / slices)^2.
std::vector<ScheduleStep> ScheduleOf(const AlgoSpec& spec, Decimal lot);

// What is to have been sent by `now`: zero before the first step.
Decimal TargetAt(const std::vector<ScheduleStep>& schedule, UtcTime now);

}  // namespace ballast::execution
