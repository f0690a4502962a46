#include "libs/execution/quality.h"

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

Markout MarkoutOf(const ParentRecord& record, std::size_t at) {
  Markout markout{.after = kMarkouts[at], .amount = {}, .basis_points = {}, .measured_quantity = {}};
  Decimal notional;
  for (const auto& [number, child] : record.children) {
    for (const FillMark& fill : child.fills) {
      if (fill.middles[at].IsZero()) continue;
      markout.measured_quantity += fill.quantity;
      notional += Multiply(fill.quantity, fill.price, Rounding::kHalfEven);
      markout.amount +=
          Multiply(fill.quantity, Signed(fill.middles[at] - fill.price, record.spec.side), Rounding::kHalfEven);
    }
  }
  if (notional.IsPositive()) markout.basis_points = BasisPoints(markout.amount, notional);
  return markout;
}

}  // namespace

OrderQuality QualityOf(const Parent& parent) {
  const ParentRecord& record = parent.record();
  const Side side = record.spec.side;
  const Decimal average = parent.AveragePrice();
  const Decimal filled = parent.Filled();
  OrderQuality quality;
  quality.arrival_slippage = Slippage(average, record.arrival_price, side);
  quality.decision_slippage = Slippage(average, record.decision_price, side);
  if (record.market_volume.IsPositive()) {
    Decimal vwap = Divide(record.market_notional, record.market_volume, Rounding::kHalfEven);
    quality.vwap_slippage = Slippage(average, vwap, side);
  }
  // An order that never began has lost only opportunity.
  Decimal arrival = record.arrival_price.IsPositive() ? record.arrival_price : record.decision_price;
  if (record.decision_price.IsPositive() && (filled.IsZero() || record.arrival_price.IsPositive())) {
    Decimal last = record.last_price.IsPositive() ? record.last_price : arrival;
    Decimal unfilled = std::max(Decimal(), record.spec.quantity - filled);
    auto cost = [&](Decimal to, Decimal from, Decimal quantity) {
      return Multiply(Signed(to - from, side), quantity, Rounding::kHalfEven);
    };
    quality.shortfall = Shortfall{.delay = cost(arrival, record.decision_price, filled),
                                  .execution = filled.IsZero() ? Decimal() : cost(average, arrival, filled),
                                  .opportunity = cost(last, record.decision_price, unfilled),
                                  .fees = parent.Fees()};
  }
  for (std::size_t at = 0; at < kMarkouts.size(); ++at) quality.markouts[at] = MarkoutOf(record, at);
  quality.fill_ratio = Divide(filled, record.spec.quantity, Rounding::kHalfEven);
  for (const auto& [number, child] : record.children) {
    ++quality.children;
    if (Refused(child)) ++quality.refused;
  }
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
