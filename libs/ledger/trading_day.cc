#include "libs/ledger/trading_day.h"

#include <algorithm>

namespace ballast::ledger {
namespace {

constexpr std::int64_t kHour = 3'600'000'000'000;
constexpr std::int64_t kDay = 24 * kHour;

// Days since the epoch of a Gregorian date (H. Hinnant's days_from_civil).
constexpr std::int64_t DaysOf(std::int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  std::int64_t of_era = year - era * 400;
  std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  std::int64_t days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
  return era * 146'097 + days - 719'468;
}

// The first Sunday at or after a date. 1970-01-01 was a Thursday.
constexpr std::int64_t SundayFrom(std::int64_t day) {
  std::int64_t weekday = ((day + 4) % 7 + 7) % 7;  // 0 is Sunday
  return day + (7 - weekday) % 7;
}

std::int64_t YearOf(std::int64_t day) {
  std::int64_t year = 1970 + day / 366;
  while (DaysOf(year + 1, 1, 1) <= day) ++year;
  while (DaysOf(year, 1, 1) > day) --year;
  return year;
}

// Summer time of the United States: since 2007 from the second Sunday of March to the first of November, 02:00 local;
// before that from the first Sunday of April to the last of October.
bool IsSummer(UtcTime time) {
  std::int64_t year = YearOf(time.DayNumber());
  std::int64_t begin = year >= 2007 ? SundayFrom(DaysOf(year, 3, 8)) : SundayFrom(DaysOf(year, 4, 1));
  std::int64_t end = year >= 2007 ? SundayFrom(DaysOf(year, 11, 1)) : SundayFrom(DaysOf(year, 10, 25));
  return time.nanos >= begin * kDay + 7 * kHour && time.nanos < end * kDay + 6 * kHour;
}

}  // namespace

std::int64_t TradingDay(UtcTime time, DayBoundary boundary) {
  if (boundary == DayBoundary::kUtc) return time.DayNumber();
  return UtcTime{time.nanos - (IsSummer(time) ? 4 : 5) * kHour}.DayNumber();
}

std::int64_t MarketCalendar::Advance(UtcTime market_time) {
  bool set_back = market_time.nanos + kHour < newest_.nanos;
  newest_ = set_back ? market_time : std::max(newest_, market_time);
  return days_.DayOf(newest_);
}

}  // namespace ballast::ledger
