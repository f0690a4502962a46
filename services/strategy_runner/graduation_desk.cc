#include "services/strategy_runner/graduation_desk.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/spec_codec.h"

namespace ballast {

namespace graduation_pb = graduation::v1;

namespace {

constexpr std::int64_t kAskAgainNs = 30'000'000'000;
constexpr std::int64_t kTellChangeAgainNs = 10'000'000'000;
constexpr int kChangesKept = 100;
constexpr char kBySystem[] = "system";
constexpr std::size_t kExpectedMax = 10'000;

double ToDouble(Decimal value) { return std::strtod(value.ToString().c_str(), nullptr); }
Decimal OrZero(const type::v1::Decimal& value) {
  auto read = wire::FromProto(value, "kept");
  return read.ok() ? *read : Decimal();
}

absl::Status NoSuchDeployment(const std::string& id) {
  return absl::NotFoundError(ToAbsl("there is no deployment '" + id + "'"));
}

graduation::Plan PlanOf(const graduation_pb::Graduation& graduation) {
  std::vector<FieldError> errors;
  return PlanFromProto(graduation.plan(), errors);
}

}  // namespace

void GraduationDesk::Recover(std::vector<graduation_pb::KeptGraduation> stored) {
  for (graduation_pb::KeptGraduation& one : stored) {
    const std::string id = one.graduation().deployment_id();
    kept_[id] = std::move(one);
    if (LiveDeployment* live = floor_.deployments.Find(id)) {
      Stand(*live);
      floor_.gate.SetStanding(id, live->standing);
    }
  }
}

graduation_pb::KeptGraduation& GraduationDesk::Of(const LiveDeployment& live) {
  auto [at, added] = kept_.try_emplace(live.row.deployment_id);
  if (added) {
    graduation_pb::Graduation& graduation = *at->second.mutable_graduation();
    graduation.set_deployment_id(live.row.deployment_id);
    graduation.set_stage(graduation_pb::STAGE_PAPER);
    *graduation.mutable_plan() = WithDefaults(graduation_pb::GraduationPlan());
    // What it made before it was looked at is of this stage too.
    wire::ToProto(live.row.create_time, graduation.mutable_since_time());
  }
  return at->second;
}

void GraduationDesk::Begin(graduation_pb::KeptGraduation& kept, const LiveDeployment& live) const {
  const strategy::DeploymentBook& book = live.decider->book();
  kept.set_base_trades(book.record.trades);
  wire::ToProto(book.record.return_sum, kept.mutable_base_return_sum());
  wire::ToProto(book.record.return_squares, kept.mutable_base_return_squares());
  wire::ToProto(live.decider->profit(), kept.mutable_base_profit());
  kept.mutable_graduation()->clear_evidence();
  wire::ToProto(Now(), kept.mutable_graduation()->mutable_since_time());
}

// What the stage does, for whoever acts on it.
void GraduationDesk::Stand(LiveDeployment& live) {
  const graduation_pb::KeptGraduation& kept = Of(live);
  const graduation_pb::Stage stage = kept.graduation().stage();
  live.standing = {.shadow = stage == graduation_pb::STAGE_SHADOW,
                   .withholding = stage == graduation_pb::STAGE_SHADOW && kept.withholding(),
                   .size_ratio = std::nullopt};
  if (stage == graduation_pb::STAGE_CANARY) live.standing.size_ratio = OrZero(kept.graduation().plan().canary_ratio());
  // Parent orders follow what is durable.
  floor_.commit.After([this, id = live.row.deployment_id, standing = live.standing](const absl::Status& durable) {
    if (durable.ok()) floor_.gate.SetStanding(id, standing);
  });
}

void GraduationDesk::Observe() {
  for (auto& [id, live] : floor_.deployments.all()) {
    if (live.running()) Count(live);
  }
}

void GraduationDesk::Count(LiveDeployment& live) {
  auto found = kept_.find(live.row.deployment_id);
  graduation_pb::KeptGraduation& kept = found == kept_.end() ? Of(live) : found->second;
  graduation_pb::StageEvidence& evidence = *kept.mutable_graduation()->mutable_evidence();
  const strategy::DeploymentBook& book = live.decider->book();
  bool changed = found == kept_.end();
  if (const std::int64_t trades = book.record.trades - kept.base_trades(); trades != evidence.trades()) {
    evidence.set_trades(trades);
    evidence.set_return_sum(ToDouble(book.record.return_sum - OrZero(kept.base_return_sum())));
    evidence.set_return_square_sum(ToDouble(book.record.return_squares - OrZero(kept.base_return_squares())));
    changed = true;
  }
  const Decimal profit = live.decider->profit() - OrZero(kept.base_profit());
  const Decimal peak = std::max({OrZero(evidence.peak()), profit, Decimal()});
  wire::ToProto(profit, evidence.mutable_profit());
  wire::ToProto(peak, evidence.mutable_peak());
  if (book.capital.IsPositive())
    evidence.set_drawdown_ratio(std::max(evidence.drawdown_ratio(), ToDouble(peak - profit) / ToDouble(book.capital)));
  // A day counts once the deployment has decided something in it.
  const std::string day = Now().ToString().substr(0, 10);
  if (day != evidence.last_day() && live.row.last_signal_time.nanos != 0 &&
      live.row.last_signal_time.ToString().substr(0, 10) == day) {
    evidence.set_last_day(day);
    evidence.set_days(evidence.days() + 1);
    changed = true;
  }
  // A shadow that has got rid of what it held for real fills what it decides at the quotes from now on.
  if (live.standing.shadow && !live.standing.withholding && live.decider->flat() && !live.decider->any_working()) {
    kept.set_withholding(true);
    Begin(kept, live);
    Stand(live);
    changed = true;
  }
  if (changed) floor_.commit.Put(kept);
  CheckBack(live);
}

void GraduationDesk::CheckBack(LiveDeployment& live) {
  const graduation_pb::Graduation& graduation = Of(live).graduation();
  const auto stage = static_cast<graduation::Stage>(graduation.stage());
  const std::string why = graduation::WhyBack(stage, PlanOf(graduation), EvidenceFromProto(graduation.evidence()),
                                              AroundOf(live.row.spec.account_id()));
  if (why.empty()) return;
  const graduation_pb::Stage to = static_cast<graduation_pb::Stage>(graduation.stage() - 1);
  floor_.log.Warning("graduation.back", {{"deployment", live.row.deployment_id}, {"to", NameOf(to)}, {"why", why}});
  Move(live, to, kBySystem, why, {});
  ForgetAround(live.row.spec.account_id());
}

// Until somebody has it, over a restart too: it is what the stored changes say.
void GraduationDesk::Tell(std::int64_t now_ns) {
  for (auto& [id, kept] : kept_) {
    const auto& changes = kept.graduation().changes();
    auto untold = std::find_if(changes.rbegin(), changes.rend(), [&kept = kept](const auto& change) {
      return change.number() > kept.told_change() && change.actor() == kBySystem;
    });
    if (untold == changes.rend() || now_ns < tell_ns_[id]) continue;
    // Its answer comes before.
    tell_ns_[id] = now_ns + kTellChangeAgainNs;
    alert::v1::RaiseAlertRequest alert;
    alert.set_request_id("graduation:" + std::to_string(untold->number()) + ":" + id.substr(0, 40));
    alert.set_type(alert::v1::ALERT_TYPE_PERFORMANCE);
    alert.set_level(alert::v1::ALERT_LEVEL_ERROR);
    alert.set_title(id + " went back to " + NameOf(untold->to()));
    alert.set_text(untold->reason());
    if (LiveDeployment* live = floor_.deployments.Find(id)) alert.set_account_id(live->row.spec.account_id());
    alert.set_deployment_id(id);
    floor_.commit.After([this, alert, id = id, number = untold->number()](const absl::Status& durable) {
      if (!durable.ok()) return;
      floor_.neighbours.RaiseAlert(alert,
                                   Posted<absl::Status>(floor_.inbox, [this, id, number](const absl::Status& told) {
                                     if (!told.ok() && !absl::IsAlreadyExists(told)) return;
                                     graduation_pb::KeptGraduation& there = kept_.at(id);
                                     there.set_told_change(std::max<std::int64_t>(there.told_change(), number));
                                     floor_.commit.Put(there);
                                     tell_ns_[id] = 0;
                                   }));
    });
  }
}

void GraduationDesk::Move(LiveDeployment& live, graduation_pb::Stage to, const std::string& actor,
                          const std::string& reason, const std::vector<graduation::Gate>& gates) {
  graduation_pb::KeptGraduation& kept = Of(live);
  graduation_pb::Graduation& graduation = *kept.mutable_graduation();
  graduation_pb::StageChange change;
  change.set_number(graduation.changes().empty() ? 1 : graduation.changes(0).number() + 1);
  change.set_from(graduation.stage());
  change.set_to(to);
  wire::ToProto(Now(), change.mutable_time());
  change.set_actor(actor);
  change.set_reason(reason);
  ToProto(gates, change.mutable_gates());
  *change.mutable_evidence() = graduation.evidence();
  // Newest first.
  graduation_pb::Graduation before = graduation;
  graduation.clear_changes();
  *graduation.add_changes() = std::move(change);
  for (int i = 0; i < before.changes_size() && i + 1 < kChangesKept; ++i) *graduation.add_changes() = before.changes(i);
  graduation.set_stage(to);
  graduation.set_revision(graduation.revision() + 1);
  // What a shadow held was never there.
  if (kept.withholding()) live.decider->ForgetHoldings();
  kept.set_withholding(to == graduation_pb::STAGE_SHADOW && live.decider->flat() && !live.decider->any_working());
  Begin(kept, live);
  Stand(live);
  strategy::Decision remark = live.decider->Remark(
      Now(), "stage changed from " + NameOf(before.stage()) + " to " + NameOf(to) + " by " + actor + ": " + reason, {});
  StoredDecision stored;
  ToProto(remark, live.decider->id(), &stored.decision);
  live.row.decision_sequence = live.decider->last_sequence();
  floor_.commit.Put(std::move(stored));
  floor_.commit.Put(kept);
  floor_.commit.Touch(live);
  floor_.log.Info("graduation.moved",
                  {{"deployment", live.row.deployment_id}, {"to", NameOf(to)}, {"actor", actor}, {"reason", reason}});
}

void GraduationDesk::OnEntry(const std::string& request_id, const std::string& deployment_id, type::v1::Side side,
                             Decimal price) {
  if (expected_.size() >= kExpectedMax) expected_.clear();
  expected_[request_id] = {deployment_id, side, price};
}

void GraduationDesk::OnOrder(const order::v1::Order& order) {
  auto expected = expected_.find(order.request_id());
  if (expected == expected_.end() || expected->second.deployment_id != order.deployment_id()) return;
  auto leaves = wire::FromProto(order.leaves_quantity(), "leaves_quantity");
  auto filled = wire::FromProto(order.cumulative_quantity(), "cumulative_quantity");
  if (!leaves.ok() || !leaves->IsZero() || !filled.ok()) return;
  const Expected one = expected->second;
  expected_.erase(expected);
  auto average = wire::FromProto(order.average_price(), "average_price");
  LiveDeployment* live = floor_.deployments.Find(one.deployment_id);
  if (filled->IsZero() || !average.ok() || !one.price.IsPositive() || live == nullptr) return;
  // Worse is positive.
  const Decimal worse = one.side == type::v1::SIDE_BUY ? *average - one.price : one.price - *average;
  graduation_pb::KeptGraduation& kept = Of(*live);
  graduation_pb::StageEvidence& evidence = *kept.mutable_graduation()->mutable_evidence();
  evidence.set_slippage_count(evidence.slippage_count() + 1);
  evidence.set_slippage_bps_sum(evidence.slippage_bps_sum() + 10'000 * ToDouble(worse) / ToDouble(one.price));
  floor_.commit.Put(kept);
}

void GraduationDesk::OnWithheld(const std::string& deployment_id) {
  LiveDeployment* live = floor_.deployments.Find(deployment_id);
  if (live == nullptr) return;
  graduation_pb::StageEvidence& evidence = *Of(*live).mutable_graduation()->mutable_evidence();
  evidence.set_withheld_orders(evidence.withheld_orders() + 1);
  floor_.commit.Put(Of(*live));
}

graduation::Surroundings GraduationDesk::AroundOf(const std::string& account) const {
  auto found = around_.find(account);
  graduation::Surroundings around = found == around_.end() ? graduation::Surroundings() : found->second;
  around.live_account = floor_.deployments.ModeOf(account) == type::v1::ACCOUNT_MODE_LIVE;
  return around;
}

void GraduationDesk::AskAround(const std::string& account, WhenAsked then) {
  const std::uint64_t question = ++last_question_;
  asking_[question] = {.missing = 2, .then = std::move(then)};
  auto into = [this, account, question, era = eras_[account]](std::optional<int> graduation::Surroundings::*field) {
    return Posted<absl::StatusOr<int>>(floor_.inbox,
                                       [this, account, question, era, field](const absl::StatusOr<int>& count) {
                                         // What was so before a stage was left is not held against the next one.
                                         if (eras_[account] == era)
                                           around_[account].*field = count.ok() ? std::optional(*count) : std::nullopt;
                                         auto asked = asking_.find(question);
                                         if (asked == asking_.end() || --asked->second.missing > 0) return;
                                         WhenAsked next = std::move(asked->second.then);
                                         asking_.erase(asked);
                                         next(absl::OkStatus());
                                       });
  };
  neighbours_.OpenBreaks(account, into(&graduation::Surroundings::open_breaks));
  neighbours_.Unprotected(account, into(&graduation::Surroundings::unprotected_positions));
}

void GraduationDesk::ForgetAround(const std::string& account) {
  ++eras_[account];
  around_.erase(account);
  last_ask_ns_ = 0;
}

void GraduationDesk::End() {
  for (auto& [question, asked] : std::exchange(asking_, {}))
    asked.then(absl::UnavailableError("the strategy runner is stopping"));
}

void GraduationDesk::Tick(std::int64_t now_ns) {
  if (!floor_.market.lockstep()) Observe();
  Tell(now_ns);
  if (last_ask_ns_ != 0 && now_ns - last_ask_ns_ < kAskAgainNs) return;
  last_ask_ns_ = now_ns;
  std::set<std::string> accounts;
  for (const auto& [id, live] : floor_.deployments.all()) {
    auto kept = kept_.find(id);
    // Only those that can go back.
    if (live.running() && kept != kept_.end() && kept->second.graduation().stage() >= graduation_pb::STAGE_CANARY)
      accounts.insert(live.row.spec.account_id());
  }
  for (const std::string& account : accounts) AskAround(account, [](const absl::Status&) {});
}

graduation_pb::Graduation GraduationDesk::Described(const LiveDeployment& live) {
  graduation_pb::Graduation out = Of(live).graduation();
  std::vector<graduation::Gate> gates =
      graduation::GatesOf(static_cast<graduation::Stage>(out.stage()), PlanOf(out), EvidenceFromProto(out.evidence()),
                          AroundOf(live.row.spec.account_id()));
  ToProto(gates, out.mutable_gates());
  out.set_ready(graduation::AllPass(gates));
  return out;
}

void GraduationDesk::Get(const std::string& id, const Reply& reply) {
  LiveDeployment* live = floor_.deployments.Find(id);
  if (live == nullptr) return reply(NoSuchDeployment(id), {});
  AskAround(live->row.spec.account_id(), [this, id, reply](const absl::Status& asked) {
    reply(asked, asked.ok() ? Described(floor_.deployments.all().at(id)) : graduation_pb::Graduation());
  });
}

std::vector<graduation_pb::Graduation> GraduationDesk::List(const std::string& account) {
  std::vector<graduation_pb::Graduation> all;
  for (const auto& [id, live] : floor_.deployments.all()) {
    if (!account.empty() && live.row.spec.account_id() != account) continue;
    all.push_back(Described(live));
    all.back().clear_changes();
  }
  return all;
}

void GraduationDesk::SetPlan(const std::string& id, graduation_pb::GraduationPlan plan, const std::string& actor,
                             const Reply& reply) {
  LiveDeployment* live = floor_.deployments.Find(id);
  if (live == nullptr) return reply(NoSuchDeployment(id), {});
  graduation_pb::KeptGraduation& kept = Of(*live);
  *kept.mutable_graduation()->mutable_plan() = std::move(plan);
  kept.mutable_graduation()->set_revision(kept.graduation().revision() + 1);
  floor_.commit.Put(kept);
  floor_.log.Info("graduation.plan", {{"deployment", id}, {"actor", actor}});
  Stand(*live);
  ReplyWhenDurable(id, reply);
}

void GraduationDesk::Promote(const graduation_pb::PromoteDeploymentRequest& request, const Reply& reply) {
  const std::string id = request.deployment_id();
  LiveDeployment* found = floor_.deployments.Find(id);
  if (found == nullptr) return reply(NoSuchDeployment(id), {});
  AskAround(found->row.spec.account_id(), [this, id, request, reply](const absl::Status& asked) {
    if (!asked.ok()) return reply(asked, {});
    LiveDeployment& live = floor_.deployments.all().at(id);
    const graduation_pb::Graduation& graduation = Of(live).graduation();
    if (graduation.stage() != request.from())
      return reply(absl::AbortedError(ToAbsl("it is in the stage " + NameOf(graduation.stage()))), {});
    std::vector<graduation::Gate> gates =
        graduation::GatesOf(static_cast<graduation::Stage>(graduation.stage()), PlanOf(graduation),
                            EvidenceFromProto(graduation.evidence()), AroundOf(live.row.spec.account_id()));
    if (gates.empty()) return reply(absl::FailedPreconditionError("there is no further stage"), {});
    for (const graduation::Gate& gate : gates) {
      if (!gate.passed)
        return reply(
            absl::FailedPreconditionError(ToAbsl(gate.name + ": " + gate.observed + ", required " + gate.required)),
            {});
    }
    const auto to = static_cast<graduation_pb::Stage>(graduation.stage() + 1);
    if (to == graduation_pb::STAGE_SHADOW && (!live.decider->flat() || live.decider->any_working()))
      return reply(absl::FailedPreconditionError("it holds something: a shadow begins flat"), {});
    Move(live, to, request.actor(), request.reason(), gates);
    ReplyWhenDurable(id, reply);
  });
}

void GraduationDesk::Demote(const graduation_pb::DemoteDeploymentRequest& request, const Reply& reply) {
  LiveDeployment* live = floor_.deployments.Find(request.deployment_id());
  if (live == nullptr) return reply(NoSuchDeployment(request.deployment_id()), {});
  if (request.to() >= Of(*live).graduation().stage() || request.to() == graduation_pb::STAGE_UNSPECIFIED)
    return reply(absl::FailedPreconditionError(
                     ToAbsl("it is in the stage " + NameOf(Of(*live).graduation().stage()) + ": a lower one expected")),
                 {});
  Move(*live, request.to(), request.actor(), request.reason(), {});
  ForgetAround(live->row.spec.account_id());
  ReplyWhenDurable(request.deployment_id(), reply);
}

void GraduationDesk::ReplyWhenDurable(const std::string& id, const Reply& reply) {
  floor_.commit.After([this, id, reply](const absl::Status& durable) {
    reply(durable, durable.ok() ? Described(floor_.deployments.all().at(id)) : graduation_pb::Graduation());
  });
}

}  // namespace ballast
