#pragma once

#include "ballast/position/v1/position_service.pb.h"
#include "libs/platform/postgres/database.h"
#include "services/positions/store.h"

namespace ballast {

// Positions' part of Postgres: the only SQL here.
class PostgresPositionStore final : public PositionStore {
 public:
  static constexpr int kPageMax = 500;
  static constexpr int kEquityPointsMax = 5000;

  explicit PostgresPositionStore(Database& database) : database_(database) {}

  absl::Status Fence() override;
  absl::StatusOr<AccountBooks> Load() override;
  absl::StatusOr<std::map<AccountId, std::uint64_t>> LoadSequences() override;
  absl::Status Save(const AccountBooks& books, const std::map<AccountId, Batch>& batches) override;
  absl::Status SaveMarks(const AccountBooks& books, const std::vector<EquityMark>& marks,
                         const ledger::SymbolCloses& closes = {}) override;
  absl::StatusOr<ledger::SymbolCloses> LoadCloses() override;
  absl::StatusOr<std::map<ExecutionId, std::uint64_t>> LoadBooked(const AccountId& account,
                                                                  const std::vector<Fill>& fills) override;
  absl::Status ThinEquity() override;
  absl::StatusOr<std::vector<Fill>> LoadFills(const AccountId& account, std::uint64_t after, int limit) override;
  absl::StatusOr<std::vector<Fill>> LoadFillsOf(const AccountId& account, const ExecutionId& root) override;

  // For readers: pages of what there is.
  absl::StatusOr<position::v1::ListFillsResponse> ListFills(const position::v1::ListFillsRequest& request);
  absl::StatusOr<position::v1::ListTradesResponse> ListTrades(const position::v1::ListTradesRequest& request);
  absl::StatusOr<position::v1::ListEquityPointsResponse> ListEquityPoints(
      const position::v1::ListEquityPointsRequest& request);

 private:
  Database& database_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
