#include "libs/base/utc_time.h"

#include <array>
#include <charconv>
#include <cstdio>

#include "libs/base/absl_std.h"
#include "libs/base/civil_day.h"

namespace ballast {
namespace {

constexpr int DaysInMonth(std::int64_t year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

bool ReadDigits(std::string_view text, std::size_t at, std::size_t count, std::int64_t& value) {
  if (at + count > text.size()) return false;
  value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  return true;
}

}  // namespace

std::string UtcTime::ToString() const {
  constexpr std::int64_t kNanosPerDay = 86'400'000'000'000;
  std::int64_t day = DayNumber();
  std::int64_t rest = nanos - day * kNanosPerDay;
  CivilDay civil = CivilFromDays(day);
  std::int64_t seconds = rest / 1'000'000'000;
  std::array<char, 64> buffer{};
  int length = std::snprintf(buffer.data(), buffer.size(), "%04lld-%02d-%02dT%02lld:%02lld:%02lld.%06lldZ",
                             static_cast<long long>(civil.year), civil.month, civil.day,
                             static_cast<long long>(seconds / 3600), static_cast<long long>(seconds / 60 % 60),
                             static_cast<long long>(seconds % 60), static_cast<long long>(rest / 1000 % 1'000'000));
  return {buffer.data(), static_cast<std::size_t>(length)};
}

absl::StatusOr<UtcTime> UtcTime::Parse(std::string_view text) {
  std::int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  bool shape = text.size() >= 19 && ReadDigits(text, 0, 4, year) && text[4] == '-' && ReadDigits(text, 5, 2, month) &&
               text[7] == '-' && ReadDigits(text, 8, 2, day) && (text[10] == 'T' || text[10] == ' ') &&
               ReadDigits(text, 11, 2, hour) && text[13] == ':' && ReadDigits(text, 14, 2, minute) && text[16] == ':' &&
               ReadDigits(text, 17, 2, second);
  if (!shape || month < 1 || month > 12 || day < 1 || day > DaysInMonth(year, static_cast<int>(month)) || hour > 23 ||
      minute > 59 || second > 59) {
    return absl::InvalidArgumentError(ToAbsl("not a UTC time like 2013-10-07T13:30:00Z: " + std::string(text)));
  }
  // Nanoseconds since 1970 in 64 bits reach from 1677 to 2262.
  if (year < 1678 || year > 2261)
    return absl::InvalidArgumentError(ToAbsl("a year from 1678 to 2261 expected: " + std::string(text)));
  std::int64_t fraction = 0;
  std::size_t at = 19;
  if (at < text.size() && text[at] == '.') {
    std::int64_t unit = 100'000'000;
    std::size_t first = ++at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
      fraction += unit * (text[at] - '0');
      unit /= 10;
      ++at;
    }
    if (at == first || at - first > 9) return absl::InvalidArgumentError("1 to 9 fractional digits expected");
  }
  if (at < text.size() && text[at] == 'Z') ++at;
  if (at != text.size()) return absl::InvalidArgumentError("only UTC ('Z') is read");
  std::int64_t days = DaysFromCivil({year, static_cast<int>(month), static_cast<int>(day)});
  return UtcTime{((days * 24 + hour) * 60 + minute) * 60'000'000'000 + second * 1'000'000'000 + fraction};
}

}  // namespace ballast
