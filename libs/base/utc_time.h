#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace ballast {

// A length of time in nanoseconds.
struct Duration {
  std::int64_t nanos = 0;

  static constexpr Duration Millis(std::int64_t value) { return {value * 1'000'000}; }
  static constexpr Duration Seconds(std::int64_t value) { return {value * 1'000'000'000}; }

  friend constexpr auto operator<=>(Duration, Duration) = default;
};

// An instant in nanoseconds since 1970-01-01T00:00:00Z. Wall or market time: for records and people, never to order
// events (sequences do that).
struct UtcTime {
  std::int64_t nanos = 0;

  friend constexpr auto operator<=>(UtcTime, UtcTime) = default;
  friend constexpr UtcTime operator+(UtcTime time, Duration duration) { return {time.nanos + duration.nanos}; }
  friend constexpr UtcTime operator-(UtcTime time, Duration duration) { return {time.nanos - duration.nanos}; }
  friend constexpr Duration operator-(UtcTime later, UtcTime earlier) { return {later.nanos - earlier.nanos}; }

  // "2013-10-07T13:30:00.000000Z"; microseconds always shown.
  [[nodiscard]] std::string ToString() const;
  // Days since the epoch, UTC.
  [[nodiscard]] constexpr std::int64_t DayNumber() const {
    constexpr std::int64_t kNanosPerDay = 86'400'000'000'000;
    std::int64_t day = nanos / kNanosPerDay;
    return nanos < 0 && nanos % kNanosPerDay != 0 ? day - 1 : day;
  }
  // Reads "2013-10-07T13:30:00Z", "2013-10-07 13:30:00" and fractions of a second.
  static absl::StatusOr<UtcTime> Parse(std::string_view text);
};

}  // namespace ballast
