#pragma once

#include <optional>

#include "libs/ledger/day_baseline.h"
#include "libs/risk/limits.h"

namespace ballast::risk {

// What the shares of the equity that limits allow are multiplied by: 1 while all is well, less when most of the
// drawdown limit is used or when what is held moves much, never below the floor. So the account gets smaller before the
// stop, and not all at once at it. `range`: how much what is held moved within a minute. An equity that is not known
// scales to the floor.
Decimal RiskScale(const Limits& limits, const ledger::DayBaseline& baseline, std::optional<Decimal> equity,
                  Decimal range);

}  // namespace ballast::risk
