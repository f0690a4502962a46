#include <algorithm>
#include <utility>

#include "libs/model/external.h"
#include "libs/orders/account.h"
#include "libs/orders/set_status.h"
#include "libs/orders/transition.h"

// What the broker tells of the account's orders.
namespace ballast::orders {
namespace {

// The order after a fill: quantities, average price, fees. Never loses a fill.
void Book(Order& order, const Fill& fill) {
  Decimal before = order.cumulative_quantity;
  order.cumulative_quantity += fill.quantity;
  if (order.cumulative_quantity.IsPositive()) {
    Decimal cost = Multiply(order.average_price, before, Rounding::kHalfEven) +
                   Multiply(fill.price, fill.quantity, Rounding::kHalfEven);
    order.average_price = Divide(cost, order.cumulative_quantity, Rounding::kHalfEven);
  }
  order.fees += fill.fee;
}

void Unbook(Order& order, Decimal quantity, Decimal price, Decimal fee) {
  Decimal cost = Multiply(order.average_price, order.cumulative_quantity, Rounding::kHalfEven) -
                 Multiply(price, quantity, Rounding::kHalfEven);
  order.cumulative_quantity -= quantity;
  bool any = order.cumulative_quantity.IsPositive();
  order.average_price = any ? Divide(cost, order.cumulative_quantity, Rounding::kHalfEven) : Decimal();
  order.fees -= fee;
}

void Join(std::vector<OrderEvent>& events, std::vector<OrderEvent> more) {
  for (OrderEvent& event : more) events.push_back(std::move(event));
}

Rejection ToldAgain(const Fill& fill) {
  return {.reason = RejectReason::kIllegalTransition,
          .check = "execution_id",
          .observed = fill.execution_id.value(),
          .message = "the broker told an execution again that is booked already"};
}

Rejection IllegalFor(const Report& report, const Order* order) {
  return {.reason = RejectReason::kIllegalTransition,
          .check = "order_state",
          .observed = std::to_string(static_cast<int>(report.type)),
          .message = order == nullptr ? "the broker reports on an order that is not ours: " + report.order_id.value()
                                      : "the broker reports what order " + report.order_id.value() + " cannot do"};
}

// The fill's share of one book. The fee goes with the quantity; the last share takes what rounding left.
Fill ShareOf(const Fill& fill, const Books::Part& part, std::size_t index, bool last, Decimal fee_told) {
  Fill share = fill;
  share.deployment_id = part.deployment_id;
  share.quantity = part.quantity;
  if (index > 0) {
    share.execution_id = ExecutionId(fill.execution_id.value() + "#" + std::to_string(index + 1));
    if (share.exec_ref_id.empty()) share.exec_ref_id = fill.execution_id;
  }
  share.fee = last ? fill.fee - fee_told : MultiplyDivide(fill.fee, part.quantity, fill.quantity, Rounding::kDown);
  return share;
}

}  // namespace

std::vector<OrderEvent> Account::Quarantine(std::uint64_t execution_sequence, const std::string& message, UtcTime now) {
  std::vector<OrderEvent> events;
  OrderEvent event = Next(OrderEventType::kIllegalReport, now, "broker");
  event.execution_sequence = execution_sequence;
  event.rejection = Rejection{.reason = RejectReason::kMalformed, .check = "broker_report", .message = message};
  Push(std::move(event), events);
  Join(events, Halt("a broker report could not be used", "system", now));
  return events;
}

OrderEvent Account::NextOf(const Report& report, const Order* order, UtcTime now) const {
  OrderEvent event = Next(report.type, now, "broker");
  event.execution_sequence = report.execution_sequence;
  event.rejection = report.rejection;
  if (order == nullptr) return event;
  event.order = *order;
  if (!report.broker_order_id.empty()) event.order->broker_order_id = report.broker_order_id;
  return event;
}

std::vector<OrderEvent> Account::Illegal(const Report& report, Rejection why, bool halt, UtcTime now) {
  std::vector<OrderEvent> events;
  OrderEvent event = Next(OrderEventType::kIllegalReport, now, "broker");
  event.execution_sequence = report.execution_sequence;
  if (const Order* order = Find(report.order_id)) event.order = *order;
  event.rejection = std::move(why);
  Push(std::move(event), events);
  if (halt) Join(events, Halt("illegal broker report", "system", now));
  return events;
}

std::vector<OrderEvent> Account::HaltIfOverfilled(const OrderId& id, UtcTime now) {
  const Order* order = Find(id);
  if (order->cumulative_quantity <= order->quantity) return {};
  return Halt("order " + id.value() + " was overfilled", "system", now);
}

std::vector<OrderEvent> Account::HaltIfTooMuchIsUnknown(UtcTime now) {
  std::size_t count = 0;
  for (const auto& [symbol, ids] : unknown_) count += ids.size();
  if (count < kUnknownMax) return {};
  return Halt(std::to_string(count) + " orders of unknown outcome at once", "system", now);
}

std::vector<OrderEvent> Account::Reopen(const OrderId& id, const Report* report, const std::string& why, UtcTime now) {
  const Order* order = Find(id);
  const OrderStatus was = order->status;
  std::optional<OrderStatus> next = NextStatus(
      {.from = was, .event = OrderEventType::kReopened, .any_filled = order->cumulative_quantity.IsPositive()});
  if (!next) return {};
  std::vector<OrderEvent> events;
  OrderEvent event = report != nullptr ? NextOf(*report, order, now) : Next(OrderEventType::kReopened, now, "broker");
  event.type = OrderEventType::kReopened;
  event.order = *order;
  if (report != nullptr && !report->broker_order_id.empty()) event.order->broker_order_id = report->broker_order_id;
  event.order->rejection.reset();
  event.rejection = Rejection{.reason = RejectReason::kIllegalTransition,
                              .check = "order_state",
                              .observed = std::to_string(static_cast<int>(was)),
                              .message = "the order had ended, and " + why};
  SetStatus(*event.order, *next);
  Push(std::move(event), events);
  bool certain = was == OrderStatus::kRejected || was == OrderStatus::kNeverAccepted;
  if (certain)
    Join(events, Halt("order " + id.value() + " is at the broker after it was said not to be", "system", now));
  return events;
}

// The order must be there: what an execution says of it is booked, in one part for each book it moves.
std::vector<OrderEvent> Account::BookFill(const Report& report, const OrderId& id, UtcTime now) {
  std::vector<OrderEvent> events;
  const Order* order = Find(id);
  std::vector<Books::Part> parts = books_.Attribute(*order, report.fill.quantity);
  Decimal fee_told;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    OrderEvent event = NextOf(report, order, now);
    event.fill = ShareOf(report.fill, parts[i], i, i + 1 == parts.size(), fee_told);
    fee_told += event.fill->fee;
    event.fill->order_id = id;
    event.fill->reason = order->reason;
    event.fill->sequence = event.sequence;
    Book(*event.order, *event.fill);
    event.order->outcome_unknown = false;
    // Of nobody knows what size: it is as large as what it filled.
    if (MadeElsewhere(*event.order))
      event.order->quantity = std::max(event.order->quantity, event.order->cumulative_quantity);
    bool complete = event.order->cumulative_quantity >= event.order->quantity;
    std::optional<OrderStatus> next = NextStatus({.from = order->status, .event = report.type, .complete = complete});
    SetStatus(*event.order, next.value_or(order->status));
    Push(std::move(event), events);
    order = Find(id);
    // Refused here, and yet it traded: the money has moved.
    if (!next) Join(events, Illegal(report, IllegalFor(report, order), true, now));
  }
  return events;
}

