#pragma once

#include "libs/platform/postgres/database.h"
#include "services/positions/reconciliation_store.h"

namespace ballast {

// The reconciler's part of Postgres.
class PostgresReconciliationStore final : public ReconciliationStore {
 public:
  explicit PostgresReconciliationStore(Database& database) : database_(database) {}

  absl::Status Fence() override;
  absl::StatusOr<std::map<AccountId, Account>> Load() override;
  absl::Status Save(const AccountId& account, const ReconciliationState& state,
                    const std::vector<reconciliation::Break>& breaks,
                    const std::map<std::int64_t, position::v1::TieOut>& tie_outs,
                    const std::vector<Message>& messages) override;
  absl::StatusOr<std::vector<reconciliation::Break>> LoadBreaks(const AccountId& account, int limit) override;
  absl::StatusOr<std::vector<position::v1::TieOut>> LoadTieOuts(const AccountId& account, int limit) override;
  absl::StatusOr<std::vector<Message>> LoadOutbox() override;
  absl::Status RemoveMessage(std::int64_t outbox_id) override;

 private:
  Database& database_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
