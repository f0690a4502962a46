#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/base/utc_time.h"
#include "libs/calendar/sessions.h"
#include "libs/model/market.h"

namespace ballast::day_end {

// How the days of an account end, on the instruments of one calendar.
struct Policy {
  TradingCalendar calendar = TradingCalendar::kUnspecified;
  bool enabled = true;
  // 15:55 in New York on a full day, 12:55 on a half-day.
  int minutes_before_close = 5;
  // Not done by then: somebody is told, and it goes on.
  int alert_minutes_before_close = 2;
  // What was left is closed at the next open.
  bool no_overnight = false;
  // Where the market never closes: when its day begins, in minutes after midnight UTC.
  int day_start_minute = 0;

  friend bool operator==(const Policy&, const Policy&) = default;
};
// What is wrong with it, naming the field; empty: nothing.
std::string Fault(const Policy& policy);

// A day whose end has begun.
struct Due {
  calendar::Session session;
  // Whole days since 1970-01-01, of the session in its own place.
  std::int64_t day = 0;
  bool half_day = false;
  // The market has closed meanwhile.
  bool late = false;

  friend bool operator==(const Due&, const Due&) = default;
};
// The newest day whose end has begun at `time` and had not at `since`: what began before a policy held, or before the
// market was seen, is not its business. Nothing for a policy that is off.
std::optional<Due> DueAt(const Policy& policy, UtcTime since, UtcTime time);
UtcTime BeginOf(const Policy& policy, const calendar::Session& session);
UtcTime AlertOf(const Policy& policy, const calendar::Session& session);

// The numbers are stored; they are the wire's too.
enum class Step : int {
  kEntriesStopped = 1,
  kCanceling = 2,
  kClosing = 3,
  kVerifying = 4,
  // The report is stored.
  kDone = 5,
  // The report is stored; what is left is closed at the next open.
  kOvernight = 6,
};

// What one look has found; everything in it was asked for after what was done before had been answered.
struct Sight {
  UtcTime time;
  // Orders of the calendar's instruments that can still trade and are neither protection nor of this end.
  int working = 0;
  // Books that hold something which is to be closed, or of which that is not known; those of them that trade now and
  // have no closing order under way; and those of these in whose instrument nothing works for the same book.
  int held = 0;
  int held_open = 0;
  int held_free = 0;
  // Instruments of held ones that nobody knows, so that neither their calendar is known: nothing is sent for them.
  std::vector<std::string> unknown = {};
  // Orders of this end of which it is not known what became, or that can still trade.
  int closes_open = 0;
  // Positions has read as far as order management had written when the look began.
  bool current = false;
};
// kCancelAndClose: what works is cancelled, and what nothing of that concerns is closed meanwhile.
enum class Act { kNothing, kCancel, kCancelAndClose, kClose, kReport };
struct Next {
  Step step = Step::kEntriesStopped;
  Act act = Act::kNothing;
  // The watchdog speaks: once, whoever calls remembers.
  bool alert = false;
  // In words; empty: for nothing.
  std::string waits_for;

  friend bool operator==(const Next&, const Next&) = default;
};
// One step on. Never back from kDone; from kOvernight only to kDone.
Next Decide(const Policy& policy, const calendar::Session& session, Step at, const Sight& sight);

}  // namespace ballast::day_end
