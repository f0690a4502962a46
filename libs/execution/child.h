#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "libs/base/decimal.h"
#include "libs/base/utc_time.h"
#include "libs/model/order.h"

namespace ballast::execution {

// What is sent as one child order.
struct ChildTerms {
  Decimal quantity;
  OrderType type = OrderType::kUnspecified;
  TimeInForce time_in_force = TimeInForce::kUnspecified;
  std::optional<Decimal> limit_price;

  friend bool operator==(const ChildTerms&, const ChildTerms&) = default;
};

// So long after a fill the market is looked at.
inline constexpr std::array<Duration, 4> kMarkouts = {Duration::Seconds(1), Duration::Seconds(10),
                                                      Duration::Seconds(60), Duration::Seconds(300)};

// A market that is looked at so much later is another one: a tenth of the time, at least 2 s.
constexpr Duration LookLateMax(Duration after) { return std::max(Duration::Seconds(2), Duration{after.nanos / 10}); }

// What of a child filled at once, and how the market's middle stood after each of kMarkouts; zero: not yet, or the
// market was not there then.
struct FillMark {
  // Market time.
  UtcTime time;
  Decimal quantity;
  Decimal price;
  std::array<Decimal, kMarkouts.size()> middles = {};

  friend bool operator==(const FillMark&, const FillMark&) = default;
};

// One child order of a parent, as it was last seen.
struct ChildOrder {
  // From 1; its request id is made of the parent's id and this, so it is never used for another.
  std::uint32_t number = 0;
  ChildTerms terms;
  // Unspecified: it is meant, and nobody has answered for it yet.
  OrderStatus status = OrderStatus::kUnspecified;
  OrderId order_id;
  Decimal filled;
  // Zero until the first fill.
  Decimal average_price;
  Decimal fees;
  // It can trade no more.
  bool ended = false;
  // Ended, and there has never been an order of it.
  bool never_sent = false;
  // We have asked for it.
  bool cancel_requested = false;
  // Market time.
  UtcTime send_time;
  std::optional<Rejection> rejection;
  // The market's middle as it was decided.
  Decimal decision_price;
  // Of the order's event that it was last seen with: an older one says nothing.
  std::uint64_t sequence = 0;
  // As they were heard of; what comes after kFillMarksMax of them is not looked at.
  std::vector<FillMark> fills = {};
  static constexpr std::size_t kFillMarksMax = 100;
  // From sending it to its answer; zero: not measured.
  Duration latency = {};

  // Nobody has answered for it.
  [[nodiscard]] bool unanswered() const { return status == OrderStatus::kUnspecified && !ended; }
  // Nobody knows what became of it: what it has left counts as working until evidence is there.
  [[nodiscard]] bool unknown() const { return status == OrderStatus::kUnknown; }
  // What it may still trade.
  [[nodiscard]] Decimal leaves() const {
    return ended || filled >= terms.quantity ? Decimal() : terms.quantity - filled;
  }

  friend bool operator==(const ChildOrder&, const ChildOrder&) = default;
};

}  // namespace ballast::execution
