#pragma once

#include <array>
#include <map>
#include <optional>
#include <vector>

#include "libs/execution/parent.h"

namespace ballast::execution {

// How the market stood so long after the fills, against them.
struct Markout {
  Duration after;
  // Positive: in the order's favour.
  Decimal amount;
  // Of the fills' notional; zero where nothing was measured.
  Decimal basis_points;
  Decimal measured_quantity;

  friend bool operator==(const Markout&, const Markout&) = default;
};

// What was lost against the decision's price, in money (Perold, "The implementation shortfall", 1988). Positive: lost.
struct Shortfall {
  // From the decision to the arrival, on what filled.
  Decimal delay;
  // From the arrival to the fills.
  Decimal execution;
  // From the decision to the end, on what did not fill.
  Decimal opportunity;
  Decimal fees;

  [[nodiscard]] Decimal total() const { return delay + execution + opportunity + fees; }
  friend bool operator==(const Shortfall&, const Shortfall&) = default;
};

// How one parent order was executed. A benchmark that is not known, or without fills, is nothing.
struct OrderQuality {
  // Basis points of the benchmark; positive: worse than it.
  std::optional<Decimal> arrival_slippage;
  std::optional<Decimal> decision_slippage;
  std::optional<Decimal> vwap_slippage;
  // Nothing where decision or arrival are not known.
  std::optional<Shortfall> shortfall;
  std::array<Markout, kMarkouts.size()> markouts = {};
  // 0 to 1.
  Decimal fill_ratio;
  int children = 0;
  int refused = 0;
  // In money: half of the spread at the arrival, on what took less what rested. Of single orders only.
  std::optional<Decimal> spread_cost = {};

  friend bool operator==(const OrderQuality&, const OrderQuality&) = default;
};

// What an order, or a parent's children together, came to, and the prices it is held against; zero: not known.
struct Executed {
  Side side = Side::kUnspecified;
  Decimal quantity;
  Decimal filled;
  Decimal average_price;
  Decimal fees;
  Decimal decision_price;
  Decimal arrival_price;
  Decimal last_price;
};

// Arrival, decision, shortfall and fill ratio; nothing else.
OrderQuality Measure(const Executed& executed);
std::array<Markout, kMarkouts.size()> MarkoutsOf(const std::vector<FillMark>& fills, Side side);
OrderQuality QualityOf(const Parent& parent);

// How a venue dealt with the children that went there.
struct VenueQuality {
  int children = 0;
  int refused = 0;
  // Of those that were not refused and have ended.
  Decimal sent;
  Decimal filled;
  int measured = 0;
  Duration latency_sum;

  void Add(const ChildOrder& child);
  // 0 to 1; 1 while nothing is known.
  [[nodiscard]] Decimal FillRatio() const;
  [[nodiscard]] Decimal RejectRatio() const;
  // Mean; zero: not measured.
  [[nodiscard]] Duration Latency() const;
  // 0 to 1: the part of what was meant for it that it has filled. With few children it is near 1: each counts as if
  // kPrior others had been filled whole.
  [[nodiscard]] Decimal Score() const;
  static constexpr int kPrior = 5;
};

// What a plan counts a venue's dealings with, as fractions of notional: 50 basis points for one that fills nothing, and
// 0.01 of one for each millisecond.
Decimal ReliabilityPenalty(const VenueQuality& quality);
Decimal LatencyPenalty(Duration latency);
// Both of them, by what was measured.
Decimal PenaltyOf(const VenueQuality& quality);

}  // namespace ballast::execution
