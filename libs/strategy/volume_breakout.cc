#include "libs/strategy/volume_breakout.h"

#include <algorithm>

#include "libs/base/check.h"

namespace ballast::strategy {

VolumeBreakout::VolumeBreakout(int window, int volume_percent) : window_(window), volume_percent_(volume_percent) {
  CHECK(window >= 2 && volume_percent >= 0, "the catalogue lets no other window or share through");
}

Evaluation VolumeBreakout::OnBar(const Bar& bar) {
  Evaluation evaluation;
  if (bars_.size() == static_cast<std::size_t>(window_)) {
    Decimal high = bars_.front().high, low = bars_.front().low;
    for (const Range& range : bars_) {
      high = std::max(high, range.high);
      low = std::min(low, range.low);
    }
    int side = bar.close > high ? 1 : bar.close < low ? -1 : 0;
    Decimal average = Divide(volume_, Decimal::FromInt(window_), Rounding::kHalfEven);
    bool busy = Multiply(bar.volume, Decimal::FromInt(100), Rounding::kHalfEven) >=
                Multiply(average, Decimal::FromInt(volume_percent_), Rounding::kHalfEven);
    if (side != 0 && busy && side != side_) {
      side_ = side;
      evaluation.signal = side > 0 ? Signal::kLong : Signal::kShort;
      evaluation.reason = std::string("the close broke ") +
                          (side > 0 ? "above the highest high" : "below the lowest low") + " on volume";
      evaluation.inputs = {{"close", bar.close.ToString()},
                           {side > 0 ? "highest" : "lowest", (side > 0 ? high : low).ToString()},
                           {"volume", bar.volume.ToString()},
                           {"average_volume", average.ToString()}};
    }
    volume_ -= bars_.front().volume;
    bars_.pop_front();
  }
  bars_.push_back({bar.high, bar.low, bar.volume});
  volume_ += bar.volume;
  return evaluation;
}

}  // namespace ballast::strategy
