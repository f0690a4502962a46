#pragma once

#include "libs/platform/postgres/database.h"
#include "services/strategy_runner/elsewhere_store.h"

namespace ballast {

// Orders that may go elsewhere in Postgres: the only SQL of them. One thread.
class PostgresElsewhereStore final : public ElsewhereStore {
 public:
  explicit PostgresElsewhereStore(Database& database) : database_(database) {}

  absl::Status Fence() override;
  absl::StatusOr<Cursors> LoadCursors() override;
  absl::StatusOr<std::vector<execution::v1::ElsewhereOrder>> Read(const Range& range) override;
  absl::Status Save(const Batch& batch) override;

 private:
  Database& database_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
