#include "libs/calendar/sessions.h"

#include <cstdint>
#include <limits>
#include <optional>

#include "libs/calendar/new_york.h"

namespace ballast::calendar {
namespace {

constexpr Duration kDay = Duration::Seconds(86'400);
constexpr UtcTime kNever{std::numeric_limits<std::int64_t>::max()};

Session DayOf(const Instrument& instrument, UtcTime time) {
  Duration start = Duration::Seconds(std::int64_t{60} * instrument.day_start_minute);
  UtcTime open = UtcTime{kDay.nanos * (time - start).DayNumber()} + start;
  return {open, open + kDay};
}

}  // namespace

bool IsOpen(const Instrument& instrument, UtcTime time) {
  switch (instrument.calendar) {
    case TradingCalendar::kAlwaysOpen:
      return true;
    case TradingCalendar::kNewYorkStockExchange: {
      // A regular session begins and ends on the same day in New York and in UTC.
      std::optional<RegularSession> session = RegularSessionOf(CivilFromDays(time.DayNumber()));
      return session && session->open < time && time <= session->close;
    }
    case TradingCalendar::kUnspecified:
      break;
  }
  return false;
}

Session SessionFor(const Instrument& instrument, UtcTime time) {
  if (instrument.calendar == TradingCalendar::kAlwaysOpen) return DayOf(instrument, time);
  if (instrument.calendar != TradingCalendar::kNewYorkStockExchange) return {kNever, kNever};
  for (std::int64_t day = time.DayNumber();; ++day) {
    std::optional<RegularSession> session = RegularSessionOf(CivilFromDays(day));
    if (session && time < session->close) return {session->open, session->close};
  }
}

}  // namespace ballast::calendar
