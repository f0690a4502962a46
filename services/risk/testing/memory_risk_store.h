#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "libs/runtime/testing/faults.h"
#include "services/risk/facts.h"
#include "services/risk/limit_set_codec.h"
#include "services/risk/store.h"

namespace ballast {

// What risk keeps without a database, for tests. What it keeps is a Disk, which outlives the stores of one process
// after another, and which fails when it is told to.
class MemoryRiskStore final : public RiskStore {
 public:
  struct Disk {
    // By account and version.
    std::map<std::pair<AccountId, std::uint64_t>, std::pair<Update, risk::Limits>> limits;
    std::vector<std::pair<SetUpdate, risk::LimitSet>> sets;
    std::map<std::string, risk::v1::LimitChange> changes;
    Marks marks;
    ledger::SymbolCloses closes;
    std::map<AccountId, KeptExposure> exposures;
    std::map<std::pair<AccountId, std::string>, Rearm> rearms;
    std::vector<std::pair<RulesUpdate, BreakerRuleSet>> rules;
    Breakers breakers;
    std::map<std::int64_t, Message> outbox;
    std::map<std::int64_t, std::string> refused;
    std::int64_t last_outbox_id = 0;
    runtime::Faults faults;
  };

  explicit MemoryRiskStore(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}

  absl::StatusOr<std::map<AccountId, risk::Limits>> LoadLimits() override {
    std::map<AccountId, risk::Limits> newest;
    for (const auto& [key, saved] : disk_->limits) newest[key.first] = saved.second;
    return newest;
  }
  absl::StatusOr<risk::Limits> SaveLimits(const Update& update) override {
    risk::Limits saved = update.limits;
    saved.version += 1;
    absl::Status status = disk_->faults.Commit([&]() -> absl::Status {
      std::uint64_t newest = 1;
      for (const auto& [key, before] : disk_->limits) {
        if (key.first != update.account_id) continue;
        newest = key.second;
        if (before.first.request_id != update.request_id) continue;
        if (before.second != saved) return absl::AlreadyExistsError("the request id was used for another change");
        return absl::OkStatus();
      }
      if (newest != update.limits.version) return absl::AbortedError("the limits have another version by now");
      disk_->limits[{update.account_id, saved.version}] = {update, saved};
      Tell(Target::kAudit, LimitsUpdated(update.account_id, saved, update.reason, update.actor));
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return saved;
  }
  absl::StatusOr<std::vector<LimitsRecord>> ListLimits(const AccountId& account, std::uint64_t before,
                                                       int count) override {
    std::vector<LimitsRecord> records;
    for (auto it = disk_->limits.rbegin(); it != disk_->limits.rend(); ++it) {
      const auto& [update, saved] = it->second;
      bool meant = update.account_id == account && (before == 0 || saved.version < before);
      if (meant && static_cast<int>(records.size()) < count)
        records.push_back({.limits = saved, .reason = update.reason, .actor = update.actor});
    }
    return records;
  }
  absl::StatusOr<std::vector<risk::LimitSet>> LoadLimitSets() override {
    std::map<std::pair<risk::LimitScope, bool>, risk::LimitSet> newest;
    for (const auto& [update, saved] : disk_->sets) newest[{saved.scope, saved.expire_time.has_value()}] = saved;
    std::vector<risk::LimitSet> sets;
    for (auto& [key, set] : newest) sets.push_back(std::move(set));
    return sets;
  }
  absl::StatusOr<risk::LimitSet> SaveLimitSet(const SetUpdate& update) override {
    risk::LimitSet saved = update.set;
    saved.version += 1;
    absl::Status status = disk_->faults.Commit([&]() -> absl::Status {
      std::uint64_t newest = 0;
      for (const auto& [before, set] : disk_->sets) {
        if (set.scope == saved.scope && set.expire_time.has_value() == saved.expire_time.has_value())
          newest = set.version;
        if (before.request_id != update.request_id) continue;
        if (set != saved) return absl::AlreadyExistsError("the request id was used for another change");
        return absl::OkStatus();
      }
      if (newest != update.set.version) return absl::AbortedError("these limits have another version by now");
      disk_->sets.emplace_back(update, saved);
      Tell(Target::kAudit, LimitSetUpdated(saved, update.reason, update.actor));
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return saved;
  }
  absl::StatusOr<std::vector<risk::v1::LimitSet>> ListLimitSets(int count) override {
    std::vector<risk::v1::LimitSet> sets;
    for (auto it = disk_->sets.rbegin(); it != disk_->sets.rend() && static_cast<int>(sets.size()) < count; ++it) {
      ToProto(it->second, &sets.emplace_back());
      sets.back().set_reason(it->first.reason);
      sets.back().set_updated_by(it->first.actor);
    }
    return sets;
  }
  absl::Status EndOverride(const risk::LimitSet& set) override {
    return disk_->faults.Commit([&] {
      Tell(Target::kAudit, OverrideEnded(set));
      return absl::OkStatus();
    });
  }
  absl::Status SaveLimitChange(const risk::v1::LimitChange& change) override {
    return disk_->faults.Commit([&] {
      disk_->changes[change.change_id()] = change;
      Tell(Target::kAudit, LimitChangeTold(change));
      return absl::OkStatus();
    });
  }
  absl::StatusOr<risk::v1::LimitChange> FindLimitChange(const std::string& change_id) override {
    auto found = disk_->changes.find(change_id);
    if (found == disk_->changes.end()) return absl::NotFoundError("there is no such change");
    return found->second;
  }
  absl::StatusOr<std::vector<risk::v1::LimitChange>> ListLimitChanges(bool pending_only, int count) override {
    std::vector<risk::v1::LimitChange> changes;
    for (const auto& [id, change] : disk_->changes) {
      bool meant = !pending_only || change.state() == risk::v1::LIMIT_CHANGE_STATE_PENDING;
      if (meant && static_cast<int>(changes.size()) < count) changes.push_back(change);
    }
    return changes;
  }
  absl::StatusOr<Marks> LoadMarks() override { return disk_->marks; }
  absl::StatusOr<ledger::SymbolCloses> LoadCloses() override { return disk_->closes; }
  absl::Status SaveMarks(const Marks& marks, const ledger::SymbolCloses& closes) override {
    return disk_->faults.Commit([&] {
      for (const auto& [account, mark] : marks) SaveMark(account, mark);
      for (const auto& [symbol, both] : closes) disk_->closes.insert_or_assign(symbol, both);
      return absl::OkStatus();
    });
  }
  absl::StatusOr<std::map<AccountId, KeptExposure>> LoadExposures() override { return disk_->exposures; }
  absl::Status SaveExposures(const std::map<AccountId, KeptExposure>& exposures) override {
    return disk_->faults.Commit([&] {
      for (const auto& [account, kept] : exposures) disk_->exposures.insert_or_assign(account, kept);
      return absl::OkStatus();
    });
  }
  absl::StatusOr<Rearmed> SaveRearm(const Rearm& rearm) override {
    Rearmed answer{.rules = rearm.rearmed};
    absl::Status status = disk_->faults.Commit([&]() -> absl::Status {
      auto [before, fresh] = disk_->rearms.try_emplace({rearm.account_id, rearm.request_id}, rearm);
      if (!fresh) {
        if (before->second.asked != rearm.asked || before->second.reason != rearm.reason)
          return absl::AlreadyExistsError("the request id was used for another re-arming");
        answer = {.rules = before->second.rearmed, .repeated = true};
        return absl::OkStatus();
      }
      if (rearm.after) SaveMark(rearm.account_id, *rearm.after);
      SaveChanges(rearm.breakers);
      for (const auto& record :
           ballast::Rearmed(rearm.account_id, rearm.request_id, rearm.rearmed, rearm.reason, rearm.actor))
        Tell(Target::kAudit, record);
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return answer;
  }
  absl::StatusOr<BreakerRuleSet> LoadBreakerRules() override {
    return disk_->rules.empty() ? BreakerRuleSet() : disk_->rules.back().second;
  }
  absl::StatusOr<BreakerRuleSet> SaveBreakerRules(const RulesUpdate& update) override {
    BreakerRuleSet saved = update.rules;
    saved.version += 1;
    absl::Status status = disk_->faults.Commit([&]() -> absl::Status {
      for (const auto& [before, set] : disk_->rules) {
        if (before.request_id != update.request_id) continue;
        if (set != saved) return absl::AlreadyExistsError("the request id was used for another change");
        return absl::OkStatus();
      }
      std::uint64_t newest = disk_->rules.empty() ? 1 : disk_->rules.back().second.version;
      if (newest != update.rules.version) return absl::AbortedError("the breaker rules have another version by now");
      disk_->rules.emplace_back(update, saved);
      Tell(Target::kAudit, BreakerRulesUpdated(saved, update.reason, update.actor));
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return saved;
  }
  absl::StatusOr<Breakers> LoadBreakers() override { return disk_->breakers; }
  absl::Status SaveBreakers(const BreakerChanges& changes, const std::vector<Message>& messages) override {
    return disk_->faults.Commit([&] {
      SaveChanges(changes);
      for (Message message : messages) {
        message.outbox_id = ++disk_->last_outbox_id;
        disk_->outbox[message.outbox_id] = message;
      }
      return absl::OkStatus();
    });
  }
  absl::StatusOr<std::vector<Message>> LoadOutbox() override {
    std::vector<Message> messages;
    for (Target target : kTargets) {
      int left = kOutboxPage;
      for (const auto& [id, message] : disk_->outbox) {
        if (message.target == target && left-- > 0) messages.push_back(message);
      }
    }
    return messages;
  }
  absl::Status RemoveMessages(const std::vector<std::int64_t>& outbox_ids) override {
    for (std::int64_t id : outbox_ids) disk_->outbox.erase(id);
    return absl::OkStatus();
  }
  absl::Status RefuseMessage(std::int64_t outbox_id, const std::string& why) override {
    disk_->outbox.erase(outbox_id);
    disk_->refused[outbox_id] = why;
    return absl::OkStatus();
  }

 private:
  void Tell(Target target, const google::protobuf::MessageLite& request) {
    std::int64_t id = ++disk_->last_outbox_id;
    disk_->outbox[id] = {.outbox_id = id, .target = target, .request = request.SerializeAsString()};
  }
  void SaveChanges(const BreakerChanges& changes) {
    for (const auto& [key, block] : changes) {
      if (block)
        disk_->breakers.insert_or_assign(key, *block);
      else
        disk_->breakers.erase(key);
    }
  }
  void SaveMark(const AccountId& account, const EquityMark& mark) {
    const EquityMark before = disk_->marks[account];
    disk_->marks[account] = mark;
    for (risk::LossRule rule : risk::kLossRules) {
      const auto& trip = mark.latches.Of(rule);
      const auto& known = before.latches.Of(rule);
      if (!trip || (known && known->time == trip->time)) continue;
      Tell(Target::kAudit, LossRuleTripped(account, rule, *trip));
      Tell(Target::kAlerts, AlertOfTrip(account, rule, *trip));
    }
  }

  std::shared_ptr<Disk> disk_;
};

}  // namespace ballast
