#pragma once

#include <vector>

#include "libs/backtest/feed.h"
#include "libs/market/source.h"

namespace ballast::backtest {

// The market that the services see, step by step: a replay of recorded minutes, or a simulated one of so many steps.
class SourceFeed : public Feed {
 public:
  // Both must outlive it. `steps_max`: 0 is the source's own end.
  explicit SourceFeed(market::Source& source, std::uint64_t steps_max = 0) : source_(source), steps_max_(steps_max) {}

  [[nodiscard]] const std::vector<Instrument>& instruments() const override { return source_.instruments(); }
  bool Next(Step& step) override;
  [[nodiscard]] double progress() const override;

 private:
  market::Source& source_;
  std::uint64_t steps_max_;
  market::MarketStep step_;
};

}  // namespace ballast::backtest
