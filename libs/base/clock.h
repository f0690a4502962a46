#pragma once

#include <cstdint>

#include "libs/base/utc_time.h"

namespace ballast {

// Time is passed in. Shells hold a Clock; pure rooms get a UtcTime with each command.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall (or market) time: for records.
  [[nodiscard]] virtual UtcTime Now() const = 0;
  // Never goes back: for ages, time-outs and measurements.
  [[nodiscard]] virtual std::int64_t MonotonicNanos() const = 0;
};

}  // namespace ballast
