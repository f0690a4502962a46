#include "libs/execution/quality.h"

#include <algorithm>

namespace ballast::execution {
namespace {

Decimal Signed(Decimal value, Side side) { return side == Side::kBuy ? value : -value; }

// Of `base`, in basis points.
Decimal BasisPoints(Decimal amount, Decimal base) {
  return MultiplyDivide(amount, Decimal::FromInt(10'000), base, Rounding::kHalfEven);
}

std::optional<Decimal> Slippage(Decimal average, Decimal benchmark, Side side) {
  if (average.IsZero() || !benchmark.IsPositive()) return std::nullopt;
  return BasisPoints(Signed(average - benchmark, side), benchmark);
}

bool Refused(const ChildOrder& child) {
  return child.status == OrderStatus::kDenied || child.status == OrderStatus::kRejected;
}

Markout MarkoutOf(const std::vector<FillMark>& fills, Side side, std::size_t at) {
  Markout markout{.after = kMarkouts[at], .amount = {}, .basis_points = {}, .measured_quantity = {}};
  Decimal notional;
  for (const FillMark& fill : fills) {
    if (fill.middles[at].IsZero()) continue;
    markout.measured_quantity += fill.quantity;
    notional += Multiply(fill.quantity, fill.price, Rounding::kHalfEven);
    markout.amount += Multiply(fill.quantity, Signed(fill.middles[at] - fill.price, side), Rounding::kHalfEven);
  }
  if (notional.IsPositive()) markout.basis_points = BasisPoints(markout.amount, notional);
  return markout;
}

}  // namespace

OrderQuality Measure(const Executed& executed) {
  OrderQuality quality;
  quality.arrival_slippage = Slippage(executed.average_price, executed.arrival_price, executed.side);
  quality.decision_slippage = Slippage(executed.average_price, executed.decision_price, executed.side);
  quality.fill_ratio = Divide(executed.filled, executed.quantity, Rounding::kHalfEven);
  const bool arrived = executed.arrival_price.IsPositive();
  if (!executed.decision_price.IsPositive() || (!arrived && !executed.filled.IsZero())) return quality;
  // An order that never began has lost only opportunity.
  const Decimal arrival = arrived ? executed.arrival_price : executed.decision_price;
  const Decimal last = executed.last_price.IsPositive() ? executed.last_price : arrival;
  const Decimal unfilled = std::max(Decimal(), executed.quantity - executed.filled);
  auto cost = [&](Decimal to, Decimal from, Decimal quantity) {
    return Multiply(Signed(to - from, executed.side), quantity, Rounding::kHalfEven);
  };
  quality.shortfall = Shortfall{
      .delay = cost(arrival, executed.decision_price, executed.filled),
      .execution = executed.filled.IsZero() ? Decimal() : cost(executed.average_price, arrival, executed.filled),
      .opportunity = cost(last, executed.decision_price, unfilled),
      .fees = executed.fees};
  return quality;
}

std::array<Markout, kMarkouts.size()> MarkoutsOf(const std::vector<FillMark>& fills, Side side) {
  std::array<Markout, kMarkouts.size()> markouts;
  for (std::size_t at = 0; at < kMarkouts.size(); ++at) markouts[at] = MarkoutOf(fills, side, at);
  return markouts;
}

OrderQuality QualityOf(const Parent& parent) {
  const ParentRecord& record = parent.record();
  const Side side = record.spec.side;
  OrderQuality quality = Measure({.side = side,
                                  .quantity = record.spec.quantity,
                                  .filled = parent.Filled(),
                                  .average_price = parent.AveragePrice(),
                                  .fees = parent.Fees(),
                                  .decision_price = record.decision_price,
                                  .arrival_price = record.arrival_price,
                                  .last_price = record.last_price});
  if (record.market_volume.IsPositive()) {
    Decimal vwap = Divide(record.market_notional, record.market_volume, Rounding::kHalfEven);
    quality.vwap_slippage = Slippage(parent.AveragePrice(), vwap, side);
  }
  std::vector<FillMark> fills;
  for (const auto& [number, child] : record.children) {
    fills.insert(fills.end(), child.fills.begin(), child.fills.end());
    ++quality.children;
    if (Refused(child)) ++quality.refused;
  }
  quality.markouts = MarkoutsOf(fills, side);
  return quality;
}

void VenueQuality::Add(const ChildOrder& child) {
  if (child.never_sent || child.unanswered()) return;
  ++children;
  if (child.latency.nanos > 0) {
    ++measured;
    latency_sum.nanos += child.latency.nanos;
  }
  if (Refused(child)) {
    ++refused;
  } else if (child.ended && !child.cancel_requested) {
    sent += child.terms.quantity;
    filled += child.filled;
  }
}

Decimal VenueQuality::FillRatio() const {
  return sent.IsZero() ? Decimal::FromInt(1) : Divide(filled, sent, Rounding::kHalfEven);
}

Decimal VenueQuality::RejectRatio() const {
  if (children == 0) return {};
  return Divide(Decimal::FromInt(refused), Decimal::FromInt(children), Rounding::kHalfEven);
}

Duration VenueQuality::Latency() const { return {measured == 0 ? 0 : latency_sum.nanos / measured}; }

Decimal ReliabilityPenalty(const VenueQuality& quality) {
  return Multiply(Decimal::FromInt(1) - quality.Score(), Decimal::Of("0.005"), Rounding::kHalfEven);
}

Decimal LatencyPenalty(Duration latency) {
  Decimal milliseconds = Divide(Decimal::FromInt(latency.nanos), Decimal::FromInt(1'000'000), Rounding::kHalfEven);
  return Multiply(milliseconds, Decimal::Of("0.000001"), Rounding::kHalfEven);
}

Decimal PenaltyOf(const VenueQuality& quality) {
  return ReliabilityPenalty(quality) + LatencyPenalty(quality.Latency());
}

Decimal VenueQuality::Score() const {
  Decimal good = Multiply(FillRatio(), Decimal::FromInt(children - refused), Rounding::kHalfEven);
  return Divide(good + Decimal::FromInt(kPrior), Decimal::FromInt(children + kPrior), Rounding::kHalfEven);
}

}  // namespace ballast::execution
