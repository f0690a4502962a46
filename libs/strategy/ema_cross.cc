#include "libs/strategy/ema_cross.h"

#include "libs/base/check.h"

namespace ballast::strategy {
namespace {

const Decimal kPlaces = Decimal::FromUnits(1'000'000);  // 10^-12

Decimal Alpha(int periods) { return Divide(Decimal::FromInt(2), Decimal::FromInt(periods + 1), Rounding::kHalfEven); }

Decimal Next(Decimal average, Decimal close, Decimal alpha) {
  return average + Multiply(close - average, alpha, Rounding::kHalfEven).RoundTo(kPlaces, Rounding::kHalfEven);
}

}  // namespace

EmaCross::EmaCross(int fast, int slow) : slow_periods_(slow), fast_alpha_(Alpha(fast)), slow_alpha_(Alpha(slow)) {
  CHECK(fast >= 1 && fast < slow, "the fast average must be the faster one");
}

Evaluation EmaCross::OnBar(const Bar& bar) {
  fast_ = bars_ == 0 ? bar.close : Next(fast_, bar.close, fast_alpha_);
  slow_ = bars_ == 0 ? bar.close : Next(slow_, bar.close, slow_alpha_);
  ++bars_;
  int side = (fast_ - slow_).Sign();
  Evaluation evaluation;
  // Before `slow` bars the averages still lean on the first price.
  if (side != 0 && side_ != 0 && side != side_ && bars_ > slow_periods_) {
    evaluation.signal = side > 0 ? Signal::kLong : Signal::kShort;
    evaluation.reason = side > 0 ? "fast crossed above slow" : "fast crossed below slow";
    evaluation.inputs = {{"fast", fast_.ToString()}, {"slow", slow_.ToString()}, {"close", bar.close.ToString()}};
  }
  if (side != 0) side_ = side;
  return evaluation;
}

}  // namespace ballast::strategy
