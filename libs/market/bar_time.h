#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/utc_time.h"

namespace ballast::market {

// Of any bar: "30s", "1m", "4h", "1d", "1w": a number from 1 to 999 and a unit. Nothing for any other text.
std::optional<Duration> ParseBarLength(std::string_view text);
// The shortest such text: 300 s is "5m".
std::string BarLengthText(Duration length);

// Whose wall clock a time without a zone is of: "UTC" (also when empty), "+01:00", "America/New_York" (the machine's
// list of zones is read). INVALID_ARGUMENT for what is none.
absl::StatusOr<absl::TimeZone> ReadTimeZone(const std::string& text);

// How a cell writes a time. Rows of a file agree: a change of the unit would move a price by years.
enum class TimeForm {
  kIso,           // 2024-01-02 09:30:00, also 2024.01.02, 2024/01/02, with T, fractions and a zone
  kDay,           // 2024-01-02
  kCompact,       // 20240102 093000, 20240102 09:30, 20240102093000
  kCompactDay,    // 20240102
  kEpochSeconds,  // 9 or 10 digits
  kEpochMillis,   // 12 or 13 digits
  kEpochMicros,   // 15 or 16 digits
  kEpochNanos,    // 18 or 19 digits
};
const char* NameOf(TimeForm form);

struct CellTime {
  UtcTime time;
  TimeForm form = TimeForm::kIso;
  // The cell says no zone: `zone` was taken. A day alone is midnight UTC whatever the zone: it names a day.
  bool assumed_zone = false;
};

// A time from 1970 to 2099. `clock`: the cell of the time of day where the day has one of its own, otherwise empty.
// INVALID_ARGUMENT says why it is none, also for a wall time that a change of the clocks leaves out or has twice.
absl::StatusOr<CellTime> ReadCellTime(std::string_view cell, std::string_view clock, const absl::TimeZone& zone);

}  // namespace ballast::market
