#pragma once

#include <cstdint>
#include <optional>

#include "libs/base/utc_time.h"
#include "libs/sizing/trade_record.h"
#include "libs/sizing/volatility.h"
#include "libs/strategy/entry_terms.h"

namespace ballast::strategy {

// What is kept of one instrument beside its position.
struct SymbolBook {
  // The position that is open, from its first fill on: profit so far after fees, the most that was held, what was paid
  // for what was opened.
  Decimal trade_profit;
  Decimal trade_quantity;
  Decimal trade_notional;
  // What each method said at its entry.
  sizing::Trial trial;
  // At which it could have got out since the entry, at its best; kept for a trailing stop only.
  Decimal best_price;
  // Of the entry under way, out of the capital.
  Decimal working_notional;
  // The waiting entry waits for the market to open.
  bool waits_for_open = false;
  // What the strategy asked of the entry that waits, and where it wants the open position to be left.
  EntryTerms waiting_terms = {};
  std::optional<Decimal> stop_price = std::nullopt;
  std::optional<Decimal> target_price = std::nullopt;
  sizing::Volatility volatility = {};

  friend bool operator==(const SymbolBook&, const SymbolBook&) = default;
};

// What is kept of a deployment as a whole. Money in the account's currency; profits after fees, since it was made.
struct DeploymentBook {
  Decimal realised;
  sizing::TradeRecord record;
  sizing::Track track;
  // When it was known last.
  Decimal capital;
  // Its day, the profit when that began, and the best profit there was.
  std::int64_t day = 0;
  Decimal day_start;
  Decimal peak;
  bool day_halted = false;
  bool drawdown_halted = false;

  friend bool operator==(const DeploymentBook&, const DeploymentBook&) = default;
};

}  // namespace ballast::strategy
