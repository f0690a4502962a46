#pragma once

#include <optional>
#include <string>

#include "libs/base/decimal.h"
#include "libs/base/utc_time.h"
#include "libs/model/order.h"

namespace ballast::positions {

// One instrument held in one book, at average cost. Money is kept as sums, never as averages: `cost` is what the open
// quantity was paid for (negative for a short), so cash + cost - realised is the same number before and after any fill.
struct Holding {
  // Signed: long > 0.
  Decimal quantity;
  Decimal cost;
  // Since the position was opened: before fees, and the fees.
  Decimal realised;
  Decimal fees;
  // Marks seen since it was opened.
  Decimal highest;
  Decimal lowest;
  UtcTime open_time;
  UtcTime update_time;
  // Of the round trip under way.
  Decimal entry_quantity;
  Decimal entry_notional;
  Decimal exit_quantity;
  Decimal exit_notional;

  [[nodiscard]] bool flat() const { return quantity.IsZero(); }
  // Zero when flat. For display: the sums above are what is exact.
  [[nodiscard]] Decimal AveragePrice() const;
  [[nodiscard]] Decimal MarketValue(Decimal mark) const;
  [[nodiscard]] Decimal Unrealised(Decimal mark) const { return MarketValue(mark) - cost; }

  friend bool operator==(const Holding&, const Holding&) = default;
};

// From flat to flat (or to the other side).
struct RoundTrip {
  Side side = Side::kUnspecified;
  Decimal quantity;
  Decimal entry_price;
  Decimal exit_price;
  // After fees.
  Decimal pnl;
  Decimal fees;
  UtcTime entry_time;
  UtcTime exit_time;
};

struct FillResult {
  // Before fees.
  Decimal realised;
  std::optional<RoundTrip> closed;
};

// Books one fill of an account in `currency` (libs/ledger/fill.h says what its fee does). A fill through zero closes
// everything at its price and opens the rest; its fee is split by quantity.
FillResult ApplyFill(Holding& holding, const Fill& fill, const std::string& currency);
// Widens highest and lowest.
void ApplyMark(Holding& holding, Decimal mark);

}  // namespace ballast::positions
