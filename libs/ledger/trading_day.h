#pragma once

#include <cstdint>

#include "libs/base/utc_time.h"

namespace ballast::ledger {

// Where one day of results ends and the next begins. New York's midnight lies between two sessions of its exchanges in
// summer and in winter; UTC's is what an account of 24-hour markets may want.
enum class DayBoundary { kNewYork, kUtc };

// The calendar date there, in days since 1970-01-01.
std::int64_t TradingDay(UtcTime time, DayBoundary boundary);

// The same for times that come one after the other: days change at whole hours, so within one nothing is looked for
// again.
class DayFinder {
 public:
  explicit DayFinder(DayBoundary boundary) : boundary_(boundary) {}
  std::int64_t DayOf(UtcTime time) {
    constexpr std::int64_t kHourNanos = 3'600'000'000'000;
    std::int64_t hour = time.nanos / kHourNanos;
    // The hours on both sides of 1970 have one number.
    if (hour == hour_ && hour != 0) return day_;
    hour_ = hour;
    return day_ = TradingDay(time, boundary_);
  }
  [[nodiscard]] DayBoundary boundary() const { return boundary_; }

 private:
  DayBoundary boundary_;
  std::int64_t hour_ = 0;
  std::int64_t day_ = 0;
};

// Market time as a source tells it, kept from trembling: a step a moment older than a fill is the same day still. Only
// a market that was set back (a recording begun again) takes the day back.
class MarketCalendar {
 public:
  explicit MarketCalendar(DayBoundary boundary) : days_(boundary) {}
  // The day in which the market is at `market_time`; moves on.
  std::int64_t Advance(UtcTime market_time);
  // The day of a past event; moves nothing.
  [[nodiscard]] std::int64_t DayOf(UtcTime time) const { return TradingDay(time, boundary()); }
  [[nodiscard]] DayBoundary boundary() const { return days_.boundary(); }

 private:
  DayFinder days_;
  UtcTime newest_;
};

}  // namespace ballast::ledger
