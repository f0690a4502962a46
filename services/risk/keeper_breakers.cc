#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"
#include "services/risk/keeper.h"

// The keeper's part about breakers and loss rules: looking at them, and re-arming.
namespace ballast {
namespace {

constexpr std::size_t kRearmsInDoubtMax = 1'000;

// Each rule once, however many deployments or positions it was tripped by.
void AddNames(const BreakerChanges& changes, std::vector<std::string>* names) {
  for (const auto& [key, block] : changes) {
    if (std::find(names->begin(), names->end(), key.rule) == names->end()) names->push_back(key.rule);
  }
}

// Those that are none are refused before they come here.
std::vector<risk::TripName> NamesOf(const std::vector<std::string>& asked) {
  std::vector<risk::TripName> names;
  for (const std::string& text : asked) {
    if (auto name = risk::ReadTripName(text)) names.push_back(*std::move(name));
  }
  return names;
}

std::string NameOf(const BreakerKey& key) {
  std::string text = key.rule;
  for (const std::string& part : {key.deployment_id.value(), key.symbol.value()}) {
    if (!part.empty()) text += "/" + part;
  }
  return text;
}

std::string TextOf(const BreakerKey& key, UtcTime time) { return NameOf(key) + ":" + time.ToString(); }

// The earliest of the bounds among the names.
std::optional<UtcTime> SeenByOf(const std::vector<std::string>& asked) {
  std::optional<UtcTime> by;
  for (const std::string& text : asked) {
    if (auto one = risk::ReadSeenBy(text); one && (!by || *one < *by)) by = one;
  }
  return by;
}

// By the trips: two who mean different ones have not agreed.
orders::AwaitedDecision AwaitedOf(const RiskStore::Rearm& rearm) {
  orders::AwaitedDecision asked{
      .kind = "rearm", .account_id = rearm.account_id, .reason = rearm.reason, .asked_by = rearm.actor};
  auto add = [&](const std::string& trip) { asked.decision += (asked.decision.empty() ? "" : ", ") + trip; };
  for (const std::string& name : rearm.rearmed) {
    auto rule = risk::LossRuleOf(name);
    if (rule && rearm.losses.Of(*rule)) add(name + ":" + rearm.losses.Of(*rule)->time.ToString());
  }
  for (const auto& [key, trip] : rearm.trips) add(TextOf(key, trip.time));
  return asked;
}

}  // namespace

bool RiskKeeper::RearmingTakesTwo(const AccountId& account) { return NeedsTwo(account); }

std::vector<orders::AwaitedDecision> RiskKeeper::AwaitedRearms(const AccountId& account) {
  return second_persons_.List(account, clock_.Now());
}

UtcTime RiskKeeper::ExpiresAt(const orders::AwaitedDecision& asked) const { return second_persons_.ExpiresAt(asked); }

// With real money what a loss has stopped starts again by two persons' word. Nothing that is tripped waits for nobody.
absl::Status RiskKeeper::AskSecond(RiskStore::Rearm* rearm) {
  if (rearm->rearmed.empty() || !NeedsTwo(rearm->account_id)) return absl::OkStatus();
  if (rearm->actor.empty()) return absl::PermissionDeniedError("it takes two persons: who asks is expected");
  orders::AwaitedDecision asked = AwaitedOf(*rearm);
  asked.ask_time = clock_.Now();
  std::optional<orders::AwaitedDecision> waits = second_persons_.Ask(asked);
  if (!waits) {
    rearm->actor = second_persons_.WhoAgreed(asked);
    return absl::OkStatus();
  }
  log_.Warning("decision.awaits_second", {{"account", waits->account_id.value()},
                                          {"kind", waits->kind},
                                          {"trips", waits->decision},
                                          {"actor", waits->asked_by}});
  return absl::PermissionDeniedError(ToAbsl("a second person has to ask for the same: " + waits->asked_by +
                                            " has asked to re-arm " + waits->decision + " at " +
                                            waits->ask_time.ToString() + ", and it is forgotten at " +
                                            second_persons_.ExpiresAt(*waits).ToString()));
}

BreakerDesk::World RiskKeeper::BreakerWorld() {
  return {.accounts = accounts_,
          .known = replayed_,
          .all_known = AllReplayed(),
          .market = market_,
          .time = lockstep_ ? market_time_ : clock_.Now(),
          .day = day_,
          .now_ns = AgeNow(),
          .market_ns = market_time_.nanos,
          .lockstep = lockstep_,
          // A replay in lockstep is the same however long it takes.
          .audit_lag_ms = lockstep_ ? std::nullopt : surroundings_.AuditLag(clock_.MonotonicNanos()),
          .clock_offset_ms = surroundings_.ClockOffset(),
          .alert_age_ms = surroundings_.AlertAge(clock_.Now())};
}

void RiskKeeper::SeeTrips() {
  const UtcTime now = clock_.Now();
  for (const auto& [id, exposure] : accounts_) {
    for (risk::LossRule rule : risk::kLossRules) {
      if (const auto& trip = exposure.latches.Of(rule)) trips_.See(id, risk::NameOf(rule), trip->time, now);
    }
  }
  for (const auto& [key, trip] : breakers_.Trips()) trips_.See(key.account_id, NameOf(key), trip.time, now);
}

void RiskKeeper::LookAtBreakers() {
  if (replayed_.empty() || market_time_.nanos == 0) return;
  const bool changed = breakers_.Look(BreakerWorld());
  SeeTrips();
  if (!changed) return;
  SaveSoon();
  for (const auto& [id, exposure] : accounts_) {
    for (const auto& [key, block] : breakers_.BlocksOf(id, {})) {
      log_.Warning("risk.breaker_holds", {{"account", key.account_id.value()},
                                          {"rule", key.rule},
                                          {"message", DescribeBreaker(block->rule, block->state)}});
    }
  }
}

void RiskKeeper::Rearm(const risk::v1::RearmLossRulesRequest& request, risk::v1::RearmLossRulesResponse* response,
                       Done<absl::Status> done) {
  auto change = [this, request, response](const Done<absl::Status>& end) {
    AccountId id(request.account_id());
    auto found = accounts_.find(id);
    if (found == accounts_.end())
      return end(absl::NotFoundError(ToAbsl("risk knows no account " + request.account_id())));
    if (!replayed_.contains(id)) return end(absl::UnavailableError("risk is reading the order log; try again"));
    RiskStore::Rearm rearm{.account_id = id,
                           .asked = {request.rules().begin(), request.rules().end()},
                           .reason = request.reason(),
                           .actor = request.actor(),
                           .request_id = request.request_id()};
    const std::vector<risk::TripName> names = NamesOf(rearm.asked);
    const std::optional<UtcTime> by = SeenByOf(rearm.asked);
    std::optional<Decimal> equity = found->second.Equity(market_);
    rearm.after = RiskStore::EquityMark{found->second.baseline, found->second.latches};
    rearm.losses = found->second.latches;
    for (risk::LossRule rule : risk::kLossRules) {
      const std::optional<risk::LossTrip>& trip = rearm.losses.Of(rule);
      if (!trip || !risk::MeansTrip(names, risk::NameOf(rule), trip->time)) continue;
      if (by && !trips_.SeenBy(id, risk::NameOf(rule), trip->time, *by)) continue;
      rearm.rearmed.emplace_back(risk::NameOf(rule));
      RearmLoss(rule, equity, &rearm.after->baseline, &rearm.after->latches);
    }
    // Whoever names no rule means whatever keeps the account from opening risk.
    rearm.breakers = breakers_.WouldRearm(BreakerWorld(), id, {}, names);
    rearm.trips = breakers_.TripsOf(rearm.breakers);
    if (by) {
      std::erase_if(rearm.trips,
                    [&](const auto& one) { return !trips_.SeenBy(id, NameOf(one.first), one.second.time, *by); });
      std::erase_if(rearm.breakers, [&](const auto& one) { return !rearm.trips.contains(one.first); });
    }
    AddNames(rearm.breakers, &rearm.rearmed);
    // Durable first: a rule that is told to be armed is armed after a restart.
    StoreRearm(std::move(rearm), end, [=, this](const RiskStore::Rearm& meant, const RiskStore::Rearmed& stored) {
      risk::Exposure& exposure = accounts_[id];
      if (!stored.repeated) {
        breakers_.Take(meant.breakers);
        for (const std::string& name : meant.rearmed) {
          if (auto rule = risk::LossRuleOf(name)) RearmLoss(*rule, equity, &exposure.baseline, &exposure.latches);
          trips_.Forget(id, name);
          log_.Warning("risk.loss_rule_rearmed", {{"account", id.value()},
                                                  {"rule", name},
                                                  {"actor", meant.actor},
                                                  {"reason", request.reason()},
                                                  {"baseline", equity ? equity->ToString() : "the next known equity"}});
        }
        Observe(id, exposure);
      }
      for (const std::string& name : stored.rules) response->add_rearmed(name);
      ViewOf(id, exposure).DescribeLossRules(exposure.Equity(market_), response->mutable_loss_rules());
      if (equity && !stored.rules.empty()) wire::ToProto(*equity, response->mutable_baseline());
    });
  };
  InLine<absl::Status>(std::move(done), std::move(change));
}

void RiskKeeper::StoreRearm(RiskStore::Rearm rearm, const Done<absl::Status>& end,
                            std::function<void(const RiskStore::Rearm&, const RiskStore::Rearmed&)> take) {
  if (absl::Status may = AskSecond(&rearm); !may.ok()) return end(may);
  Write<absl::StatusOr<RiskStore::Rearmed>>(
      [rearm](RiskStore& store) { return store.SaveRearm(rearm); },
      [this, rearm, end, take = std::move(take)](absl::StatusOr<RiskStore::Rearmed> stored) {
        const std::pair key(rearm.account_id, rearm.request_id);
        if (absl::IsUnknown(stored.status()) && rearms_in_doubt_.size() < kRearmsInDoubtMax)
          rearms_in_doubt_.try_emplace(key, rearm);
        if (!stored.ok()) return end(stored.status());
        RiskStore::Rearm meant = rearm;
        if (auto doubt = rearms_in_doubt_.extract(key); stored->repeated && !doubt.empty()) {
          // It was stored when nobody knew: what it was about then has not been done yet.
          stored->repeated = false;
          meant = std::move(doubt.mapped());
        }
        KeepSameTrips(&meant);
        for (const auto& [breaker, block] : meant.breakers) trips_.Forget(breaker.account_id, NameOf(breaker));
        take(meant, *stored);
        second_persons_.Done(AwaitedOf(meant));
        end(absl::OkStatus());
      });
}

// What has tripped since is not what somebody has looked at.
void RiskKeeper::KeepSameTrips(RiskStore::Rearm* rearm) {
  // Of the firm there is none.
  if (auto account = accounts_.find(rearm->account_id); account != accounts_.end()) {
    std::erase_if(rearm->rearmed, [&](const std::string& name) {
      auto rule = risk::LossRuleOf(name);
      return rule && account->second.latches.Of(*rule) != rearm->losses.Of(*rule);
    });
  }
  const std::map<BreakerKey, risk::BreakerTrip> trips = breakers_.TripsOf(rearm->breakers);
  std::erase_if(rearm->breakers, [&](const auto& one) {
    auto was = rearm->trips.find(one.first);
    auto is = trips.find(one.first);
    if (was != rearm->trips.end() && is != trips.end() && was->second == is->second) return false;
    breakers_.Touch(one.first);
    return true;
  });
}

BreakerRuleSet RiskKeeper::GetBreakerRules() { return breakers_.rules(); }

void RiskKeeper::UpdateBreakerRules(const RiskStore::RulesUpdate& update, Done<absl::StatusOr<BreakerRuleSet>> done) {
  using Answer = absl::StatusOr<BreakerRuleSet>;
  auto change = [this, update](const Done<Answer>& end) {
    Write<Answer>(
        [update](RiskStore& store) { return store.SaveBreakerRules(update); },
        [this, update, end](const Answer& saved) {
          if (!saved.ok()) return end(saved.status());
          log_.Info("breaker_rules.updated", {{"version", std::to_string(saved->version)}, {"actor", update.actor}});
          if (saved->version > breakers_.rules().version) breakers_.SetRules(*saved);
          LookAtBreakers();
          end(breakers_.rules());
        });
  };
  InLine<Answer>(std::move(done), std::move(change));
}

void RiskKeeper::ListBreakers(const std::string& account, risk::v1::ListBreakersResponse* response) {
  breakers_.Describe(BreakerWorld(), AccountId(account), true, response->mutable_breakers());
}

void RiskKeeper::RearmBreakers(const risk::v1::RearmBreakersRequest& request, risk::v1::RearmBreakersResponse* response,
                               Done<absl::Status> done) {
  auto change = [this, request, response](const Done<absl::Status>& end) {
    AccountId id(request.account_id());
    if (!id.empty() && !accounts_.contains(id))
      return end(absl::NotFoundError(ToAbsl("risk knows no account " + request.account_id())));
    if (!id.empty() && !replayed_.contains(id))
      return end(absl::UnavailableError("risk is reading the order log; try again"));
    RiskStore::Rearm rearm{.account_id = id,
                           .asked = {request.names().begin(), request.names().end()},
                           .reason = request.reason(),
                           .actor = request.actor(),
                           .request_id = request.request_id()};
    // Beside the names, so that the same request for another deployment is another request.
    if (!request.deployment_id().empty()) rearm.asked.push_back("deployment:" + request.deployment_id());
    rearm.breakers = breakers_.WouldRearm(BreakerWorld(), id, DeploymentId(request.deployment_id()),
                                          NamesOf({request.names().begin(), request.names().end()}));
    rearm.trips = breakers_.TripsOf(rearm.breakers);
    AddNames(rearm.breakers, &rearm.rearmed);
    StoreRearm(std::move(rearm), end, [=, this](const RiskStore::Rearm& meant, const RiskStore::Rearmed& stored) {
      if (!stored.repeated) {
        breakers_.Take(meant.breakers);
        for (const std::string& name : stored.rules) {
          log_.Warning("risk.breaker_rearmed",
                       {{"account", id.value()}, {"rule", name}, {"actor", meant.actor}, {"reason", request.reason()}});
        }
        LookAtBreakers();
      }
      for (const std::string& name : stored.rules) response->add_rearmed(name);
      breakers_.Describe(BreakerWorld(), id, true, response->mutable_breakers());
    });
  };
  InLine<absl::Status>(std::move(done), std::move(change));
}

absl::Status RiskKeeper::ReportBreaks(const risk::v1::ReportBreaksRequest& request) {
  AccountId id(request.account_id());
  if (!accounts_.contains(id)) return absl::NotFoundError(ToAbsl("risk knows no account " + request.account_id()));
  if (request.open_breaks() > 0) {
    log_.Warning(
        "risk.breaks_reported",
        {{"account", id.value()}, {"open", std::to_string(request.open_breaks())}, {"message", request.message()}});
  }
  breakers_.OnBreaks(id, request.open_breaks());
  LookAtBreakers();
  return absl::OkStatus();
}

}  // namespace ballast
