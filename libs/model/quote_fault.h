#pragma once

#include "libs/model/market.h"

namespace ballast {

// Why a quote cannot be traded on.
enum class QuoteFault : int { kNone = 0, kNegative = 1, kOneSided = 2, kCrossed = 3, kLocked = 4 };

// A side without size is no fault: there is nothing to trade with on that side.
constexpr QuoteFault FaultOf(Decimal bid_price, Decimal bid_size, Decimal ask_price, Decimal ask_size) {
  if (bid_price.IsNegative() || ask_price.IsNegative() || bid_size.IsNegative() || ask_size.IsNegative())
    return QuoteFault::kNegative;
  if (bid_price.IsZero() || ask_price.IsZero()) return QuoteFault::kOneSided;
  if (bid_price > ask_price) return QuoteFault::kCrossed;
  return bid_price == ask_price ? QuoteFault::kLocked : QuoteFault::kNone;
}

constexpr const char* NameOf(QuoteFault fault) {
  switch (fault) {
    case QuoteFault::kNone:
      return "sound";
    case QuoteFault::kNegative:
      return "negative";
    case QuoteFault::kOneSided:
      return "without a price on a side";
    case QuoteFault::kCrossed:
      return "crossed";
    case QuoteFault::kLocked:
      return "locked";
  }
  return "";
}

}  // namespace ballast
