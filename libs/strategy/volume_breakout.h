#pragma once

#include <deque>

#include "libs/strategy/strategy.h"

namespace ballast::strategy {

// A close beyond everything of the `window` bars before it, on more volume than usual: above their highest high it is
// long, below their lowest low short, where the bar's volume is at least `volume_percent` of their average. Told once
// for each side, until the other side breaks out. Exact: nothing is rounded but that average, half-even.
class VolumeBreakout : public Strategy {
 public:
  // window >= 2, volume_percent >= 0 (CHECK; the catalogue refuses anything else).
  VolumeBreakout(int window, int volume_percent);

  Evaluation OnBar(const Bar& bar) override;
  [[nodiscard]] int warmup_bars() const override { return window_ + 1; }

 private:
  struct Range {
    Decimal high;
    Decimal low;
    Decimal volume;
  };
  int window_;
  int volume_percent_;
  std::deque<Range> bars_;
  Decimal volume_;
  int side_ = 0;
};

}  // namespace ballast::strategy
