#pragma once

#include "libs/platform/postgres/database.h"
#include "services/order_management/protection_journal.h"
#include "services/order_management/shard_place.h"

namespace ballast {

// Stop policies in Postgres, fenced by the writer's epoch.
class ProtectionStore final : public ProtectionJournal {
 public:
  ProtectionStore(Database& database, ShardPlace place) : database_(database), place_(std::move(place)) {}

  absl::Status Save(const StopPolicyEntry& entry) override;
  absl::StatusOr<std::vector<StopPolicyEntry>> Load() override;

 private:
  Database& database_;
  const ShardPlace place_;
};

}  // namespace ballast
