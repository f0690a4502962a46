#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/position/v1/position_service.pb.h"
#include "libs/platform/postgres/database.h"
#include "libs/positions/account_book.h"

namespace ballast {

using AccountBooks = std::map<AccountId, positions::AccountBook>;

using SymbolCloses = std::map<Symbol, ledger::MarkBoard::Closes>;

// One equity of one account at one time.
struct EquityMark {
  AccountId account_id;
  UtcTime time;
  Decimal equity;
  Decimal cash;
};

// Positions' part of Postgres: the only SQL here. Blocks; never called from a gRPC thread.
class PositionStore {
 public:
  static constexpr int kPageMax = 500;
  static constexpr int kEquityPointsMax = 5000;

  // What a batch of order events made of one account.
  struct Batch {
    // Where the account was before.
    std::uint64_t after = 0;
    std::vector<Fill> fills;
    std::vector<positions::Trade> trades;
    // It has the account's opening.
    bool opens = false;
  };

  explicit PositionStore(Database& database) : database_(database) {}

  // Takes the writer's place; an older writer's transactions fail from now on.
  absl::Status Fence();
  absl::StatusOr<AccountBooks> Load();
  absl::StatusOr<std::map<AccountId, std::uint64_t>> LoadSequences();
  // Fills, trades, holdings, totals and cursor of every account named in `batches`, in one transaction. ABORTED: an
  // account is not where its batch begins. ALREADY_EXISTS: an execution is booked already.
  absl::Status Save(const AccountBooks& books, const std::map<AccountId, Batch>& batches);
  // Equity points, and the figures that marks move; the closes that the next day will start from.
  absl::Status SaveMarks(const AccountBooks& books, const std::vector<EquityMark>& marks,
                         const SymbolCloses& closes = {});
  absl::StatusOr<SymbolCloses> LoadCloses();
  // The sequence under which each of these executions is booked; those that are not booked have none.
  absl::StatusOr<std::map<ExecutionId, std::uint64_t>> LoadBooked(const AccountId& account,
                                                                  const std::vector<Fill>& fills);
  // Leaves the newest day of each account's equity curve as it is, before it the last point of each minute, and of each
  // hour before the newest 30 days: the curve keeps its shape and does not grow with each point for ever.
  absl::Status ThinEquity();

  // Fills after a sequence, oldest first: what the books are recomputed from.
  absl::StatusOr<std::vector<Fill>> LoadFills(const AccountId& account, std::uint64_t after, int limit);
  absl::StatusOr<position::v1::ListFillsResponse> ListFills(const position::v1::ListFillsRequest& request);
  absl::StatusOr<position::v1::ListTradesResponse> ListTrades(const position::v1::ListTradesRequest& request);
  absl::StatusOr<position::v1::ListEquityPointsResponse> ListEquityPoints(
      const position::v1::ListEquityPointsRequest& request);

 private:
  Database& database_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
