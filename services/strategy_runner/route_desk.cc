#include "services/strategy_runner/route_desk.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "libs/base/absl_std.h"
#include "libs/orders/order_id.h"
#include "libs/platform/thread/answered.h"
#include "libs/wire/wire.h"

namespace ballast {

namespace route_pb = execution::v1;

namespace {

// All of them may be taken up after a restart.
constexpr int kOpenRoutesMost = 10'000;
constexpr std::int64_t kSlowLookNs = 2'000'000'000;

std::string LegRequestId(const route_pb::Route& route, const route_pb::RouteLeg& leg) {
  return route.request_id() + "-" + std::to_string(leg.number());
}

order::v1::SubmitOrderRequest LegRequest(const route_pb::Route& route, const route_pb::RouteLeg& leg) {
  order::v1::SubmitOrderRequest submit;
  submit.set_request_id(LegRequestId(route, leg));
  submit.set_account_id(leg.account_id());
  submit.set_symbol(route.spec().symbol());
  submit.set_side(route.spec().side());
  submit.set_type(type::v1::ORDER_TYPE_LIMIT);
  submit.set_time_in_force(type::v1::TIME_IN_FORCE_IOC);
  *submit.mutable_quantity() = leg.quantity();
  *submit.mutable_limit_price() = leg.limit_price();
  submit.set_reason("route");
  submit.set_actor(route.actor());
  submit.set_confirm_duplicate(true);
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
    leg.set_state(route_pb::LEG_STATE_PENDING);
    leg.set_replan(replan);
  }
}

bool LegEnded(const route_pb::ExecutedLeg& leg) {
  return leg.state() == route_pb::LEG_STATE_ENDED || leg.state() == route_pb::LEG_STATE_NEVER_SENT;
}

// The answer says for sure that this request made no order and never will.
bool LegImpossible(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) || absl::IsFailedPrecondition(status) ||
         absl::IsPermissionDenied(status) || absl::IsUnimplemented(status);
}

void SetLegOrder(const order::v1::Order& order, route_pb::ExecutedLeg& leg) {
  if (leg.has_order() && order.sequence() < leg.order().sequence()) return;
  *leg.mutable_order() = order;
  leg.clear_error();
  absl::StatusOr<Order> read = wire::FromProto(order);
  bool ended = read.ok() && IsTerminal(read->status);
  leg.set_state(ended ? route_pb::LEG_STATE_ENDED : route_pb::LEG_STATE_SENT);
}

// What its legs have traded, summed into the route.
Decimal Total(route_pb::Route& route) {
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

// Nothing is planned again at a worse price than somebody has said or, but for what a market moves in that time, seen.
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

// Where a leg was refused, or could not be made, the rest does not go.
RoutePlanner::LeftOut RefusedAt(const route_pb::Route& route) {
  RoutePlanner::LeftOut refused;
  for (const route_pb::ExecutedLeg& leg : route.legs()) {
    order::v1::OrderStatus status = leg.order().status();
    bool denied = status == order::v1::ORDER_STATUS_DENIED || status == order::v1::ORDER_STATUS_REJECTED;
    if (denied) refused[leg.leg().account_id()] = wire::FromProto(leg.order().rejection());
    if (leg.state() == route_pb::LEG_STATE_NEVER_SENT)
      refused[leg.leg().account_id()] = {.reason = RejectReason::kBrokerUnavailable, .message = leg.error()};
  }
  return refused;
}

std::string WhyLess(const route_pb::Route& route) {
  std::string why;
  for (const auto& [account, rejection] : RefusedAt(route))
    why += (why.empty() ? "" : "; ") + account + ": " + rejection.message;
  return why;
}

}  // namespace

absl::Status RouteDesk::Recover() {
  RETURN_IF_ERROR(ports_.store.Fence());
  ASSIGN_OR_RETURN(std::vector<Route> routes, ports_.store.Read({.active_only = true, .most = kOpenRoutesMost}));
  for (Route& route : routes) open_[route.request_id()] = std::move(route);
  return absl::OkStatus();
}

bool RouteDesk::InTime(const Route& route) const {
  Duration age = ports_.clock.Now() - wire::FromProto(route.create_time());
  // A clock that was set back says nothing: then nothing is sent any more.
  return age >= Duration{} && age <= kPlanTime;
}

