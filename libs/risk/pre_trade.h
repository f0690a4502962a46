#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "libs/model/order.h"
#include "libs/risk/breaker.h"
#include "libs/risk/exposure.h"
#include "libs/risk/limits.h"

namespace ballast::risk {

// A tripped breaker that stands in the order's way.
struct BreakerBlock {
  BreakerRule rule;
  BreakerState state;
};

struct PreTradeInput {
  const Order& order;
  const Limits& limits;
  const Exposure& exposure;
  const Market& market;
  // Monotonic.
  std::int64_t now_ns = 0;
  // The order waits for another one's fill at about this price: only what depends neither on the account nor on the
  // market of now is checked, its prices against this one.
  std::optional<Decimal> anchor_price = std::nullopt;
  // Null: none is tripped.
  const BreakerBlock* block = nullptr;
  // The order in the size that it was sent, where another one is asked about: a lot less makes it no new order.
  std::optional<Decimal> sent_quantity = std::nullopt;
  // False: the list of checks stays empty, for nobody reads it.
  bool lists_checks = true;
};

struct PreTradeResult {
  // Empty: approved.
  std::optional<Rejection> rejection;
  // Every check that was made, in order, the refusing one last.
  std::vector<RiskCheck> checks;
  // The order can only reduce its book's position.
  bool reduces = false;
};

// The one ordered list (kChecks in pre_trade.cc, top to bottom); the first "no" ends it. What is not known is a no.
// An order that can only reduce the account's net position and its book's, whatever else is pending, is not held up by
// the limits on exposure and loss, nor by a stale price: getting out always works while the market is open. What its
// prices say is still held against the market: a stop that would fire as it arrives is refused whoever sends it.
PreTradeResult CheckPreTrade(const PreTradeInput& input);

// Resting orders of the account that `order` would trade with as it arrives, best price first.
std::vector<OrderId> OwnOrdersCrossed(const Order& order, const Exposure& exposure, const Market& market);

}  // namespace ballast::risk
