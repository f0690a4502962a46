#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "libs/base/decimal.h"
#include "libs/venue_simulator/order.h"

namespace ballast::venue_simulator {

struct Candle {
  // Start, in seconds since 1970.
  std::int64_t start = 0;
  Decimal open;
  Decimal high;
  Decimal low;
  Decimal close;
  Decimal volume;
  Decimal quote_volume;
  // Of which the buyer took.
  Decimal taken_volume;
  Decimal taken_quote_volume;
  std::int64_t trades = 0;
  std::int64_t first_trade = -1;
  std::int64_t last_trade = -1;
};

// One symbol's trades as bars of a minute; longer ones are made of those. A minute without a trade has no bar of its
// own and repeats the close in what Of gives.
class Candles {
 public:
  static constexpr std::size_t kMinutesMax = 3000;

  void Add(const Print& print);
  // Before all that is there; for a history that a new market shows.
  void Begin(std::deque<Candle> minutes) { minutes_ = std::move(minutes); }

  // Bars of `seconds` (60 and more), oldest first, the last one still open: those that start within [from, until], the
  // latest `limit` of them, or the first where `from` is given. Seconds since 1970; zero: no bound.
  [[nodiscard]] std::vector<Candle> Of(std::int64_t seconds, std::int64_t from, std::int64_t until,
                                       std::size_t limit) const;
  // The bar that is open at `now`; as the last close where it has no trade yet.
  [[nodiscard]] Candle Current(std::int64_t seconds, std::int64_t now) const;
  // The sum of the last `seconds`; empty without a trade.
  [[nodiscard]] Candle Since(std::int64_t start) const;

 private:
  std::deque<Candle> minutes_;
};

}  // namespace ballast::venue_simulator
