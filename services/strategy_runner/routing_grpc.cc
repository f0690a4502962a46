#include "services/strategy_runner/routing_grpc.h"

#include "libs/base/absl_std.h"
#include "libs/orders/order_id.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/thread/answered.h"
#include "libs/wire/wire.h"

namespace ballast {

namespace route_pb = execution::v1;

namespace {

// Its legs' request ids have three more characters.
constexpr std::size_t kRouteIdBytesMax = 60;
constexpr std::size_t kRouteActorBytesMax = 100;
// An older plan is of another market: what has not been sent by then is not.
constexpr Duration kPlanAgeMax = Duration::Seconds(10);
constexpr int kRouteTries = 3;

grpc::Status RoutesBusy() { return {grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again"}; }

std::string LegRequestId(const route_pb::KeptRoute& route, const route_pb::RouteLeg& leg) {
  return route.request().request_id() + "-" + std::to_string(leg.number());
}

order::v1::SubmitOrderRequest LegRequest(const route_pb::KeptRoute& route, const route_pb::RouteLeg& leg) {
  order::v1::SubmitOrderRequest submit;
  submit.set_request_id(LegRequestId(route, leg));
  submit.set_account_id(leg.account_id());
  submit.set_symbol(route.request().spec().symbol());
  submit.set_side(route.request().spec().side());
  submit.set_type(type::v1::ORDER_TYPE_LIMIT);
  submit.set_time_in_force(type::v1::TIME_IN_FORCE_IOC);
  *submit.mutable_quantity() = leg.quantity();
  *submit.mutable_limit_price() = leg.limit_price();
  submit.set_reason("route");
  submit.set_actor(route.request().actor());
  submit.set_confirm_duplicate(true);
  return submit;
}

Decimal PlacedBy(const route_pb::RoutePlan& plan) {
  Decimal sum;
  for (const route_pb::RouteLeg& leg : plan.legs()) sum += Decimal::Of(leg.quantity().value());
  return sum;
}

}  // namespace

void RoutingGrpc::Start() {
  worker_ = std::thread([this] {
    while (!work_.closed()) {
      for (auto& one : work_.PopBatch(1, 1'000'000'000)) one();
    }
    for (auto& one : work_.PopBatch(50, 0)) one();
  });
}

void RoutingGrpc::Stop() {
  work_.Close();
  if (worker_.joinable()) worker_.join();
}

void RoutingGrpc::Do(grpc::ServerUnaryReactor* reactor, std::function<absl::Status()> what) {
  if (!work_.TryPush([reactor, what = std::move(what)] { reactor->Finish(ToGrpc(what())); }))
    reactor->Finish(RoutesBusy());
}

grpc::ServerUnaryReactor* RoutingGrpc::PreviewRoute(grpc::CallbackServerContext* context,
                                                    const route_pb::PreviewRouteRequest* request,
                                                    route_pb::PreviewRouteResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  (void)RouteOrderOf(request->spec(), check.errors());
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  Do(reactor, [this, spec = request->spec(), response]() -> absl::Status {
    ASSIGN_OR_RETURN(*response->mutable_plan(), planner_.Plan(spec));
    return absl::OkStatus();
  });
  return reactor;
}

grpc::ServerUnaryReactor* RoutingGrpc::ExecuteRoute(grpc::CallbackServerContext* context,
                                                    const route_pb::ExecuteRouteRequest* request,
                                                    route_pb::ExecuteRouteResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Id("request_id", request->request_id()).Text("actor", request->actor(), kRouteActorBytesMax);
  if (request->request_id().size() > kRouteIdBytesMax)
    check.Refuse("request_id", RejectReason::kBadIdentifier, "at most 60 characters");
  (void)RouteOrderOf(request->spec(), check.errors());
  if (request->has_min_quantity()) {
    auto least = wire::FromProto(request->min_quantity(), "min_quantity");
    if (!least.ok()) check.Refuse("min_quantity", RejectReason::kBadDecimal, MessageOf(least.status()));
  }
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  Do(reactor, [this, request = *request, response] { return Execute(request, response); });
  return reactor;
}

absl::StatusOr<route_pb::KeptRoute> RoutingGrpc::Kept(const route_pb::ExecuteRouteRequest& request, bool* replayed) {
  ASSIGN_OR_RETURN(std::optional<route_pb::KeptRoute> there, ports_.store.Find(request.request_id()));
  *replayed = there.has_value();
  if (!there) {
    route_pb::KeptRoute made;
    *made.mutable_request() = request;
    ASSIGN_OR_RETURN(*made.mutable_plan(), planner_.Plan(request.spec()));
    Decimal least =
        Decimal::Of(request.has_min_quantity() ? request.min_quantity().value() : request.spec().quantity().value());
    Decimal placed = PlacedBy(made.plan());
    if (placed < least || made.plan().legs().empty()) {
      return absl::FailedPreconditionError(
          ToAbsl("the venues take " + placed.ToString() + " of at least " + least.ToString()));
    }
    wire::ToProto(ports_.clock.Now(), made.mutable_create_time());
    ASSIGN_OR_RETURN(there, ports_.store.Insert(made));
  }
  if (there->request().spec().SerializeAsString() != request.spec().SerializeAsString())
    return absl::AlreadyExistsError("the request id was used for another route");
  return *there;
}

absl::Status RoutingGrpc::Execute(const route_pb::ExecuteRouteRequest& request,
                                  route_pb::ExecuteRouteResponse* response) {
  bool replayed = false;
  ASSIGN_OR_RETURN(route_pb::KeptRoute route, Kept(request, &replayed));
  *response->mutable_plan() = route.plan();
  response->set_replayed(replayed);
  for (const route_pb::RouteLeg& leg : route.plan().legs()) Send(route, leg, response->add_outcomes());
  ports_.log.Info("route.executed", {{"request", request.request_id()},
                                     {"symbol", request.spec().symbol()},
                                     {"legs", std::to_string(route.plan().legs_size())},
                                     {"actor", request.actor()}});
  return absl::OkStatus();
}

void RoutingGrpc::Send(const route_pb::KeptRoute& route, const route_pb::RouteLeg& leg, route_pb::LegOutcome* outcome) {
  using Found = absl::StatusOr<order::v1::Order>;
  std::string order_id = orders::OrderIdFor(AccountId(leg.account_id()), RequestId(LegRequestId(route, leg))).value();
  Duration age = ports_.clock.Now() - wire::FromProto(route.create_time());
  absl::Status last = absl::NotFoundError("its moment was over before it was sent");
  for (int tries = 0; tries < kRouteTries; ++tries) {
    if (age <= kPlanAgeMax) {
      using Response = absl::StatusOr<order::v1::SubmitOrderResponse>;
      Response response = Answered<Response>([&](std::function<void(Response)> done) {
        ports_.neighbours.Submit(LegRequest(route, leg), std::move(done));
      });
      if (response.ok()) {
        *outcome->mutable_order() = response->order();
        return;
      }
      last = response.status();
    } else {
      Found found = Answered<Found>(
          [&](std::function<void(Found)> done) { ports_.children.GetOrder(order_id, std::move(done)); });
      if (found.ok()) {
        *outcome->mutable_order() = *found;
        return;
      }
      if (absl::IsNotFound(found.status())) break;
      last = found.status();
    }
    // The same request again is the same order; what says more than "not known" is not asked again.
    if (!absl::IsUnavailable(last) && !absl::IsDeadlineExceeded(last)) break;
  }
  outcome->set_error(MessageOf(last));
}

}  // namespace ballast
