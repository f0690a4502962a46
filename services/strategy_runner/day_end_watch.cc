#include <utility>

#include "libs/base/absl_std.h"
#include "libs/base/civil_day.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/day_end_codec.h"
#include "services/strategy_runner/day_end_desk.h"

// What people are told of a day's end: each word is stored before it is said, and said until somebody has it. Its id is
// the day's, so it is there once. And the watchdog that does not wait for the market.

namespace ballast {

namespace session_pb = session::v1;

namespace {

constexpr std::int64_t kSayAgainNs = 2'000'000'000;
// The market speaks of a time a little later than it is.
constexpr Duration kGrace = Duration::Seconds(30);
// A market whose time is further off than this from the service's clock has a time of its own: it is a recording.
constexpr Duration kSameClock = Duration::Seconds(300);
// A process that has not heard the market so long misses it.
constexpr std::int64_t kUnheardNs = 60'000'000'000;
// What is older is no news, or of a recording.
constexpr Duration kNewsMax = Duration::Seconds(12 * 3'600);
constexpr Duration kLivedMax = Duration::Seconds(14 * 86'400);

Duration Apart(UtcTime left, UtcTime right) { return left > right ? left - right : right - left; }

bool IsThere(const absl::Status& told) { return told.ok() || absl::IsAlreadyExists(told); }

}  // namespace

void DayEndDesk::Raise(const alert::v1::RaiseAlertRequest& request, std::function<void(bool there)> done) {
  floor_.commit.After([this, request, done = std::move(done)](const absl::Status& durable) {
    if (!durable.ok()) return;
    floor_.neighbours.RaiseAlert(
        request, Posted<absl::Status>(floor_.inbox, [done](const absl::Status& told) { done(IsThere(told)); }));
  });
}

void DayEndDesk::Tell(std::int64_t now_ns) {
  for (auto& [key, day] : days_) {
    // One that the next day's end has taken over has no report, and somebody has to know.
    const bool over = day.row.has_report() || !IsOpen(day);
    if (!day.row.told() && over && !day.telling && now_ns >= day.tell_ns) TellSummary(key, day);
    if (!day.row.alert_text().empty() && !day.alerting && now_ns >= day.alert_ns) RaiseLate(key, day);
  }
  for (auto& [key, unbegun] : unbegun_) {
    if (unbegun.told || now_ns < unbegun.tell_ns) continue;
    unbegun.tell_ns = now_ns + kSayAgainNs;
    Raise(unbegun.alert, [this, key = key](bool there) { unbegun_.at(key).told = there || unbegun_.at(key).told; });
  }
}

void DayEndDesk::Alert(Day& day, const std::string& waits_for) {
  if (day.row.alerted() || !day.row.alert_text().empty()) return;
  day.row.set_alert_text((waits_for.empty() ? "Positions are open after the close" : "Waits for " + waits_for) +
                         ". It goes on trying.");
  floor_.log.Error("day_end.overdue", {{"account", day.row.account_id()}, {"waits_for", waits_for}});
  Put(day);
}

void DayEndDesk::RaiseLate(const Key& key, Day& day) {
  day.alerting = true;
  alert::v1::RaiseAlertRequest request;
  request.set_request_id(DayEndAlertId(day.row, ":late"));
  request.set_type(alert::v1::ALERT_TYPE_POSITION);
  request.set_level(alert::v1::ALERT_LEVEL_CRITICAL);
  request.set_account_id(day.row.account_id());
  request.set_title("Day " + day.row.date() + " of " + day.row.account_id() + " is not closed yet");
  request.set_text(day.row.alert_text());
  Raise(request, [this, key](bool there) {
    auto found = days_.find(key);
    if (found == days_.end()) return;
    Day& told = found->second;
    told.alerting = false;
    told.alert_ns = floor_.clock.MonotonicNanos() + kSayAgainNs;
    if (!there) return;
    told.row.set_alerted(true);
    told.row.clear_alert_text();
    Put(told);
  });
}

void DayEndDesk::TellSummary(const Key& key, Day& day) {
  day.telling = true;
  alert::v1::RaiseAlertRequest request;
  request.set_request_id(DayEndAlertId(day.row, ""));
  request.set_type(alert::v1::ALERT_TYPE_PERFORMANCE);
  request.set_level(day.row.report().flat() ? alert::v1::ALERT_LEVEL_INFO : alert::v1::ALERT_LEVEL_WARNING);
  if (!day.row.has_report()) request.set_level(alert::v1::ALERT_LEVEL_ERROR);
  request.set_account_id(day.row.account_id());
  request.set_title(TitleOf(day.row));
  request.set_text(SummaryOf(day.row));
  Raise(request, [this, key](bool there) {
    auto found = days_.find(key);
    if (found == days_.end()) return;
    found->second.telling = false;
    found->second.tell_ns = floor_.clock.MonotonicNanos() + kSayAgainNs;
    if (!there) return;
    found->second.row.set_told(true);
    Put(found->second);
  });
}

// A market that is silent brings no time, and a day's end that waits for it nobody would hear of.
void DayEndDesk::Watch(std::int64_t now_ns) {
  const MarketView& market = floor_.market;
  if (first_watch_ns_ == 0) first_watch_ns_ = now_ns;
  if (market.lockstep()) return;
  const UtcTime now = floor_.clock.Now();
  const bool heard = market.has_spoken();
  if (heard && Apart(market.heard(), market.time()) > kSameClock) return;
  if (!heard && now_ns - first_watch_ns_ < kUnheardNs) return;
  const std::string since =
      heard ? "; the market has last spoken of " + market.time().ToString() : "; the market has not spoken yet";
  auto overdue = [&](const day_end::Policy& policy, const calendar::Session& session) {
    return now >= day_end::AlertOf(policy, session) + kGrace && now <= session.close + kNewsMax;
  };
  for (auto& [key, day] : days_) {
    if (IsOpen(day) && overdue(day.policy, day.session))
      Alert(day, (day.row.waits_for().empty() ? "its first look" : day.row.waits_for()) + since);
  }
  for (const auto& [owner, policy] : policies_) {
    std::vector<FieldError> errors;
    const day_end::Policy plan = PolicyFromProto(policy, errors);
    const Day* newest = NewestOf(owner);
    const UtcTime lived = newest != nullptr ? newest->session.close : wire::FromProto(policy.since_time());
    if (!policy.has_since_time() || (!heard && Apart(now, lived) > kLivedMax)) continue;
    std::optional<day_end::Due> due = day_end::DueAt(plan, wire::FromProto(policy.since_time()), now);
    if (due && (newest == nullptr || newest->session.close < due->session.close) && overdue(plan, due->session))
      AlertUnbegun(policy, *due, since);
  }
}

void DayEndDesk::AlertUnbegun(const session_pb::DayEndPolicy& policy, const day_end::Due& due,
                              const std::string& since) {
  session_pb::DayEnd row;
  row.set_account_id(policy.account_id());
  row.set_calendar(policy.calendar());
  row.set_date(TextOf(CivilFromDays(due.day)));
  wire::ToProto(due.session.close, row.mutable_close_time());
  auto [at, added] = unbegun_.try_emplace(KeyOf(row));
  if (!added) return;
  alert::v1::RaiseAlertRequest& request = at->second.alert;
  request.set_request_id(DayEndAlertId(row, ":unbegun"));
  request.set_type(alert::v1::ALERT_TYPE_POSITION);
  request.set_level(alert::v1::ALERT_LEVEL_CRITICAL);
  request.set_account_id(row.account_id());
  request.set_title("Day " + row.date() + " of " + row.account_id() + " has not begun to be ended");
  request.set_text("Nothing has been cancelled or closed" + since + ".");
  floor_.log.Error("day_end.unbegun", {{"account", row.account_id()}, {"day", row.date()}});
}

}  // namespace ballast
