#include "libs/orders/account.h"

#include <algorithm>
#include <utility>

#include "libs/base/check.h"
#include "libs/orders/transition.h"

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

// The fill's share of one book. The fee goes with the quantity; the last share takes what rounding left.
Fill ShareOf(const Fill& fill, const Books::Part& part, std::size_t index, bool last, Decimal fee_told) {
  Fill share = fill;
  share.deployment_id = part.deployment_id;
  share.quantity = part.quantity;
  if (index > 0) share.execution_id = ExecutionId(fill.execution_id.value() + "." + std::to_string(index + 1));
  share.fee = last ? fill.fee - fee_told : MultiplyDivide(fill.fee, part.quantity, fill.quantity, Rounding::kDown);
  return share;
}

void SetStatus(Order& order, OrderStatus status) {
  order.status = status;
  Decimal rest = order.quantity - order.cumulative_quantity;
  order.leaves_quantity = IsTerminal(status) || rest.IsNegative() ? Decimal() : rest;
  if (IsTerminal(status)) order.cancel_requested = false;
}

}  // namespace

OrderEvent Account::Next(OrderEventType type, UtcTime now, const std::string& actor) const {
  OrderEvent event;
  event.account_id = snapshot_.id;
  event.sequence = snapshot_.last_sequence + 1;
  event.type = type;
  event.event_time = now;
  event.actor = actor;
  event.mode = snapshot_.mode;
  return event;
}

void Account::Push(OrderEvent event, std::vector<OrderEvent>& events) {
  if (event.order) {
    event.order->sequence = event.sequence;
    event.order->update_time = event.event_time;
  }
  Apply(event);
  events.push_back(std::move(event));
}

void Account::Apply(const OrderEvent& event) {
  CHECK(event.sequence == snapshot_.last_sequence + 1, "events of an account have no gap");
  snapshot_.last_sequence = event.sequence;
  if (event.execution_sequence != 0) snapshot_.execution_sequence = event.execution_sequence;
  if (event.order) Put(*event.order);
  if (event.fill) LoadFill(*event.fill);
  if (event.type == OrderEventType::kAccountOpened) {
    snapshot_.id = event.account_id;
    snapshot_.mode = event.mode;
    snapshot_.currency = event.currency;
    snapshot_.opening_cash = event.cash;
  } else if (event.type == OrderEventType::kAccountHalted) {
    snapshot_.halted = true;
    snapshot_.halt_reason = event.rejection ? event.rejection->message : "";
  } else if (event.type == OrderEventType::kAccountResumed) {
    snapshot_.halted = false;
    snapshot_.halt_reason.clear();
  }
}

std::vector<OrderEvent> Account::Open(const AccountId& id, AccountMode mode, const std::string& currency, Decimal cash,
                                      UtcTime now) {
  CHECK(snapshot_.last_sequence == 0, "an account is opened once");
  std::vector<OrderEvent> events;
  OrderEvent event = Next(OrderEventType::kAccountOpened, now, "system");
  event.account_id = id;
  event.mode = mode;
  event.currency = currency;
  event.cash = cash;
  Push(std::move(event), events);
  return events;
}

std::vector<OrderEvent> Account::Accept(Order order, const std::string& actor, std::vector<RiskCheck> checks,
                                        bool submit, UtcTime now) {
  std::vector<OrderEvent> events;
  OrderEvent event = Next(OrderEventType::kPendingNew, now, actor);
  if (order.create_time.nanos == 0) order.create_time = now;
  order.mode = snapshot_.mode;
  SetStatus(order, OrderStatus::kPendingNew);
  event.order = std::move(order);
  event.checks = std::move(checks);
  OrderId id = event.order->order_id;
  Push(std::move(event), events);
  if (submit) {
    for (OrderEvent& claimed : Submit(id, now)) events.push_back(std::move(claimed));
  }
  return events;
}

std::vector<OrderEvent> Account::Deny(Order order, const std::string& actor, Rejection rejection,
                                      std::vector<RiskCheck> checks, UtcTime now) {
  std::vector<OrderEvent> events;
  OrderEvent event = Next(OrderEventType::kDenied, now, actor);
  if (order.create_time.nanos == 0) order.create_time = now;
  order.mode = snapshot_.mode;
  order.rejection = rejection;
  SetStatus(order, OrderStatus::kDenied);
  event.order = std::move(order);
  event.rejection = std::move(rejection);
  event.checks = std::move(checks);
  Push(std::move(event), events);
  return events;
}

std::vector<OrderEvent> Account::Submit(const OrderId& id, UtcTime now) {
  std::vector<OrderEvent> events;
  const Order* order = Find(id);
  CHECK(order != nullptr && order->status == OrderStatus::kPendingNew, "only a pending order is claimed");
  OrderEvent event = Next(OrderEventType::kSubmitted, now, "system");
  event.order = *order;
  SetStatus(*event.order, OrderStatus::kSubmitted);
  Push(std::move(event), events);
  return events;
}

