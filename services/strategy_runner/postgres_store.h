#pragma once

#include "libs/platform/postgres/database.h"
#include "services/strategy_runner/store.h"

namespace ballast {

// Strategy runner's part of Postgres: the only SQL here.
class PostgresStrategyStore final : public StrategyStore {
 public:
  explicit PostgresStrategyStore(Database& database) : database_(database) {}

  absl::Status Fence() override;
  absl::StatusOr<std::vector<Loaded>> Load() override;
  absl::StatusOr<std::map<std::string, OrderCursor>> LoadCursors() override;
  absl::StatusOr<DayEnds> LoadDayEnds() override;
  absl::StatusOr<std::vector<graduation::v1::KeptGraduation>> LoadGraduations() override;
  absl::Status Save(const Batch& batch) override;
  absl::StatusOr<strategy::v1::ListDecisionsResponse> ListDecisions(
      const strategy::v1::ListDecisionsRequest& request) override;

 private:
  Database& database_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
