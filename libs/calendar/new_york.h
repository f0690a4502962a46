#pragma once

#include <optional>

#include "libs/base/civil_day.h"
#include "libs/base/utc_time.h"

namespace ballast::calendar {

// The New York Stock Exchange by its rules, which hold from 2007 (today's daylight saving time) on: no list that ends.
// Days that no rule foresees, like days of mourning, are listed in new_york.cc.

// Does the exchange trade on this day of New York?
bool IsTradingDay(CivilDay day);
// A trading day that ends at 13:00: the day after Thanksgiving, Christmas Eve, the day before Independence Day.
bool IsHalfDay(CivilDay day);
// How far New York is behind UTC in the daytime of this day.
Duration BehindUtc(CivilDay day);
// At this very moment, also in the hours of a Sunday before its clocks change at 02:00.
Duration BehindUtcAt(UtcTime time);

// The regular session of a day, 09:30 to 16:00 or 13:00 in New York; nothing when there is none.
struct RegularSession {
  UtcTime open;
  UtcTime close;
};
std::optional<RegularSession> RegularSessionOf(CivilDay day);

}  // namespace ballast::calendar