std::vector<OrderEvent> Account::TakeBack(const Report& report, UtcTime now) {
  const Booked* booked = executions_.Find(report.fill.exec_ref_id.value());
  const Order* order = Find(report.order_id);
  if (order == nullptr || booked == nullptr) {
    return Illegal(report,
                   {.reason = RejectReason::kIllegalTransition,
                    .check = "execution_id",
                    .observed = report.fill.exec_ref_id.value(),
                    .message = "the broker takes back a trade that is not known here"},
                   true, now);
  }
  bool already = report.type == OrderEventType::kTradeCancel && booked->shares.empty();
  if (already || report.fill.version <= booked->version) return Illegal(report, ToldAgain(report.fill), false, now);
  std::vector<OrderEvent> events;
  for (const Share& share : std::vector<Share>(booked->shares)) {
    OrderEvent event = NextOf(report, order, now);
    event.type = OrderEventType::kTradeCancel;
    event.fill = report.fill;
    event.fill->execution_id =
        ExecutionId(share.execution_id.value() + "/" + std::to_string(report.fill.version) + "r");
    event.fill->order_id = order->order_id;
    event.fill->account_id = snapshot_.id;
    event.fill->deployment_id = share.deployment_id;
    event.fill->symbol = order->symbol;
    event.fill->side = Opposite(order->side);
    event.fill->quantity = share.quantity;
    event.fill->price = share.price;
    event.fill->fee = -share.fee;
    event.fill->fee_currency = share.fee_currency;
    event.fill->reason = order->reason;
    event.fill->sequence = event.sequence;
    event.fill->reversal = true;
    Unbook(*event.order, share.quantity, share.price, share.fee);
    std::optional<OrderStatus> next = NextStatus({.from = order->status,
                                                  .event = OrderEventType::kTradeCancel,
                                                  .complete = event.order->cumulative_quantity >= order->quantity,
                                                  .any_filled = event.order->cumulative_quantity.IsPositive()});
    SetStatus(*event.order, next.value_or(order->status));
    Push(std::move(event), events);
    order = Find(report.order_id);
  }
  // What was counted on is not so: reductions only, until a person has looked.
  auto halt = [&](const char* what) {
    Join(events,
         Halt(std::string("the broker ") + what + " the trade " + report.fill.exec_ref_id.value(), "system", now));
  };
  if (report.type == OrderEventType::kTradeCancel) {
    halt("has taken back");
    return events;
  }
  Report corrected = report;
  corrected.fill.account_id = snapshot_.id;
  corrected.fill.symbol = order->symbol;
  corrected.fill.side = order->side;
  Join(events, BookFill(corrected, report.order_id, now));
  Join(events, HaltIfOverfilled(report.order_id, now));
  halt("has corrected");
  return events;
}

