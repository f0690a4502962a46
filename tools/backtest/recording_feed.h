#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>

#include "libs/backtest/candle_log.h"
#include "libs/backtest/feed.h"
#include "libs/backtest/run.h"
#include "tools/backtest/progress.h"

namespace ballast::backtest {

// A feed that keeps the bars which a strategy is told, for a picture, and says how far it is.
class RecordingFeed : public Feed {
 public:
  // Both must outlive it.
  RecordingFeed(std::unique_ptr<Feed> below, const RunOptions& setup, CandleLog& candles, Progress& progress)
      : below_(std::move(below)),
        symbols_(setup.spec.symbols.begin(), setup.spec.symbols.end()),
        timeframe_(setup.spec.timeframe),
        candles_(candles),
        progress_(progress) {}

  [[nodiscard]] const std::vector<Instrument>& instruments() const override { return below_->instruments(); }
  bool Next(Step& step) override {
    if (!below_->Next(step)) {
      progress_.Tell(kWhole, kWhole, "thousandths");
      return false;
    }
    for (const Bar& bar : step.bars) {
      if (bar.timeframe == timeframe_ && symbols_.contains(bar.symbol)) candles_.Add(bar);
    }
    if (++steps_ % kLook == 0)
      progress_.Tell(static_cast<std::size_t>(below_->progress() * (kWhole - 1)), kWhole, "thousandths");
    return true;
  }
  [[nodiscard]] double progress() const override { return below_->progress(); }

 private:
  static constexpr std::size_t kWhole = 1'000;
  // Steps from one look at the clock to the next.
  static constexpr std::size_t kLook = 4'096;
  std::unique_ptr<Feed> below_;
  std::set<Symbol> symbols_;
  std::string timeframe_;
  CandleLog& candles_;
  Progress& progress_;
  std::size_t steps_ = 0;
};

}  // namespace ballast::backtest
