#include "services/strategy_runner/routing_grpc.h"

#include <charconv>
#include <chrono>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/wire/wire.h"

namespace ballast {

namespace route_pb = execution::v1;

namespace {

// Its legs' request ids have up to ten more characters.
constexpr std::size_t kRouteIdBytesMax = 54;
constexpr std::size_t kRouteActorBytesMax = 100;
constexpr int kReplansMost = 5;
constexpr int kRoutePageMax = 500;
constexpr int kRoutePageDefault = 50;
// Legs of routes that are under way are looked at so often.
constexpr std::int64_t kRouteLookNs = 100'000'000;
constexpr std::int64_t kRouteIdleNs = 1'000'000'000;

grpc::Status RoutesBusy() { return {grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again"}; }

// "<nanos>.<request id>" of the last one of the page before.
bool ReadRouteToken(const std::string& token, RouteStore::Range& range) {
  if (token.empty()) return true;
  std::size_t at = token.find('.');
  if (at == std::string::npos || at + 1 == token.size()) return false;
  const char* end = token.data() + at;
  auto [read, error] = std::from_chars(token.data(), end, range.before_nanos);
  range.before_id = token.substr(at + 1);
  return error == std::errc() && read == end;
}

}  // namespace

RoutingGrpc::RoutingGrpc(Ports ports)
    : clock_(ports.clock),
      planner_({.neighbours = ports.neighbours,
                .venues = ports.venues,
                .algo_store = ports.algo_store,
                .store = ports.store,
                .gate = ports.gate,
                .book_age_max = ports.book_age_max,
                .singles = ports.singles}),
      desk_({.neighbours = ports.neighbours,
             .children = ports.children,
             .planner = planner_,
             .store = ports.store,
             .gate = ports.gate,
             .clock = ports.clock,
             .log = ports.log,
             .metrics = ports.metrics,
             .fail = ports.fail,
             .closed = [this] { return work_.closed(); }}) {}

void RoutingGrpc::Start() {
  worker_ = std::thread([this] {
    bool more = false;
    while (!work_.closed()) {
      const std::int64_t wait_ns = more ? 0 : desk_.has_work() ? kRouteLookNs : kRouteIdleNs;
      for (Call& one : work_.PopBatch(1, wait_ns)) {
        absl::Status waits = work_.closed() ? absl::UnavailableError("the service is ending") : Waits(one.context);
        one.reactor->Finish(ToGrpc(waits.ok() ? one.what() : waits));
      }
      more = desk_.has_work() && !work_.closed() && desk_.Work([this] { return work_.closed() || work_.size() > 0; });
    }
    // What nobody has begun is not begun any more: the process that follows does what is stored.
    for (Call& one : work_.PopBatch(50, 0))
      one.reactor->Finish({grpc::UNAVAILABLE, "the service is ending; nothing was done"});
  });
}

absl::Status RoutingGrpc::Waits(grpc::CallbackServerContext* context) const {
  const std::int64_t until_ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(context->deadline().time_since_epoch()).count();
  if (clock_.Now().nanos > until_ns)
    return absl::DeadlineExceededError("the caller had stopped waiting; nothing was done");
  if (context->IsCancelled()) return absl::CancelledError("the caller does not wait any more; nothing was done");
  return absl::OkStatus();
}

void RoutingGrpc::Stop() {
  work_.Close();
  if (worker_.joinable()) worker_.join();
}

void RoutingGrpc::Do(grpc::CallbackServerContext* context, grpc::ServerUnaryReactor* reactor,
                     std::function<absl::Status()> what) {
  if (!work_.TryPush({context, reactor, std::move(what)})) reactor->Finish(RoutesBusy());
}

grpc::ServerUnaryReactor* RoutingGrpc::PlanRoute(grpc::CallbackServerContext* context,
                                                 const route_pb::PlanRouteRequest* request,
                                                 route_pb::PlanRouteResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  (void)RouteOrderOf(request->spec(), check.errors());
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  Do(context, reactor, [this, spec = request->spec(), response]() -> absl::Status {
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
  check.Range("replans_max", request->replans_max(), 0, kReplansMost);
  if (request->request_id().size() > kRouteIdBytesMax)
    check.Refuse("request_id", RejectReason::kBadIdentifier, "at most 54 characters");
  (void)RouteOrderOf(request->spec(), check.errors());
  if (request->has_min_quantity()) {
    auto least = wire::FromProto(request->min_quantity(), "min_quantity");
    if (!least.ok()) check.Refuse("min_quantity", RejectReason::kBadDecimal, MessageOf(least.status()));
    if (least.ok() && least->IsNegative())
      check.Refuse("min_quantity", RejectReason::kOutOfRange, "0 or more expected");
  }
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  Do(context, reactor, [this, context, request = *request, response] {
    return desk_.Execute(request, response, [this, context] { return Waits(context); });
  });
  return reactor;
}

grpc::ServerUnaryReactor* RoutingGrpc::CancelRoute(grpc::CallbackServerContext* context,
                                                   const route_pb::CancelRouteRequest* request,
                                                   route_pb::CancelRouteResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Id("request_id", request->request_id()).Text("actor", request->actor(), kRouteActorBytesMax);
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  Do(context, reactor, [this, request = *request, response]() -> absl::Status {
    ASSIGN_OR_RETURN(*response->mutable_route(), desk_.Cancel(request.request_id(), request.actor()));
    return absl::OkStatus();
  });
  return reactor;
}

grpc::ServerUnaryReactor* RoutingGrpc::GetRoute(grpc::CallbackServerContext* context,
                                                const route_pb::GetRouteRequest* request,
                                                route_pb::GetRouteResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  if (!check.Id("request_id", request->request_id()).ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  Do(context, reactor, [this, id = request->request_id(), response]() -> absl::Status {
    ASSIGN_OR_RETURN(*response->mutable_route(), desk_.Get(id));
    return absl::OkStatus();
  });
  return reactor;
}

grpc::ServerUnaryReactor* RoutingGrpc::ListRoutes(grpc::CallbackServerContext* context,
                                                  const route_pb::ListRoutesRequest* request,
                                                  route_pb::ListRoutesResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Range("page_size", request->page_size(), 0, kRoutePageMax);
  RouteStore::Range range;
  if (!ReadRouteToken(request->page_token(), range))
    check.Refuse("page_token", RejectReason::kMalformed, "not a token of this call");
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  Do(context, reactor, [this, request = *request, response] { return List(request, response); });
  return reactor;
}

absl::Status RoutingGrpc::List(const route_pb::ListRoutesRequest& request, route_pb::ListRoutesResponse* response) {
  RouteStore::Range range{.active_only = request.active_only(),
                          .most = request.page_size() == 0 ? kRoutePageDefault : request.page_size()};
  (void)ReadRouteToken(request.page_token(), range);
  ASSIGN_OR_RETURN(std::vector<route_pb::Route> routes, desk_.Read(range));
  for (route_pb::Route& route : routes) {
    route.mutable_plan()->clear_venues();
    *response->add_routes() = std::move(route);
  }
  if (response->routes_size() == range.most) {
    const route_pb::Route& last = response->routes(range.most - 1);
    response->set_next_page_token(std::to_string(wire::FromProto(last.create_time()).nanos) + "." + last.request_id());
  }
  return absl::OkStatus();
}

}  // namespace ballast
