#include "libs/backtest/equity_curve.h"

#include <algorithm>

namespace ballast::backtest {
namespace {

// a / b < c / d, for b and d above zero.
bool Less(Decimal a, Decimal b, Decimal c, Decimal d) {
  return Divide(a, b, Rounding::kHalfEven) < Divide(c, d, Rounding::kHalfEven);
}

}  // namespace

void EquityCurve::Add(UtcTime time, std::int64_t day, Decimal equity, bool invested) {
  last_ = {time, equity};
  if (count_ == 0) {
    first_ = peak_ = last_;
    trough_ = equity;
  }
  if (count_ % stride_ == 0) points_.push_back(last_);
  ++count_;
  if (invested) ++invested_;
  if (points_.size() > points_max_) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < points_.size(); i += 2) points_[kept++] = points_[i];
    points_.resize(kept);
    stride_ *= 2;
  }
  if (day != day_ || days_.empty()) {
    day_ = day;
    days_.push_back(last_);
  } else {
    days_.back() = last_;
  }
  if (equity >= peak_.equity) {
    if (deepest_runs_) deepest_->recovered_time = time;
    deepest_runs_ = false;
    peak_ = last_;
    trough_ = equity;
    return;
  }
  longest_ = std::max(longest_, time - peak_.time);
  if (equity >= trough_) return;
  trough_ = equity;
  if (!peak_.equity.IsPositive()) return;
  if (deepest_ && !Less(equity, peak_.equity, deepest_->trough, deepest_->peak)) return;
  deepest_ = Fall{.peak_time = peak_.time,
                  .trough_time = time,
                  .recovered_time = std::nullopt,
                  .peak = peak_.equity,
                  .trough = equity};
  deepest_runs_ = true;
}

}  // namespace ballast::backtest
