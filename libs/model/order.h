#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/decimal.h"
#include "libs/base/utc_time.h"
#include "libs/model/ids.h"
#include "libs/model/rejection.h"

namespace ballast {

// Enumerators carry the numbers of ballast.type.v1 / ballast.order.v1. Zero is "not said" and never stored.
enum class Side : int { kUnspecified = 0, kBuy = 1, kSell = 2 };
enum class OrderType : int { kUnspecified = 0, kMarket = 1, kLimit = 2, kStop = 3, kStopLimit = 4 };
enum class TimeInForce : int { kUnspecified = 0, kGtc = 1, kDay = 2, kIoc = 3, kFok = 4 };
enum class AccountMode : int { kUnspecified = 0, kPaper = 1, kLive = 2 };

enum class OrderStatus : int {
  kUnspecified = 0,
  kDenied = 1,      // refused here, never left; terminal
  kPendingNew = 2,  // durable, not yet claimed for sending
  kSubmitted = 3,   // claimed for sending, not confirmed
  kUnknown = 4,     // the send's outcome is not known; exposure stays reserved
  kNew = 5,
  kPartiallyFilled = 6,
  kPendingCancel = 7,
  kPendingReplace = 8,
  kFilled = 9,
  kCanceled = 10,
  kRejected = 11,
  kExpired = 12,
};

// +1 for a buy, -1 for a sell.
inline int SignOf(Side side) { return side == Side::kBuy ? 1 : -1; }
inline Side Opposite(Side side) { return side == Side::kBuy ? Side::kSell : Side::kBuy; }
// Nothing can follow but a late fill.
inline bool IsTerminal(OrderStatus status) {
  return status == OrderStatus::kDenied || status == OrderStatus::kFilled || status == OrderStatus::kCanceled ||
         status == OrderStatus::kRejected || status == OrderStatus::kExpired;
}

struct Order {
  OrderId order_id;
  AccountId account_id;
  RequestId request_id;
  DeploymentId deployment_id;
  Symbol symbol;
  Side side = Side::kUnspecified;
  OrderType type = OrderType::kUnspecified;
  TimeInForce time_in_force = TimeInForce::kUnspecified;
  Decimal quantity;
  std::optional<Decimal> limit_price;
  std::optional<Decimal> stop_price;
  bool reduce_only = false;
  OrderStatus status = OrderStatus::kUnspecified;
  Decimal cumulative_quantity;
  // quantity - cumulative while it can still fill, else zero.
  Decimal leaves_quantity;
  Decimal average_price;
  Decimal fees;
  std::string broker_order_id;
  std::optional<Rejection> rejection;
  UtcTime create_time;
  UtcTime update_time;
  std::uint64_t sequence = 0;
  AccountMode mode = AccountMode::kPaper;
  // Caller's words: "signal", "stop_loss", "take_profit", "manual", "emergency_stop".
  std::string reason;
  bool cancel_requested = false;
  // What was asked for, once `quantity` has been made smaller; zero before.
  Decimal requested_quantity;
  // The broker told UNKNOWN of it, and nothing since has said what became of it.
  bool outcome_unknown = false;

  friend bool operator==(const Order&, const Order&) = default;
};

struct Fill {
  ExecutionId execution_id;
  OrderId order_id;
  AccountId account_id;
  DeploymentId deployment_id;
  Symbol symbol;
  Side side = Side::kUnspecified;
  Decimal quantity;
  Decimal price;
  Decimal fee;
  std::string fee_currency;
  bool maker = false;
  UtcTime transact_time;
  std::uint64_t sequence = 0;
  std::string reason;
  // The execution that this one takes back, stands in the place of, or is a part of; empty for what was told first.
  ExecutionId exec_ref_id;
  // Of that execution, as the broker counts: 0 as it was first told.
  std::uint32_t version = 0;
  // Takes back: the other side, the same quantity and price, the fee given back. Booked like any other fill.
  bool reversal = false;

  friend bool operator==(const Fill&, const Fill&) = default;
};

// One line of the ordered list risk went through.
struct RiskCheck {
  std::string name;
  std::string limit;
  std::string used;
  std::string after;
  bool passed = false;

  friend bool operator==(const RiskCheck&, const RiskCheck&) = default;
};

enum class OrderEventType : int {
  kUnspecified = 0,
  kAccountOpened = 1,
  kDenied = 2,
  kPendingNew = 3,
  kSubmitted = 4,
  kAccepted = 5,
  kFilled = 6,
  kPendingCancel = 7,
  kCancelRejected = 8,
  kCanceled = 9,
  kRejected = 10,
  kExpired = 11,
  kUnknown = 12,
  kTriggered = 13,
  kIllegalReport = 14,
  kAccountHalted = 15,
  kAccountResumed = 16,
  kRestated = 17,
  kTradeCancel = 18,
  kTradeCorrect = 19,
};

// One fact of one account; sequences are gapless from 1. `order` is the order after the event.
struct OrderEvent {
  AccountId account_id;
  std::uint64_t sequence = 0;
  OrderEventType type = OrderEventType::kUnspecified;
  UtcTime event_time;
  std::optional<Order> order;
  std::optional<Fill> fill;
  std::optional<Rejection> rejection;
  std::string actor;
  // Account opened only.
  Decimal cash;
  std::string currency;
  std::vector<RiskCheck> checks;
  // The same as it goes over the wire, where nobody here looks into it; then `checks` is empty.
  std::string encoded_checks;
  // The broker report it came from; 0 when from elsewhere.
  std::uint64_t execution_sequence = 0;
  AccountMode mode = AccountMode::kPaper;

  friend bool operator==(const OrderEvent&, const OrderEvent&) = default;
};

}  // namespace ballast
