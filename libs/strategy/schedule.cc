#include "libs/strategy/schedule.h"

#include "libs/calendar/new_york.h"

namespace ballast::strategy {
namespace {

constexpr std::int64_t kMinuteNs = 60'000'000'000;
constexpr int kDayMinutes = 1'440;

}  // namespace

std::string_view NameOf(TimeZone zone) {
  switch (zone) {
    case TimeZone::kNewYork:
      return "America/New_York";
    case TimeZone::kInstrument:
      return "INSTRUMENT";
    case TimeZone::kUtc:
      break;
  }
  return "UTC";
}

std::optional<TimeZone> ZoneNamed(std::string_view name) {
  for (TimeZone zone : {TimeZone::kUtc, TimeZone::kNewYork, TimeZone::kInstrument}) {
    if (NameOf(zone) == name) return zone;
  }
  return std::nullopt;
}

std::optional<int> MinuteOf(std::string_view text) {
  auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9' ? text[at] - '0' : -1; };
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (std::size_t at : {0, 1, 3, 4}) {
    if (digit(at) < 0) return std::nullopt;
  }
  int hour = digit(0) * 10 + digit(1), minute = digit(3) * 10 + digit(4);
  if (hour > 23 || minute > 59) return std::nullopt;
  return hour * 60 + minute;
}

std::string MinuteText(int minute) {
  auto two = [](int value) { return std::string(value < 10 ? "0" : "") + std::to_string(value); };
  return two(minute / 60) + ":" + two(minute % 60);
}

std::string Fault(const Schedule& schedule) {
  bool any = false;
  for (bool day : schedule.days) any = any || day;
  if (!any) return "days: at least one expected";
  int length = schedule.end_minute - schedule.start_minute;
  if (length <= 0) length += kDayMinutes;
  if (schedule.close_before_end_minutes < 0 || schedule.close_before_end_minutes >= length)
    return "close_before_end_minutes: 0 to less than the " + std::to_string(length) + " minutes of the window expected";
  return "";
}

Duration AheadOfUtc(TimeZone zone, TradingCalendar calendar, UtcTime time) {
  bool new_york = zone == TimeZone::kNewYork ||
                  (zone == TimeZone::kInstrument && calendar == TradingCalendar::kNewYorkStockExchange);
  if (!new_york) return {};
  return {-calendar::BehindUtcAt(time).nanos};
}

std::int64_t LocalDay(TimeZone zone, TradingCalendar calendar, UtcTime time) {
  return (time + AheadOfUtc(zone, calendar, time)).DayNumber();
}

std::optional<Duration> LeftOfWindow(const Schedule& schedule, TradingCalendar calendar, UtcTime time) {
  UtcTime local = time + AheadOfUtc(schedule.zone, calendar, time);
  int length = schedule.end_minute - schedule.start_minute;
  if (length <= 0) length += kDayMinutes;
  std::int64_t today = local.DayNumber();
  // One that began the day before may go on.
  for (std::int64_t day : {today, today - 1}) {
    if (!schedule.days.at(static_cast<std::size_t>(Weekday(day)))) continue;
    std::int64_t start = day * kDayMinutes * kMinuteNs + schedule.start_minute * kMinuteNs;
    std::int64_t end = start + length * kMinuteNs;
    if (local.nanos >= start && local.nanos < end) return Duration{end - local.nanos};
  }
  return std::nullopt;
}

}  // namespace ballast::strategy
