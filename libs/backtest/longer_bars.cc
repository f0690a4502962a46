#include "libs/backtest/longer_bars.h"

#include <algorithm>
#include <utility>

namespace ballast::backtest {

std::optional<Bar> LongerBars::Add(const Bar& bar) {
  std::int64_t start = bar.start_time.nanos - bar.start_time.nanos % longer_.nanos;
  std::optional<Bar> complete;
  auto open = open_.find(bar.symbol);
  if (open != open_.end() && open->second.start_time.nanos != start) {
    complete = std::move(open->second);
    open_.erase(open);
    open = open_.end();
  }
  if (open == open_.end()) {
    open = open_.emplace(bar.symbol, bar).first;
    open->second.timeframe = timeframe_;
    open->second.start_time = UtcTime{start};
  } else {
    Bar& sum = open->second;
    sum.high = std::max(sum.high, bar.high);
    sum.low = std::min(sum.low, bar.low);
    sum.close = bar.close;
    sum.volume += bar.volume;
  }
  // The one before was not completed by its last part; its successor comes with the next bar then.
  if (!complete && bar.start_time.nanos + length_.nanos == start + longer_.nanos) {
    complete = std::move(open->second);
    open_.erase(open);
  }
  return complete;
}

}  // namespace ballast::backtest
