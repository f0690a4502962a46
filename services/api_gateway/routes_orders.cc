#include "libs/model/reserved_request.h"
#include "services/api_gateway/api.h"
#include "services/api_gateway/order_evidence.h"

namespace ballast {
namespace {

using BrokerAsync = broker::v1::BrokerService::StubInterface::async_interface;
using OrderAsync = order::v1::OrderService::StubInterface::async_interface;
using RiskAsync = risk::v1::RiskService::StubInterface::async_interface;

ApiError OrderError(const grpc::Status& status) {
  ApiError error = ErrorOf(status, "order_management");
  if (error.http == 404) error.reason = RejectReason::kOrderNotFound;
  if (status.error_code() == grpc::PERMISSION_DENIED) error.reason = RejectReason::kPermissionDenied;
  if (status.error_code() == grpc::ALREADY_EXISTS) error.reason = RejectReason::kRequestIdReused;
  return error;
}

// Whoever calls from outside is neither the router nor what sends orders elsewhere, whatever reason is given.
bool RefusedReserved(const CallPtr& call, const std::string& request_id) {
  if (!IsReservedRequest(request_id)) return false;
  call->Fail(BadFields({{.field = "request_id",
                         .reason = RejectReason::kBadIdentifier,
                         .message = "what begins with route- or elsewhere- is an order that the suite itself sends"}}));
  return true;
}

void SubmitOrder(const CallPtr& call) {
  order::v1::SubmitOrderRequest request;
  if (!call->ReadBody(&request) || RefusedReserved(call, request.request_id())) return;
  request.set_account_id(call->AccountOr(request.account_id()));
  request.set_actor(call->access.actor);
  call->Ask(call->gateway.peers.orders, &OrderAsync::SubmitOrder, request,
            [call](const grpc::Status& status, order::v1::SubmitOrderResponse& response) {
              if (!status.ok()) return call->Fail(OrderError(status));
              if (response.order().status() != order::v1::ORDER_STATUS_DENIED) return call->Answer(201, response);
              const type::v1::Rejection& rejection = response.order().rejection();
              call->FailWith(MakeError(422, rejection.message(), static_cast<RejectReason>(rejection.reason())),
                             ToJson(response));
            });
}

void SubmitOrderList(const CallPtr& call) {
  order::v1::SubmitOrderListRequest request;
  if (!call->ReadBody(&request) || RefusedReserved(call, request.request_id())) return;
  request.set_account_id(call->AccountOr(request.account_id()));
  request.set_actor(call->access.actor);
  call->Ask(call->gateway.peers.orders, &OrderAsync::SubmitOrderList, request,
            [call](const grpc::Status& status, order::v1::SubmitOrderListResponse& response) {
              if (!status.ok()) return call->Fail(OrderError(status));
              // All were taken or none: the one that was refused says why for all of them.
              const order::v1::Order* refused = nullptr;
              for (const order::v1::Order& order : response.orders()) {
                bool denied = order.status() == order::v1::ORDER_STATUS_DENIED;
                bool itself = order.rejection().reason() != type::v1::REJECT_REASON_CONTINGENT;
                if (denied && (refused == nullptr || itself)) refused = &order;
              }
              if (refused == nullptr) return call->Answer(201, response);
              const type::v1::Rejection& rejection = refused->rejection();
              call->FailWith(MakeError(422, rejection.message(), static_cast<RejectReason>(rejection.reason())),
                             ToJson(response));
            });
}

void ReplaceOrder(const CallPtr& call) {
  order::v1::ReplaceOrderRequest request;
  if (!call->ReadBody(&request)) return;
  request.set_order_id(call->Param("id"));
  request.set_actor(call->access.actor);
  call->Ask(call->gateway.peers.orders, &OrderAsync::ReplaceOrder, request,
            [call](const grpc::Status& status, order::v1::ReplaceOrderResponse& response) {
              if (!status.ok()) return call->Fail(OrderError(status));
              if (!response.has_rejection()) return call->Answer(200, response);
              const type::v1::Rejection& rejection = response.rejection();
              call->FailWith(MakeError(422, rejection.message(), static_cast<RejectReason>(rejection.reason())),
                             ToJson(response));
            });
}

void ResolveOrder(const CallPtr& call) {
  order::v1::ResolveOrderRequest request;
  if (!call->ReadBody(&request)) return;
  if (request.request_id().empty()) request.set_request_id(call->KeyOrNew());
  request.set_order_id(call->Param("id"));
  request.set_actor(call->access.actor);
  const std::string subject = "order:" + request.order_id();
  const Json asked = {{"broker_order_id", request.broker_order_id()}, {"reason", request.reason()}};
  call->AuditIntent("order.resolve", subject, asked);
  call->Ask(call->gateway.peers.orders, &OrderAsync::ResolveOrder, request,
            [call, subject, asked](const grpc::Status& status, order::v1::ResolveOrderResponse& response) {
              Json detail = asked;
              ApiError error = status.ok() ? ApiError() : OrderError(status);
              detail["outcome"] = status.ok() ? "ok" : error.status;
              call->Audit("order.resolve", subject, detail, response.order().account_id());
              if (!status.ok()) return call->Fail(error);
              call->Answer(202, response);
            });
}

void PreviewOrder(const CallPtr& call) {
  order::v1::SubmitOrderRequest request;
  if (!call->ReadBody(&request)) return;
  risk::v1::PreviewOrderRequest preview;
  order::v1::Order& order = *preview.mutable_order();
  order.set_account_id(call->AccountOr(request.account_id()));
  order.set_request_id(request.request_id());
  order.set_deployment_id(request.deployment_id());
  order.set_symbol(request.symbol());
  order.set_side(request.side());
  order.set_type(request.type());
  order.set_time_in_force(request.time_in_force());
  if (order.time_in_force() == type::v1::TIME_IN_FORCE_UNSPECIFIED) {
    order.set_time_in_force(order.type() == type::v1::ORDER_TYPE_MARKET ? type::v1::TIME_IN_FORCE_IOC
                                                                        : type::v1::TIME_IN_FORCE_GTC);
  }
  if (!request.has_quantity()) {
    return call->Fail(
        BadFields({{.field = "quantity", .reason = RejectReason::kMissingField, .message = "a quantity is expected"}}));
  }
  *order.mutable_quantity() = request.quantity();
  if (request.has_limit_price()) *order.mutable_limit_price() = request.limit_price();
  if (request.has_stop_price()) *order.mutable_stop_price() = request.stop_price();
  order.set_reduce_only(request.reduce_only());
  order.set_post_only(request.post_only());
  order.set_trigger_source(request.trigger_source());
  if (request.has_expire_time()) *order.mutable_expire_time() = request.expire_time();
  if (request.has_display_quantity()) *order.mutable_display_quantity() = request.display_quantity();
  if (request.has_trailing()) *order.mutable_trailing() = request.trailing();
  order.set_reason(request.reason());
  call->Forward(call->gateway.peers.risk, &RiskAsync::PreviewOrder, preview);
}

void ListOrders(const CallPtr& call) {
  order::v1::ListOrdersRequest request;
  int page_size = 0;
  bool working = false;
  if (!call->ReadNumber("page_size", &page_size) || !call->ReadFlag("working", &working)) return;
  request.set_account_id(call->AccountOfQuery());
  request.set_symbol(call->Query("symbol"));
  request.set_deployment_id(call->Query("deployment_id"));
  for (const auto& [name, value] : call->request.query) {
    if (name != "status") continue;
    order::v1::OrderStatus status{};
    if (!order::v1::OrderStatus_Parse(value, &status)) {
      return call->Fail(
          BadFields({{.field = "status", .reason = RejectReason::kBadEnum, .message = "there is no status " + value}}));
    }
    request.add_statuses(status);
  }
  request.set_working_only(working);
  request.set_page_size(page_size);
  request.set_page_token(call->Query("page_token"));
  call->Forward(call->gateway.peers.orders, &OrderAsync::ListOrders, request);
}

void GetOrderStatistics(const CallPtr& call) {
  order::v1::GetOrderStatisticsRequest request;
  int window_seconds = 0;
  if (!call->ReadNumber("window_seconds", &window_seconds)) return;
  request.set_account_id(call->AccountOfQuery());
  request.set_symbol(call->Query("symbol"));
  request.set_deployment_id(call->Query("deployment_id"));
  request.set_window_seconds(window_seconds);
  call->Forward(call->gateway.peers.orders, &OrderAsync::GetOrderStatistics, request);
}

void GetOrder(const CallPtr& call) {
  order::v1::GetOrderRequest request;
  request.set_order_id(call->Param("id"));
  call->Ask(call->gateway.peers.orders, &OrderAsync::GetOrder, request,
            [call](const grpc::Status& status, order::v1::GetOrderResponse& response) {
              if (!status.ok()) return call->Fail(OrderError(status));
              call->Answer(200, response);
            });
}

void ListOrderEvents(const CallPtr& call) {
  order::v1::ListOrderEventsRequest request;
  request.set_order_id(call->Param("id"));
  call->Ask(call->gateway.peers.orders, &OrderAsync::ListOrderEvents, request,
            [call](const grpc::Status& status, order::v1::ListOrderEventsResponse& response) {
              if (!status.ok()) return call->Fail(OrderError(status));
              call->Answer(200, response);
            });
}

void ExplainOrder(const CallPtr& call) {
  order::v1::ExplainOrderRequest request;
  request.set_order_id(call->Param("id"));
  call->Ask(call->gateway.peers.orders, &OrderAsync::ExplainOrder, request,
            [call](const grpc::Status& status, order::v1::ExplainOrderResponse& response) {
              if (!status.ok()) return call->Fail(OrderError(status));
              call->Answer(200, response);
            });
}

void ListProtections(const CallPtr& call) {
  order::v1::ListProtectionsRequest request;
  request.set_account_id(call->AccountOfQuery());
  call->Forward(call->gateway.peers.orders, &OrderAsync::ListProtections, request);
}

void SetStopPolicy(const CallPtr& call) {
  order::v1::SetStopPolicyRequest request;
  if (!call->ReadBody(&request)) return;
  request.set_account_id(call->AccountOr(request.account_id()));
  request.set_actor(call->access.actor);
  Json asked = ToJson(request);
  const std::string subject =
      "account:" + request.account_id() + (request.symbol().empty() ? "" : "/" + request.symbol());
  call->AuditIntent("stop_policy.set", subject, asked, request.account_id());
  call->Ask(call->gateway.peers.orders, &OrderAsync::SetStopPolicy, request,
            [call, asked = std::move(asked), subject, account = request.account_id()](
                const grpc::Status& status, order::v1::SetStopPolicyResponse& response) mutable {
              ApiError error = ErrorOf(status, "order_management");
              asked["outcome"] = status.ok() ? "OK" : error.status;
              call->Audit("stop_policy.set", subject, asked, account);
              if (status.ok())
                call->Answer(200, response);
              else
                call->Fail(error);
            });
}

void CancelOrder(const CallPtr& call) {
  order::v1::CancelOrderRequest request;
  request.set_request_id(call->KeyOrNew());
  request.set_order_id(call->Param("id"));
  request.set_actor(call->access.actor);
  call->Ask(call->gateway.peers.orders, &OrderAsync::CancelOrder, request,
            [call](const grpc::Status& status, order::v1::CancelOrderResponse& response) {
              if (!status.ok()) return call->Fail(OrderError(status));
              call->Answer(200, response);
            });
}

void CancelAll(const CallPtr& call) {
  order::v1::CancelAllOrdersRequest request;
  if (!call->ReadBody(&request)) return;
  request.set_request_id(call->KeyOrNew());
  request.set_account_id(call->AccountOr(request.account_id()));
  request.set_actor(call->access.actor);
  call->Forward(call->gateway.peers.orders, &OrderAsync::CancelAllOrders, request);
}

// What an account's money is and where it trades, in words that cannot be misread: "PAPER · Binance spot (SIMULATOR
// …)".
std::string BadgeOf(const order::v1::Account& account, const broker::v1::ListBrokersResponse& brokers) {
  const std::string id = account.broker().empty() ? "paper" : account.broker();
  std::string venue = id;
  for (const broker::v1::Broker& broker : brokers.brokers()) {
    if (broker.broker_id() == id) venue = broker.display_name();
  }
  const bool paper = account.mode() == type::v1::ACCOUNT_MODE_PAPER;
  return std::string(paper ? "PAPER" : "LIVE") + " · " + venue;
}

void ListAccounts(const CallPtr& call) {
  // The accounts are there without it.
  constexpr std::int64_t kBadgeDeadlineMs = 500;
  call->Forward(call->gateway.peers.orders, &OrderAsync::ListAccounts, order::v1::ListAccountsRequest(),
                [call](order::v1::ListAccountsResponse& accounts) {
                  call->Ask(
                      call->gateway.peers.broker, &BrokerAsync::ListBrokers, broker::v1::ListBrokersRequest(),
                      [call, accounts](const grpc::Status&, broker::v1::ListBrokersResponse& brokers) {
                        // Without the broker gateway a badge has the broker's id only.
                        Json rows = Json::array();
                        for (const order::v1::Account& account : accounts.accounts()) {
                          Json row = ToJson(account);
                          row["badge"] = BadgeOf(account, brokers);
                          rows.push_back(std::move(row));
                        }
                        call->Answer(200, Json{{"accounts", std::move(rows)}});
                      },
                      kBadgeDeadlineMs);
                });
}

}  // namespace

std::vector<Route> OrderRoutes() {
  // Order management records them.
  constexpr bool kOrdersRecord = false;
  return {
      {"GET", "/api/live/accounts", ListAccounts},
      {"GET", "/api/live/protections", ListProtections},
      {"PUT", "/api/live/protections", SetStopPolicy},
      {"POST", "/api/live/orders", SubmitOrder, kOrdersRecord},
      {"POST", "/api/live/orders/list", SubmitOrderList, kOrdersRecord},
      {"POST", "/api/live/orders/{id}/replace", ReplaceOrder, kOrdersRecord},
      {"POST", "/api/live/orders/{id}/resolve", ResolveOrder},
      {"GET", "/api/live/orders", ListOrders},
      {"POST", "/api/live/orders/preview", PreviewOrder, kOrdersRecord},
      {"POST", "/api/live/orders/cancel-all", CancelAll, kOrdersRecord},
      {"GET", "/api/live/orders/statistics", GetOrderStatistics},
      {"GET", "/api/live/orders/{id}", GetOrder},
      {"DELETE", "/api/live/orders/{id}", CancelOrder, kOrdersRecord},
      {"GET", "/api/live/orders/{id}/events", ListOrderEvents},
      {"GET", "/api/live/orders/{id}/explain", ExplainOrder},
      {"GET", "/api/live/orders/{id}/evidence", ShowEvidence},
  };
}

}  // namespace ballast
