#pragma once

#include "libs/platform/postgres/database.h"
#include "services/strategy_runner/route_store.h"

namespace ballast {

// Routes in Postgres: the only SQL of them. One thread.
class PostgresRouteStore final : public RouteStore {
 public:
  explicit PostgresRouteStore(Database& database) : database_(database) {}

  absl::Status Fence() override;
  absl::StatusOr<std::optional<execution::v1::Route>> Find(const std::string& request_id) override;
  absl::StatusOr<std::vector<execution::v1::Route>> Read(const Range& range) override;
  absl::StatusOr<execution::v1::Route> Insert(const execution::v1::Route& route) override;
  absl::Status Save(const execution::v1::Route& route) override;

 private:
  Database& database_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
