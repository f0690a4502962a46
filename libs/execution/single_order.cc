#include "libs/execution/single_order.h"

#include <algorithm>
#include <utility>

namespace ballast::execution {
namespace {

Decimal MiddleThen(const std::optional<SeenQuote>& then) { return then ? then->Middle() : Decimal(); }

// Of the quantity that took, without that which rested.
Decimal TakenNet(const SingleOrderRecord& record) {
  Decimal taken;
  for (const SingleFill& fill : record.fills) taken += fill.maker ? -fill.mark.quantity : fill.mark.quantity;
  return taken;
}

}  // namespace

SingleOrder::SingleOrder(const Order& order, const std::optional<SeenQuote>& then) {
  record_.side = order.side;
  record_.type = order.type;
  record_.decision_price = MiddleThen(then);
  (void)OnOrder(order, then);
}

void SingleOrder::Arrive(const std::optional<SeenQuote>& then) {
  record_.arrived = true;
  if (MiddleThen(then).IsZero()) return;
  record_.arrival_bid = then->bid;
  record_.arrival_ask = then->ask;
}

bool SingleOrder::OnOrder(const Order& order, const std::optional<SeenQuote>& then) {
  if (order.sequence <= record_.sequence && record_.sequence > 0) return false;
  record_.sequence = order.sequence;
  record_.quantity = order.quantity;
  record_.status = order.status;
  record_.filled = order.cumulative_quantity;
  record_.average_price = order.average_price;
  record_.fees = order.fees;
  record_.cancel_requested = order.cancel_requested;
  record_.rejection = order.rejection;
  if (!record_.arrived && order.status != OrderStatus::kHeld) Arrive(then);
  record_.last_price = IsTerminal(order.status) ? MiddleThen(then) : Decimal();
  return true;
}

void SingleOrder::OnFill(const Fill& fill) {
  const std::string& id = fill.execution_id.value();
  const bool known = std::any_of(record_.fills.begin(), record_.fills.end(),
                                 [&](const SingleFill& one) { return one.execution_id == id; });
  if (known || record_.fills.size() >= ChildOrder::kFillMarksMax) return;
  record_.fills.push_back({.execution_id = id,
                           .maker = fill.maker,
                           .mark = {.time = fill.transact_time, .quantity = fill.quantity, .price = fill.price}});
}

void SingleOrder::OnTakenBack(const ExecutionId& execution) {
  std::erase_if(record_.fills, [&](const SingleFill& one) { return one.execution_id == execution.value(); });
}

bool SingleOrder::Mark(const QuotePast& past, UtcTime now) {
  bool marked = false;
  for (SingleFill& fill : record_.fills) {
    for (std::size_t i = 0; i < kMarkouts.size(); ++i) {
      const UtcTime due = fill.mark.time + kMarkouts[i];
      if (!fill.mark.middles[i].IsZero() || now < due) continue;
      const Decimal middle = MiddleThen(past.AsOfMarket(due, LookLateMax(kMarkouts[i])));
      if (middle.IsZero()) continue;
      fill.mark.middles[i] = middle;
      marked = true;
    }
  }
  return marked;
}

bool SingleOrder::Watched(UtcTime now) const {
  if (!IsTerminal(record_.status)) return true;
  const Duration longest = kMarkouts.back();
  return std::any_of(record_.fills.begin(), record_.fills.end(), [&](const SingleFill& fill) {
    return fill.mark.middles.back().IsZero() && now <= fill.mark.time + longest + LookLateMax(longest);
  });
}

OrderQuality QualityOf(const SingleOrderRecord& record) {
  const Decimal arrival = SeenQuote{.bid = record.arrival_bid, .ask = record.arrival_ask}.Middle();
  OrderQuality quality = Measure({.side = record.side,
                                  .quantity = record.quantity,
                                  .filled = record.filled,
                                  .average_price = record.average_price,
                                  .fees = record.fees,
                                  .decision_price = record.decision_price,
                                  .arrival_price = arrival,
                                  .last_price = record.last_price});
  std::vector<FillMark> marks;
  for (const SingleFill& fill : record.fills) marks.push_back(fill.mark);
  quality.markouts = MarkoutsOf(marks, record.side);
  if (arrival.IsPositive() && !record.fills.empty()) {
    const Decimal half = Divide(record.arrival_ask - record.arrival_bid, Decimal::FromInt(2), Rounding::kHalfEven);
    quality.spread_cost = Multiply(half, TakenNet(record), Rounding::kHalfEven);
  }
  return quality;
}

std::optional<ChildOrder> ScoredOrder(const SingleOrderRecord& record) {
  const bool refused = record.status == OrderStatus::kRejected;
  if (refused && (!record.rejection || (record.rejection->reason != RejectReason::kBrokerRejected &&
                                        record.rejection->reason != RejectReason::kBrokerUnavailable)))
    return std::nullopt;
  const bool taken = !refused && !record.filled.IsZero();
  // One that a person cancelled, or that rested, says nothing of how much the venue fills.
  if (!refused && !taken &&
      (record.type != OrderType::kMarket || !IsTerminal(record.status) || record.cancel_requested))
    return std::nullopt;
  ChildOrder child{.terms = {.quantity = record.quantity}};
  child.status = record.status;
  child.filled = record.filled;
  child.ended = IsTerminal(record.status);
  child.cancel_requested = record.cancel_requested || record.type != OrderType::kMarket;
  child.rejection = record.rejection;
  return child;
}

}  // namespace ballast::execution
