#include "libs/market/bar_time.h"

#include <array>
#include <cstdint>
#include <utility>

#include "absl/time/civil_time.h"
#include "libs/base/absl_std.h"
#include "libs/base/civil_day.h"

namespace ballast::market {
namespace {

constexpr std::int64_t kSecondNanos = 1'000'000'000;
constexpr std::array<std::pair<char, std::int64_t>, 5> kLengthUnits = {
    std::pair{'w', 604'800}, std::pair{'d', 86'400}, std::pair{'h', 3'600}, std::pair{'m', 60}, std::pair{'s', 1}};

absl::Status NoTime(std::string_view cell, std::string_view why) {
  std::string shown(cell.substr(0, 40));
  return absl::InvalidArgumentError(ToAbsl(std::string(why) + ": '" + shown + "'"));
}

bool AllDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// At most nine digits.
int DigitsToInt(std::string_view digits) {
  int value = 0;
  for (char c : digits) value = value * 10 + (c - '0');
  return value;
}

// A cell in its parts, not yet judged.
struct WallTime {
  int year = 0, month = 0, day = 0;
  int hour = 0, minute = 0, second = 0;
  std::int64_t fraction_nanos = 0;
};

struct Text {
  std::string_view rest;
  bool Digits(std::size_t count, int& value) {
    if (rest.size() < count || !AllDigits(rest.substr(0, count))) return false;
    value = DigitsToInt(rest.substr(0, count));
    rest.remove_prefix(count);
    return true;
  }
  bool Take(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
};

// "09:30", "09:30:00", "09:30:00.123", "0930", "093000", and as some write it "9:30" is none.
bool ReadClock(Text& text, WallTime& wall) {
  if (!text.Digits(2, wall.hour)) return false;
  bool colons = text.Take(':');
  if (!text.Digits(2, wall.minute)) return false;
  if (colons ? !text.Take(':') : text.rest.empty() || !AllDigits(text.rest.substr(0, 1))) return true;
  if (!text.Digits(2, wall.second)) return false;
  if (!text.Take('.')) return true;
  std::int64_t unit = kSecondNanos / 10;
  std::size_t places = 0;
  for (int digit = 0; text.Digits(1, digit); ++places, unit /= 10) wall.fraction_nanos += unit * digit;
  return places >= 1 && places <= 9;
}

// "", "Z", " UTC", "+01:00", "-0500", "+00". False: something else stands there.
bool ReadZone(std::string_view text, bool& has_zone, std::int64_t& offset_seconds) {
  has_zone = !text.empty();
  offset_seconds = 0;
  if (text.empty() || text == "Z" || text == "z" || text == " UTC" || text == "UTC" || text == " GMT") return true;
  Text rest{text};
  rest.Take(' ');
  bool behind = !rest.rest.empty() && rest.rest.front() == '-';
  if (!behind && !rest.Take('+')) return false;
  if (behind) rest.Take('-');
  int hours = 0, minutes = 0;
  if (!rest.Digits(2, hours)) return false;
  if (!rest.rest.empty()) {
    rest.Take(':');
    if (!rest.Digits(2, minutes)) return false;
  }
  if (!rest.rest.empty() || hours > 18 || minutes > 59) return false;
  offset_seconds = (behind ? -1 : 1) * (hours * 3'600 + minutes * 60);
  return true;
}

absl::Status CheckParts(const WallTime& wall, std::string_view cell) {
  if (wall.year < 1970 || wall.year > 2099) return NoTime(cell, "a year from 1970 to 2099 is expected");
  if (wall.month < 1 || wall.month > 12 || wall.day < 1) return NoTime(cell, "there is no such day");
  CivilDay day{wall.year, wall.month, wall.day};
  if (CivilFromDays(DaysFromCivil(day)) != day) return NoTime(cell, "there is no such day");
  if (wall.hour > 23 || wall.minute > 59 || wall.second > 59) return NoTime(cell, "there is no such time of day");
  return absl::OkStatus();
}

UtcTime AsUtc(const WallTime& wall) {
  std::int64_t days = DaysFromCivil({wall.year, wall.month, wall.day});
  std::int64_t seconds = ((days * 24 + wall.hour) * 60 + wall.minute) * 60 + wall.second;
  return UtcTime{seconds * kSecondNanos + wall.fraction_nanos};
}

absl::StatusOr<UtcTime> InZone(const WallTime& wall, const absl::TimeZone& zone, std::string_view cell) {
  absl::CivilSecond civil(wall.year, wall.month, wall.day, wall.hour, wall.minute, wall.second);
  absl::TimeZone::TimeInfo info = zone.At(civil);
  if (info.kind == absl::TimeZone::TimeInfo::SKIPPED)
    return NoTime(cell, "the clocks of " + std::string(ToStd(zone.name())) + " leave this time out");
  if (info.kind == absl::TimeZone::TimeInfo::REPEATED)
    return NoTime(cell, "the clocks of " + std::string(ToStd(zone.name())) + " have this time twice: which is it?");
  return UtcTime{absl::ToUnixSeconds(info.pre) * kSecondNanos + wall.fraction_nanos};
}

absl::StatusOr<CellTime> ReadEpoch(std::string_view cell) {
  struct Unit {
    std::size_t least, most;
    TimeForm form;
    std::int64_t nanos;
  };
  static constexpr std::array<Unit, 4> kUnits = {
      Unit{9, 10, TimeForm::kEpochSeconds, kSecondNanos}, Unit{12, 13, TimeForm::kEpochMillis, 1'000'000},
      Unit{15, 16, TimeForm::kEpochMicros, 1'000}, Unit{18, 19, TimeForm::kEpochNanos, 1}};
  for (const Unit& unit : kUnits) {
    if (cell.size() < unit.least || cell.size() > unit.most) continue;
    __int128 value = 0;
    for (char c : cell) value = value * 10 + (c - '0');
    value *= unit.nanos;
    constexpr std::int64_t kYear2100 = 4'102'444'800;
    if (value >= static_cast<__int128>(kYear2100) * kSecondNanos)
      return NoTime(cell, "a year from 1970 to 2099 is expected");
    return CellTime{.time = UtcTime{static_cast<std::int64_t>(value)}, .form = unit.form};
  }
  return NoTime(cell, "neither YYYYMMDD nor seconds, milliseconds, microseconds or nanoseconds since 1970");
}

}  // namespace

std::optional<Duration> ParseBarLength(std::string_view text) {
  if (text.size() < 2 || text.size() > 4 || text.front() == '0' || !AllDigits(text.substr(0, text.size() - 1)))
    return std::nullopt;
  for (const auto& [unit, seconds] : kLengthUnits) {
    if (unit == text.back()) return Duration::Seconds(DigitsToInt(text.substr(0, text.size() - 1)) * seconds);
  }
  return std::nullopt;
}

std::string BarLengthText(Duration length) {
  std::int64_t seconds = length.nanos / kSecondNanos;
  for (const auto& [unit, each] : kLengthUnits) {
    if (seconds > 0 && seconds % each == 0) return std::to_string(seconds / each) + unit;
  }
  return std::to_string(seconds) + "s";
}

absl::StatusOr<absl::TimeZone> ReadTimeZone(const std::string& text) {
  if (text.empty() || text == "UTC" || text == "Z") return absl::UTCTimeZone();
  bool has_zone = false;
  std::int64_t offset = 0;
  if ((text.front() == '+' || text.front() == '-') && ReadZone(text, has_zone, offset))
    return absl::FixedTimeZone(static_cast<int>(offset));
  absl::TimeZone zone;
  // The library would take a path as well.
  if (text.front() == '/' || text.find("..") != std::string::npos || text.find(':') != std::string::npos ||
      !absl::LoadTimeZone(ToAbsl(text), &zone))
    return absl::InvalidArgumentError(
        ToAbsl("timezone: there is no '" + text + "'; e.g. UTC, +01:00 or America/New_York"));
  return zone;
}

const char* NameOf(TimeForm form) {
  switch (form) {
    case TimeForm::kIso:
      return "YYYY-MM-DD HH:MM:SS";
    case TimeForm::kDay:
      return "YYYY-MM-DD";
    case TimeForm::kCompact:
      return "YYYYMMDD HH:MM:SS";
    case TimeForm::kCompactDay:
      return "YYYYMMDD";
    case TimeForm::kEpochSeconds:
      return "seconds since 1970";
    case TimeForm::kEpochMillis:
      return "milliseconds since 1970";
    case TimeForm::kEpochMicros:
      return "microseconds since 1970";
    case TimeForm::kEpochNanos:
      return "nanoseconds since 1970";
  }
  return "?";
}

absl::StatusOr<CellTime> ReadCellTime(std::string_view cell, std::string_view clock, const absl::TimeZone& zone) {
  if (cell.empty()) return NoTime(cell, "a time is expected");
  if (AllDigits(cell) && clock.empty() && cell.size() != 8 && cell.size() != 14) return ReadEpoch(cell);
  WallTime wall;
  Text text{cell};
  CellTime out;
  bool dashed = cell.size() >= 10 && (cell[4] == '-' || cell[4] == '/' || cell[4] == '.') && cell[7] == cell[4];
  if (!text.Digits(4, wall.year) || (dashed && !text.Take(cell[4])) || !text.Digits(2, wall.month) ||
      (dashed && !text.Take(cell[4])) || !text.Digits(2, wall.day)) {
    if (cell.size() >= 8 && cell.find('/') != std::string_view::npos)
      return NoTime(cell, "which is the month and which the day? YYYY-MM-DD is expected");
    return NoTime(cell, "no time that is known; e.g. 2024-01-02T09:30:00Z, 20240102 09:30 or 1704187800");
  }
  bool timed = !clock.empty() || !text.rest.empty();
  out.form = dashed ? (timed ? TimeForm::kIso : TimeForm::kDay) : (timed ? TimeForm::kCompact : TimeForm::kCompactDay);
  std::string_view behind = text.rest;
  if (timed) {
    if (!clock.empty() && !text.rest.empty()) return NoTime(cell, "a day is expected beside a column of times of day");
    if (clock.empty() && (dashed || !AllDigits(text.rest.substr(0, 1))) && !text.Take('T') && !text.Take(' '))
      return NoTime(cell, "a time of day is expected behind the day");
    Text of_day = clock.empty() ? text : Text{clock};
    if (!ReadClock(of_day, wall)) return NoTime(clock.empty() ? cell : clock, "no time of day, e.g. 09:30:00");
    behind = of_day.rest;
  }
  RETURN_IF_ERROR(CheckParts(wall, cell));
  bool has_zone = false;
  std::int64_t offset = 0;
  if (!ReadZone(behind, has_zone, offset)) return NoTime(cell, "no zone that is known, e.g. Z or +01:00");
  // A day alone names a day; the time of day of a bar of a day says nothing.
  if (!timed || has_zone) {
    out.time = AsUtc(wall) - Duration::Seconds(offset);
    return out;
  }
  out.assumed_zone = true;
  if (zone == absl::UTCTimeZone()) {
    out.time = AsUtc(wall);
    return out;
  }
  ASSIGN_OR_RETURN(out.time, InZone(wall, zone, cell));
  return out;
}

}  // namespace ballast::market
