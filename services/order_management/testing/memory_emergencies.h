#pragma once

#include <atomic>
#include <memory>

#include "services/order_management/emergency_journal.h"

namespace ballast {

// Emergency commands without a database, for tests. The disk outlives the journals of one process after another. One
// thread at a time, but for `away`.
class MemoryEmergencies final : public EmergencyJournal {
 public:
  struct Disk {
    std::map<std::pair<AccountId, std::string>, orders::Emergency> rows;
    std::map<std::pair<AccountId, DeploymentId>, std::string> deployments;
    // Nothing can be stored or read.
    std::atomic<bool> away = false;
  };

  explicit MemoryEmergencies(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}

  absl::Status Save(const std::vector<orders::Emergency>& emergencies, const orders::Emergency* stop) override {
    if (disk_->away) return absl::UnavailableError("the storage is away");
    for (const orders::Emergency& one : emergencies) disk_->rows[{one.account_id, one.command_id}] = one;
    if (stop == nullptr) return absl::OkStatus();
    for (auto& [key, by] : disk_->deployments) {
      if (key.first == stop->account_id && by.empty()) by = stop->command_id;
    }
    return absl::OkStatus();
  }
  absl::StatusOr<orders::Emergency> Find(const AccountId& account_id, const std::string& command_id) override {
    if (disk_->away) return absl::UnavailableError("the storage is away");
    auto found = disk_->rows.find({account_id, command_id});
    if (found == disk_->rows.end()) return absl::NotFoundError("there is no such command");
    return found->second;
  }
  absl::StatusOr<std::vector<orders::Emergency>> LoadNewest() override {
    std::map<AccountId, orders::Emergency> newest;
    auto rank = [](const orders::Emergency& one) {
      return std::pair(one.phase != orders::EmergencyPhase::kEnded, one.take_time);
    };
    for (const auto& [key, row] : disk_->rows) {
      auto [it, fresh] = newest.try_emplace(key.first, row);
      if (!fresh && rank(row) > rank(it->second)) it->second = row;
    }
    std::vector<orders::Emergency> list;
    for (auto& [account, row] : newest) list.push_back(row);
    return list;
  }
  absl::StatusOr<Stopped> LoadStopped() override {
    if (disk_->away) return absl::UnavailableError("the storage is away");
    Stopped stopped;
    for (const auto& [key, by] : disk_->deployments) {
      if (!by.empty()) stopped[key] = by;
    }
    return stopped;
  }
  absl::Status ClearStop(const AccountId& account_id, const DeploymentId& deployment_id) override {
    disk_->deployments[{account_id, deployment_id}].clear();
    return absl::OkStatus();
  }

 private:
  const std::shared_ptr<Disk> disk_;
};

}  // namespace ballast