absl::StatusOr<route_pb::Route> RouteDesk::Kept(const route_pb::ExecuteRouteRequest& request, bool* replayed) {
  ASSIGN_OR_RETURN(std::optional<Route> there, ports_.store.Find(request.request_id()));
  *replayed = there.has_value();
  if (!there) {
    Route made;
    made.set_request_id(request.request_id());
    *made.mutable_spec() = request.spec();
    if (request.has_min_quantity()) *made.mutable_min_quantity() = request.min_quantity();
    made.set_replans_max(request.has_replans_max() ? request.replans_max() : kReplansDefault);
    made.set_actor(request.actor());
    made.set_state(route_pb::ROUTE_STATE_WORKING);
    ASSIGN_OR_RETURN(*made.mutable_plan(), ports_.planner.Plan(request.spec()));
    Decimal least =
        Decimal::Of(request.has_min_quantity() ? request.min_quantity().value() : request.spec().quantity().value());
    Decimal placed = PlacedBy(made.plan());
    if (placed < least || made.plan().legs().empty()) {
      return absl::FailedPreconditionError(
          ToAbsl("the venues take " + placed.ToString() + " of at least " + least.ToString()));
    }
    AddLegs(made.plan(), 0, made);
    (void)Total(made);
    wire::ToProto(ports_.clock.Now(), made.mutable_create_time());
    ASSIGN_OR_RETURN(there, ports_.store.Insert(made));
  }
  if (there->spec().SerializeAsString() != request.spec().SerializeAsString())
    return absl::AlreadyExistsError("the request id was used for another route");
  return *there;
}

absl::Status RouteDesk::Execute(const route_pb::ExecuteRouteRequest& request,
                                route_pb::ExecuteRouteResponse* response) {
  bool replayed = false;
  ASSIGN_OR_RETURN(Route route, Kept(request, &replayed));
  response->set_replayed(replayed);
  if (IsActive(route.state())) {
    auto [at, added] = open_.try_emplace(route.request_id(), std::move(route));
    Advance(at->second);
    *response->mutable_route() = at->second;
    if (!IsActive(at->second.state())) open_.erase(at);
  } else {
    *response->mutable_route() = std::move(route);
  }
  ports_.log.Info("route.executed", {{"request", request.request_id()},
                                     {"symbol", request.spec().symbol()},
                                     {"legs", std::to_string(response->route().legs_size())},
                                     {"actor", request.actor()}});
  return absl::OkStatus();
}

absl::StatusOr<route_pb::Route> RouteDesk::Get(const std::string& request_id) {
  if (auto open = open_.find(request_id); open != open_.end()) return open->second;
  ASSIGN_OR_RETURN(std::optional<Route> there, ports_.store.Find(request_id));
  if (!there) return absl::NotFoundError(ToAbsl("there is no route '" + request_id + "'"));
  return *there;
}

absl::StatusOr<std::vector<route_pb::Route>> RouteDesk::Read(const RouteStore::Range& range) {
  ASSIGN_OR_RETURN(std::vector<Route> routes, ports_.store.Read(range));
  for (Route& route : routes) {
    if (auto open = open_.find(route.request_id()); open != open_.end()) route = open->second;
  }
  return routes;
}

void RouteDesk::Work() {
  std::int64_t now_ns = ports_.clock.MonotonicNanos();
  for (auto at = open_.begin(); at != open_.end();) {
    auto due = next_look_ns_.find(at->first);
    if (due == next_look_ns_.end() || due->second <= now_ns) {
      Advance(at->second);
      if (!InTime(at->second)) next_look_ns_[at->first] = now_ns + kSlowLookNs;
    }
    if (IsActive(at->second.state())) {
      ++at;
      continue;
    }
    next_look_ns_.erase(at->first);
    at = open_.erase(at);
  }
}

void RouteDesk::Advance(Route& route) {
  Route next = route;
  if (!Step(next)) return;
  // Told before it is stored, under an id of its own: who dies in between tells it again.
  if (next.state() == route_pb::ROUTE_STATE_ENDED) Alert(next);
  absl::Status saved = ports_.store.Save(next);
  if (saved.ok()) {
    route = std::move(next);
    return;
  }
  // What was done is in order management under the same ids: it is found again.
  ports_.log.Warning("route.not_stored", {{"request", route.request_id()}, {"error", saved.ToString()}});
  if (absl::IsFailedPrecondition(saved)) ports_.fail("a newer process works the routes: " + saved.ToString());
}

bool RouteDesk::Step(Route& route) {
  std::string before = route.SerializeAsString();
  for (route_pb::ExecutedLeg& leg : *route.mutable_legs()) {
    if (!LegEnded(leg)) StepLeg(route, leg);
  }
  Decimal left = Decimal::Of(route.spec().quantity().value()) - Total(route);
  bool all = std::all_of(route.legs().begin(), route.legs().end(), LegEnded);
  if (all && !left.IsPositive()) {
    End(route, true, "");
  } else if (all && !Replan(route, left)) {
    std::string note = left.ToString() + " is left";
    std::string why = route.note();
    for (const std::string& more : {WhyLess(route)}) {
      if (!more.empty()) why += (why.empty() ? "" : "; ") + more;
    }
    End(route, false, why.empty() ? note : note + ": " + why);
  }
  return route.SerializeAsString() != before;
}

