#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/position/v1/reconciliation.pb.h"
#include "libs/reconciliation/break_list.h"
#include "libs/reconciliation/trade_match.h"

namespace ballast {

// How far the comparison of one account has come.
struct ReconciliationState {
  // Read up to here: the venue's trades, the journal's reports, our events.
  std::uint64_t trade_number = 0;
  std::uint64_t execution_sequence = 0;
  std::uint64_t fill_sequence = 0;
  std::uint64_t matched_trades = 0;
  std::uint64_t healed_trades = 0;
  std::uint64_t comparisons = 0;
  std::uint64_t last_break_number = 0;
  UtcTime orders_time;
  UtcTime positions_time;
  // What not all three agree on yet.
  std::vector<reconciliation::Sighting> open;
  // Of results, of the last comparison; -1: there was none.
  std::int64_t day = -1;
  // Made elsewhere, oldest first; the newest 20.
  std::vector<OrderId> external_orders = {};

  friend bool operator==(const ReconciliationState&, const ReconciliationState&) = default;
};

// Where the reconciler keeps what it has seen: what its one writer asks of its storage. Blocks.
class ReconciliationStore {
 public:
  enum class Target : int { kAudit = 1, kAlerts = 2 };
  // What another service is to be told; its request id is always the same for one fact.
  struct Message {
    std::int64_t outbox_id = 0;
    Target target = Target::kAudit;
    std::string request;
  };
  struct Account {
    ReconciliationState state;
    // The newest certificate's; empty and 0: there is none.
    position::v1::TieOut last_tie_out;
    // Not resolved.
    std::vector<reconciliation::Break> breaks;
  };

  virtual ~ReconciliationStore() = default;
  // Takes the writer's place.
  virtual absl::Status Fence() = 0;
  virtual absl::StatusOr<std::map<AccountId, Account>> Load() = 0;
  // In one transaction; a break replaces what is stored under its number, a day's certificate is never replaced.
  // FAILED_PRECONDITION: a newer writer exists.
  virtual absl::Status Save(const AccountId& account, const ReconciliationState& state,
                            const std::vector<reconciliation::Break>& breaks,
                            const std::map<std::int64_t, position::v1::TieOut>& tie_outs,
                            const std::vector<Message>& messages) = 0;
  // Newest first, resolved ones too.
  virtual absl::StatusOr<std::vector<reconciliation::Break>> LoadBreaks(const AccountId& account, int limit) = 0;
  virtual absl::StatusOr<std::vector<position::v1::TieOut>> LoadTieOuts(const AccountId& account, int limit) = 0;
  // Oldest first, at most 100.
  virtual absl::StatusOr<std::vector<Message>> LoadOutbox() = 0;
  virtual absl::Status RemoveMessage(std::int64_t outbox_id) = 0;
};

}  // namespace ballast
