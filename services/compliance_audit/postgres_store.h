#pragma once

#include "libs/platform/postgres/database.h"
#include "services/compliance_audit/store.h"

namespace ballast {

// The audit service's part of Postgres: the only SQL here.
class PostgresAuditStore final : public AuditStore {
 public:
  explicit PostgresAuditStore(Database& database) : database_(database) {}

  absl::Status Fence() override;
  absl::StatusOr<State> Load() override;
  absl::Status Append(const std::vector<audit::Record>& records, const audit::Head& head, const Cursors& cursors,
                      const std::string& request_id) override;
  absl::StatusOr<std::optional<audit::Record>> FindRequest(const std::string& request_id) override;
  absl::StatusOr<std::vector<audit::Record>> List(const Filter& filter) override;
  absl::StatusOr<std::vector<audit::Record>> Page(std::uint64_t after, std::uint64_t last, int limit) override;

 private:
  Database& database_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
