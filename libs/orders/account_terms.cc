// What changes an order's terms, or when it goes out, and not what becomes of it: holding, releasing, replacing.
#include <utility>

#include "libs/base/check.h"
#include "libs/model/external.h"
#include "libs/orders/account.h"
#include "libs/orders/set_status.h"
#include "libs/orders/transition.h"

namespace ballast::orders {
namespace {

const Order& Held(const Order* order) {
  CHECK(order != nullptr && order->status == OrderStatus::kHeld, "only what is held waits");
  return *order;
}

// What was asked for first stays known once it is something else.
void SetQuantity(Order& order, Decimal quantity) {
  if (quantity == order.quantity) return;
  if (order.requested_quantity.IsZero()) order.requested_quantity = order.quantity;
  order.quantity = quantity;
}

void SetTerms(Order& order, const Replacement& replacement) {
  if (replacement.quantity) SetQuantity(order, *replacement.quantity);
  if (replacement.limit_price) order.limit_price = replacement.limit_price;
  if (replacement.stop_price) order.stop_price = replacement.stop_price;
}

}  // namespace

std::vector<OrderEvent> Account::Hold(Order order, const std::string& actor, std::vector<RiskCheck> checks,
                                      UtcTime now) {
  CHECK(order.hold != HoldReason::kUnspecified, "what is held waits for something");
  std::vector<OrderEvent> events;
  OrderEvent event = Next(OrderEventType::kHeld, now, actor);
  if (order.create_time.nanos == 0) order.create_time = now;
  order.mode = snapshot_.mode;
  SetStatus(order, OrderStatus::kHeld);
  event.order = std::move(order);
  event.checks = std::move(checks);
  Push(std::move(event), events);
  return events;
}

std::vector<OrderEvent> Account::HoldOn(const OrderId& id, HoldReason hold, Decimal quantity, UtcTime now) {
  std::vector<OrderEvent> events;
  OrderEvent event = Next(OrderEventType::kHeld, now, "system");
  event.order = Held(Find(id));
  SetQuantity(*event.order, quantity);
  event.order->hold = hold;
  SetStatus(*event.order, OrderStatus::kHeld);
  Push(std::move(event), events);
  return events;
}

std::vector<OrderEvent> Account::Trail(const Order& followed, UtcTime now) {
  std::vector<OrderEvent> events;
  OrderEvent event = Next(OrderEventType::kTrailed, now, "market");
  event.order = Held(Find(followed.order_id));
  event.order->trailing = followed.trailing;
  event.order->stop_price = followed.stop_price;
  event.order->limit_price = followed.limit_price;
  Push(std::move(event), events);
  return events;
}

std::vector<OrderEvent> Account::ReleaseHeld(Order order, bool submit, UtcTime now) {
  std::vector<OrderEvent> events;
  const Order& held = Held(Find(order.order_id));
  bool triggered = held.hold == HoldReason::kTrigger;
  OrderEvent event =
      Next(triggered ? OrderEventType::kTriggered : OrderEventType::kReleased, now, triggered ? "market" : "system");
  const Decimal quantity = std::exchange(order.quantity, held.quantity);
  SetQuantity(order, quantity);
  order.hold = HoldReason::kUnspecified;
  order.release_time = now;
  SetStatus(order, OrderStatus::kPendingNew);
  event.order = std::move(order);
  OrderId id = event.order->order_id;
  Push(std::move(event), events);
  if (submit) {
    for (OrderEvent& claimed : Submit(id, now)) events.push_back(std::move(claimed));
  }
  return events;
}

std::vector<OrderEvent> Account::ExpireHeld(const OrderId& id, Rejection why, UtcTime now) {
  std::vector<OrderEvent> events;
  OrderEvent event = Next(OrderEventType::kExpired, now, "system");
  event.order = Held(Find(id));
  event.order->rejection = why;
  event.rejection = std::move(why);
  SetStatus(*event.order, OrderStatus::kExpired);
  Push(std::move(event), events);
  return events;
}

std::vector<OrderEvent> Account::RequestReplace(const OrderId& id, Replacement replacement, const std::string& actor,
                                                UtcTime now) {
  std::vector<OrderEvent> events;
  const Order* order = Find(id);
  if (order == nullptr || order->pending_replace || IsLeftAlone(*order)) return events;
  bool held = order->status == OrderStatus::kHeld;
  OrderEventType type = held ? OrderEventType::kReplaced : OrderEventType::kPendingReplace;
  std::optional<OrderStatus> next = NextStatus({.from = order->status, .event = type});
  if (!next) return events;
  OrderEvent event = Next(type, now, actor);
  event.order = *order;
  replacement.number = ++event.order->replace_count;
  if (held)
    SetTerms(*event.order, replacement);
  else
    event.order->pending_replace = std::move(replacement);
  SetStatus(*event.order, *next);
  Push(std::move(event), events);
  return events;
}

void Account::TakeTerms(const Report& report, Order& order) {
  CHECK(report.replacement.has_value(), "a report on a replacement says which");
  if (report.type == OrderEventType::kReplaced) SetTerms(order, *report.replacement);
  // An answer to an older question leaves the newer one open.
  if (order.pending_replace && report.replacement->number >= order.pending_replace->number)
    order.pending_replace.reset();
}

}  // namespace ballast::orders