std::vector<OrderEvent> Account::RejectUnsent(const OrderId& id, Rejection rejection, UtcTime now) {
  std::vector<OrderEvent> events;
  const Order* order = Find(id);
  CHECK(order != nullptr && NeverTaken(*order), "only what was never taken ends like this");
  OrderEvent event = Next(OrderEventType::kRejected, now, "system");
  event.order = *order;
  event.order->rejection = rejection;
  event.rejection = std::move(rejection);
  SetStatus(*event.order, OrderStatus::kRejected);
  Push(std::move(event), events);
  return events;
}

std::vector<OrderEvent> Account::CancelUnsent(const OrderId& id, UtcTime now) {
  std::vector<OrderEvent> events;
  const Order* order = Find(id);
  CHECK(order != nullptr && NeverTaken(*order), "only what was never taken ends like this");
  OrderEvent event = Next(OrderEventType::kCanceled, now, "system");
  event.order = *order;
  SetStatus(*event.order, OrderStatus::kCanceled);
  Push(std::move(event), events);
  return events;
}

bool Account::NeverTaken(const Order& order) {
  return !IsTerminal(order.status) && order.broker_order_id.empty() && order.cumulative_quantity.IsZero();
}

std::vector<OrderEvent> Account::RequestCancel(const OrderId& id, const std::string& actor, UtcTime now) {
  std::vector<OrderEvent> events;
  const Order* order = Find(id);
  if (order == nullptr || order->cancel_requested) return events;
  bool unsent = order->status == OrderStatus::kPendingNew;
  OrderEventType type = unsent ? OrderEventType::kCanceled : OrderEventType::kPendingCancel;
  std::optional<OrderStatus> next = NextStatus({.from = order->status, .event = type});
  if (!next) return events;
  OrderEvent event = Next(type, now, actor);
  event.order = *order;
  event.order->cancel_requested = !unsent;
  SetStatus(*event.order, *next);
  Push(std::move(event), events);
  return events;
}

void Account::LoadFill(const Fill& fill) {
  books_.Apply(fill);
  Remember(fill.execution_id);
}

void Account::Remember(const ExecutionId& id) {
  // A broker repeats what it has just told, or what it told in this session: not last year's.
  constexpr std::size_t kExecutionsMax = 50'000;
  if (id.empty() || !executions_.insert(id.value()).second) return;
  execution_order_.push_back(id.value());
  if (execution_order_.size() <= kExecutionsMax) return;
  executions_.erase(execution_order_.front());
  execution_order_.pop_front();
}

const Order* Account::AddExternal(const Report& report, UtcTime now) {
  Order order;
  order.order_id = report.order_id.empty() ? OrderId("x" + report.fill.execution_id.value()) : report.order_id;
  order.request_id = RequestId("external");
  order.account_id = snapshot_.id;
  order.mode = snapshot_.mode;
  order.symbol = report.fill.symbol;
  order.side = report.fill.side;
  order.type = OrderType::kMarket;
  order.time_in_force = TimeInForce::kIoc;
  order.quantity = report.fill.quantity;
  order.reason = "external";
  order.create_time = now;
  SetStatus(order, OrderStatus::kSubmitted);
  Put(order);
  return Find(order.order_id);
}

std::vector<OrderEvent> Account::Quarantine(std::uint64_t execution_sequence, const std::string& message, UtcTime now) {
  std::vector<OrderEvent> events;
  OrderEvent event = Next(OrderEventType::kIllegalReport, now, "broker");
  event.execution_sequence = execution_sequence;
  event.rejection = Rejection{.reason = RejectReason::kMalformed, .check = "broker_report", .message = message};
  Push(std::move(event), events);
  for (OrderEvent& halted : Halt("a broker report could not be used", "system", now))
    events.push_back(std::move(halted));
  return events;
}

