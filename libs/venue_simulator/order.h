#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "libs/base/decimal.h"
#include "libs/base/utc_time.h"

// Orders as venues of spot pairs know them: the words of no venue, and of no part of the suite that trades.
namespace ballast::venue_simulator {

enum class Side : int { kBuy = 0, kSell = 1 };
constexpr Side Other(Side side) { return side == Side::kBuy ? Side::kSell : Side::kBuy; }

enum class OrderType : int {
  kLimit = 0,
  kMarket = 1,
  kStopLoss = 2,
  kStopLossLimit = 3,
  kTakeProfit = 4,
  kTakeProfitLimit = 5,
  kLimitMaker = 6,
};
constexpr bool HasLimit(OrderType type) {
  return type == OrderType::kLimit || type == OrderType::kStopLossLimit || type == OrderType::kTakeProfitLimit ||
         type == OrderType::kLimitMaker;
}
constexpr bool IsStop(OrderType type) { return type >= OrderType::kStopLoss && type <= OrderType::kTakeProfitLimit; }
constexpr bool IsStopLoss(OrderType type) { return type == OrderType::kStopLoss || type == OrderType::kStopLossLimit; }

enum class TimeInForce : int { kGtc = 0, kIoc = 1, kFok = 2 };

enum class OrderStatus : int {
  kNew = 0,
  kPartiallyFilled = 1,
  kFilled = 2,
  kCanceled = 3,
  kRejected = 4,
  kExpired = 5,
  // Ended because it met an order of its own account.
  kExpiredInMatch = 6,
};
constexpr bool IsOpen(OrderStatus status) {
  return status == OrderStatus::kNew || status == OrderStatus::kPartiallyFilled;
}

// What happens where an order meets one of its own account.
enum class SelfTrade : int { kNone = 0, kExpireTaker = 1, kExpireMaker = 2, kExpireBoth = 3 };

enum class ExpiryReason : int { kNone = 0, kUnfilledIoc = 1, kUnfilledFok = 2, kNoLiquidity = 3, kOtherLeg = 4 };

using AccountId = std::int64_t;

struct OrderTerms {
  AccountId account = 0;
  std::string symbol;
  // Unique among the account's open orders.
  std::string client_id;
  Side side = Side::kBuy;
  OrderType type = OrderType::kLimit;
  TimeInForce time_in_force = TimeInForce::kGtc;
  // Of the base asset; zero where `quote_quantity` says how much of the quote asset an order without a limit spends or
  // earns.
  Decimal quantity;
  Decimal quote_quantity;
  Decimal price;
  Decimal stop_price;
  // In basis points of the best price since it trails; zero: does not trail.
  int trailing_delta = 0;
  // Zero: all of it is shown.
  Decimal iceberg_quantity;
  SelfTrade self_trade = SelfTrade::kNone;
  // The caller's labels; handed back.
  std::optional<std::int64_t> strategy_id;
  std::optional<std::int64_t> strategy_type;
};

struct Order {
  OrderTerms terms;
  std::int64_t id = 0;
  // -1: of no list.
  std::int64_t list_id = -1;
  OrderStatus status = OrderStatus::kNew;
  ExpiryReason expiry = ExpiryReason::kNone;
  // What has traded, in both assets.
  Decimal executed;
  Decimal executed_quote;
  // What of the account's balance is locked for it: quote asset for a purchase, base asset for a sale.
  Decimal locked;
  // What others see of it in the book.
  Decimal visible;
  // In the book, or done; false while its trigger is waited for.
  bool working = false;
  // The best price since it trails; zero before.
  Decimal extreme;
  UtcTime created;
  UtcTime updated;
  // Without a value while not working.
  std::optional<UtcTime> working_since;

  [[nodiscard]] Decimal remaining() const { return terms.quantity - executed; }
  [[nodiscard]] bool open() const { return IsOpen(status); }
};

// One side of a trade.
struct Fill {
  std::int64_t trade_id = 0;
  std::int64_t order_id = 0;
  std::int64_t list_id = -1;
  AccountId account = 0;
  std::string symbol;
  Side side = Side::kBuy;
  Decimal price;
  Decimal quantity;
  Decimal quote;
  Decimal fee;
  std::string fee_asset;
  bool maker = false;
  UtcTime time;
};

// A trade as everybody sees it.
struct Print {
  std::int64_t id = 0;
  Decimal price;
  Decimal quantity;
  bool buyer_is_maker = false;
  UtcTime time;
};

// Two orders of which one ends the other.
struct OrderList {
  std::int64_t id = 0;
  AccountId account = 0;
  std::string symbol;
  std::string client_id;
  std::int64_t first = 0;
  std::int64_t second = 0;
  bool done = false;
  UtcTime time;
};

}  // namespace ballast::venue_simulator
