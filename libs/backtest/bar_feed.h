#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "libs/backtest/bar_series.h"
#include "libs/backtest/feed.h"

namespace ballast::backtest {

// What stands around a close that nobody quoted: the same rule for each bar, written into the report.
struct SpreadModel {
  // Between bid and ask, as a part of the close (0.0002: two hundredths of a per cent); at least one tick. The bid is
  // rounded down and the ask up, so the spread is never narrower than said.
  Decimal ratio = Decimal::Of("0.0002");
  // Of the bar's volume, on each side at the touch; at least one lot.
  Decimal volume_ratio = Decimal::Of("0.1");
  // What is quoted where no bar of a file has a volume; a bar without one among others that have offers nothing.
  Decimal size_without_volume = Decimal::FromInt(1'000);
};

// Bars as a market: at each bar's end its close is quoted with the model's spread, or with the bid and ask that the
// series has of it, and the bar is complete. A bar of a day or longer ends with the session it is of. Several series
// are merged by time; bars that end together are one step.
class BarFeed : public Feed {
 public:
  // The series may be played by many at once.
  BarFeed(std::vector<std::shared_ptr<const BarSeries>> series, const SpreadModel& model);

  [[nodiscard]] const std::vector<Instrument>& instruments() const override { return instruments_; }
  bool Next(Step& step) override;
  [[nodiscard]] double progress() const override;

 private:
  struct Cursor {
    std::size_t next = 0;
    UtcTime end;
    Decimal half_spread_ratio;
  };
  // When bar `index` is complete.
  [[nodiscard]] UtcTime EndOf(const BarSeries& series, std::size_t index) const;
  // What stands on each side at the close of bar `index`; 0 where nothing was traded.
  [[nodiscard]] Decimal SizeOf(const BarSeries& series, std::size_t index) const;
  void Put(const BarSeries& series, Cursor& cursor);

  std::vector<std::shared_ptr<const BarSeries>> series_;
  SpreadModel model_;
  std::vector<Instrument> instruments_;
  std::vector<Cursor> cursors_;
  std::size_t all_ = 0;
  std::size_t done_ = 0;
  std::uint64_t sequence_ = 0;
  // Used again for each step.
  std::vector<Quote> quotes_;
  std::vector<Bar> bars_;
  std::size_t used_ = 0;
};

}  // namespace ballast::backtest
