#pragma once

#include <deque>

#include "libs/strategy/strategy.h"

namespace ballast::strategy {

// The close against the volume-weighted average price of the last `window` bars: each bar's typical price
// (high + low + close) / 3 by its volume; without any volume, their plain average. Long when the close comes above the
// average by more than the band, short when it comes below by more; within the band nothing changes. With `revert` the
// other way round: what is far above comes back. In decimals, rounded half-even at 12 places.
class VwapCross : public Strategy {
 public:
  // window >= 2, 0 <= band_bps < 10,000, in hundredths of a per cent (CHECK; the catalogue refuses anything else).
  VwapCross(int window, int band_bps, bool revert);

  Evaluation OnBar(const Bar& bar) override;
  [[nodiscard]] int warmup_bars() const override { return window_; }

 private:
  struct Weighed {
    Decimal typical;
    Decimal product;
    Decimal volume;
  };
  [[nodiscard]] Decimal Average() const;

  int window_;
  Decimal above_;
  Decimal below_;
  bool revert_;
  std::deque<Weighed> bars_;
  Weighed sum_;
  // Which side of the band the close was on when it last was on any.
  int side_ = 0;
};

}  // namespace ballast::strategy
