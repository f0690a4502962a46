#include "services/risk/breaker_desk.h"

#include <algorithm>
#include <utility>

#include "libs/wire/wire.h"
#include "services/risk/breaker_codec.h"
#include "services/risk/facts.h"

namespace ballast {
namespace {

using risk::BreakerKind;
using risk::BreakerScope;

}  // namespace

void BreakerDesk::Restore(BreakerRuleSet rules, Breakers breakers) {
  breakers_ = std::move(breakers);
  restored_ = true;
  SetRules(std::move(rules));
}

void BreakerDesk::SetRules(BreakerRuleSet rules) {
  rules_ = std::move(rules);
  FindBlocks();
}

template <typename Visit>
void BreakerDesk::ForEachKey(const risk::BreakerRule& rule, const World& world, Visit visit) const {
  if (rule.scope == BreakerScope::kFirm) {
    visit(BreakerKey{.rule = rule.name});
    return;
  }
  for (const auto& [id, exposure] : world.accounts) {
    bool meant = exposure.opened() && world.known.contains(id) && (rule.account_id.empty() || rule.account_id == id);
    if (!meant) continue;
    bool deployments = rule.scope == BreakerScope::kDeployment;
    auto one = [&](const DeploymentId& deployment) {
      return rule.deployment_id.empty() || rule.deployment_id == deployment;
    };
    if (rule.kind == BreakerKind::kPositionLoss) {
      for (const auto& [book, flow] : exposure.flows()) {
        if (!deployments || (!book.first.empty() && one(book.first)))
          visit(BreakerKey{rule.name, id, book.first, book.second});
      }
    } else if (deployments) {
      std::set<DeploymentId> ids = DeploymentsOf(exposure);
      if (auto pulse = pulses_.find(id); pulse != pulses_.end()) {
        for (const auto& [deployment, count] : pulse->second.asked) ids.insert(deployment);
        for (const auto& [deployment, count] : pulse->second.rejected) ids.insert(deployment);
        ids.erase(DeploymentId());
      }
      for (const DeploymentId& deployment : ids) {
        if (one(deployment)) visit(BreakerKey{.rule = rule.name, .account_id = id, .deployment_id = deployment});
      }
    } else {
      visit(BreakerKey{.rule = rule.name, .account_id = id});
    }
  }
}

const risk::BreakerRule* BreakerDesk::RuleOf(const std::string& name) const {
  for (const risk::BreakerRule& rule : rules_.rules) {
    if (rule.name == name) return &rule;
  }
  return nullptr;
}

void BreakerDesk::Tell(RiskStore::Target target, const google::protobuf::MessageLite& request) {
  messages_.push_back({.target = target, .request = request.SerializeAsString()});
}

void BreakerDesk::TellOf(const BreakerKey& key, const risk::BreakerRule& rule, const risk::BreakerState& before,
                         const risk::BreakerState& after, const risk::BreakerMove& move, UtcTime time) {
  if (move.cleared) {
    Tell(RiskStore::Target::kAudit, BreakerCleared(key, *before.trip));
    Tell(RiskStore::Target::kAlerts, AlertOfClear(key, *before.trip));
  }
  if (move.warned_percent > 0) Tell(RiskStore::Target::kAlerts, AlertOfWarning(key, rule, move.warned_percent, time));
  if (!move.tripped) return;
  Tell(RiskStore::Target::kAudit, BreakerTripped(key, rule, *after.trip));
  Tell(RiskStore::Target::kAlerts, AlertOfBreaker(key, rule, after));
  if (auto command = EmergencyOf(key, rule, after)) Tell(RiskStore::Target::kOrders, *command);
}

bool BreakerDesk::LookAt(const risk::BreakerRule& rule, const BreakerKey& key, const risk::BreakerSight& sight) {
  auto found = breakers_.find(key);
  risk::BreakerState before = found == breakers_.end() ? risk::BreakerState() : found->second.state;
  // What was tripped by a rule that latches is not let go by a softer one.
  if (before.trip && found->second.rule.latches() && !rule.latches()) return false;
  if (restored_ && before.trip) before.over_time = sight.time;
  risk::BreakerState after = before;
  risk::BreakerMove move = MoveBreaker(rule, sight, &after);
  if (after == before && !restored_) return false;
  // Since when it is below where it clears changes all the time, and is not worth a write.
  risk::BreakerState kept = after;
  kept.over_time = before.over_time;
  if (after == risk::BreakerState()) {
    if (found == breakers_.end()) return false;
    breakers_.erase(found);
    dirty_[key] = std::nullopt;
  } else {
    bool news = !(kept == before) || found == breakers_.end();
    risk::BreakerBlock& block = found == breakers_.end() ? breakers_[key] : found->second;
    block = {.rule = rule, .state = after};
    if (news) dirty_[key] = block;
  }
  TellOf(key, rule, before, after, move, sight.time);
  return move.tripped || move.cleared;
}

bool BreakerDesk::DropOrphans(const World& world) {
  bool changed = false;
  for (auto it = breakers_.begin(); it != breakers_.end();) {
    const auto& [key, kept] = *it;
    const risk::BreakerRule* rule = RuleOf(key.rule);
    bool held = rule != nullptr && rule->enabled && rule->kind == kept.rule.kind && rule->scope == kept.rule.scope;
    auto account = world.accounts.find(key.account_id);
    bool known = key.account_id.empty() || (account != world.accounts.end() && world.known.contains(key.account_id));
    if (held && known && !key.symbol.empty()) held = account->second.flows().contains({key.deployment_id, key.symbol});
    // Tripped and latched it stays, whatever became of what it was about.
    if (held || !known || (kept.state.trip && kept.rule.latches())) {
      ++it;
      continue;
    }
    if (kept.state.trip) {
      TellOf(key, kept.rule, kept.state, risk::BreakerState(), {.cleared = true}, world.time);
      changed = true;
    }
    dirty_[key] = std::nullopt;
    it = breakers_.erase(it);
  }
  return changed;
}

bool BreakerDesk::Look(const World& world) {
  Sums sums = SumsOf(world);
  if (sums.empty()) return false;
  bool changed = DropOrphans(world);
  for (const risk::BreakerRule& rule : rules_.rules) {
    if (!rule.enabled) continue;
    ForEachKey(rule, world, [&](const BreakerKey& key) {
      if (LookAt(rule, key, SightOf(rule, key, world, sums))) changed = true;
    });
  }
  restored_ = false;
  if (changed) FindBlocks();
  return changed;
}

void BreakerDesk::FindBlocks() {
  blocks_.clear();
  for (const auto& [key, kept] : breakers_) {
    if (kept.state.trip) blocks_[key.account_id].push_back(key);
  }
}

std::vector<std::pair<BreakerKey, const risk::BreakerBlock*>> BreakerDesk::BlocksOf(
    const AccountId& account, const DeploymentId& deployment) const {
  std::vector<std::pair<BreakerKey, const risk::BreakerBlock*>> found;
  static const AccountId kFirm;
  for (const AccountId* scope : {&kFirm, &account}) {
    auto keys = blocks_.find(*scope);
    if (keys == blocks_.end()) continue;
    for (const BreakerKey& key : keys->second) {
      const risk::BreakerBlock& block = breakers_.at(key);
      bool narrow = block.rule.scope == BreakerScope::kDeployment;
      if (!narrow || key.deployment_id == deployment) found.emplace_back(key, &block);
    }
    if (account.empty()) break;
  }
  return found;
}

const risk::BreakerBlock* BreakerDesk::BlockOf(const AccountId& account, const DeploymentId& deployment) const {
  if (blocks_.empty()) return nullptr;
  auto blocks = BlocksOf(account, deployment);
  return blocks.empty() ? nullptr : blocks.front().second;
}

std::set<DeploymentId> BreakerDesk::BlockedDeployments(const AccountId& account) const {
  std::set<DeploymentId> blocked;
  auto keys = blocks_.find(account);
  if (keys == blocks_.end()) return blocked;
  for (const BreakerKey& key : keys->second) {
    if (breakers_.at(key).rule.scope == BreakerScope::kDeployment) blocked.insert(key.deployment_id);
  }
  return blocked;
}

BreakerChanges BreakerDesk::WouldRearm(const World& world, const AccountId& account, const DeploymentId& deployment,
                                       const std::vector<risk::TripName>& names) const {
  BreakerChanges changes;
  auto keys = blocks_.find(account);
  if (keys == blocks_.end()) return changes;
  Sums sums = SumsOf(world);
  for (const BreakerKey& key : keys->second) {
    risk::BreakerBlock block = breakers_.at(key);
    bool meant = MeansTrip(names, key.rule, block.state.trip->time);
    if (!meant || (!deployment.empty() && key.deployment_id != deployment)) continue;
    RearmBreaker(block.rule, SightOf(block.rule, key, world, sums), &block.state);
    changes[key] = std::move(block);
  }
  return changes;
}

std::map<BreakerKey, risk::BreakerTrip> BreakerDesk::TripsOf(const BreakerChanges& changes) const {
  std::map<BreakerKey, risk::BreakerTrip> trips;
  for (const auto& [key, block] : changes) {
    auto found = breakers_.find(key);
    if (found != breakers_.end() && found->second.state.trip) trips.emplace(key, *found->second.state.trip);
  }
  return trips;
}

std::map<BreakerKey, risk::BreakerTrip> BreakerDesk::Trips() const {
  std::map<BreakerKey, risk::BreakerTrip> trips;
  for (const auto& [account, keys] : blocks_) {
    for (const BreakerKey& key : keys) trips.emplace(key, *breakers_.at(key).state.trip);
  }
  return trips;
}

void BreakerDesk::Touch(const BreakerKey& key) {
  auto found = breakers_.find(key);
  dirty_[key] = found == breakers_.end() ? std::nullopt : std::optional(found->second);
}

void BreakerDesk::Take(const BreakerChanges& changes) {
  for (const auto& [key, block] : changes) {
    dirty_.erase(key);
    if (block)
      breakers_[key] = *block;
    else
      breakers_.erase(key);
  }
  FindBlocks();
}

void BreakerDesk::Describe(const World& world, const AccountId& account, bool quiet,
                           google::protobuf::RepeatedPtrField<risk::v1::Breaker>* out) const {
  Sums sums = SumsOf(world);
  std::set<BreakerKey> told;
  auto tell = [&](const risk::BreakerRule& rule, const BreakerKey& key) {
    bool meant = account.empty() || key.account_id.empty() || key.account_id == account;
    if (!meant || !told.insert(key).second) return;
    auto found = breakers_.find(key);
    const risk::BreakerState state = found == breakers_.end() ? risk::BreakerState() : found->second.state;
    auto measure = MeasureBreaker(rule, state, SightOf(rule, key, world, sums));
    int level = measure ? measure->level_percent : 0;
    if (!quiet && level == 0 && !state.trip) return;
    risk::v1::Breaker& line = *out->Add();
    ToProto(rule, line.mutable_rule());
    line.set_account_id(key.account_id.value());
    line.set_deployment_id(key.deployment_id.value());
    line.set_symbol(key.symbol.value());
    line.set_state(!measure    ? risk::v1::BREAKER_STATE_UNKNOWN
                   : level > 0 ? risk::v1::BREAKER_STATE_WARNING
                               : risk::v1::BREAKER_STATE_ARMED);
    line.set_level_percent(level);
    if (measure) {
      wire::ToProto(measure->observed, line.mutable_observed());
      wire::ToProto(measure->limit, line.mutable_limit());
    }
    if (!state.trip) return;
    line.set_state(risk::v1::BREAKER_STATE_TRIPPED);
    wire::ToProto(state.trip->time, line.mutable_trip_time());
    wire::ToProto(state.trip->observed, line.mutable_trip_observed());
    wire::ToProto(state.trip->limit, line.mutable_trip_limit());
    if (auto time = ClearTime(rule, state)) wire::ToProto(*time, line.mutable_clear_time());
    line.set_message(DescribeBreaker(rule, state));
  };
  for (const risk::BreakerRule& rule : rules_.rules) {
    if (rule.enabled) ForEachKey(rule, world, [&](const BreakerKey& key) { tell(rule, key); });
  }
  // Tripped by a rule that is another one by now, or none.
  for (const auto& [key, kept] : breakers_) {
    if (kept.state.trip) tell(kept.rule, key);
  }
}

BreakerDesk::Unsaved BreakerDesk::TakeUnsaved() {
  return {.changes = std::exchange(dirty_, {}), .messages = std::exchange(messages_, {})};
}

void BreakerDesk::PutBack(Unsaved unsaved) {
  // What has changed since is newer.
  for (auto& [key, block] : unsaved.changes) dirty_.try_emplace(key, std::move(block));
  messages_.insert(messages_.begin(), std::make_move_iterator(unsaved.messages.begin()),
                   std::make_move_iterator(unsaved.messages.end()));
}

}  // namespace ballast
