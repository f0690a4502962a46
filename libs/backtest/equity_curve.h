#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "libs/base/decimal.h"
#include "libs/base/utc_time.h"

namespace ballast::backtest {

struct EquityPoint {
  UtcTime time;
  Decimal equity;
};

// What the account was worth, step by step: thinned for a picture, exact for draw-downs, by day for returns.
class EquityCurve {
 public:
  explicit EquityCurve(std::size_t points_max = 2'000) : points_max_(points_max) {}

  // In order of time. `day`: of the account's days of results.
  void Add(UtcTime time, std::int64_t day, Decimal equity, bool invested);

  // Every n-th point, n a power of two, and the newest: at most about points_max.
  [[nodiscard]] const std::vector<EquityPoint>& points() const { return points_; }
  // The last of each day.
  [[nodiscard]] const std::vector<EquityPoint>& days() const { return days_; }
  // The deepest fall from a peak, of all points; in money and as a part of the peak, which need not be the same fall.
  struct Fall {
    UtcTime peak_time;
    UtcTime trough_time;
    // When the peak was reached again, if it was.
    std::optional<UtcTime> recovered_time;
    Decimal peak;
    Decimal trough;
  };
  [[nodiscard]] const std::optional<Fall>& deepest() const { return deepest_; }
  [[nodiscard]] Duration longest_fall() const { return longest_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  // Points at which something was held.
  [[nodiscard]] std::uint64_t invested() const { return invested_; }
  [[nodiscard]] const EquityPoint& first() const { return first_; }
  [[nodiscard]] const EquityPoint& last() const { return last_; }

 private:
  std::size_t points_max_;
  std::uint64_t stride_ = 1;
  std::uint64_t count_ = 0;
  std::uint64_t invested_ = 0;
  EquityPoint first_, last_;
  std::vector<EquityPoint> points_;
  std::vector<EquityPoint> days_;
  std::int64_t day_ = -1;
  EquityPoint peak_;
  std::optional<Fall> deepest_;
  // The running fall is the deepest.
  bool deepest_runs_ = false;
  Decimal trough_;
  Duration longest_;
};

}  // namespace ballast::backtest
