#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/model/order.h"

namespace ballast::broker {

// FIX ExecType; numbers of ballast.broker.v1.ExecutionType.
enum class ExecutionType : int {
  kUnspecified = 0,
  kNew = 1,
  kTrade = 2,
  kCanceled = 3,
  kRejected = 4,
  kExpired = 5,
  kCancelRejected = 6,
  kTriggered = 7,
  kRestated = 17,
  kTradeCancel = 18,
  kTradeCorrect = 19,
  kStatusUnknown = 20,
  kNotSent = 21,
  kReplaced = 22,
  kReplaceRejected = 23,
  kNeverAccepted = 310,
  // Made elsewhere, and told from here on.
  kAdopted = 440,
};

// One fact a venue tells about one order. Sequences are gapless from 1 per account.
struct Execution {
  AccountId account_id;
  std::uint64_t execution_sequence = 0;
  ExecutionType type = ExecutionType::kUnspecified;
  // Trades only; unique per account.
  ExecutionId execution_id;
  OrderId order_id;
  std::string broker_order_id;
  Symbol symbol;
  Side side = Side::kUnspecified;
  Decimal last_quantity;
  Decimal last_price;
  Decimal fee;
  std::string fee_currency;
  bool maker = false;
  Decimal cumulative_quantity;
  Decimal leaves_quantity;
  UtcTime transact_time;
  std::optional<Rejection> rejection;
  // TRADE_CANCEL and TRADE_CORRECT: the root execution they are about, and which version of it.
  ExecutionId exec_ref_id;
  std::uint32_t version = 0;
  // REPLACED and REPLACE_REJECTED: what was asked for; of REPLACED all the terms the order has now.
  std::optional<Replacement> replacement;
  // NEVER_ACCEPTED: what proves it, oldest first.
  std::vector<VenueAnswer> evidence = {};
  // ADOPTED: the order as the venue has it.
  std::optional<Order> adopted = {};

  friend bool operator==(const Execution&, const Execution&) = default;
};

}  // namespace ballast::broker
