#include "services/strategy_runner/route_legs.h"

#include <algorithm>

#include "libs/model/reserved_request.h"
#include "libs/orders/elsewhere.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/route_desk.h"

namespace ballast {

namespace route_pb = execution::v1;

namespace {

// A leg of before that it looks like: it has ended, and what it left goes again on purpose.
bool LooksLikeOneBefore(const route_pb::Route& route, const route_pb::ExecutedLeg& leg) {
  return std::any_of(route.legs().begin(), route.legs().end(), [&](const route_pb::ExecutedLeg& one) {
    return one.leg().number() < leg.leg().number() && one.leg().account_id() == leg.leg().account_id() &&
           one.leg().quantity().value() == leg.leg().quantity().value() &&
           one.leg().limit_price().value() == leg.leg().limit_price().value();
  });
}

bool IsLeg(const order::v1::Order& order, const order::v1::SubmitOrderRequest& sent) {
  auto asked = Decimal::Parse(sent.quantity().value());
  const bool smaller = order.has_requested_quantity();
  auto there = Decimal::Parse(smaller ? order.requested_quantity().value() : order.quantity().value());
  return order.account_id() == sent.account_id() && order.symbol() == sent.symbol() && order.side() == sent.side() &&
         order.type() == sent.type() && order.time_in_force() == sent.time_in_force() &&
         order.reason() == sent.reason() && order.deployment_id().empty() && asked.ok() && there.ok() &&
         *asked == *there;
}

bool WasRefused(const route_pb::ExecutedLeg& leg) {
  const order::v1::OrderStatus status = leg.order().status();
  return status == order::v1::ORDER_STATUS_DENIED || status == order::v1::ORDER_STATUS_REJECTED;
}

// Of a refusal: it is of that venue or that account's money alone.
bool RestMayGoOn(const route_pb::ExecutedLeg& leg) {
  const type::v1::Rejection& why = leg.order().rejection();
  const bool denied = leg.order().status() == order::v1::ORDER_STATUS_DENIED;
  if (why.reason() == type::v1::REJECT_REASON_INSUFFICIENT_FUNDS) return denied;
  return why.reason() == type::v1::REJECT_REASON_BROKER_UNAVAILABLE &&
         (denied || why.check() == "session_down" || why.check() == orders::kMayGoElsewhere);
}

std::string InWords(const type::v1::Rejection& why) {
  if (why.check().empty()) return why.message();
  const std::string numbers = why.observed().empty() ? "" : ": " + why.observed() + ", limit " + why.limit();
  return why.message() + " (" + why.check() + numbers + ")";
}

}  // namespace

order::v1::SubmitOrderRequest LegRequest(const route_pb::Route& route, const route_pb::ExecutedLeg& leg) {
  order::v1::SubmitOrderRequest submit;
  submit.set_request_id(leg.request_id());
  submit.set_account_id(leg.leg().account_id());
  submit.set_symbol(route.spec().symbol());
  submit.set_side(route.spec().side());
  submit.set_type(type::v1::ORDER_TYPE_LIMIT);
  submit.set_time_in_force(type::v1::TIME_IN_FORCE_IOC);
  *submit.mutable_quantity() = leg.leg().quantity();
  *submit.mutable_limit_price() = leg.leg().limit_price();
  submit.set_reason(std::string(kRouteReason));
  submit.set_actor(route.actor());
  // The same request again is known by its id before anybody asks whether it is alike.
  submit.set_confirm_duplicate(route.confirm_duplicate() || LooksLikeOneBefore(route, leg));
  return submit;
}

Decimal PlacedBy(const route_pb::RoutePlan& plan) {
  Decimal sum;
  for (const route_pb::RouteLeg& leg : plan.legs()) sum += Decimal::Of(leg.quantity().value());
  return sum;
}

void AddLegs(const route_pb::RoutePlan& plan, int replan, route_pb::Route& route) {
  for (const route_pb::RouteLeg& planned : plan.legs()) {
    int number = route.legs_size() + 1;
    route_pb::ExecutedLeg& leg = *route.add_legs();
    *leg.mutable_leg() = planned;
    leg.mutable_leg()->set_number(number);
    leg.set_request_id(std::string(kRouteRequests) + route.request_id() + "-" + std::to_string(number));
    leg.set_state(route_pb::LEG_STATE_PENDING);
    leg.set_replan(replan);
  }
}

bool LegEnded(const route_pb::ExecutedLeg& leg) {
  return leg.state() == route_pb::LEG_STATE_ENDED || leg.state() == route_pb::LEG_STATE_NEVER_SENT;
}

bool MadeNoOrder(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) || absl::IsFailedPrecondition(status) ||
         absl::IsPermissionDenied(status) || absl::IsUnimplemented(status);
}

