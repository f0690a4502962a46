#pragma once

#include <compare>
#include <cstdint>

namespace ballast {

// A day of the proleptic Gregorian calendar.
struct CivilDay {
  std::int64_t year;
  int month;
  int day;

  friend constexpr auto operator<=>(const CivilDay&, const CivilDay&) = default;
};

// Proleptic Gregorian calendar, days since 1970-01-01.
constexpr std::int64_t DaysFromCivil(CivilDay civil) {
  std::int64_t year = civil.month <= 2 ? civil.year - 1 : civil.year;
  std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  std::int64_t year_of_era = year - era * 400;
  std::int64_t month_shifted = (civil.month + 9) % 12;
  std::int64_t day_of_year = (153 * month_shifted + 2) / 5 + civil.day - 1;
  std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

constexpr CivilDay CivilFromDays(std::int64_t days) {
  std::int64_t shifted = days + 719468;
  std::int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  std::int64_t day_of_era = shifted - era * 146097;
  std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  std::int64_t month_shifted = (5 * day_of_year + 2) / 153;
  int day = static_cast<int>(day_of_year - (153 * month_shifted + 2) / 5 + 1);
  int month = static_cast<int>(month_shifted < 10 ? month_shifted + 3 : month_shifted - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

static_assert(DaysFromCivil({1970, 1, 1}) == 0);
static_assert(DaysFromCivil({2000, 3, 1}) == 11017);

// 0 is Monday.
constexpr int Weekday(std::int64_t day) { return static_cast<int>(((day + 3) % 7 + 7) % 7); }
static_assert(Weekday(DaysFromCivil({1970, 1, 1})) == 3);  // a Thursday

}  // namespace ballast
