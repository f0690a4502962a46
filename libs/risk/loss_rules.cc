#include "libs/risk/loss_rules.h"

#include <algorithm>

namespace ballast::risk {

const char* NameOf(LossRule rule) { return rule == LossRule::kDailyLoss ? "daily_loss" : "drawdown"; }

std::optional<LossRule> LossRuleOf(const std::string& name) {
  for (LossRule rule : kLossRules) {
    if (name == NameOf(rule)) return rule;
  }
  return std::nullopt;
}

LossMeasure MeasureLoss(LossRule rule, const Limits& limits, const ledger::DayBaseline& baseline, Decimal equity) {
  bool daily = rule == LossRule::kDailyLoss;
  LossMeasure measure{.baseline = daily ? baseline.day_start_equity : baseline.peak_equity,
                      .ratio = daily ? limits.daily_loss_ratio : limits.drawdown_ratio};
  measure.loss = std::max(measure.baseline - equity, Decimal());
  measure.limit = Multiply(std::max(measure.baseline, Decimal()), measure.ratio, Rounding::kDown);
  if (!measure.loss.IsPositive()) return measure;
  const Decimal hundredfold = Multiply(measure.loss, Decimal::FromInt(100), Rounding::kDown);
  for (int percent : {50, 75, 90, 100}) {
    Decimal part = Multiply(measure.limit, Decimal::FromInt(percent), Rounding::kUp);
    if (hundredfold < part) break;
    measure.level_percent = percent;
  }
  measure.reached = measure.loss >= measure.limit;
  return measure;
}

std::vector<LossRule> TripLosses(const Limits& limits, const ledger::DayBaseline& baseline, Decimal equity, UtcTime now,
                                 LossLatches* latches) {
  std::vector<LossRule> tripped;
  for (LossRule rule : kLossRules) {
    bool unknown = rule == LossRule::kDailyLoss ? baseline.day_start_unknown : baseline.peak_unknown;
    if (unknown || latches->Of(rule)) continue;
    LossMeasure measure = MeasureLoss(rule, limits, baseline, equity);
    if (!measure.reached) continue;
    latches->Of(rule) = LossTrip{
        .time = now, .day = baseline.day, .baseline = measure.baseline, .equity = equity, .limit = measure.limit};
    tripped.push_back(rule);
  }
  return tripped;
}

void ClearDailyLoss(const Limits& limits, std::int64_t day, LossLatches* latches) {
  bool over = limits.daily_loss_clears_next_day && latches->daily_loss && latches->daily_loss->day < day;
  if (over) latches->daily_loss.reset();
}

void RearmLoss(LossRule rule, std::optional<Decimal> equity, ledger::DayBaseline* baseline, LossLatches* latches) {
  latches->Of(rule).reset();
  bool daily = rule == LossRule::kDailyLoss;
  (daily ? baseline->day_start_unknown : baseline->peak_unknown) = !equity.has_value();
  if (equity) (daily ? baseline->day_start_equity : baseline->peak_equity) = *equity;
}

std::string DescribeTrip(LossRule rule, const LossTrip& trip, const Limits& limits) {
  bool daily = rule == LossRule::kDailyLoss;
  bool clears = daily && limits.daily_loss_clears_next_day;
  return std::string(daily ? "the day's loss limit" : "the drawdown limit") + " of " + trip.limit.ToString() +
         " was reached at " + trip.time.ToString() + ": equity " + trip.equity.ToString() + " is " +
         trip.loss().ToString() + " below " + (daily ? "the day's start" : "the peak") + " of " +
         trip.baseline.ToString() + "; entries are refused until somebody resumes the account with a reason" +
         (clears ? ", or until the next day" : "");
}

}  // namespace ballast::risk
