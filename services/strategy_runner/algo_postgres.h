#pragma once

#include "libs/platform/postgres/database.h"
#include "services/strategy_runner/algo_store.h"

namespace ballast {

// Parent orders in Postgres: the only SQL of them. Reads from any thread, writes from one.
class PostgresAlgoStore final : public AlgoStore {
 public:
  explicit PostgresAlgoStore(Database& database) : database_(database) {}

  absl::Status Fence() override;
  absl::StatusOr<std::vector<Row>> LoadActive() override;
  absl::StatusOr<bool> Any() override;
  absl::StatusOr<std::optional<Row>> Find(const std::string& algo_order_id) override;
  absl::StatusOr<std::vector<Row>> Read(const Range& range) override;
  absl::Status Save(const Batch& batch) override;
  absl::StatusOr<execution::v1::ListAlgoOrdersResponse> List(
      const execution::v1::ListAlgoOrdersRequest& request) override;

 private:
  Database& database_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
