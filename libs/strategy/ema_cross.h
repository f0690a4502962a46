#pragma once

#include "libs/strategy/strategy.h"

namespace ballast::strategy {

// Two exponential moving averages of the close. Long when the fast one crosses above the slow one, short when it
// crosses below. EMA(n): alpha = 2 / (n + 1), started at the first close. In decimals, rounded half-even at 12 places:
// the same on every machine.
class EmaCross : public Strategy {
 public:
  // 1 <= fast < slow (CHECK; the catalogue has refused anything else).
  EmaCross(int fast, int slow);

  Evaluation OnBar(const Bar& bar) override;
  [[nodiscard]] int warmup_bars() const override { return 4 * slow_periods_; }

 private:
  int slow_periods_;
  Decimal fast_alpha_;
  Decimal slow_alpha_;
  Decimal fast_;
  Decimal slow_;
  int bars_ = 0;
  // Which side the fast one was on when it last was on any: a touch is no cross.
  int side_ = 0;
};

}  // namespace ballast::strategy
