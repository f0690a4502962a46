#include "libs/backtest/candle_log.h"

#include <algorithm>

namespace ballast::backtest {
namespace {

void Join(CandleLog::Candle& into, const CandleLog::Candle& next) {
  into.high = std::max(into.high, next.high);
  into.low = std::min(into.low, next.low);
  into.close = next.close;
  into.volume += next.volume;
}

}  // namespace

void CandleLog::Add(const Bar& bar) {
  Series& series = series_[bar.symbol];
  Candle candle{.start_time = bar.start_time,
                .open = bar.open,
                .high = bar.high,
                .low = bar.low,
                .close = bar.close,
                .volume = bar.volume};
  if (!series.candles.empty() && series.in_last < series.stride) {
    Join(series.candles.back(), candle);
    ++series.in_last;
    return;
  }
  series.candles.push_back(candle);
  series.in_last = 1;
  if (series.candles.size() <= candles_max_) return;
  // One more than an even number: the newest stays alone, and is filled up by what comes.
  std::size_t kept = 0;
  for (std::size_t i = 0; i < series.candles.size(); i += 2) {
    series.candles[kept] = series.candles[i];
    if (i + 1 < series.candles.size()) Join(series.candles[kept], series.candles[i + 1]);
    ++kept;
  }
  series.candles.resize(kept);
  series.stride *= 2;
}

const std::vector<CandleLog::Candle>& CandleLog::Of(const Symbol& symbol) const {
  static const std::vector<Candle> kNone;
  auto found = series_.find(symbol);
  return found == series_.end() ? kNone : found->second.candles;
}

std::size_t CandleLog::StrideOf(const Symbol& symbol) const {
  auto found = series_.find(symbol);
  return found == series_.end() ? 1 : found->second.stride;
}

}  // namespace ballast::backtest
