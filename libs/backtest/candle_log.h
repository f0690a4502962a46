#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "libs/model/market.h"

namespace ballast::backtest {

// Bars for a picture: of each symbol at most so many candles, however many bars there were; each is made of 1, 2, 4, …
// bars that follow each other.
class CandleLog {
 public:
  struct Candle {
    UtcTime start_time;
    Decimal open, high, low, close, volume;
  };

  // An even number.
  explicit CandleLog(std::size_t candles_max = 1'500) : candles_max_(candles_max) {}

  // In order of time.
  void Add(const Bar& bar);

  [[nodiscard]] const std::vector<Candle>& Of(const Symbol& symbol) const;
  // Bars a candle.
  [[nodiscard]] std::size_t StrideOf(const Symbol& symbol) const;

 private:
  struct Series {
    std::vector<Candle> candles;
    std::size_t stride = 1;
    // Bars in the newest candle.
    std::size_t in_last = 0;
  };
  std::size_t candles_max_;
  std::map<Symbol, Series> series_;
};

}  // namespace ballast::backtest
