#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libs/base/utc_time.h"
#include "libs/model/order.h"

namespace ballast::reconciliation {

struct Balance {
  Decimal cash;
  // Signed; what is flat has none.
  std::map<Symbol, Decimal> positions;

  void Add(const Balance& other);
  friend bool operator==(const Balance&, const Balance&) = default;
};

// Whether a day of an account adds up: what it began with and every fill are what it ended with, and that is what the
// venue says.
struct TieOut {
  AccountId account_id;
  // The day that has ended, in days since 1970-01-01.
  std::int64_t day = -1;
  UtcTime time;
  std::string currency;
  // Our events: after the first, up to the last.
  std::uint64_t from_sequence = 0;
  std::uint64_t until_sequence = 0;
  Balance opening;
  // By the fills, their fees counted in.
  Balance moved;
  Decimal fees;
  std::uint64_t fills = 0;
  Balance closing;
  Balance venue;
  std::uint64_t venue_trade_number = 0;
  // By how much the venue is ahead by trades that are not booked yet, or we by younger ones.
  Balance under_way;
  int trades_under_way = 0;
  int open_breaks = 0;

  friend bool operator==(const TieOut&, const TieOut&) = default;
};

void AddFill(const Fill& fill, TieOut* out);
// One line each; none: it ties.
std::vector<std::string> UntiedLines(const TieOut& tie_out);
// Everything in it and what does not tie, the same for ever: what is hashed.
std::string CanonicalText(const TieOut& tie_out);
// "2026-01-31"
std::string DayText(std::int64_t day);

}  // namespace ballast::reconciliation
