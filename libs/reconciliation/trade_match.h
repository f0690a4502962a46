#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/utc_time.h"
#include "libs/ledger/fill.h"
#include "libs/reconciliation/difference.h"

namespace ballast::reconciliation {

// What a trade moved, as one of the three tells it.
struct Moved {
  Symbol symbol;
  OrderId order_id;
  // Signed, of what is held.
  Decimal quantity;
  // Signed, of the account's cash, its fee counted in.
  Decimal cash;
  // Of the trade, as the venue counts: 0 as it was made, then one more with each correction.
  std::uint32_t version = 0;

  [[nodiscard]] std::string Describe() const;
  friend bool operator==(const Moved&, const Moved&) = default;
};
// `currency` is the account's.
Moved MovedBy(const ledger::FillTerms& terms, const OrderId& order_id, std::string_view currency);

// One trade, until all three have told the same of it.
struct Sighting {
  ExecutionId execution_id;
  std::optional<Moved> venue;
  std::optional<Moved> journal;
  // The sum of the parts it was booked in.
  std::optional<Moved> ours;
  // The venue's number of it; 0: it has not told it.
  std::uint64_t trade_number = 0;

  friend bool operator==(const Sighting&, const Sighting&) = default;
};

// Holds the trades of one account against each other, by the venue's id of the execution: what the venue has made, what
// the gateway's journal tells, and what is booked. A trade that all three tell alike is forgotten, so that what is kept
// is what is under way or wrong.
class TradeMatch {
 public:
  // Of several versions of a trade the newest counts; one that was taken back moves nothing.
  void SeeVenue(const ExecutionId& id, const Moved& moved, std::uint64_t trade_number);
  void SeeJournal(const ExecutionId& id, const Moved& moved);
  // A part of what was booked of the execution in its version. `reversal`: takes back what was booked before it.
  void SeeOurs(const ExecutionId& root, const Moved& part, bool reversal = false);
  // A trade that all three told alike as `agreed`, and of which something is told again: from here on it is looked at
  // again. Nothing where it is looked at already.
  void Reopen(const ExecutionId& root, const Moved& agreed);
  [[nodiscard]] bool IsOpen(const ExecutionId& root) const { return open_.contains(root); }
  void Restore(Sighting sighting);
  // Forgets what all three agree on; how many those were.
  std::uint64_t Settle();

  [[nodiscard]] const std::map<ExecutionId, Sighting>& open() const { return open_; }
  // How many of the open trades each of the three has told.
  struct Counts {
    std::size_t venue = 0, journal = 0, ours = 0;
  };
  [[nodiscard]] Counts CountOpen() const;
  // By how much the venue is ahead of us by trades that only one of us has: what may be different without being wrong.
  [[nodiscard]] std::map<Symbol, Decimal> QuantityUnderWay() const;
  [[nodiscard]] Decimal CashUnderWay() const;
  // Of the venue's and never told by the journal, or not in that version, by the venue's numbers.
  [[nodiscard]] std::vector<std::uint64_t> Unheard() const;
  // By the trade's id, the first `most`: each is a text.
  [[nodiscard]] std::vector<Difference> Differences(std::size_t most = SIZE_MAX) const;

 private:
  std::map<ExecutionId, Sighting> open_;
};

}  // namespace ballast::reconciliation
