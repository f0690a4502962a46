#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "libs/runtime/testing/faults.h"
#include "services/positions/reconciliation_store.h"

namespace ballast {

// What the reconciler keeps, without a database, for tests. The Disk outlives the stores of one process after another.
class MemoryReconciliationStore final : public ReconciliationStore {
 public:
  struct Disk {
    std::uint64_t epoch = 0;
    std::map<AccountId, ReconciliationState> states;
    std::map<std::pair<AccountId, std::uint64_t>, reconciliation::Break> breaks;
    std::map<std::pair<AccountId, std::int64_t>, position::v1::TieOut> tie_outs;
    std::map<std::int64_t, Message> outbox;
    std::int64_t last_outbox_id = 0;
    runtime::Faults faults;
  };

  explicit MemoryReconciliationStore(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}

  absl::Status Fence() override {
    epoch_ = ++disk_->epoch;
    return absl::OkStatus();
  }
  absl::StatusOr<std::map<AccountId, Account>> Load() override {
    std::map<AccountId, Account> accounts;
    for (const auto& [id, state] : disk_->states) accounts[id].state = state;
    for (const auto& [key, one] : disk_->breaks) {
      if (one.state != reconciliation::BreakState::kResolved) accounts[key.first].breaks.push_back(one);
    }
    for (const auto& [key, tie_out] : disk_->tie_outs) accounts[key.first].last_tie_out = tie_out;
    return accounts;
  }
  absl::Status Save(const AccountId& account, const ReconciliationState& state,
                    const std::vector<reconciliation::Break>& breaks,
                    const std::map<std::int64_t, position::v1::TieOut>& tie_outs,
                    const std::vector<Message>& messages) override {
    return disk_->faults.Commit([&]() -> absl::Status {
      if (epoch_ != disk_->epoch) return absl::FailedPreconditionError("a newer writer exists");
      disk_->states[account] = state;
      for (const reconciliation::Break& one : breaks) disk_->breaks[{account, one.number}] = one;
      for (const auto& [day, tie_out] : tie_outs) disk_->tie_outs.try_emplace({account, day}, tie_out);
      for (Message message : messages) {
        message.outbox_id = ++disk_->last_outbox_id;
        disk_->outbox[message.outbox_id] = message;
      }
      return absl::OkStatus();
    });
  }
  absl::StatusOr<std::vector<reconciliation::Break>> LoadBreaks(const AccountId& account, int limit) override {
    std::vector<reconciliation::Break> breaks;
    for (const auto& [key, one] : disk_->breaks) {
      if (key.first == account) breaks.push_back(one);
    }
    std::reverse(breaks.begin(), breaks.end());
    if (static_cast<int>(breaks.size()) > limit) breaks.resize(static_cast<std::size_t>(limit));
    return breaks;
  }
  absl::StatusOr<std::vector<position::v1::TieOut>> LoadTieOuts(const AccountId& account, int limit) override {
    std::vector<position::v1::TieOut> tie_outs;
    for (const auto& [key, tie_out] : disk_->tie_outs) {
      if (key.first == account) tie_outs.push_back(tie_out);
    }
    std::reverse(tie_outs.begin(), tie_outs.end());
    if (static_cast<int>(tie_outs.size()) > limit) tie_outs.resize(static_cast<std::size_t>(limit));
    return tie_outs;
  }
  absl::StatusOr<std::vector<Message>> LoadOutbox() override {
    std::vector<Message> messages;
    for (const auto& [id, message] : disk_->outbox) messages.push_back(message);
    return messages;
  }
  absl::Status RemoveMessage(std::int64_t outbox_id) override {
    disk_->outbox.erase(outbox_id);
    return absl::OkStatus();
  }

 private:
  std::shared_ptr<Disk> disk_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
