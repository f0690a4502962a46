#include "libs/strategy/vwap_cross.h"

#include "libs/base/check.h"
#include "libs/model/notional.h"

namespace ballast::strategy {
namespace {

const Decimal kVwapPlaces = Decimal::FromUnits(1'000'000);  // 10^-12
// A bar worth this much: a thousand of them, the longest window, still fit a Decimal.
constexpr Decimal kBarWorthMax = Decimal::FromInt(100'000'000'000'000'000);

// 1 + bps / 10,000.
Decimal FactorOf(int bps) {
  return Decimal::FromInt(1) + Divide(Decimal::FromInt(bps), Decimal::FromInt(10'000), Rounding::kHalfEven);
}

}  // namespace

VwapCross::VwapCross(int window, int band_bps, bool revert)
    : window_(window), above_(FactorOf(band_bps)), below_(FactorOf(-band_bps)), revert_(revert) {
  CHECK(window >= 2 && band_bps >= 0 && band_bps < 10'000, "the catalogue lets no other window or band through");
}

Decimal VwapCross::Average() const {
  Decimal average = sum_.volume.IsPositive() ? Divide(sum_.product, sum_.volume, Rounding::kHalfEven)
                                             : Divide(sum_.typical, Decimal::FromInt(window_), Rounding::kHalfEven);
  return average.RoundTo(kVwapPlaces, Rounding::kHalfEven);
}

Evaluation VwapCross::OnBar(const Bar& bar) {
  Weighed newest{.typical = Divide(bar.high + bar.low + bar.close, Decimal::FromInt(3), Rounding::kHalfEven)
                                .RoundTo(kVwapPlaces, Rounding::kHalfEven),
                 .volume = bar.volume};
  const std::optional<Decimal> worth = NotionalWithin(newest.volume, newest.typical);
  if (!worth || *worth >= kBarWorthMax || newest.volume >= kBarWorthMax) {
    // No market's. Its window has no average, and the next one begins behind it.
    bars_.clear();
    sum_ = {};
    side_ = 0;
    return {.reason = "the bar's volume at its price is 10^17 or more: no average by volume", .noted = true};
  }
  newest.product = Multiply(newest.typical, newest.volume, Rounding::kHalfEven);
  sum_.typical += newest.typical;
  sum_.product += newest.product;
  sum_.volume += newest.volume;
  bars_.push_back(newest);
  if (bars_.size() > static_cast<std::size_t>(window_)) {
    // The very numbers that were added go: the sums stay exact.
    sum_.typical -= bars_.front().typical;
    sum_.product -= bars_.front().product;
    sum_.volume -= bars_.front().volume;
    bars_.pop_front();
  }
  if (bars_.size() < static_cast<std::size_t>(window_)) return {};
  Decimal average = Average();
  int side = 0;
  if (bar.close > Multiply(average, above_, Rounding::kHalfEven)) side = 1;
  if (bar.close < Multiply(average, below_, Rounding::kHalfEven)) side = -1;
  Evaluation evaluation;
  if (side != 0 && side_ != 0 && side != side_) {
    evaluation.signal = (side > 0) != revert_ ? Signal::kLong : Signal::kShort;
    evaluation.reason = std::string("the close came ") + (side > 0 ? "above" : "below") + " the average by volume" +
                        (revert_ ? ", and is to come back" : "");
    evaluation.inputs = {{"vwap", average.ToString()}, {"close", bar.close.ToString()}};
  }
  if (side != 0) side_ = side;
  return evaluation;
}

}  // namespace ballast::strategy
