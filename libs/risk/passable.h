#pragma once

#include <optional>
#include <string>

#include "libs/risk/pre_trade.h"

namespace ballast::risk {

struct PassableQuantity {
  Decimal quantity;
  // The check that refuses one lot more. It need not be the one that refused the order.
  std::string check;
};

// The largest whole number of lots, not above the order's quantity, with which the order passes every check; nothing
// when no number does. Never more than was asked for: nobody's click on a hint enlarges an order.
std::optional<PassableQuantity> LargestPassableQuantity(const PreTradeInput& input);

// The prices with which the order would pass; one that need not change is left out.
struct PassablePrices {
  std::optional<Decimal> limit_price;
  std::optional<Decimal> stop_price;
};

// For an order that a rule on prices refuses (tick, side of a stop, collar): the nearest prices on a tick that these
// rules take, when the order then passes every check; nothing otherwise.
std::optional<PassablePrices> NearestPassablePrices(const PreTradeInput& input);

}  // namespace ballast::risk
