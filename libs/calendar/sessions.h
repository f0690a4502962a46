#pragma once

#include "libs/base/utc_time.h"
#include "libs/model/market.h"

namespace ballast::calendar {

// When an instrument is traded, by its calendar alone: rows that are missing, a halt or an outage close nothing. A time
// belongs to a session with open < time <= close: a price of the very opening was made before it, the one of the close
// is the session's last.
struct Session {
  UtcTime open;
  // Where the market never closes, the end of the day.
  UtcTime close;

  friend bool operator==(const Session&, const Session&) = default;
};

bool IsOpen(const Instrument& instrument, UtcTime time);

// The session that a thing done at `time` belongs to: the running one, otherwise the coming one. Done at the very close
// it is too late for that session. An instrument without a calendar has none: open and close lie behind all time.
Session SessionFor(const Instrument& instrument, UtcTime time);
// When a DAY order that comes at `time` ends.
inline UtcTime DayEnd(const Instrument& instrument, UtcTime time) { return SessionFor(instrument, time).close; }

}  // namespace ballast::calendar
