#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "libs/base/decimal.h"
#include "libs/model/ids.h"

namespace ballast::risk {

// Limits of one account. Ratios are fractions. The defaults are the product's (RSK-1).
struct Limits {
  std::uint64_t version = 1;
  Decimal max_order_quantity = Decimal::FromInt(1'000'000);
  Decimal max_order_notional = Decimal::FromInt(250'000);
  // Notional after the order over equity: one instrument within one deployment (or all manual orders).
  Decimal max_position_ratio = Decimal::Of("0.02");
  // The same over the whole account.
  Decimal concentration_ratio = Decimal::Of("0.20");
  Decimal gross_leverage = Decimal::FromInt(2);
  // Longs less shorts, without sign, over equity. At gross_leverage or above it says nothing, for the net is never more
  // than the gross; so it is until somebody lowers it.
  Decimal net_leverage = Decimal::FromInt(10);
  int max_open_positions_per_deployment = 3;
  int max_open_positions = 5;
  int max_open_orders = 200;
  Decimal daily_loss_ratio = Decimal::Of("0.01");
  Decimal drawdown_ratio = Decimal::Of("0.05");
  // A tripped daily loss is over with its day; else it stays until a person re-arms it.
  bool daily_loss_clears_next_day = false;
  Decimal price_collar_ratio = Decimal::Of("0.10");
  int order_rate_per_second = 20;
  // Of one deployment's orders, and of orders that are the same but for their id. At order_rate_per_second or above
  // they say nothing, for the account's own comes first; so it is until somebody lowers them.
  int order_rate_per_deployment = 100'000;
  int repeated_orders_per_second = 100'000;
  // A limit price reaches so far through the market without a confirmation. At price_collar_ratio or above: off.
  Decimal soft_collar_ratio = Decimal::Of("0.03");
  // Nobody confirms a deployment's orders: they are refused beyond it, or (true) only beyond price_collar_ratio.
  bool soft_collar_passes_deployments = false;
  // What an order may lose at its protective stop, and what everything may at its stops, over equity. At kRiskOff or
  // above they are off: who has let positions be larger than 2 % would else have to say so twice.
  static constexpr int kRiskOff = 10;
  Decimal risk_per_trade_ratio = Decimal::FromInt(kRiskOff);
  Decimal portfolio_risk_ratio = Decimal::FromInt(kRiskOff);
  // What counts as lost of what has no stop, over its notional.
  Decimal unprotected_loss_ratio = Decimal::FromInt(1);
  bool allow_self_trade = false;
  bool require_locate = false;
  std::int64_t quote_age_ms_max = 5'000;
  bool allow_short = true;
  // See libs/risk/derisk.h. A floor of 1: limits do not scale.
  Decimal derisk_floor = Decimal::FromInt(1);
  Decimal derisk_start = Decimal::Of("0.5");
  Decimal derisk_volatility;
  std::set<Symbol> restricted;
  // What was stored and cannot be used, by name: nobody knows what it allowed, so nothing is opened until somebody has
  // said it again. The values of such limits are the defaults, which is for what gets out.
  std::set<std::string, std::less<>> unusable;

  bool operator==(const Limits&) const = default;
};

}  // namespace ballast::risk
