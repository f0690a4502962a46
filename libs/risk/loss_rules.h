#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/utc_time.h"
#include "libs/ledger/day_baseline.h"
#include "libs/risk/limits.h"

namespace ballast::risk {

enum class LossRule { kDailyLoss, kDrawdown };
inline constexpr LossRule kLossRules[] = {LossRule::kDailyLoss, LossRule::kDrawdown};
// "daily_loss", "drawdown": also the name of the check.
const char* NameOf(LossRule rule);
std::optional<LossRule> LossRuleOf(const std::string& name);

// A limit was reached, by these numbers. It holds until a person takes it back.
struct LossTrip {
  // Market time, and the day of the account then.
  UtcTime time;
  std::int64_t day = 0;
  Decimal baseline;
  Decimal equity;
  Decimal limit;

  [[nodiscard]] Decimal loss() const { return baseline - equity; }
  friend bool operator==(const LossTrip&, const LossTrip&) = default;
};

struct LossLatches {
  std::optional<LossTrip> daily_loss;
  std::optional<LossTrip> drawdown;

  [[nodiscard]] const std::optional<LossTrip>& Of(LossRule rule) const {
    return rule == LossRule::kDailyLoss ? daily_loss : drawdown;
  }
  std::optional<LossTrip>& Of(LossRule rule) { return rule == LossRule::kDailyLoss ? daily_loss : drawdown; }
  friend bool operator==(const LossLatches&, const LossLatches&) = default;
};

// One rule held against one equity. A profit is no loss, whatever the limit.
struct LossMeasure {
  Decimal baseline;
  Decimal loss;
  Decimal limit;
  Decimal ratio;
  bool reached = false;
  // 0, 50, 75, 90 or 100: the highest of these parts of the limit that is used.
  int level_percent = 0;
};
LossMeasure MeasureLoss(LossRule rule, const Limits& limits, const ledger::DayBaseline& baseline, Decimal equity);

// Latches what the equity of now reaches; those that were not latched before. Nothing is measured from a baseline that
// is not known.
std::vector<LossRule> TripLosses(const Limits& limits, const ledger::DayBaseline& baseline, Decimal equity, UtcTime now,
                                 LossLatches* latches);
// Where the limits say so, a daily loss of an earlier day is over.
void ClearDailyLoss(const Limits& limits, std::int64_t day, LossLatches* latches);
// By a person: the rule measures from the equity of now on; from the first that is known when none is.
void RearmLoss(LossRule rule, std::optional<Decimal> equity, ledger::DayBaseline* baseline, LossLatches* latches);

// What happened, and how entries become possible again.
std::string DescribeTrip(LossRule rule, const LossTrip& trip, const Limits& limits);

}  // namespace ballast::risk
