#include "libs/calendar/new_york.h"

#include <algorithm>
#include <array>

namespace ballast::calendar {
namespace {

constexpr int kMonday = 0, kThursday = 3, kFriday = 4, kSaturday = 5, kSunday = 6;

constexpr int WeekdayOf(CivilDay day) { return Weekday(DaysFromCivil(day)); }
constexpr CivilDay After(CivilDay day, int days) { return CivilFromDays(DaysFromCivil(day) + days); }

// The `count`th `weekday` of a month; the last one for a count of -1.
constexpr CivilDay Nth(std::int64_t year, int month, int weekday, int count) {
  if (count > 0) {
    CivilDay first{year, month, 1};
    return After(first, (weekday - WeekdayOf(first) + 7) % 7 + 7 * (count - 1));
  }
  CivilDay last = After(month == 12 ? CivilDay{year + 1, 1, 1} : CivilDay{year, month + 1, 1}, -1);
  return After(last, -((WeekdayOf(last) - weekday + 7) % 7));
}

// Gregorian Easter Sunday (Meeus, Jones, Butcher).
constexpr CivilDay Easter(std::int64_t year) {
  std::int64_t a = year % 19, b = year / 100, c = year % 100;
  std::int64_t d = b / 4, e = b % 4, g = (8 * b + 13) / 25;
  std::int64_t h = (19 * a + b - d - g + 15) % 30;
  std::int64_t i = c / 4, k = c % 4;
  std::int64_t l = (32 + 2 * e + 2 * i - h - k) % 7;
  std::int64_t m = (a + 11 * h + 19 * l) / 433;
  std::int64_t month = (h + l - 7 * m + 90) / 25;
  std::int64_t day = (h + l - 7 * m + 33 * month + 19) % 32;
  return {year, static_cast<int>(month), static_cast<int>(day)};
}
static_assert(Easter(2024) == CivilDay{2024, 3, 31});
static_assert(Easter(2038) == CivilDay{2038, 4, 25});

// A holiday on a Saturday is kept on the Friday before, one on a Sunday on the Monday after.
constexpr CivilDay Observed(CivilDay day) {
  int weekday = WeekdayOf(day);
  if (weekday == kSaturday) return After(day, -1);
  return weekday == kSunday ? After(day, 1) : day;
}

// A storm, and the days of mourning for presidents.
constexpr std::array kUnforeseen = {
    CivilDay{2007, 1, 2}, CivilDay{2012, 10, 29}, CivilDay{2012, 10, 30}, CivilDay{2018, 12, 5},  // George H. W. Bush
    CivilDay{2025, 1, 9},                                                                         // James E. Carter
};

bool IsHoliday(CivilDay day) {
  std::int64_t year = day.year;
  // A New Year's Day on a Saturday is not kept on the Friday, which is the last day of the business year.
  CivilDay new_year{year, 1, 1};
  if (WeekdayOf(new_year) != kSaturday && day == Observed(new_year)) return true;
  constexpr std::int64_t kJuneteenthSince = 2022;
  return day == Nth(year, 1, kMonday, 3) ||                                        // Martin Luther King Jr. Day
         day == Nth(year, 2, kMonday, 3) ||                                        // Washington's Birthday
         day == After(Easter(year), -2) ||                                         // Good Friday
         day == Nth(year, 5, kMonday, -1) ||                                       // Memorial Day
         (year >= kJuneteenthSince && day == Observed({year, 6, 19})) ||           // Juneteenth
         day == Observed({year, 7, 4}) || day == Nth(year, 9, kMonday, 1) ||       // Independence Day, Labor Day
         day == Nth(year, 11, kThursday, 4) || day == Observed({year, 12, 25}) ||  // Thanksgiving, Christmas
         std::find(kUnforeseen.begin(), kUnforeseen.end(), day) != kUnforeseen.end();
}

}  // namespace

bool IsTradingDay(CivilDay day) { return WeekdayOf(day) < kSaturday && !IsHoliday(day); }

bool IsHalfDay(CivilDay day) {
  if (!IsTradingDay(day)) return false;
  if (day == After(Nth(day.year, 11, kThursday, 4), 1)) return true;
  // Before Independence Day only when that is a weekday itself, which makes the third a Monday to Thursday: a Friday is
  // the holiday kept before a Saturday.
  bool eve = (day.month == 12 && day.day == 24) || (day.month == 7 && day.day == 3);
  return eve && WeekdayOf(day) < kFriday;
}

// Daylight saving time is from the second Sunday of March to the first Sunday of November, at 02:00.
Duration BehindUtc(CivilDay day) {
  bool summer = day >= Nth(day.year, 3, kSunday, 2) && day < Nth(day.year, 11, kSunday, 1);
  return Duration::Seconds((summer ? 4 : 5) * 3'600);
}

Duration BehindUtcAt(UtcTime time) {
  // Two o'clock by winter's time in March, and by summer's in November.
  constexpr Duration kBegins = Duration::Seconds(7 * 3'600), kEnds = Duration::Seconds(6 * 3'600);
  auto midnight = [](CivilDay day) { return UtcTime{Duration::Seconds(86'400).nanos * DaysFromCivil(day)}; };
  const std::int64_t year = CivilFromDays(time.DayNumber()).year;
  const bool summer =
      time >= midnight(Nth(year, 3, kSunday, 2)) + kBegins && time < midnight(Nth(year, 11, kSunday, 1)) + kEnds;
  return Duration::Seconds((summer ? 4 : 5) * 3'600);
}

std::optional<RegularSession> RegularSessionOf(CivilDay day) {
  if (!IsTradingDay(day)) return std::nullopt;
  constexpr Duration kOpen = Duration::Seconds((9 * 60 + 30) * 60);
  UtcTime midnight = UtcTime{Duration::Seconds(86'400).nanos * DaysFromCivil(day)} + BehindUtc(day);
  return RegularSession{midnight + kOpen, midnight + Duration::Seconds((IsHalfDay(day) ? 13 : 16) * 3'600)};
}

}  // namespace ballast::calendar
