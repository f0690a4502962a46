#pragma once

#include <map>
#include <memory>
#include <tuple>

#include "services/order_management/protection_journal.h"

namespace ballast {

// Stop policies without a database, for tests. The disk outlives the journals of one process after another.
class MemoryProtections final : public ProtectionJournal {
 public:
  struct Disk {
    std::map<std::tuple<AccountId, Symbol, std::optional<DeploymentId>>, StopPolicyEntry> rows;
    bool away = false;
  };

  explicit MemoryProtections(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}

  absl::Status Save(const StopPolicyEntry& entry) override {
    if (disk_->away) return absl::UnavailableError("the storage is away");
    std::tuple key(entry.account_id, entry.symbol, entry.deployment_id);
    if (entry.policy)
      disk_->rows[key] = entry;
    else
      disk_->rows.erase(key);
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<StopPolicyEntry>> Load() override {
    std::vector<StopPolicyEntry> entries;
    for (const auto& [key, entry] : disk_->rows) entries.push_back(entry);
    return entries;
  }

 private:
  std::shared_ptr<Disk> disk_;
};

}  // namespace ballast
