#include "services/strategy_runner/route_desk.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "libs/base/absl_std.h"
#include "libs/orders/order_id.h"
#include "libs/platform/grpc/status.h"
#include "libs/platform/thread/answered.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/gate_view.h"
#include "services/strategy_runner/route_legs.h"

namespace ballast {

namespace route_pb = execution::v1;

namespace {

constexpr int kRoutePage = 1'000;
constexpr std::int64_t kSlowLookNs = 2'000'000'000;
// A plan that did not come about is tried again so much later.
constexpr std::int64_t kPlanAgainNs = 1'000'000'000;
// Questions about legs that one turn asks; each may wait 2 s for its answer.
constexpr int kQuestionsATurn = 8;
// A repeat is looked for among so many.
constexpr int kRepeatsSeen = 100;

std::string LegOrderId(const route_pb::ExecutedLeg& leg) {
  return orders::OrderIdFor(AccountId(leg.leg().account_id()), RequestId(leg.request_id())).value();
}

std::string MoneyAndVenues(const route_pb::Route& route) {
  std::string why;
  for (const auto& [account, rejection] : RefusedAt(route))
    why += (why.empty() ? "" : "; ") + account + ": " + rejection.message;
  return why;
}

bool IsAlike(const route_pb::RouteSpec& one, const route_pb::RouteSpec& other) {
  auto accounts = [](const route_pb::RouteSpec& spec) {
    return std::set<std::string>(spec.account_ids().begin(), spec.account_ids().end());
  };
  return one.symbol() == other.symbol() && one.side() == other.side() && accounts(one) == accounts(other) &&
         Decimal::Of(one.quantity().value()) == Decimal::Of(other.quantity().value());
}

}  // namespace

absl::Status RouteDesk::Recover() {
  RETURN_IF_ERROR(ports_.store.Fence());
  RouteStore::Range range{.active_only = true, .most = kRoutePage};
  // All of them, however many there were: each may have orders out.
  while (true) {
    ASSIGN_OR_RETURN(std::vector<Route> routes, ports_.store.Read(range));
    for (const Route& route : routes) open_[route.request_id()] = route;
    if (static_cast<int>(routes.size()) < range.most) return absl::OkStatus();
    range.before_nanos = wire::FromProto(routes.back().create_time()).nanos;
    range.before_id = routes.back().request_id();
  }
}

bool RouteDesk::InTime(const Route& route) const {
  Duration age = ports_.clock.Now() - wire::FromProto(route.create_time());
  // A clock that was set back says nothing: then nothing is sent any more.
  return age >= Duration{} && age <= kPlanTime;
}

absl::Status RouteDesk::LookForRepeat(const route_pb::ExecuteRouteRequest& request) {
  if (request.confirm_duplicate()) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<Route> routes, ports_.store.Read({.most = kRepeatsSeen}));
  for (const Route& route : routes) {
    const Duration age = ports_.clock.Now() - wire::FromProto(route.create_time());
    if (age > kRepeatTime) break;
    if (!IsAlike(route.spec(), request.spec())) continue;
    const std::string why = "an equal route, " + route.request_id() + ", was asked for " +
                            std::to_string(age.nanos / 1'000'000) + " ms ago (duplicate_route, limit " +
                            std::to_string(kRepeatTime.nanos / 1'000'000) +
                            " ms); confirm_duplicate says that a second one is meant";
    return WithFieldErrors(absl::FailedPreconditionError(ToAbsl(why)),
                           {{.field = "confirm_duplicate", .reason = RejectReason::kDuplicateOrder, .message = why}});
  }
  return absl::OkStatus();
}

