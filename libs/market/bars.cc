#include "libs/market/bars.h"

#include <algorithm>

namespace ballast::market {

const std::vector<std::string>& Timeframes() {
  static const std::vector<std::string> kAll = {"1s", "5s", "15s", "1m", "5m", "15m", "1h", "1d"};
  return kAll;
}

std::optional<Duration> TimeframeLength(const std::string& timeframe) {
  static const std::map<std::string, std::int64_t> kSeconds = {{"1s", 1},   {"5s", 5},    {"15s", 15},  {"1m", 60},
                                                               {"5m", 300}, {"15m", 900}, {"1h", 3600}, {"1d", 86400}};
  auto found = kSeconds.find(timeframe);
  if (found == kSeconds.end()) return std::nullopt;
  return Duration::Seconds(found->second);
}

std::vector<Bar> BarBuilder::Add(const Symbol& symbol, UtcTime time, Decimal price, Decimal volume) {
  std::vector<Bar> complete;
  for (const std::string& timeframe : Timeframes()) {
    std::int64_t length = TimeframeLength(timeframe)->nanos;
    UtcTime start{time.nanos - time.nanos % length};
    auto [entry, fresh] = open_.try_emplace({symbol, timeframe});
    Bar& bar = entry->second;
    if (!fresh && bar.start_time != start) {
      if (start < bar.start_time) continue;  // an older price changes no later bar
      complete.push_back(bar);
      fresh = true;
    }
    if (fresh) bar = {symbol, timeframe, start, price, price, price, price, Decimal()};
    bar.high = std::max(bar.high, price);
    bar.low = std::min(bar.low, price);
    bar.close = price;
    bar.volume += volume;
  }
  return complete;
}

}  // namespace ballast::market
