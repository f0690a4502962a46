#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/orders/emergency.h"

namespace ballast {

// Where emergency commands are kept. Every function blocks; only the writer's thread, and recovery.
//   FAILED_PRECONDITION a newer writer exists: nothing happened
//   other errors        not known to be stored; the same call may be made again
class EmergencyJournal {
 public:
  using Stopped = std::map<std::pair<AccountId, DeploymentId>, std::string>;

  EmergencyJournal() = default;
  virtual ~EmergencyJournal() = default;
  EmergencyJournal(const EmergencyJournal&) = delete;
  EmergencyJournal& operator=(const EmergencyJournal&) = delete;

  // All of them or none: each as it is now. `stop` (none: nobody) marks every deployment of its account that is not
  // marked yet as stopped by it.
  [[nodiscard]] virtual absl::Status Save(const std::vector<orders::Emergency>& emergencies,
                                          const orders::Emergency* stop) = 0;
  // NOT_FOUND when there is none.
  [[nodiscard]] virtual absl::StatusOr<orders::Emergency> Find(const AccountId& account_id,
                                                               const std::string& command_id) = 0;
  // Of each account the one that is not ended, else the newest.
  [[nodiscard]] virtual absl::StatusOr<std::vector<orders::Emergency>> LoadNewest() = 0;
  // The command that stopped each stopped deployment.
  [[nodiscard]] virtual absl::StatusOr<Stopped> LoadStopped() = 0;
  [[nodiscard]] virtual absl::Status ClearStop(const AccountId& account_id, const DeploymentId& deployment_id) = 0;
};

}  // namespace ballast
