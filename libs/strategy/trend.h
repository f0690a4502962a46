#pragma once

#include "libs/strategy/strategy.h"

namespace ballast::strategy {

// Which side of its exponential average an instrument's last close is on. EMA(n): alpha = 2 / (n + 1), from the first
// close on, rounded half-even at 12 places.
class Trend {
 public:
  explicit Trend(int periods) : periods_(periods) {}

  // A complete bar; one that is not newer changes nothing.
  void OnBar(const Bar& bar);
  // None before as many bars as periods, or on the average.
  [[nodiscard]] Signal side() const;
  [[nodiscard]] Decimal average() const { return average_; }
  [[nodiscard]] int warmup_bars() const { return 4 * periods_; }

 private:
  int periods_;
  int bars_ = 0;
  UtcTime seen_;
  Decimal average_;
  Decimal close_;
};

}  // namespace ballast::strategy
