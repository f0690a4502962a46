#include "services/strategy_runner/day_end_desk.h"

#include <algorithm>
#include <iterator>

#include <google/protobuf/util/message_differencer.h>

#include "libs/base/absl_std.h"
#include "libs/base/civil_day.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/day_end_codec.h"

namespace ballast {

namespace session_pb = session::v1;

namespace {

// After something that failed, or while it waits for others.
constexpr std::int64_t kPauseNs = 1'000'000'000;
// In lockstep a step is not held up longer by orders that nobody tells of.
constexpr std::int64_t kStepNsMax = 5'000'000'000;
// An order leaves within milliseconds; what takes longer is looked for now and then.
constexpr int kLooksAtOnce = 20;
constexpr std::int64_t kLookAgainNs = 100'000'000;

session_pb::Calendar ToProto(TradingCalendar calendar) { return static_cast<session_pb::Calendar>(calendar); }

}  // namespace

DayEndDesk::DayEndDesk(Floor& floor, AccountNeighbours& neighbours)
    : floor_(floor),
      neighbours_(neighbours),
      open_(floor.metrics.GetGauge("ballast_strategy_day_ends_open", "days that are being ended", {})),
      ended_(floor.metrics.GetCounter("ballast_strategy_day_ends_total", "days that have been ended", {})) {}

void DayEndDesk::Recover(StrategyStore::DayEnds stored, const std::vector<session_pb::DayEndPolicy>& configured) {
  for (session_pb::DayEndPolicy& policy : stored.policies)
    policies_[{policy.account_id(), policy.calendar()}] = std::move(policy);
  for (const session_pb::DayEndPolicy& policy : configured) {
    auto [at, added] = policies_.try_emplace(Owner(policy.account_id(), policy.calendar()), policy);
    if (added) floor_.commit.Put(at->second);
  }
  for (session_pb::DayEnd& row : stored.ends) {
    Day day{.row = std::move(row)};
    std::vector<FieldError> errors;
    day.policy = PolicyFromProto(day.row.policy(), errors);
    day.session = {wire::FromProto(day.row.open_time()), wire::FromProto(day.row.close_time())};
    if (IsOpen(day)) {
      day.row.set_resumes(day.row.resumes() + 1);
      day.wanted = true;
      floor_.log.Info("day_end.resumed", {{"account", day.row.account_id()},
                                          {"day", day.row.date()},
                                          {"step", session_pb::DayEndStep_Name(day.row.step())}});
      Put(day);
    }
    Key key = KeyOf(day.row);
    days_.insert_or_assign(std::move(key), std::move(day));
  }
  UpdateEnding();
}

bool DayEndDesk::IsOpen(const Day& day) const { return day.row.step() != session_pb::DAY_END_STEP_DONE; }

void DayEndDesk::Put(Day& day) { floor_.commit.Put(day.row); }

const DayEndDesk::Day* DayEndDesk::NewestOf(const Owner& owner) const {
  const Day* newest = nullptr;
  for (const auto& [key, day] : days_) {
    if (OwnerOf(day.row) == owner) newest = &day;  // in the order of their closes
  }
  return newest;
}

void DayEndDesk::OnStep() {
  const UtcTime now = floor_.market.time();
  for (auto& [owner, policy] : policies_) {
    if (!policy.has_since_time()) {
      wire::ToProto(now, policy.mutable_since_time());
      floor_.commit.Put(policy);
    }
    std::vector<FieldError> errors;
    const day_end::Policy plan = PolicyFromProto(policy, errors);
    std::optional<day_end::Due> due = day_end::DueAt(plan, wire::FromProto(policy.since_time()), now);
    if (!due) continue;
    const Day* newest = NewestOf(owner);
    // Once: also when a recording is begun again.
    if (newest == nullptr || newest->session.close < due->session.close) Begin(policy, plan, *due);
  }
  for (auto& [key, day] : days_) {
    if (!IsOpen(day)) continue;
    day.wanted = true;
    day.looks = 0;
    day.step_ns = floor_.clock.MonotonicNanos();
    if (floor_.market.lockstep()) day.next_ns = 0;
  }
  UpdateEnding();
}

void DayEndDesk::Begin(const session_pb::DayEndPolicy& policy, const day_end::Policy& plan, const day_end::Due& due) {
  const Owner owner{policy.account_id(), policy.calendar()};
  for (auto& [key, old] : days_) {
    if (OwnerOf(old.row) != owner || !IsOpen(old)) continue;
    // What it could not close is the new day's now.
    old.row.set_step(session_pb::DAY_END_STEP_DONE);
    old.row.set_waits_for("the next day's end has begun");
    old.look = 0;
    Put(old);
  }
  Day day{.policy = plan, .session = due.session};
  session_pb::DayEnd& row = day.row;
  row.set_account_id(policy.account_id());
  row.set_calendar(ToProto(plan.calendar));
  row.set_date(TextOf(CivilFromDays(due.day)));
  wire::ToProto(due.session.open, row.mutable_open_time());
  wire::ToProto(due.session.close, row.mutable_close_time());
  row.set_half_day(due.half_day);
  row.set_late(due.late);
  *row.mutable_policy() = policy;
  row.set_step(session_pb::DAY_END_STEP_ENTRIES_STOPPED);
  wire::ToProto(floor_.market.time(), row.mutable_begin_time());
  floor_.log.Info("day_end.begun", {{"account", row.account_id()}, {"day", row.date()}});
  Put(day);
  days_.insert_or_assign(KeyOf(row), std::move(day));
}

void DayEndDesk::UpdateEnding() {
  const UtcTime now = floor_.market.time();
  std::map<std::string, std::set<TradingCalendar>> ending;
  std::map<std::string, EntryGate::Days> gate;
  double open = 0;
  for (const auto& [owner, policy] : policies_) {
    ending[owner.first];
    std::vector<FieldError> errors;
    // One that has not been since any time has not held yet.
    if (policy.has_since_time())
      gate[owner.first].policies.push_back(
          {.plan = PolicyFromProto(policy, errors), .since = wire::FromProto(policy.since_time())});
  }
  for (const auto& [key, day] : days_) {
    // Up to the close, done or not; and what is left from a day is closed before anything new is entered.
    const bool before_close = day_end::BeginOf(day.policy, day.session) <= now && now <= day.session.close;
    const bool overnight = day.row.step() == session_pb::DAY_END_STEP_OVERNIGHT;
    if (before_close || overnight || (IsOpen(day) && !floor_.market.has_spoken()))
      ending[day.row.account_id()].insert(day.policy.calendar);
    gate[day.row.account_id()].begun.push_back(
        {.calendar = day.policy.calendar, .from = day_end::BeginOf(day.policy, day.session), .to = day.session.close});
    if (IsOpen(day)) ++open;
  }
  for (auto& [account, calendars] : ending) {
    gate[account].ending = calendars;
    floor_.market.SetEnding(account, std::move(calendars));
  }
  floor_.gate.SetDays(std::move(gate));
  open_.Set(open);
}

bool DayEndDesk::idle() const {
  return std::none_of(days_.begin(), days_.end(), [](const auto& each) {
    const Day& day = each.second;
    return day.look != 0 || day.acting > 0 || day.wanted;
  });
}

void DayEndDesk::Work(std::int64_t now_ns) {
  for (auto& [key, day] : days_) {
    if (!day.wanted || day.look != 0 || day.acting > 0 || now_ns < day.next_ns) continue;
    // A market that has said nothing yet is at no time.
    if (!IsOpen(day) || !floor_.market.has_spoken()) {
      day.wanted = false;
      continue;
    }
    day.wanted = false;
    ++day.looks;
    Look(key, day);
  }
}

void DayEndDesk::Later(Day& day, std::int64_t ns) {
  day.look = 0;
  day.wanted = true;
  day.next_ns = ns == 0 ? 0 : floor_.clock.MonotonicNanos() + ns;
}

// What has been seen decides one step on; what is to be done for it is stored before it is done.
void DayEndDesk::Conclude(const Key& key, Day& day) {
  day.look = 0;
  NoteCloses(day);
  const auto at = static_cast<day_end::Step>(day.row.step());
  const day_end::Sight sight = SightOf(day);
  day_end::Next next = day_end::Decide(day.policy, day.session, at, sight);
  day.unknown = !sight.unknown.empty() || std::any_of(day.seen.working.begin(), day.seen.working.end(),
                                                      [&](const auto& order) { return IsUnknown(order.symbol()); });
  if (next.alert) Alert(day, next.waits_for);
  if (next.act == day_end::Act::kReport) {
    NoteFlat(day, sight);
    return Report(key, day, next.step);
  }
  day.row.set_waits_for(next.waits_for);
  if (static_cast<int>(day.row.step()) != static_cast<int>(next.step)) {
    day.row.set_step(static_cast<session_pb::DayEndStep>(next.step));
    floor_.log.Info("day_end.step", {{"account", day.row.account_id()},
                                     {"day", day.row.date()},
                                     {"step", session_pb::DayEndStep_Name(day.row.step())}});
  }
  NoteFlat(day, sight);
  Put(day);
  const bool both = next.act == day_end::Act::kCancelAndClose;
  if (both || next.act == day_end::Act::kCancel) CancelWorking(key, day);
  if (both || next.act == day_end::Act::kClose) CloseHeld(key, day, both);
  UpdateEnding();
  if (!IsOpen(day) || day.acting > 0) return;
  // It waits for others. In a market that waits too, only for what needs no step of it: an order on its way to the
  // venue, a service that reads on.
  const bool on_its_way = std::any_of(day.seen.closes.begin(), day.seen.closes.end(), [](const auto& each) {
    return each.second.status() == order::v1::ORDER_STATUS_PENDING_NEW ||
           each.second.status() == order::v1::ORDER_STATUS_SUBMITTED;
  });
  const bool wants_no_step = on_its_way || !sight.current;
  const std::int64_t now_ns = floor_.clock.MonotonicNanos();
  if (!floor_.market.lockstep())
    Later(day, kPauseNs);
  else if (wants_no_step && now_ns - day.step_ns < kStepNsMax)
    Later(day, day.looks < kLooksAtOnce ? 0 : kLookAgainNs);
}

void DayEndDesk::SetPolicy(session_pb::DayEndPolicy policy,
                           std::function<void(const absl::Status&, const session_pb::DayEndPolicy&)> reply) {
  auto former = policies_.find({policy.account_id(), policy.calendar()});
  for (const auto& [id, liquidate] : policy.deployment_liquidate()) {
    // Empty: what was traded by hand. What is stored already may be said again.
    if (id.empty() || (former != policies_.end() && former->second.deployment_liquidate().contains(id))) continue;
    LiveDeployment* live = floor_.deployments.Find(id);
    if (live == nullptr || live->row.spec.account_id() != policy.account_id())
      return reply(absl::InvalidArgumentError(ToAbsl("policy.deployment_liquidate: account " + policy.account_id() +
                                                     " has no deployment '" + id + "'")),
                   {});
  }
  session_pb::DayEndPolicy& kept = policies_[{policy.account_id(), policy.calendar()}];
  const std::string actor = policy.actor();
  // What people cannot set is as it was.
  policy.set_actor(kept.actor());
  policy.set_revision(kept.revision());
  policy.clear_since_time();
  if (kept.has_since_time()) *policy.mutable_since_time() = kept.since_time();
  if (!google::protobuf::util::MessageDifferencer::Equals(policy, kept)) {
    policy.set_actor(actor);
    policy.set_revision(kept.revision() + 1);
    // An end that began while it was off is not its business. One that is not begun follows the new settings at once.
    if (!kept.enabled()) {
      policy.clear_since_time();
      if (floor_.market.has_spoken()) wire::ToProto(floor_.market.time(), policy.mutable_since_time());
    }
    kept = policy;
    floor_.commit.Put(kept);
    UpdateEnding();
    floor_.log.Info("day_end.policy", {{"account", kept.account_id()}, {"actor", actor}});
  }
  floor_.commit.After([reply = std::move(reply), kept](const absl::Status& durable) { reply(durable, kept); });
}

std::vector<session_pb::DayEndPolicy> DayEndDesk::Policies(const std::string& account) const {
  std::vector<session_pb::DayEndPolicy> all;
  for (const auto& [owner, policy] : policies_) {
    if (account.empty() || owner.first == account) all.push_back(policy);
  }
  return all;
}

}  // namespace ballast
