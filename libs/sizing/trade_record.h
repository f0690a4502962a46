#pragma once

#include <cstdint>
#include <map>

#include "libs/base/decimal.h"
#include "libs/sizing/method.h"

namespace ballast::sizing {

// Sums over a deployment's own closed trades, which is all that Kelly's fraction needs.
struct TradeRecord {
  std::int64_t trades = 0;
  std::int64_t wins = 0;
  // Of profit after fees over what the entry cost.
  Decimal return_sum;
  Decimal return_squares;

  friend bool operator==(const TradeRecord&, const TradeRecord&) = default;
};

// What one method would have made of the same trades.
struct MethodRecord {
  std::int64_t trades = 0;
  // Of its profit over the capital at the entry.
  Decimal return_sum;
  Decimal return_squares;
  Decimal profit;

  friend bool operator==(const MethodRecord&, const MethodRecord&) = default;
};
using Track = std::map<Method, MethodRecord>;

// What the methods said at an entry, until its trade is closed.
struct Trial {
  std::map<Method, Decimal> quantities;
  Decimal capital;

  friend bool operator==(const Trial&, const Trial&) = default;
};

// A trade of `quantity` (the most that was held) whose entries cost `notional` has made `profit`. Returns count as 10
// at most, either way.
void Close(TradeRecord& record, Decimal profit, Decimal notional);
void Close(Track& track, const Trial& trial, Decimal profit, Decimal quantity);

}  // namespace ballast::sizing
