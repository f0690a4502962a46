#include "libs/strategy/trend.h"

namespace ballast::strategy {

void Trend::OnBar(const Bar& bar) {
  if (bars_ > 0 && bar.start_time <= seen_) return;
  seen_ = bar.start_time;
  close_ = bar.close;
  Decimal step =
      MultiplyDivide(bar.close - average_, Decimal::FromInt(2), Decimal::FromInt(periods_ + 1), Rounding::kHalfEven);
  average_ = bars_ == 0 ? bar.close : (average_ + step).RoundTo(Decimal::FromUnits(1'000'000), Rounding::kHalfEven);
  if (bars_ < periods_) ++bars_;
}

Signal Trend::side() const {
  if (bars_ < periods_ || close_ == average_) return Signal::kNone;
  return close_ > average_ ? Signal::kLong : Signal::kShort;
}

}  // namespace ballast::strategy
