#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "libs/base/decimal.h"
#include "libs/base/utc_time.h"
#include "libs/model/market.h"

namespace ballast::backtest {

// Bars of one instrument and one length, column by column: a million minutes are 88 MB.
struct BarSeries {
  Instrument instrument;
  // "1m", "1d", …: what strategies are told.
  std::string timeframe;
  Duration length;
  // Starts, rising, in nanoseconds since the epoch. All columns are of one size.
  std::vector<std::int64_t> start;
  std::vector<Decimal> open, high, low, close, volume;
  // The file has volumes: a bar without one is one in which nothing was traded. False: nobody counted.
  bool has_volume = false;
  // At each bar's end, where somebody recorded it: empty, or as many; 0 where nobody quoted.
  std::vector<Decimal> bid, bid_size, ask, ask_size;

  [[nodiscard]] std::size_t size() const { return start.size(); }
  void Add(UtcTime at, Decimal o, Decimal h, Decimal l, Decimal c, Decimal v) {
    start.push_back(at.nanos);
    open.push_back(o);
    high.push_back(h);
    low.push_back(l);
    close.push_back(c);
    volume.push_back(v);
    has_volume = has_volume || !v.IsZero();
  }
  // After Add, for every bar or for none.
  void AddQuote(Decimal b, Decimal bs, Decimal a, Decimal as) {
    bid.push_back(b);
    bid_size.push_back(bs);
    ask.push_back(a);
    ask_size.push_back(as);
  }
};

}  // namespace ballast::backtest
