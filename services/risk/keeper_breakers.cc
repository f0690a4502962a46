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

}  // namespace

BreakerDesk::World RiskKeeper::BreakerWorld() {
  return {.accounts = accounts_,
          .known = replayed_,
          .all_known = AllReplayed(),
          .market = market_,
          .time = lockstep_ ? market_time_ : clock_.Now(),
          .day = day_,
          .now_ns = AgeNow(),
          .market_ns = market_time_.nanos,
          .lockstep = lockstep_};
}

void RiskKeeper::LookAtBreakers() {
  if (replayed_.empty() || market_time_.nanos == 0) return;
  if (!breakers_.Look(BreakerWorld())) return;
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
    std::optional<Decimal> equity = found->second.Equity(market_);
    rearm.after = RiskStore::EquityMark{found->second.baseline, found->second.latches};
    for (risk::LossRule rule : risk::kLossRules) {
      const auto& asked = rearm.asked;
      bool meant = asked.empty() || std::find(asked.begin(), asked.end(), risk::NameOf(rule)) != asked.end();
      if (!meant || !rearm.after->latches.Of(rule)) continue;
      rearm.rearmed.emplace_back(risk::NameOf(rule));
      RearmLoss(rule, equity, &rearm.after->baseline, &rearm.after->latches);
    }
    // Whoever names no rule means whatever keeps the account from opening risk.
    if (rearm.asked.empty()) rearm.breakers = breakers_.WouldRearm(BreakerWorld(), id, {}, {});
    AddNames(rearm.breakers, &rearm.rearmed);
    // Durable first: a rule that is told to be armed is armed after a restart.
    StoreRearm(std::move(rearm), end, [=, this](const RiskStore::Rearm& meant, const RiskStore::Rearmed& stored) {
      risk::Exposure& exposure = accounts_[id];
      if (!stored.repeated) {
        breakers_.Take(meant.breakers);
        for (const std::string& name : stored.rules) {
          if (auto rule = risk::LossRuleOf(name)) RearmLoss(*rule, equity, &exposure.baseline, &exposure.latches);
          log_.Warning("risk.loss_rule_rearmed", {{"account", id.value()},
                                                  {"rule", name},
                                                  {"actor", request.actor()},
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
  Write<absl::StatusOr<RiskStore::Rearmed>>(
      [rearm](RiskStore& store) { return store.SaveRearm(rearm); },
      [this, rearm, end, take = std::move(take)](absl::StatusOr<RiskStore::Rearmed> stored) {
        const std::pair key(rearm.account_id, rearm.request_id);
        if (absl::IsUnknown(stored.status()) && rearms_in_doubt_.size() < kRearmsInDoubtMax)
          rearms_in_doubt_.insert(key);
        if (!stored.ok()) return end(stored.status());
        // It was stored when nobody knew: what it is about has not been done yet.
        if (rearms_in_doubt_.erase(key) > 0) stored->repeated = false;
        take(rearm, *stored);
        end(absl::OkStatus());
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
                                          {request.names().begin(), request.names().end()});
    AddNames(rearm.breakers, &rearm.rearmed);
    StoreRearm(std::move(rearm), end, [=, this](const RiskStore::Rearm& meant, const RiskStore::Rearmed& stored) {
      if (!stored.repeated) {
        breakers_.Take(meant.breakers);
        for (const std::string& name : stored.rules) {
          log_.Warning(
              "risk.breaker_rearmed",
              {{"account", id.value()}, {"rule", name}, {"actor", request.actor()}, {"reason", request.reason()}});
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
