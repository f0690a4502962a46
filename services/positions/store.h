#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/ledger/mark_board.h"
#include "libs/positions/account_book.h"

namespace ballast {

using AccountBooks = std::map<AccountId, positions::AccountBook>;

// One equity of one account at one time.
struct EquityMark {
  AccountId account_id;
  UtcTime time;
  Decimal equity;
  Decimal cash;
};

// Where books and fills are kept: what their one writer asks of its storage. Blocks; never called from a gRPC thread.
// store_test.cc holds whatever implements it to the same promises.
class PositionStore {
 public:
  // What a batch of order events made of one account.
  struct Batch {
    // Where the account was before.
    std::uint64_t after = 0;
    std::vector<Fill> fills;
    std::vector<positions::Trade> trades;
    // It has the account's opening.
    bool opens = false;
  };

  virtual ~PositionStore() = default;

  // Takes the writer's place; an older writer's transactions fail from now on.
  virtual absl::Status Fence() = 0;
  virtual absl::StatusOr<AccountBooks> Load() = 0;
  virtual absl::StatusOr<std::map<AccountId, std::uint64_t>> LoadSequences() = 0;
  // Fills, trades, holdings, totals and cursor of every account named in `batches`, in one transaction. ABORTED: an
  // account is not where its batch begins. ALREADY_EXISTS: an execution is booked already.
  virtual absl::Status Save(const AccountBooks& books, const std::map<AccountId, Batch>& batches) = 0;
  // Equity points, and the figures that marks move; the closes that the next day will start from.
  virtual absl::Status SaveMarks(const AccountBooks& books, const std::vector<EquityMark>& marks,
                                 const ledger::SymbolCloses& closes = {}) = 0;
  virtual absl::StatusOr<ledger::SymbolCloses> LoadCloses() = 0;
  // The sequence under which each of these executions is booked; those that are not booked have none.
  virtual absl::StatusOr<std::map<ExecutionId, std::uint64_t>> LoadBooked(const AccountId& account,
                                                                          const std::vector<Fill>& fills) = 0;
  // Leaves the newest day of each account's equity curve as it is, before it the last point of each minute, and of each
  // hour before the newest 30 days: the curve keeps its shape and does not grow with each point for ever.
  virtual absl::Status ThinEquity() = 0;

  // Fills after a sequence, oldest first: what the books are recomputed from.
  virtual absl::StatusOr<std::vector<Fill>> LoadFills(const AccountId& account, std::uint64_t after, int limit) = 0;
  // Everything that was booked of one execution, in all its versions and parts, oldest first.
  virtual absl::StatusOr<std::vector<Fill>> LoadFillsOf(const AccountId& account, const ExecutionId& root) = 0;
};

}  // namespace ballast
