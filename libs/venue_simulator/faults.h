#pragma once

#include <cstdint>

#include "libs/base/utc_time.h"

namespace ballast::venue_simulator {

// What goes wrong on purpose. Zero is off; a count goes down with each time. "Orders" are requests that place, cancel
// or replace.
struct Faults {
  // Added to every answer.
  std::int64_t latency_ms = 0;
  // Server time is off by this.
  std::int64_t clock_skew_ms = 0;
  // Orders that are executed and get no answer: the connection closes.
  std::int64_t drop_answers = 0;
  // Orders that are lost before they are executed: the connection closes as above.
  std::int64_t drop_requests = 0;
  // Orders that are executed and answered with "execution status unknown".
  std::int64_t timeouts_after = 0;
  // Orders that are not executed and answered the same.
  std::int64_t timeouts_before = 0;
  // Orders that are refused.
  std::int64_t rejects = 0;
  // Requests that get HTTP 503 and are not executed.
  std::int64_t busy = 0;
  // Requests that are told to come back later (429), and until when all are banned (418).
  std::int64_t rate_limits = 0;
  UtcTime banned_until;
  // Every request: the venue is closed for maintenance.
  bool maintenance = false;
  // Reports on an account's stream: that are lost, that come twice, that come this much later.
  std::int64_t lost_reports = 0;
  std::int64_t duplicate_reports = 0;
  std::int64_t late_reports_ms = 0;
  // Updates of a book that are lost.
  std::int64_t lost_updates = 0;
  // No stream says anything; the connections stay.
  bool deaf = false;
};

// Whether it happens this time.
inline bool Uses(std::int64_t& count) { return count > 0 && count-- > 0; }

}  // namespace ballast::venue_simulator
