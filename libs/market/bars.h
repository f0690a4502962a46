#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/model/market.h"

namespace ballast::market {

// Length of "1s" "5s" "15s" "1m" "5m" "15m" "1h" "1d"; nothing for any other text.
std::optional<Duration> TimeframeLength(const std::string& timeframe);
const std::vector<std::string>& Timeframes();

// Prices to bars of every timeframe, built once for all. A bar is complete when a price of a later one arrives.
class BarBuilder {
 public:
  // The bars that `price` at `time` completes; `volume` belongs to the bar of `time`.
  std::vector<Bar> Add(const Symbol& symbol, UtcTime time, Decimal price, Decimal volume);

 private:
  std::map<std::pair<Symbol, std::string>, Bar> open_;
};

}  // namespace ballast::market
