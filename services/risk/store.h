#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "libs/platform/postgres/database.h"
#include "libs/risk/limits.h"

namespace ballast {

// Risk's part of Postgres: the only SQL here. Blocks.
class RiskStore {
 public:
  struct EquityMark {
    std::int64_t day_number = -1;
    Decimal day_start_equity;
    Decimal peak_equity;
  };
  explicit RiskStore(Database& database) : database_(database) {}

  absl::StatusOr<std::map<AccountId, risk::Limits>> LoadLimits();
  // Version `limits.version` + 1 when `limits.version` is the newest (0 when there is none stored); ABORTED otherwise.
  // A repeated request id changes nothing and answers the stored version.
  struct Update {
    AccountId account_id;
    risk::Limits limits;
    std::string reason;
    std::string actor;
    std::string request_id;
  };
  absl::StatusOr<risk::Limits> SaveLimits(const Update& update);
  absl::StatusOr<std::map<AccountId, EquityMark>> LoadMarks();
  absl::Status SaveMarks(const std::map<AccountId, EquityMark>& marks);

 private:
  Database& database_;
};

}  // namespace ballast
