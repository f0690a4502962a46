#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/utc_time.h"
#include "libs/orders/protection.h"

namespace ballast {

// A stop policy and what it is for.
struct StopPolicyEntry {
  AccountId account_id;
  // Empty: the account's default.
  Symbol symbol;
  // None: every book of the symbol; empty: the book of hand-made orders.
  std::optional<DeploymentId> deployment_id;
  // None: there is none any more.
  std::optional<orders::StopPolicy> policy;
  std::string reason;
  std::string actor;
  UtcTime update_time;

  friend bool operator==(const StopPolicyEntry&, const StopPolicyEntry&) = default;
};

// Where stop policies are kept. Every function blocks; only the writer's thread, and recovery.
//   FAILED_PRECONDITION a newer writer exists: nothing happened
//   other errors        not known to be stored; the same call may be made again
class ProtectionJournal {
 public:
  ProtectionJournal() = default;
  virtual ~ProtectionJournal() = default;
  ProtectionJournal(const ProtectionJournal&) = delete;
  ProtectionJournal& operator=(const ProtectionJournal&) = delete;

  // In the place of the one for the same; without a policy that one is removed.
  [[nodiscard]] virtual absl::Status Save(const StopPolicyEntry& entry) = 0;
  [[nodiscard]] virtual absl::StatusOr<std::vector<StopPolicyEntry>> Load() = 0;
};

}  // namespace ballast