void RouteDesk::StepLeg(const Route& route, route_pb::ExecutedLeg& leg) {
  if (leg.state() == route_pb::LEG_STATE_PENDING && InTime(route))
    Send(route, leg);
  else
    Look(route, leg);
}

void RouteDesk::Send(const Route& route, route_pb::ExecutedLeg& leg) {
  using Response = absl::StatusOr<order::v1::SubmitOrderResponse>;
  Response response = Answered<Response>([&](std::function<void(Response)> done) {
    ports_.neighbours.Submit(LegRequest(route, leg.leg()), std::move(done));
  });
  if (response.ok()) return SetLegOrder(response->order(), leg);
  leg.set_error(MessageOf(response.status()));
  if (absl::IsAlreadyExists(response.status())) return Look(route, leg);
  if (LegImpossible(response.status())) leg.set_state(route_pb::LEG_STATE_NEVER_SENT);
}

void RouteDesk::Look(const Route& route, route_pb::ExecutedLeg& leg) {
  using Found = absl::StatusOr<order::v1::Order>;
  std::string order_id =
      orders::OrderIdFor(AccountId(leg.leg().account_id()), RequestId(LegRequestId(route, leg.leg()))).value();
  Found found =
      Answered<Found>([&](std::function<void(Found)> done) { ports_.children.GetOrder(order_id, std::move(done)); });
  if (found.ok()) return SetLegOrder(*found, leg);
  if (!absl::IsNotFound(found.status()) || leg.state() != route_pb::LEG_STATE_PENDING) return;
  Duration age = ports_.clock.Now() - wire::FromProto(route.create_time());
  if (age <= Duration{kPlanTime.nanos + kSettled.nanos}) return;  // one may still be on its way
  leg.set_state(route_pb::LEG_STATE_NEVER_SENT);
  leg.set_error("its moment was over before it was sent");
}

bool RouteDesk::Replan(Route& route, Decimal left) {
  if (route.replans() >= route.replans_max()) return false;
  if (!InTime(route)) {
    route.set_note("the time of its plan is over");
    return false;
  }
  route_pb::RouteSpec spec = route.spec();
  wire::ToProto(left, spec.mutable_quantity());
  wire::ToProto(WorstAgain(route), spec.mutable_limit_price());
  absl::StatusOr<route_pb::RoutePlan> plan = ports_.planner.Plan(spec, RefusedAt(route));
  if (!plan.ok()) {
    // Asked again as long as there is time.
    route.set_note("it cannot be planned again: " + MessageOf(plan.status()));
    return !absl::IsInvalidArgument(plan.status()) && !absl::IsNotFound(plan.status());
  }
  if (plan->legs().empty()) {
    route.set_note("no venue takes it within " + spec.limit_price().value());
    return false;
  }
  route.set_replans(route.replans() + 1);
  route.clear_note();
  AddLegs(*plan, route.replans(), route);
  return true;
}

void RouteDesk::End(Route& route, bool filled, std::string note) {
  route.set_state(filled ? route_pb::ROUTE_STATE_FILLED : route_pb::ROUTE_STATE_ENDED);
  route.set_note(std::move(note));
  wire::ToProto(ports_.clock.Now(), route.mutable_end_time());
}

void RouteDesk::Alert(const Route& route) {
  alert::v1::RaiseAlertRequest alert;
  alert.set_request_id("strategy_runner:route:" + route.request_id());
  alert.set_type(alert::v1::ALERT_TYPE_ORDER);
  alert.set_level(alert::v1::ALERT_LEVEL_WARNING);
  alert.set_title("The route of " + route.spec().symbol() + " has ended with less");
  alert.set_text(route.filled_quantity().value() + " of " + route.spec().quantity().value() + " are filled. " +
                 route.note());
  alert.set_account_id(route.legs(0).leg().account_id());
  alert.set_symbol(route.spec().symbol());
  absl::Status told = Answered<absl::Status>(
      [&](std::function<void(absl::Status)> done) { ports_.neighbours.RaiseAlert(alert, done); });
  if (!told.ok()) ports_.log.Warning("route.alert_lost", {{"request", route.request_id()}, {"error", told.ToString()}});
}

}  // namespace ballast
