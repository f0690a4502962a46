#include "services/strategy_runner/routing_grpc.h"

#include <charconv>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/wire/wire.h"

namespace ballast {

namespace route_pb = execution::v1;

namespace {

// Its legs' request ids have up to four more characters.
constexpr std::size_t kRouteIdBytesMax = 60;
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
    : planner_({.neighbours = ports.neighbours,
                .venues = ports.venues,
                .algo_store = ports.algo_store,
                .store = ports.store,
                .book_age_max = ports.book_age_max}),
      desk_({.neighbours = ports.neighbours,
             .children = ports.children,
             .planner = planner_,
             .store = ports.store,
             .clock = ports.clock,
             .log = ports.log,
             .fail = ports.fail}) {}

void RoutingGrpc::Start() {
  worker_ = std::thread([this] {
    while (!work_.closed()) {
      for (auto& one : work_.PopBatch(1, desk_.has_work() ? kRouteLookNs : kRouteIdleNs)) one();
      if (desk_.has_work() && !work_.closed()) desk_.Work();
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
  check.Range("replans_max", request->replans_max(), 0, kReplansMost);
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
  Do(reactor, [this, request = *request, response] { return desk_.Execute(request, response); });
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
  Do(reactor, [this, id = request->request_id(), response]() -> absl::Status {
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
  Do(reactor, [this, request = *request, response] { return List(request, response); });
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
