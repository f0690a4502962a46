#include <utility>

#include "ballast/execution/v1/elsewhere_service.grpc.pb.h"
#include "ballast/execution/v1/routing_service.grpc.pb.h"
#include "libs/wire/wire.h"
#include "services/api_gateway/api.h"

namespace ballast {
namespace {

using AlgoAsync = execution::v1::AlgoOrderService::StubInterface::async_interface;

// Records what was asked of a parent order and what became of it, then answers.
template <typename Response>
void ConcludeAlgo(const CallPtr& call, const char* action, const std::string& subject, const std::string& account,
                  const grpc::Status& status, const Response& response) {
  ApiError error = ErrorOf(status, "strategy_runner");
  Json detail = {{"outcome", status.ok() ? "ok" : error.status}};
  if (status.ok()) {
    detail["symbol"] = response.algo_order().spec().symbol();
    detail["quantity"] = response.algo_order().spec().quantity().value();
  }
  const std::string& id = response.algo_order().algo_order_id();
  call->Audit(action, "algo_order:" + (id.empty() ? subject : id), std::move(detail), account);
  if (status.ok()) {
    call->Answer(200, response);
  } else {
    call->Fail(error);
  }
}

void CreateAlgo(const CallPtr& call) {
  execution::v1::CreateAlgoOrderRequest request;
  if (!call->ReadBody(&request)) return;
  request.set_actor(call->access.actor);
  request.mutable_spec()->set_account_id(call->AccountOr(request.spec().account_id()));
  std::string account = request.spec().account_id();
  call->AuditIntent("algo_order.created", "algo_order:" + request.request_id(),
                    {{"symbol", request.spec().symbol()}, {"quantity", request.spec().quantity().value()}}, account);
  call->Ask(call->gateway.peers.algo, &AlgoAsync::CreateAlgoOrder, request,
            [call, account, key = request.request_id()](const grpc::Status& status,
                                                        execution::v1::CreateAlgoOrderResponse& response) {
              ConcludeAlgo(call, "algo_order.created", key, account, status, response);
            });
}

void PreviewAlgo(const CallPtr& call) {
  execution::v1::PreviewAlgoOrderRequest request;
  if (!call->ReadBody(&request)) return;
  request.mutable_spec()->set_account_id(call->AccountOr(request.spec().account_id()));
  call->Forward(call->gateway.peers.algo, &AlgoAsync::PreviewAlgoOrder, request);
}

void GetAlgo(const CallPtr& call) {
  execution::v1::GetAlgoOrderRequest request;
  request.set_algo_order_id(call->Param("id"));
  call->Forward(call->gateway.peers.algo, &AlgoAsync::GetAlgoOrder, request);
}

void ListAlgos(const CallPtr& call) {
  execution::v1::ListAlgoOrdersRequest request;
  bool active = false;
  int size = 0;
  if (!call->ReadFlag("active_only", &active) || !call->ReadNumber("page_size", &size)) return;
  request.set_account_id(call->AccountOfQuery());
  request.set_active_only(active);
  request.set_page_size(size);
  request.set_page_token(call->Query("page_token"));
  call->Forward(call->gateway.peers.algo, &AlgoAsync::ListAlgoOrders, request);
}

// One of the three things people ask of a parent order that is there.
template <typename Request, typename Response>
void ActOnAlgo(const CallPtr& call, const char* action,
               void (AlgoAsync::*method)(grpc::ClientContext*, const Request*, Response*,
                                         std::function<void(grpc::Status)>)) {
  if (!call->ReadFields({})) return;
  Request request;
  request.set_algo_order_id(call->Param("id"));
  request.set_actor(call->access.actor);
  std::string subject = request.algo_order_id();
  call->AuditIntent(action, "algo_order:" + subject, Json::object());
  call->Ask(call->gateway.peers.algo, method, request,
            [call, action, subject](const grpc::Status& status, Response& response) {
              ConcludeAlgo(call, action, subject, response.algo_order().spec().account_id(), status, response);
            });
}

void PauseAlgo(const CallPtr& call) {
  ActOnAlgo<execution::v1::PauseAlgoOrderRequest, execution::v1::PauseAlgoOrderResponse>(call, "algo_order.paused",
                                                                                         &AlgoAsync::PauseAlgoOrder);
}

void ResumeAlgo(const CallPtr& call) {
  ActOnAlgo<execution::v1::ResumeAlgoOrderRequest, execution::v1::ResumeAlgoOrderResponse>(call, "algo_order.resumed",
                                                                                           &AlgoAsync::ResumeAlgoOrder);
}

void CancelAlgo(const CallPtr& call) {
  ActOnAlgo<execution::v1::CancelAlgoOrderRequest, execution::v1::CancelAlgoOrderResponse>(call, "algo_order.canceled",
                                                                                           &AlgoAsync::CancelAlgoOrder);
}

using RoutingAsync = execution::v1::RoutingService::StubInterface::async_interface;

// Beside the algorithms, over the same channel.
Peer<execution::v1::RoutingService> RoutingPeer(const CallPtr& call) {
  const auto& runner = call->gateway.peers.strategy;
  return {runner.name, runner.address, runner.channel};
}

// A leg has up to two questions of 2 s, and there are at most ten.
constexpr std::int64_t kRouteDeadlineMs = 30'000;

void PlanRoute(const CallPtr& call) {
  execution::v1::PlanRouteRequest request;
  if (!call->ReadBody(&request)) return;
  call->Forward(RoutingPeer(call), &RoutingAsync::PlanRoute, request, nullptr, kRouteDeadlineMs);
}

void GetRoute(const CallPtr& call) {
  execution::v1::GetRouteRequest request;
  request.set_request_id(call->Param("id"));
  call->Forward(RoutingPeer(call), &RoutingAsync::GetRoute, request);
}

void ListRoutes(const CallPtr& call) {
  execution::v1::ListRoutesRequest request;
  bool active = false;
  int size = 0;
  if (!call->ReadFlag("active_only", &active) || !call->ReadNumber("page_size", &size)) return;
  request.set_active_only(active);
  request.set_page_size(size);
  request.set_page_token(call->Query("page_token"));
  call->Forward(RoutingPeer(call), &RoutingAsync::ListRoutes, request);
}

void ExecuteRoute(const CallPtr& call) {
  execution::v1::ExecuteRouteRequest request;
  if (!call->ReadBody(&request)) return;
  request.set_actor(call->access.actor);
  Json detail = {{"symbol", request.spec().symbol()}, {"quantity", request.spec().quantity().value()}};
  call->AuditIntent("route.executed", "route:" + request.request_id(), detail);
  call->Ask(
      RoutingPeer(call), &RoutingAsync::ExecuteRoute, request,
      [call, detail, id = request.request_id()](const grpc::Status& status,
                                                execution::v1::ExecuteRouteResponse& response) mutable {
        ApiError error = ErrorOf(status, "strategy_runner");
        detail["outcome"] = status.ok() ? "ok" : error.status;
        for (const execution::v1::ExecutedLeg& leg : response.route().legs()) {
          detail["legs"].push_back(
              {{"account_id", leg.leg().account_id()}, {"quantity", leg.leg().quantity().value()}});
        }
        call->Audit("route.executed", "route:" + id, std::move(detail));
        if (status.ok()) {
          call->Answer(200, response);
        } else {
          call->Fail(error);
        }
      },
      kRouteDeadlineMs);
}

void CancelRoute(const CallPtr& call) {
  if (!call->ReadFields({})) return;
  execution::v1::CancelRouteRequest request;
  request.set_request_id(call->Param("id"));
  request.set_actor(call->access.actor);
  const std::string subject = "route:" + request.request_id();
  call->AuditIntent("route.cancelled", subject, Json::object());
  call->Ask(
      RoutingPeer(call), &RoutingAsync::CancelRoute, request,
      [call, subject](const grpc::Status& status, execution::v1::CancelRouteResponse& response) {
        ApiError error = ErrorOf(status, "strategy_runner");
        call->Audit("route.cancelled", subject, {{"outcome", status.ok() ? "ok" : error.status}});
        if (status.ok()) {
          call->Answer(200, response);
        } else {
          call->Fail(error);
        }
      },
      kRouteDeadlineMs);
}

using ElsewhereAsync = execution::v1::ElsewhereService::StubInterface::async_interface;

void ListElsewhere(const CallPtr& call) {
  execution::v1::ListElsewhereOrdersRequest request;
  int size = 0;
  if (!call->ReadNumber("page_size", &size)) return;
  request.set_page_size(size);
  request.set_page_token(call->Query("page_token"));
  const auto& runner = call->gateway.peers.strategy;
  call->Forward(Peer<execution::v1::ElsewhereService>{runner.name, runner.address, runner.channel},
                &ElsewhereAsync::ListElsewhereOrders, request);
}

using QualityAsync = execution::v1::ExecutionQualityService::StubInterface::async_interface;

// RFC 3339 of the query, where it is there. False: answered 400.
bool ReadTime(const CallPtr& call, const char* name, google::protobuf::Timestamp* out, bool* there) {
  std::string text = call->Query(name);
  *there = !text.empty();
  auto time = UtcTime::Parse(text);
  if (!*there) return true;
  if (!time.ok()) {
    call->Fail(BadFields({{.field = name, .reason = RejectReason::kMalformed, .message = "a time is expected"}}));
    return false;
  }
  wire::ToProto(*time, out);
  return true;
}

void GetQuality(const CallPtr& call) {
  execution::v1::GetExecutionQualityRequest request;
  request.set_algo_order_id(call->Query("algo_order_id"));
  request.set_order_id(call->Query("order_id"));
  request.set_account_id(call->AccountOfQuery());
  bool singles = false;
  if (!call->ReadFlag("single_orders", &singles)) return;
  request.set_single_orders(singles);
  request.set_deployment_id(call->Query("deployment_id"));
  request.set_symbol(call->Query("symbol"));
  google::protobuf::Timestamp from, to;
  bool has_from = false, has_to = false;
  if (!ReadTime(call, "from_time", &from, &has_from) || !ReadTime(call, "to_time", &to, &has_to)) return;
  if (has_from) *request.mutable_from_time() = from;
  if (has_to) *request.mutable_to_time() = to;
  call->Forward(call->gateway.peers.quality, &QualityAsync::GetExecutionQuality, request);
}

}  // namespace

std::vector<Route> AlgoRoutes() {
  return {
      {"POST", "/api/live/algo-orders", CreateAlgo},
      {"POST", "/api/live/algo-orders/preview", PreviewAlgo},
      {"GET", "/api/live/algo-orders", ListAlgos},
      {"GET", "/api/live/algo-orders/{id}", GetAlgo},
      {"POST", "/api/live/algo-orders/{id}/pause", PauseAlgo},
      {"POST", "/api/live/algo-orders/{id}/resume", ResumeAlgo},
      {"POST", "/api/live/algo-orders/{id}/cancel", CancelAlgo},
      {"GET", "/api/live/execution-quality", GetQuality},
      {"POST", "/api/live/routes/plan", PlanRoute},
      {"POST", "/api/live/routes", ExecuteRoute},
      {"GET", "/api/live/routes", ListRoutes},
      {"GET", "/api/live/routes/{id}", GetRoute},
      {"POST", "/api/live/routes/{id}/cancel", CancelRoute},
      {"GET", "/api/live/elsewhere-orders", ListElsewhere},
  };
}

}  // namespace ballast
