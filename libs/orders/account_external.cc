// What an account does with orders and trades that were made elsewhere.
#include <algorithm>
#include <utility>

#include "libs/model/external.h"
#include "libs/orders/account.h"
#include "libs/orders/set_status.h"

namespace ballast::orders {
namespace {

void TakeVenueTerms(const Order& told, Order& order) {
  order.symbol = told.symbol;
  order.side = told.side;
  order.type = told.type;
  order.time_in_force = told.time_in_force;
  order.quantity = std::max(told.quantity, order.cumulative_quantity);
  order.limit_price = told.limit_price;
  order.stop_price = told.stop_price;
  order.expire_time = told.expire_time;
  order.post_only = told.post_only;
  order.display_quantity = told.display_quantity;
  order.trigger_source = told.trigger_source;
}

}  // namespace

const Order* Account::AddExternal(const Report& report, UtcTime now) {
  Order order;
  order.order_id = report.order_id.empty() ? OrderId("x" + report.fill.execution_id.value()) : report.order_id;
  order.request_id = RequestId(kExternal);
  order.account_id = snapshot_.id;
  order.mode = snapshot_.mode;
  order.symbol = report.fill.symbol;
  order.side = report.fill.side;
  order.type = OrderType::kMarket;
  order.time_in_force = TimeInForce::kIoc;
  order.quantity = report.fill.quantity;
  order.reason = kExternal;
  order.create_time = now;
  const ExternalPolicy& policy = snapshot_.external;
  bool asks = Asks(policy.handling);
  order.external = External{.handling = asks ? ExternalHandling::kAsk : policy.handling,
                            .actor = asks ? "" : policy.actor,
                            .reason = asks ? "" : policy.reason,
                            .decide_time = asks ? UtcTime{} : now};
  order.deployment_id = DeploymentFor(policy, order.symbol);
  SetStatus(order, OrderStatus::kSubmitted);
  Put(order);
  return Find(order.order_id);
}

std::vector<OrderEvent> Account::Adopt(const Report& report, UtcTime now) {
  const Order* known = Find(report.order_id);
  if (!report.adopted || (known != nullptr && !MadeElsewhere(*known))) {
    return Illegal(report,
                   {.reason = RejectReason::kIllegalTransition,
                    .check = "external_order",
                    .observed = report.order_id.value(),
                    .message = "the broker tells of an order as made elsewhere that was made here"},
                   true, now);
  }
  std::vector<OrderEvent> events;
  OrderEvent event = NextOf(report, known, now);
  if (known == nullptr) {
    event.order.emplace();
    event.order->order_id = report.order_id;
    event.order->request_id = RequestId(kExternal);
    event.order->account_id = snapshot_.id;
    event.order->mode = snapshot_.mode;
    event.order->reason = kExternal;
    event.order->create_time = now;
    event.order->broker_order_id = report.broker_order_id;
  }
  Order& order = *event.order;
  TakeVenueTerms(*report.adopted, order);
  order.external = report.adopted->external.value_or(External{.handling = ExternalHandling::kAsk});
  if (order.external->decide_time.nanos == 0) order.external->decide_time = now;
  event.actor = order.external->actor.empty() ? "broker" : order.external->actor;
  bool attributed = order.external->handling == ExternalHandling::kAttribute;
  if (attributed || known == nullptr) order.deployment_id = report.adopted->deployment_id;
  bool any = order.cumulative_quantity.IsPositive();
  bool full = any && order.cumulative_quantity >= order.quantity;
  SetStatus(order, full ? OrderStatus::kFilled : any ? OrderStatus::kPartiallyFilled : OrderStatus::kNew);
  const DeploymentId to = order.deployment_id;
  const std::string actor = event.actor;
  Push(std::move(event), events);
  if (attributed) MoveTrades(report.order_id, to, actor, now, events);
  return events;
}

std::vector<OrderEvent> Account::SetExternalPolicy(ExternalPolicy policy, UtcTime now) {
  std::vector<OrderEvent> events;
  if (SamePolicy(policy, snapshot_.external)) return events;
  OrderEvent event = Next(OrderEventType::kExternalPolicy, now, policy.actor);
  policy.set_time = now;
  event.external_policy = std::move(policy);
  Push(std::move(event), events);
  return events;
}

std::vector<OrderEvent> Account::DecideExternal(const OrderId& id, External decided, const DeploymentId& deployment,
                                                UtcTime now) {
  std::vector<OrderEvent> events;
  const Order* order = Find(id);
  bool was = order->external && order->external->handling == ExternalHandling::kAttribute;
  bool attributes = decided.handling == ExternalHandling::kAttribute;
  OrderEvent event = Next(OrderEventType::kExternalDecided, now, decided.actor);
  const std::string actor = decided.actor;
  decided.decide_time = now;
  event.order = *order;
  event.order->external = std::move(decided);
  event.order->deployment_id = attributes ? deployment : DeploymentId();
  Push(std::move(event), events);
  // What was never somebody's stays in the books that it closed when it was made.
  if (attributes || was) MoveTrades(id, attributes ? deployment : DeploymentId(), actor, now, events);
  return events;
}

void Account::MoveTrades(const OrderId& id, const DeploymentId& to, const std::string& actor, UtcTime now,
                         std::vector<OrderEvent>& events) {
  struct Moving {
    ExecutionId root;
    std::uint32_t version = 0;
    Share share;
  };
  std::vector<Moving> moving;
  for (const std::string& root : execution_order_) {
    const Booked* booked = executions_.Find(root);
    if (booked == nullptr || booked->order_id != id) continue;
    for (const Share& share : booked->shares) {
      if (share.deployment_id != to) moving.push_back({ExecutionId(root), booked->version, share});
    }
  }
  const Order order = *Find(id);
  auto move = [&](const Moving& one, bool out) {
    OrderEvent event = Next(OrderEventType::kExternalDecided, now, actor);
    event.order = *Find(id);
    event.fill.emplace();
    Fill& fill = *event.fill;
    // Its own for every move, and never one of the broker's.
    fill.execution_id = ExecutionId(one.root.value() + "/t" + std::to_string(event.sequence) + (out ? "r" : ""));
    fill.order_id = id;
    fill.account_id = snapshot_.id;
    fill.deployment_id = out ? one.share.deployment_id : to;
    fill.symbol = order.symbol;
    fill.side = out ? Opposite(order.side) : order.side;
    fill.quantity = one.share.quantity;
    fill.price = one.share.price;
    fill.fee = out ? -one.share.fee : one.share.fee;
    fill.fee_currency = one.share.fee_currency;
    fill.transact_time = now;
    fill.sequence = event.sequence;
    fill.reason = order.reason;
    fill.exec_ref_id = one.root;
    fill.version = one.version;
    fill.reversal = out;
    fill.transfer = true;
    Push(std::move(event), events);
  };
  for (const Moving& one : moving) {
    move(one, true);
    move(one, false);
  }
}

}  // namespace ballast::orders