std::vector<OrderEvent> Account::ApplyReport(const Report& report, UtcTime now) {
  if (report.type == OrderEventType::kTradeCancel || report.type == OrderEventType::kTradeCorrect)
    return TakeBack(report, now);
  if (report.type == OrderEventType::kAdopted) return Adopt(report, now);
  const Order* order = Find(report.order_id);
  if (report.type == OrderEventType::kFilled) {
    if (executions_.Contains(report.fill.execution_id.value()))
      return Illegal(report, ToldAgain(report.fill), false, now);
    const bool unknown = order == nullptr;
    if (unknown) order = AddExternal(report, now);
    const OrderId id = order->order_id;
    std::vector<OrderEvent> events = Reopen(id, nullptr, "it has traded", now);
    Join(events, BookFill(report, id, now));
    if (unknown && Asks(snapshot_.external.handling))
      Join(events, Halt("a fill of an order that is not ours was booked", "system", now));
    Join(events, HaltIfOverfilled(id, now));
    return events;
  }
  if (order == nullptr) return Illegal(report, IllegalFor(report, order), true, now);
  if (report.type == OrderEventType::kAccepted && order->status == OrderStatus::kNeverAccepted)
    return Reopen(report.order_id, &report, "the broker has it", now);
  std::vector<OrderEvent> events;
  OrderEvent event = NextOf(report, order, now);
  event.evidence = report.evidence;
  if (report.type == OrderEventType::kRestated) {
    if (event.order->requested_quantity.IsZero()) event.order->requested_quantity = order->quantity;
    event.order->quantity = report.quantity;
    event.order->rejection = report.rejection;
  }
  bool of_replace = report.type == OrderEventType::kReplaced || report.type == OrderEventType::kReplaceRejected;
  if (of_replace) TakeTerms(report, *event.order);
  std::optional<OrderStatus> next = NextStatus({.from = order->status,
                                                .event = report.type,
                                                .complete = order->cumulative_quantity >= event.order->quantity,
                                                .any_filled = event.order->cumulative_quantity.IsPositive(),
                                                .outcome_unknown = order->outcome_unknown,
                                                .replace_pending = order->pending_replace.has_value()});
  if (!next) return Illegal(report, IllegalFor(report, order), true, now);
  // A refused cancel is no evidence: the order may never have been there, or have ended.
  if (report.type == OrderEventType::kUnknown) {
    event.order->outcome_unknown = order->broker_order_id.empty() && order->cumulative_quantity.IsZero();
  } else if (report.type != OrderEventType::kCancelRejected && report.type != OrderEventType::kReplaceRejected) {
    event.order->outcome_unknown = false;
  }
  if (report.type == OrderEventType::kCancelRejected) event.order->cancel_requested = false;
  // Why it ended when it did not fill: what the venue refused, cut off or let expire. A cancel of ours has no reason.
  bool ended = report.type == OrderEventType::kRejected || report.type == OrderEventType::kCanceled ||
               report.type == OrderEventType::kExpired || report.type == OrderEventType::kNeverAccepted;
  if (ended && report.rejection) event.order->rejection = report.rejection;
  SetStatus(*event.order, *next);
  Push(std::move(event), events);
  if (report.type == OrderEventType::kUnknown) Join(events, HaltIfTooMuchIsUnknown(now));
  return events;
}

}  // namespace ballast::orders