std::vector<OrderEvent> Account::ApplyReport(const Report& report, UtcTime now) {
  std::vector<OrderEvent> events;
  const Order* order = Find(report.order_id);
  const bool is_fill = report.type == OrderEventType::kFilled;
  if (is_fill && executions_.contains(report.fill.execution_id.value())) {
    OrderEvent again = Next(OrderEventType::kIllegalReport, now, "broker");
    again.execution_sequence = report.execution_sequence;
    if (order != nullptr) again.order = *order;
    again.rejection = Rejection{.reason = RejectReason::kIllegalTransition,
                                .check = "execution_id",
                                .observed = report.fill.execution_id.value(),
                                .message = "the broker told an execution again that is booked already"};
    Push(std::move(again), events);
    return events;
  }
  const bool external = is_fill && order == nullptr;
  if (external) order = AddExternal(report, now);
  OrderEvent event = Next(report.type, now, "broker");
  event.execution_sequence = report.execution_sequence;
  event.rejection = report.rejection;
  std::optional<OrderStatus> next;
  bool overfilled = false;
  if (order != nullptr) {
    event.order = *order;
    if (!report.broker_order_id.empty()) event.order->broker_order_id = report.broker_order_id;
    if (report.type == OrderEventType::kFilled) {
      std::vector<Books::Part> parts = books_.Attribute(*order, report.fill.quantity);
      Decimal fee_told;
      for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        std::optional<OrderStatus> after = NextStatus({.from = order->status, .event = report.type});
        if (!after) break;
        OrderEvent share = event;
        share.fill = ShareOf(report.fill, parts[i], i, false, fee_told);
        fee_told += share.fill->fee;
        share.fill->reason = order->reason;
        share.fill->sequence = share.sequence;
        Book(*share.order, *share.fill);
        SetStatus(*share.order, *after);
        Push(std::move(share), events);
        event.sequence = snapshot_.last_sequence + 1;
        order = Find(event.order->order_id);
        event.order = *order;
      }
      event.fill = ShareOf(report.fill, parts.back(), parts.size() - 1, true, fee_told);
      event.fill->reason = order->reason;
      event.fill->sequence = event.sequence;
      Book(*event.order, *event.fill);
      overfilled = event.order->cumulative_quantity > event.order->quantity;
    } else if (report.type == OrderEventType::kRestated) {
      if (event.order->requested_quantity.IsZero()) event.order->requested_quantity = order->quantity;
      event.order->quantity = report.quantity;
      event.order->rejection = report.rejection;
    }
    next = NextStatus({.from = order->status,
                       .event = report.type,
                       .complete = event.order->cumulative_quantity >= event.order->quantity,
                       .any_filled = event.order->cumulative_quantity.IsPositive()});
  }
  if (!next) {
    // Kept whole, for a person; the account takes no new orders until one has looked.
    event.type = OrderEventType::kIllegalReport;
    event.order = order != nullptr ? std::optional<Order>(*order) : std::nullopt;
    event.rejection = Rejection{
        .reason = RejectReason::kIllegalTransition,
        .check = "order_state",
        .observed = std::to_string(static_cast<int>(report.type)),
        .message = order == nullptr ? "the broker reports on an order that is not ours: " + report.order_id.value()
                                    : "the broker reports what order " + report.order_id.value() + " cannot do"};
    Push(std::move(event), events);
    for (OrderEvent& halted : Halt("illegal broker report", "system", now)) events.push_back(std::move(halted));
    return events;
  }
  if (report.type == OrderEventType::kCancelRejected) event.order->cancel_requested = false;
  // Why it ended when it did not fill: what the venue refused, cut off or let expire. A cancel of ours has no reason.
  bool ended = report.type == OrderEventType::kRejected || report.type == OrderEventType::kCanceled ||
               report.type == OrderEventType::kExpired;
  if (ended && report.rejection) event.order->rejection = report.rejection;
  SetStatus(*event.order, *next);
  Push(std::move(event), events);
  if (external) {
    for (OrderEvent& halted : Halt("a fill of an order that is not ours was booked", "system", now)) {
      events.push_back(std::move(halted));
    }
  }
  if (overfilled) {
    for (OrderEvent& halted : Halt("order " + report.order_id.value() + " was overfilled", "system", now)) {
      events.push_back(std::move(halted));
    }
  }
  return events;
}

std::vector<OrderEvent> Account::Halt(const std::string& reason, const std::string& actor, UtcTime now) {
  std::vector<OrderEvent> events;
  if (snapshot_.halted) return events;
  OrderEvent event = Next(OrderEventType::kAccountHalted, now, actor);
  event.rejection = Rejection{.reason = RejectReason::kAccountHalted, .check = "account", .message = reason};
  Push(std::move(event), events);
  return events;
}

std::vector<OrderEvent> Account::Resume(const std::string& reason, const std::string& actor, UtcTime now) {
  std::vector<OrderEvent> events;
  if (!snapshot_.halted) return events;
  OrderEvent event = Next(OrderEventType::kAccountResumed, now, actor);
  event.rejection = Rejection{.check = "account", .message = reason};
  Push(std::move(event), events);
  return events;
}

void Account::Put(const Order& order) {
  bool terminal = IsTerminal(order.status);
  std::map<OrderId, Order>& there = terminal ? closed_ : working_;
  std::map<OrderId, Order>& other = terminal ? working_ : closed_;
  if (auto node = other.extract(order.order_id)) {
    node.mapped() = order;
    there.insert(std::move(node));
    if (terminal) closing_.push_back(order.order_id);
    return;
  }
  auto [place, fresh] = there.insert_or_assign(order.order_id, order);
  if (terminal && fresh) closing_.push_back(order.order_id);
}

const Order* Account::Find(const OrderId& id) const {
  if (auto found = working_.find(id); found != working_.end()) return &found->second;
  auto found = closed_.find(id);
  return found == closed_.end() ? nullptr : &found->second;
}

void Account::Forget(std::size_t keep_max) {
  while (closed_.size() > keep_max) {
    closed_.erase(closing_.front());
    closing_.pop_front();
  }
}

}  // namespace ballast::orders