void SetLegOrder(const order::v1::Order& order, const route_pb::Route& route, route_pb::ExecutedLeg& leg) {
  if (!leg.has_order() && !IsLeg(order, LegRequest(route, leg)))
    return SetNeverSent("its id is used by another order, " + order.order_id(), leg);
  if (leg.has_order() && order.sequence() < leg.order().sequence()) return;
  *leg.mutable_order() = order;
  leg.clear_error();
  absl::StatusOr<Order> read = wire::FromProto(order);
  bool ended = read.ok() && IsTerminal(read->status);
  leg.set_state(ended ? route_pb::LEG_STATE_ENDED : route_pb::LEG_STATE_SENT);
}

void SetNeverSent(const std::string& why, route_pb::ExecutedLeg& leg) {
  leg.set_state(route_pb::LEG_STATE_NEVER_SENT);
  leg.set_error(why);
}

Decimal SumLegs(route_pb::Route& route) {
  Decimal quantity, notional, fees;
  for (const route_pb::ExecutedLeg& leg : route.legs()) {
    absl::StatusOr<Order> order = wire::FromProto(leg.order());
    if (!leg.has_order() || !order.ok()) continue;
    quantity += order->cumulative_quantity;
    notional += Multiply(order->cumulative_quantity, order->average_price, Rounding::kHalfEven);
    fees += order->fees;
  }
  wire::ToProto(quantity, route.mutable_filled_quantity());
  wire::ToProto(quantity.IsZero() ? Decimal() : Divide(notional, quantity, Rounding::kHalfEven),
                route.mutable_average_price());
  wire::ToProto(fees, route.mutable_fees());
  return quantity;
}

Decimal WorstAgain(const route_pb::Route& route) {
  if (route.spec().has_limit_price()) return Decimal::Of(route.spec().limit_price().value());
  bool buy = route.spec().side() == type::v1::SIDE_BUY;
  Decimal worst = Decimal::Of(route.plan().legs(0).limit_price().value());
  for (const route_pb::RouteLeg& leg : route.plan().legs()) {
    Decimal price = Decimal::Of(leg.limit_price().value());
    worst = buy ? std::max(worst, price) : std::min(worst, price);
  }
  Decimal slippage = Multiply(worst, RouteDesk::SlippageMax(), Rounding::kDown);
  return buy ? worst + slippage : worst - slippage;
}

RoutePlanner::LeftOut RefusedAt(const route_pb::Route& route) {
  RoutePlanner::LeftOut refused;
  for (const route_pb::ExecutedLeg& leg : route.legs()) {
    if (WasRefused(leg)) refused[leg.leg().account_id()] = wire::FromProto(leg.order().rejection());
  }
  return refused;
}

std::string RefusedForGood(const route_pb::Route& route) {
  for (const route_pb::ExecutedLeg& leg : route.legs()) {
    const std::string& account = leg.leg().account_id();
    if (leg.state() == route_pb::LEG_STATE_NEVER_SENT) return account + ": " + leg.error();
    if (leg.order().status() == order::v1::ORDER_STATUS_NEVER_ACCEPTED) return account + ": the venue never took it";
    if (WasRefused(leg) && !RestMayGoOn(leg)) return account + ": " + InWords(leg.order().rejection());
  }
  return "";
}

}  // namespace ballast
