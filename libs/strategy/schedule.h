#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/utc_time.h"
#include "libs/model/market.h"

namespace ballast::strategy {

// Whose clock hours and days are of.
enum class TimeZone : int {
  kUtc = 1,
  kNewYork = 2,
  // New York for what is traded on its exchange, else UTC.
  kInstrument = 3,
};
// "UTC", "America/New_York", "INSTRUMENT".
std::string_view NameOf(TimeZone zone);
std::optional<TimeZone> ZoneNamed(std::string_view name);

// When a deployment enters. Exits and stops go on at all times.
struct Schedule {
  TimeZone zone = TimeZone::kUtc;
  // Of Monday to Sunday: a window begins on it.
  std::array<bool, 7> days = {true, true, true, true, true, true, true};
  // Minutes after midnight. An end that is not after the start is on the next day; both 0: the whole day.
  int start_minute = 0;
  int end_minute = 0;
  // What is held is closed so many minutes before the end; 0: it is not.
  int close_before_end_minutes = 0;

  friend bool operator==(const Schedule&, const Schedule&) = default;
};

// "MON" … "SUN"; the index is the day's, Monday is 0.
constexpr std::array<const char*, 7> kWeekdays = {"MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"};
// "09:30" as minutes; nothing when it is no time of a day.
std::optional<int> MinuteOf(std::string_view text);
std::string MinuteText(int minute);
// Empty, or what cannot be.
std::string Fault(const Schedule& schedule);

// How far the zone's clock is ahead of UTC. New York changes with its midnight, when nothing is traded.
Duration AheadOfUtc(TimeZone zone, TradingCalendar calendar, UtcTime time);
// The day of the zone, counted from 1970-01-01.
std::int64_t LocalDay(TimeZone zone, TradingCalendar calendar, UtcTime time);
// What is left of the window that `time` is in; nothing outside of all windows.
std::optional<Duration> LeftOfWindow(const Schedule& schedule, TradingCalendar calendar, UtcTime time);

}  // namespace ballast::strategy
