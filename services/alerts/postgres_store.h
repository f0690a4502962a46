#pragma once

#include "libs/platform/postgres/database.h"
#include "services/alerts/store.h"

namespace ballast {

// Alerts' part of Postgres: the only SQL here.
class PostgresAlertStore final : public AlertStore {
 public:
  explicit PostgresAlertStore(Database& database) : database_(database) {}

  absl::Status Fence() override;
  absl::StatusOr<State> Load() override;
  absl::StatusOr<std::vector<alerts::Alert>> LoadSystem() override;
  absl::Status Save(const std::map<std::uint64_t, alerts::Alert>& changed, const Cursors& cursors,
                    const std::optional<Request>& request) override;
  absl::StatusOr<std::optional<Request>> FindRequest(const std::string& request_id) override;
  absl::StatusOr<std::optional<alerts::Alert>> Find(std::uint64_t alert_id) override;
  absl::StatusOr<std::vector<alerts::Alert>> FindAll(const std::vector<std::uint64_t>& alert_ids) override;
  absl::StatusOr<std::vector<alerts::Alert>> List(const Filter& filter, std::int64_t* unacknowledged) override;
  absl::StatusOr<std::vector<alerts::Alert>> After(std::uint64_t alert_id, int limit) override;

 private:
  Database& database_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
