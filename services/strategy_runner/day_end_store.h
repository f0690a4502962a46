#pragma once

#include <pqxx/pqxx>

#include "absl/status/status.h"
#include "ballast/session/v1/session_service.pb.h"
#include "libs/platform/postgres/database.h"
#include "services/strategy_runner/store.h"

namespace ballast {

// The ends of days in Postgres: all SQL about them. They are written in the transaction of what led to them.
void SaveDayEnds(pqxx::transaction_base& work, const StrategyStore::Batch& batch);
absl::Status ReadDayEnds(pqxx::transaction_base& work, StrategyStore::DayEnds& out);

// For people; blocks, any thread that may.
class DayEndReader {
 public:
  static constexpr int kPageMax = 500;

  explicit DayEndReader(Database& database) : database_(database) {}
  // INVALID_ARGUMENT for a page that cannot be.
  absl::StatusOr<session::v1::ListDayEndsResponse> List(const session::v1::ListDayEndsRequest& request);
  // NOT_FOUND: that day has not been ended.
  absl::StatusOr<session::v1::DayEnd> Get(const session::v1::GetDayEndRequest& request);

 private:
  Database& database_;
};

}  // namespace ballast
