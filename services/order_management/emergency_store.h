#pragma once

#include "libs/platform/postgres/database.h"
#include "services/order_management/emergency_journal.h"
#include "services/order_management/shard_place.h"

namespace ballast {

// Emergency commands in Postgres, fenced by the writer's epoch.
class EmergencyStore final : public EmergencyJournal {
 public:
  EmergencyStore(Database& database, ShardPlace place) : database_(database), place_(std::move(place)) {}

  absl::Status Save(const std::vector<orders::Emergency>& emergencies, const orders::Emergency* stop) override;
  absl::StatusOr<orders::Emergency> Find(const AccountId& account_id, const std::string& command_id) override;
  absl::StatusOr<std::vector<orders::Emergency>> LoadNewest() override;
  absl::StatusOr<Stopped> LoadStopped() override;
  absl::Status ClearStop(const AccountId& account_id, const DeploymentId& deployment_id) override;

 private:
  Database& database_;
  const ShardPlace place_;
};

}  // namespace ballast
