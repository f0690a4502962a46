#include "services/strategy_runner/starter.h"

#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/status.h"
#include "services/strategy_runner/prerequisites.h"

namespace ballast {
namespace {

constexpr std::int64_t kRoundNs = 1'000'000'000;

strategy::v1::Prerequisite Known(const absl::Status& registered) {
  strategy::v1::Prerequisite known;
  known.set_name("registered");
  known.set_passed(registered.ok());
  known.set_detail(registered.ok() ? "order management knows the deployment" : MessageOf(registered));
  return known;
}

strategy::v1::Prerequisite Capital(const LiveDeployment& live, const Deployments& deployments) {
  strategy::v1::Prerequisite capital;
  capital.set_name("capital");
  const std::optional<Decimal>& wanted = live.decider->spec().capital_ratio;
  Decimal left = deployments.CapitalLeft(live.row.spec.account_id(), live.row.deployment_id);
  capital.set_passed(!wanted || *wanted <= left);
  capital.set_detail(wanted ? wanted->ToString() + " of the account's equity; " + left.ToString() + " is left"
                            : "shares the account's equity");
  return capital;
}

strategy::v1::Prerequisite Unreadable(const std::string& why) {
  strategy::v1::Prerequisite log;
  log.set_name("order_log");
  log.set_passed(false);
  log.set_detail(why);
  return log;
}

}  // namespace

void Starter::Start(LiveDeployment& live, bool by_hand, Done done) {
  std::uint64_t number = ++last_attempt_;
  attempts_[number] = {.deployment_id = live.row.deployment_id, .stops = live.stops, .done = std::move(done)};
  AskPrerequisites(live.decider->spec(), floor_.neighbours, RiskScoreToo::kNo,
                   Posted<Prerequisites>(floor_.inbox, [this, number](Prerequisites& prerequisites) {
                     auto attempt = attempts_.find(number);
                     if (attempt == attempts_.end()) return;
                     attempt->second.prerequisites = std::move(prerequisites);
                     Finish(number);
                   }));
  // Order management takes no order for a deployment it was not told of.
  Register(live, by_hand, [this, number](const absl::Status& registered) {
    auto attempt = attempts_.find(number);
    if (attempt == attempts_.end()) return;
    attempt->second.registered = registered;
    Finish(number);
  });
}

void Starter::Register(const LiveDeployment& live, bool by_hand, std::function<void(const absl::Status&)> told) {
  const std::string& id = live.row.deployment_id;
  if (!by_hand && registered_.contains(id)) return told(absl::OkStatus());
  registering_.insert(id);
  floor_.neighbours.RegisterDeployment(
      live.row.spec.account_id(), id, by_hand,
      Posted<absl::Status>(floor_.inbox, [this, id, told = std::move(told)](const absl::Status& registered) {
        registering_.erase(id);
        if (registered.ok()) registered_.insert(id);
        told(registered);
      }));
}

void Starter::Finish(std::uint64_t number) {
  Attempt& attempt = attempts_.at(number);
  if (!attempt.prerequisites || !attempt.registered) return;
  LiveDeployment& live = floor_.deployments.all().at(attempt.deployment_id);
  Prerequisites all = std::move(*attempt.prerequisites);
  all.push_back(Known(*attempt.registered));
  all.push_back(Capital(live, floor_.deployments));
  if (auto external = floor_.deployments.shelf().external().Find(live.row.spec.strategy_id()))
    all.push_back(ConnectedPrerequisite(*external));
  if (const std::string* blocked = floor_.deployments.BlockOf(live.row.spec.account_id()))
    all.push_back(Unreadable(*blocked));
  if (AllPassed(all) && live.stops == attempt.stops && !live.running()) Apply(live);
  floor_.commit.After(
      [done = std::move(attempt.done), all = std::move(all)](const absl::Status& durable) { done(durable, all); });
  attempts_.erase(number);
}

void Starter::Apply(LiveDeployment& live) {
  const std::string& id = live.row.deployment_id;
  if (absl::Status made = floor_.deployments.Renew(live); !made.ok())
    return floor_.log.Error("deployment.unusable", {{"deployment", id}, {"error", made.ToString()}});
  live.DropNews();
  live.decider->ForgetSignals();
  live.decider->ClearHalts();
  strategy::Apply(live.row.life, strategy::DeploymentEvent::kStart, "", floor_.clock.Now());
  floor_.commit.Touch(live);
  floor_.log.Info("deployment.started", {{"deployment", id}, {"strategy", live.row.spec.strategy_id()}});
}

void Starter::Tick(std::int64_t now_ns) {
  if (!floor_.deployments.knows_modes() && !asking_modes_) {
    using Accounts = absl::StatusOr<order::v1::ListAccountsResponse>;
    asking_modes_ = true;
    floor_.neighbours.Accounts(Posted<Accounts>(floor_.inbox, [this](const Accounts& accounts) {
      asking_modes_ = false;
      if (accounts.ok()) floor_.deployments.SetModes(*accounts);
    }));
  }
  RegisterRunning();
  StartPending(now_ns);
}

void Starter::RegisterRunning() {
  for (const auto& [id, live] : floor_.deployments.all()) {
    if (!live.running() || registered_.contains(id) || registering_.contains(id)) continue;
    Register(live, false, [this, id = id](const absl::Status& registered) {
      LiveDeployment& told = floor_.deployments.all().at(id);
      if (absl::IsFailedPrecondition(registered) && told.running()) stops_.StopByEmergency(told, MessageOf(registered));
    });
  }
}

void Starter::StartPending(std::int64_t now_ns) {
  if (!settled_ && !AnyPending()) Settle();
  if (last_round_ns_ && now_ns - *last_round_ns_ < kRoundNs) return;
  last_round_ns_ = now_ns;
  for (auto& [id, live] : floor_.deployments.all()) {
    if (!live.row.life.start_pending || !trying_.insert(id).second) continue;
    Start(live, false, [this, id = id](const absl::Status& durable, const Prerequisites& prerequisites) {
      if (durable.ok()) NotePending(id, prerequisites);
    });
  }
  if (settled_ || asking_market_) return;
  using Market = absl::StatusOr<broker::v1::GetMarketStatusResponse>;
  asking_market_ = true;
  // Only a market that waits for its readers is worth waiting for: a live one goes on, and running deployments need it.
  floor_.neighbours.MarketStatus(Posted<Market>(floor_.inbox, [this](const Market& market) {
    asking_market_ = false;
    if (market.ok() && market->speed() != "0") Settle();
  }));
}

void Starter::NotePending(const std::string& id, const Prerequisites& prerequisites) {
  trying_.erase(id);
  std::string missing;
  for (const auto& prerequisite : prerequisites) {
    if (!prerequisite.passed()) missing += prerequisite.name() + ": " + prerequisite.detail() + "; ";
  }
  // Once per change, not once per try.
  if (std::exchange(told_waiting_[id], missing) != missing && !missing.empty())
    floor_.log.Info("deployment.waits", {{"deployment", id}, {"for", missing}});
  if (!AnyPending()) Settle();
}

bool Starter::AnyPending() const {
  const Deployments::Map& all = floor_.deployments.all();
  return std::any_of(all.begin(), all.end(), [](const auto& entry) { return entry.second.row.life.start_pending; });
}

void Starter::Settle() {
  if (std::exchange(settled_, true)) return;
  on_settled_();
}

void Starter::Abandon() {
  for (auto& [number, attempt] : std::exchange(attempts_, {}))
    attempt.done(absl::UnavailableError("the strategy runner is stopping"), {});
}

}  // namespace ballast
