#pragma once

#include <optional>

#include "libs/model/market.h"
#include "libs/model/order.h"

namespace ballast {

// Which orders wait for a price, and what that price is compared with: one rule for whoever watches one.

inline bool IsTrailing(OrderType type) {
  return type == OrderType::kTrailingStop || type == OrderType::kTrailingStopLimit;
}
inline bool IsTakeProfit(OrderType type) {
  return type == OrderType::kTakeProfit || type == OrderType::kTakeProfitLimit;
}
// Fires when the market moves against the position it closes, trailing or not.
inline bool IsStop(OrderType type) {
  return type == OrderType::kStop || type == OrderType::kStopLimit || IsTrailing(type);
}
inline bool HasTrigger(OrderType type) { return IsStop(type) || IsTakeProfit(type); }
// Trades at no worse than its limit once it works.
inline bool HasLimit(OrderType type) {
  return type == OrderType::kLimit || type == OrderType::kStopLimit || type == OrderType::kTakeProfitLimit ||
         type == OrderType::kTrailingStopLimit;
}
// Works on after the call that brought it.
inline bool Rests(TimeInForce time_in_force) {
  return time_in_force == TimeInForce::kGtc || time_in_force == TimeInForce::kDay || time_in_force == TimeInForce::kGtd;
}
// Only in an auction.
inline bool IsAuction(TimeInForce time_in_force) {
  return time_in_force == TimeInForce::kAtOpen || time_in_force == TimeInForce::kAtClose;
}

// The price a trigger of that side is compared with: what the order would trade against, the ask for a buy and the bid
// for a sell, or the last trade. Zero when there is none, and nothing triggers on it.
inline Decimal TriggerPrice(Side side, TriggerSource source, const Quote& quote) {
  if (source == TriggerSource::kLast) return quote.last_price;
  return side == Side::kBuy ? quote.ask_price : quote.bid_price;
}

// Whether `price` reaches the trigger at `at`. Equal counts, as it does at venues.
inline bool Reaches(OrderType type, Side side, Decimal at, Decimal price) {
  if (!price.IsPositive()) return false;
  bool upwards = (side == Side::kBuy) == IsStop(type);
  return upwards ? price >= at : price <= at;
}

}  // namespace ballast
