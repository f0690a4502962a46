#include "libs/day_end/plan.h"

#include "libs/base/check.h"
#include "libs/base/civil_day.h"
#include "libs/calendar/new_york.h"

namespace ballast::day_end {
namespace {

constexpr Duration kWholeDay = Duration::Seconds(86'400);
constexpr int kBeforeCloseMax = 240;
// No calendar rests longer.
constexpr int kDaysBackMax = 14;
// "19:58:00" in a time's text.
constexpr std::size_t kTimeAt = 11, kTimeSize = 8;

Duration MinutesOf(int minutes) { return Duration::Seconds(60LL * minutes); }

// The one that ends on or begins before this UTC day; nothing when there is no session.
std::optional<Due> SessionOfDay(const Policy& policy, std::int64_t day) {
  if (policy.calendar == TradingCalendar::kAlwaysOpen) {
    UtcTime open = UtcTime{kWholeDay.nanos * day} + MinutesOf(policy.day_start_minute);
    return Due{.session = {open, open + kWholeDay}, .day = day};
  }
  std::optional<calendar::RegularSession> session = calendar::RegularSessionOf(CivilFromDays(day));
  if (!session) return std::nullopt;
  return Due{
      .session = {session->open, session->close}, .day = day, .half_day = calendar::IsHalfDay(CivilFromDays(day))};
}

std::string Counted(int count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string Listed(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

}  // namespace

std::string Fault(const Policy& policy) {
  if (policy.calendar == TradingCalendar::kUnspecified) return "calendar: XNYS or ALWAYS_OPEN expected";
  if (policy.minutes_before_close < 1 || policy.minutes_before_close > kBeforeCloseMax)
    return "minutes_before_close: 1 to 240 expected";
  if (policy.alert_minutes_before_close < 0 || policy.alert_minutes_before_close >= policy.minutes_before_close)
    return "alert_minutes_before_close: 0 or more and less than minutes_before_close expected";
  if (policy.day_start_minute < 0 || policy.day_start_minute > 1'439) return "day_start_minute: 0 to 1439 expected";
  if (policy.day_start_minute != 0 && policy.calendar != TradingCalendar::kAlwaysOpen)
    return "day_start_minute: the exchange says when its day begins";
  return "";
}

UtcTime BeginOf(const Policy& policy, const calendar::Session& session) {
  return session.close - MinutesOf(policy.minutes_before_close);
}

UtcTime AlertOf(const Policy& policy, const calendar::Session& session) {
  return session.close - MinutesOf(policy.alert_minutes_before_close);
}

std::optional<Due> DueAt(const Policy& policy, UtcTime since, UtcTime time) {
  if (!policy.enabled || policy.calendar == TradingCalendar::kUnspecified) return std::nullopt;
  for (int back = 0; back <= kDaysBackMax; ++back) {
    std::optional<Due> due = SessionOfDay(policy, time.DayNumber() - back);
    if (!due || BeginOf(policy, due->session) > time) continue;
    if (BeginOf(policy, due->session) <= since) return std::nullopt;
    due->late = time > due->session.close;
    return due;
  }
  return std::nullopt;
}

Next Decide(const Policy& policy, const calendar::Session& session, Step at, const Sight& sight) {
  CHECK(at != Step::kDone, "an end that is done has no next step");
  const bool closed = sight.time > session.close;
  Next next{.step = at, .act = Act::kNothing, .alert = false, .waits_for = {}};
  const int held = sight.held, held_open = sight.held_open;
  next.alert = sight.time >= AlertOf(policy, session) && (sight.working > 0 || held > 0 || sight.closes_open > 0);
  auto wait = [&](Step step, std::string why) {
    next.step = at == Step::kOvernight ? Step::kOvernight : step;
    next.waits_for = std::move(why);
    return next;
  };
  auto act = [&](Step step, Act what) {
    next.step = at == Step::kOvernight ? Step::kOvernight : step;
    next.act = what;
    return next;
  };

  // After the close nothing is cancelled any more: DAY orders end by themselves, and what was placed since is the next
  // day's. The report is made with what is left.
  if (closed && at != Step::kOvernight) {
    if (!sight.current) return wait(Step::kVerifying, "positions to read what order management has written");
    next.step = held > 0 && policy.no_overnight ? Step::kOvernight : Step::kDone;
    next.act = Act::kReport;
    return next;
  }
  if (!closed && sight.working > 0) {
    next.waits_for = Counted(sight.working, "working order", "working orders") + " to end";
    // They have been asked to; whoever does not hear it keeps nobody else's position open.
    const bool others = at != Step::kEntriesStopped && sight.current && sight.held_free > 0;
    return act(Step::kCanceling, others ? Act::kCancelAndClose : Act::kCancel);
  }
  if (sight.current && held_open > 0) {
    next.waits_for = Counted(held, "position", "positions") + " to be closed";
    return act(Step::kClosing, Act::kClose);
  }
  if (sight.closes_open > 0)
    return wait(Step::kClosing, Counted(sight.closes_open, "closing order", "closing orders") + " to end");
  if (!sight.current) return wait(Step::kVerifying, "positions to read what order management has written");
  if (!sight.unknown.empty())
    return wait(Step::kClosing, "what to do with " + Listed(sight.unknown) + ", which nobody knows as an instrument");
  if (held > 0) return wait(Step::kClosing, Counted(held, "position", "positions") + " whose market is not open");
  if (at == Step::kOvernight) {
    // Its report is there already.
    next.step = Step::kDone;
    return next;
  }
  // An order on its way, or one by hand, may open something yet: flat is what is flat when the watchdog would speak.
  if (const UtcTime settled = AlertOf(policy, session); sight.time < settled)
    return wait(Step::kVerifying,
                settled.ToString().substr(kTimeAt, kTimeSize) + " UTC: what is opened until then is closed too");
  return act(Step::kDone, Act::kReport);
}

}  // namespace ballast::day_end
