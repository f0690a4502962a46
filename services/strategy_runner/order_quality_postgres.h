#pragma once

#include "libs/platform/postgres/database.h"
#include "services/strategy_runner/order_quality_store.h"

namespace ballast {

// How orders were executed, in Postgres: the only SQL of it.
class PostgresOrderQualityStore final : public OrderQualityStore {
 public:
  explicit PostgresOrderQualityStore(Database& database) : database_(database) {}

  absl::Status Fence() override;
  absl::StatusOr<Cursors> LoadCursors() override;
  absl::StatusOr<std::vector<Row>> LoadWatched(int most) override;
  absl::StatusOr<std::optional<Row>> Find(const std::string& order_id) override;
  absl::StatusOr<std::vector<Row>> Read(const Range& range) override;
  absl::Status Save(const Batch& batch) override;
  absl::Status Trim(std::int64_t most) override;

 private:
  Database& database_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
