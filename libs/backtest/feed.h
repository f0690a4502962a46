#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "libs/base/utc_time.h"
#include "libs/model/market.h"

namespace ballast::backtest {

// One move of the market. Looks into the feed's own memory: valid until its next call.
struct Step {
  UtcTime time;
  // Of symbols whose quote has changed in any way.
  std::span<const Quote> quotes;
  // Complete at `time`.
  std::span<const Bar> bars;
};

// A market that is over some time. One thread.
class Feed {
 public:
  virtual ~Feed() = default;
  [[nodiscard]] virtual const std::vector<Instrument>& instruments() const = 0;
  // False: it is over, and `step` is as it was.
  virtual bool Next(Step& step) = 0;
  // How far it is, 0 to 1; for people.
  [[nodiscard]] virtual double progress() const = 0;
};

}  // namespace ballast::backtest