absl::StatusOr<route_pb::Route> RouteDesk::Make(const route_pb::ExecuteRouteRequest& request, const Waits& waits) {
  if (open_.size() >= kOpenMost) {
    return absl::ResourceExhaustedError(
        ToAbsl(std::to_string(open_.size()) + " routes work, " + std::to_string(kOpenMost) + " may; try again"));
  }
  RETURN_IF_ERROR(LookForRepeat(request));
  Route made;
  made.set_request_id(request.request_id());
  *made.mutable_spec() = request.spec();
  if (request.has_min_quantity()) *made.mutable_min_quantity() = request.min_quantity();
  made.set_replans_max(request.has_replans_max() ? request.replans_max() : kReplansDefault);
  made.set_actor(request.actor());
  made.set_confirm_duplicate(request.confirm_duplicate());
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
  (void)SumLegs(made);
  wire::ToProto(ports_.clock.Now(), made.mutable_create_time());
  // Planning takes its time; who has stopped waiting would not hear what was sent.
  if (waits) RETURN_IF_ERROR(waits());
  ASSIGN_OR_RETURN(Route there, ports_.store.Insert(made));
  for (const route_pb::ExecutedLeg& leg : there.legs()) unsent_.insert(leg.request_id());
  figures_.Begun(there);
  return there;
}

absl::StatusOr<route_pb::Route> RouteDesk::Kept(const route_pb::ExecuteRouteRequest& request, const Waits& waits,
                                                bool* replayed) {
  if (waits) RETURN_IF_ERROR(waits());
  ASSIGN_OR_RETURN(std::optional<Route> there, ports_.store.Find(request.request_id()));
  *replayed = there.has_value();
  if (!there) return Make(request, waits);
  if (there->spec().SerializeAsString() != request.spec().SerializeAsString())
    return absl::AlreadyExistsError("the request id was used for another route");
  return *there;
}

absl::Status RouteDesk::Execute(const route_pb::ExecuteRouteRequest& request, route_pb::ExecuteRouteResponse* response,
                                const Waits& waits) {
  bool replayed = false;
  ASSIGN_OR_RETURN(Route route, Kept(request, waits, &replayed));
  response->set_replayed(replayed);
  if (IsActive(route.state())) {
    auto [at, added] = open_.try_emplace(route.request_id(), std::move(route));
    Advance(at->second);
    *response->mutable_route() = at->second;
    if (!IsActive(at->second.state())) Drop(at);
  } else {
    *response->mutable_route() = std::move(route);
  }
  ports_.log.Info("route.executed", {{"request", request.request_id()},
                                     {"symbol", request.spec().symbol()},
                                     {"legs", std::to_string(response->route().legs_size())},
                                     {"actor", request.actor()}});
  return absl::OkStatus();
}

absl::StatusOr<route_pb::Route> RouteDesk::Cancel(const std::string& request_id, const std::string& actor) {
  ASSIGN_OR_RETURN(Route route, Get(request_id));
  if (!IsActive(route.state())) return route;
  auto [at, added] = open_.try_emplace(request_id, route);
  if (!route.cancel_requested()) {
    route.set_cancel_requested(true);
    if (route.stop_reason().empty()) route.set_stop_reason(actor + " has cancelled it");
    RETURN_IF_ERROR(ports_.store.Save(route));
    at->second = route;
    ports_.log.Info("route.cancelled", {{"request", request_id}, {"actor", actor}});
  }
  Advance(at->second);
  route = at->second;
  if (!IsActive(route.state())) Drop(at);
  return route;
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

bool RouteDesk::Work(const std::function<bool()>& interrupted) {
  figures_.SetOpen(open_.size());
  const std::int64_t now_ns = ports_.clock.MonotonicNanos();
  questions_ = 0;
  auto at = open_.upper_bound(last_);
  if (round_left_ == 0) round_left_ = open_.size();
  round_left_ = std::min(round_left_, open_.size());
  while (round_left_ > 0) {
    if (at == open_.end()) at = open_.begin();
    last_ = at->first;
    Due& due = due_[at->first];
    if (due.look_ns <= now_ns) {
      Advance(at->second);
      if (!InTime(at->second)) due.look_ns = now_ns + kSlowLookNs;
    }
    at = IsActive(at->second.state()) ? std::next(at) : Drop(at);
    // One at least: whoever asks all the time does not keep the routes from their end.
    if (--round_left_ > 0 && (questions_ >= kQuestionsATurn || (interrupted && interrupted()))) return true;
  }
  return false;
}

RouteDesk::Open::iterator RouteDesk::Drop(Open::iterator at) {
  for (const route_pb::ExecutedLeg& leg : at->second.legs()) unsent_.erase(leg.request_id());
  due_.erase(at->first);
  return open_.erase(at);
}

void RouteDesk::Advance(Route& route) {
  Route next = route;
  if (!Step(next)) return;
  // Told before it is stored, under an id of its own: who dies in between tells it again.
  if (next.state() == route_pb::ROUTE_STATE_ENDED) Alert(next);
  absl::Status saved = ports_.store.Save(next);
  if (saved.ok()) {
    figures_.Moved(route, next);
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
    if (ports_.closed && ports_.closed()) break;
    if (!LegEnded(leg)) StepLeg(route, leg);
  }
  if (route.stop_reason().empty()) route.set_stop_reason(RefusedForGood(route));
  Decimal left = Decimal::Of(route.spec().quantity().value()) - SumLegs(route);
  bool all = std::all_of(route.legs().begin(), route.legs().end(), LegEnded);
  if (all && !left.IsPositive()) {
    End(route, true, "");
  } else if (all && !Replan(route, left)) {
    std::string note = left.ToString() + " is left";
    std::string why = route.note();
    const std::string more = route.stop_reason().empty() ? MoneyAndVenues(route) : route.stop_reason();
    if (!more.empty()) why += (why.empty() ? "" : "; ") + more;
    End(route, false, why.empty() ? note : note + ": " + why);
  }
  return route.SerializeAsString() != before;
}

void RouteDesk::StepLeg(const Route& route, route_pb::ExecutedLeg& leg) {
  ++questions_;
  if (leg.state() != route_pb::LEG_STATE_PENDING) {
    if (route.cancel_requested()) AskCancel(route, leg);
    return Look(route, leg);
  }
  const bool unsent = unsent_.contains(leg.request_id());
  std::string why = route.stop_reason();
  if (why.empty() && !InTime(route)) why = "its moment was over before it was sent";
  if (why.empty()) {
    absl::StatusOr<std::string> held = HeldNow(route, leg.leg().account_id());
    if (!held.ok() && unsent) return leg.set_error(MessageOf(held.status()));  // asked again
    why = held.ok() ? *held : MessageOf(held.status());
  }
  if (why.empty()) return Send(route, leg);
  if (!unsent) return Look(route, leg);
  unsent_.erase(leg.request_id());
  SetNeverSent(why, leg);
}

absl::StatusOr<std::string> RouteDesk::HeldNow(const Route& route, const std::string& account) {
  using Listed = absl::StatusOr<order::v1::ListAccountsResponse>;
  ASSIGN_OR_RETURN(auto listed, Answered<Listed>([&](std::function<void(Listed)> done) {
                     ports_.neighbours.Accounts(std::move(done));
                   }));
  for (const order::v1::Account& one : listed.accounts()) {
    if (one.account_id() == account && one.halted()) return "account " + account + " is halted: " + one.halt_reason();
  }
  ASSIGN_OR_RETURN(GateView gate, GateView::Ask(ports_.neighbours, ports_.gate, route.spec().symbol()));
  const std::string waits = gate.WaitOf(account);
  return waits.empty() ? "" : "account " + account + " waits for " + waits;
}

void RouteDesk::Send(const Route& route, route_pb::ExecutedLeg& leg) {
  using Response = absl::StatusOr<order::v1::SubmitOrderResponse>;
  const bool first = unsent_.erase(leg.request_id()) > 0;
  Response response = Answered<Response>(
      [&](std::function<void(Response)> done) { ports_.neighbours.Submit(LegRequest(route, leg), std::move(done)); });
  if (response.ok()) return SetLegOrder(response->order(), route, leg);
  if (MadeNoOrder(response.status()) && first) return SetNeverSent(MessageOf(response.status()), leg);
  leg.set_error(MessageOf(response.status()));
  // It is there already, or a request of before may have made it: only what is there says.
  if (absl::IsAlreadyExists(response.status()) || MadeNoOrder(response.status())) Look(route, leg);
}

void RouteDesk::Look(const Route& route, route_pb::ExecutedLeg& leg) {
  using Found = absl::StatusOr<order::v1::Order>;
  Found found = Answered<Found>(
      [&](std::function<void(Found)> done) { ports_.children.GetOrder(LegOrderId(leg), std::move(done)); });
  if (found.ok()) return SetLegOrder(*found, route, leg);
  if (!absl::IsNotFound(found.status()) || leg.state() != route_pb::LEG_STATE_PENDING) return;
  Duration age = ports_.clock.Now() - wire::FromProto(route.create_time());
  if (age <= Duration{kPlanTime.nanos + kSettled.nanos}) return;  // one may still be on its way
  SetNeverSent("its moment was over before it was sent", leg);
}

void RouteDesk::AskCancel(const Route& route, route_pb::ExecutedLeg& leg) {
  using Response = absl::StatusOr<order::v1::CancelOrderResponse>;
  order::v1::CancelOrderRequest request;
  request.set_order_id(LegOrderId(leg));
  request.set_request_id("route-cancel-" + request.order_id());
  request.set_actor("route:" + route.request_id());
  // What became of it is what the look says; it is asked again until then.
  (void)Answered<Response>(
      [&](std::function<void(Response)> done) { ports_.children.CancelOrder(request, std::move(done)); });
}

absl::StatusOr<std::string> RouteDesk::StoppedBySomebody(const Route& route) {
  using Asked = absl::StatusOr<bool>;
  std::set<std::string> seen;
  for (const route_pb::ExecutedLeg& leg : route.legs()) {
    if (leg.replan() != route.replans()) continue;  // looked at before what came after it
    if (seen.insert(leg.leg().account_id()).second) {
      ASSIGN_OR_RETURN(std::string held, HeldNow(route, leg.leg().account_id()));
      if (!held.empty()) return held;
    }
    if (!leg.has_order() || leg.order().status() == order::v1::ORDER_STATUS_FILLED) continue;
    ASSIGN_OR_RETURN(bool asked, Answered<Asked>([&](std::function<void(Asked)> done) {
                       ports_.children.CancelAsked(LegOrderId(leg), std::move(done));
                     }));
    if (asked) return "somebody else has cancelled leg " + std::to_string(leg.leg().number());
  }
  return "";
}

bool RouteDesk::Replan(Route& route, Decimal left) {
  if (!route.stop_reason().empty() || route.replans() >= route.replans_max()) return false;
  if (!InTime(route)) {
    route.set_note("the time of its plan is over");
    return false;
  }
  Due& due = due_[route.request_id()];
  if (due.plan_ns > ports_.clock.MonotonicNanos()) return true;
  // Asked again as long as there is time, but not at once.
  auto later = [&](const absl::Status& why) {
    due.plan_ns = ports_.clock.MonotonicNanos() + kPlanAgainNs;
    route.set_note("it cannot be planned again: " + MessageOf(why));
    return true;
  };
  absl::StatusOr<std::string> stopped = StoppedBySomebody(route);
  if (!stopped.ok()) return later(stopped.status());
  if (!stopped->empty()) {
    route.set_stop_reason(*stopped);
    return false;
  }
  route_pb::RouteSpec spec = route.spec();
  wire::ToProto(left, spec.mutable_quantity());
  wire::ToProto(WorstAgain(route), spec.mutable_limit_price());
  // Those that were asked first: the first of them says whose money it is.
  if (spec.account_ids().empty()) {
    for (const route_pb::RouteVenue& venue : route.plan().venues()) spec.add_account_ids(venue.account_id());
  }
  absl::StatusOr<route_pb::RoutePlan> plan = ports_.planner.Plan(spec, RefusedAt(route));
  if (!plan.ok()) {
    (void)later(plan.status());
    return !absl::IsInvalidArgument(plan.status()) && !absl::IsNotFound(plan.status());
  }
  if (plan->legs().empty()) {
    route.set_note("no venue takes it within " + spec.limit_price().value());
    return false;
  }
  route.set_replans(route.replans() + 1);
  route.clear_note();
  const int known = route.legs_size();
  AddLegs(*plan, route.replans(), route);
  for (int i = known; i < route.legs_size(); ++i) unsent_.insert(route.legs(i).request_id());
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
