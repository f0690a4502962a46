#include "services/strategy_runner/grpc_neighbours.h"

#include <chrono>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/channel.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

// For who wants to know only whether it was done.
template <typename Response>
Neighbours::Answer<Response> Only(Neighbours::Told told) {
  return [told = std::move(told)](absl::StatusOr<Response> response) { told(response.status()); };
}

template <typename To, typename Protos>
absl::StatusOr<std::vector<To>> AllFromProto(const Protos& protos) {
  std::vector<To> all;
  for (const auto& proto : protos) {
    ASSIGN_OR_RETURN(To one, wire::FromProto(proto));
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

GrpcNeighbours::GrpcNeighbours(const Config& config, std::int64_t deadline_ns)
    : deadline_ns_(deadline_ns),
      orders_(order::v1::OrderService::NewStub(MakeChannel(config.GetString("order_management_address")))),
      positions_(position::v1::PositionService::NewStub(MakeChannel(config.GetString("positions_address")))),
      risk_(risk::v1::RiskService::NewStub(MakeChannel(config.GetString("risk_address")))),
      market_(broker::v1::MarketDataService::NewStub(MakeChannel(config.GetString("broker_gateway_address")))),
      brokers_(broker::v1::BrokerService::NewStub(MakeChannel(config.GetString("broker_gateway_address")))),
      alerts_(alert::v1::AlertService::NewStub(MakeChannel(config.GetString("alerts_address")))) {}

bool GrpcNeighbours::Begin(grpc::ClientContext* context) {
  MutexLock lock(mutex_);
  if (!stopping_) asked_.insert(context);
  return !stopping_;
}

void GrpcNeighbours::End(grpc::ClientContext* context) {
  MutexLock lock(mutex_);
  asked_.erase(context);
  // Under the lock: who waits may destroy this as soon as it is released.
  if (asked_.empty()) ended_.NotifyAll();
}

void GrpcNeighbours::Stop() {
  MutexLock lock(mutex_);
  stopping_ = true;
  for (grpc::ClientContext* context : asked_) context->TryCancel();
  while (!asked_.empty()) ended_.WaitFor(mutex_, 1'000'000'000);
}

template <typename Async, typename Method, typename Request, typename Response>
void GrpcNeighbours::Ask(Async* async, Method method, Request request, Answer<Response> answer) {
  struct Call {
    grpc::ClientContext context;
    Request request;
    Response response;
    Answer<Response> answer;
  };
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->answer = std::move(answer);
  call->context.set_deadline(std::chrono::system_clock::now() + std::chrono::nanoseconds(deadline_ns_));
  if (!Begin(&call->context)) {
    call->answer(absl::CancelledError("the strategy runner is stopping"));
    return;
  }
  (async->*method)(&call->context, &call->request, &call->response, [this, call](grpc::Status status) {
    if (status.ok())
      call->answer(std::move(call->response));
    else
      call->answer(FromGrpc(status));
    End(&call->context);
  });
}

// A stub's asynchronous method of that request and response, among its overloads.
#define BALLAST_ASYNC(SERVICE, METHOD, REQUEST, RESPONSE)                                                        \
  static_cast<void (SERVICE::StubInterface::async_interface::*)(grpc::ClientContext*, const REQUEST*, RESPONSE*, \
                                                                std::function<void(grpc::Status)>)>(             \
      &SERVICE::StubInterface::async_interface::METHOD)

void GrpcNeighbours::Submit(const order::v1::SubmitOrderRequest& request,
                            Answer<order::v1::SubmitOrderResponse> answer) {
  Ask(orders_->async(),
      BALLAST_ASYNC(order::v1::OrderService, SubmitOrder, order::v1::SubmitOrderRequest,
                    order::v1::SubmitOrderResponse),
      request, std::move(answer));
}

void GrpcNeighbours::CancelAll(const std::string& account, const std::string& deployment, const std::string& symbol,
                               Told told) {
  order::v1::CancelAllOrdersRequest request;
  request.set_account_id(account);
  request.set_deployment_id(deployment);
  request.set_symbol(symbol);
  request.set_actor("strategy:" + deployment);
  Ask(orders_->async(),
      BALLAST_ASYNC(order::v1::OrderService, CancelAllOrders, order::v1::CancelAllOrdersRequest,
                    order::v1::CancelAllOrdersResponse),
      std::move(request), Only<order::v1::CancelAllOrdersResponse>(std::move(told)));
}

void GrpcNeighbours::Find(const order::v1::SubmitOrderRequest& submit, Answer<std::optional<order::v1::Order>> answer) {
  constexpr int kNewest = 100;
  order::v1::ListOrdersRequest request;
  request.set_account_id(submit.account_id());
  request.set_deployment_id(submit.deployment_id());
  request.set_symbol(submit.symbol());
  request.set_page_size(kNewest);
  Answer<order::v1::ListOrdersResponse> listed =
      [id = submit.request_id(), answer = std::move(answer)](absl::StatusOr<order::v1::ListOrdersResponse> response) {
        if (!response.ok()) return answer(response.status());
        for (order::v1::Order& order : *response->mutable_orders()) {
          if (order.request_id() == id) return answer(std::optional<order::v1::Order>(std::move(order)));
        }
        answer(std::optional<order::v1::Order>());
      };
  Ask(orders_->async(),
      BALLAST_ASYNC(order::v1::OrderService, ListOrders, order::v1::ListOrdersRequest, order::v1::ListOrdersResponse),
      std::move(request), std::move(listed));
}

void GrpcNeighbours::RegisterDeployment(const std::string& account, const std::string& deployment, bool by_hand,
                                        Told told) {
  order::v1::RegisterDeploymentRequest request;
  request.set_account_id(account);
  request.set_deployment_id(deployment);
  request.set_actor("strategy:" + deployment);
  request.set_clear_stop(by_hand);
  Ask(orders_->async(),
      BALLAST_ASYNC(order::v1::OrderService, RegisterDeployment, order::v1::RegisterDeploymentRequest,
                    order::v1::RegisterDeploymentResponse),
      std::move(request), Only<order::v1::RegisterDeploymentResponse>(std::move(told)));
}

void GrpcNeighbours::RaiseAlert(const alert::v1::RaiseAlertRequest& request, Told told) {
  Ask(alerts_->async(),
      BALLAST_ASYNC(alert::v1::AlertService, RaiseAlert, alert::v1::RaiseAlertRequest, alert::v1::RaiseAlertResponse),
      request, Only<alert::v1::RaiseAlertResponse>(std::move(told)));
}

void GrpcNeighbours::Accounts(Answer<order::v1::ListAccountsResponse> answer) {
  Ask(orders_->async(),
      BALLAST_ASYNC(order::v1::OrderService, ListAccounts, order::v1::ListAccountsRequest,
                    order::v1::ListAccountsResponse),
      order::v1::ListAccountsRequest(), std::move(answer));
}

void GrpcNeighbours::Summary(const std::string& account, Answer<position::v1::AccountSummary> answer) {
  position::v1::GetAccountSummaryRequest request;
  request.set_account_id(account);
  Answer<position::v1::GetAccountSummaryResponse> got =
      [answer = std::move(answer)](absl::StatusOr<position::v1::GetAccountSummaryResponse> response) {
        if (!response.ok()) return answer(response.status());
        answer(std::move(*response->mutable_summary()));
      };
  Ask(positions_->async(),
      BALLAST_ASYNC(position::v1::PositionService, GetAccountSummary, position::v1::GetAccountSummaryRequest,
                    position::v1::GetAccountSummaryResponse),
      std::move(request), std::move(got));
}

void GrpcNeighbours::Limits(const std::string& account, Answer<risk::v1::Limits> answer) {
  risk::v1::GetLimitsRequest request;
  request.set_account_id(account);
  Answer<risk::v1::GetLimitsResponse> got =
      [answer = std::move(answer)](absl::StatusOr<risk::v1::GetLimitsResponse> response) {
        if (!response.ok()) return answer(response.status());
        answer(std::move(*response->mutable_limits()));
      };
  Ask(risk_->async(),
      BALLAST_ASYNC(risk::v1::RiskService, GetLimits, risk::v1::GetLimitsRequest, risk::v1::GetLimitsResponse),
      std::move(request), std::move(got));
}

void GrpcNeighbours::Instruments(Answer<std::vector<Instrument>> answer) {
  Answer<broker::v1::ListInstrumentsResponse> got =
      [answer = std::move(answer)](absl::StatusOr<broker::v1::ListInstrumentsResponse> response) {
        if (!response.ok()) return answer(response.status());
        answer(AllFromProto<Instrument>(response->instruments()));
      };
  Ask(market_->async(),
      BALLAST_ASYNC(broker::v1::MarketDataService, ListInstruments, broker::v1::ListInstrumentsRequest,
                    broker::v1::ListInstrumentsResponse),
      broker::v1::ListInstrumentsRequest(), std::move(got));
}

void GrpcNeighbours::Quotes(Answer<broker::v1::GetQuotesResponse> answer) {
  Ask(market_->async(),
      BALLAST_ASYNC(broker::v1::MarketDataService, GetQuotes, broker::v1::GetQuotesRequest,
                    broker::v1::GetQuotesResponse),
      broker::v1::GetQuotesRequest(), std::move(answer));
}

void GrpcNeighbours::MarketStatus(Answer<broker::v1::GetMarketStatusResponse> answer) {
  Ask(market_->async(),
      BALLAST_ASYNC(broker::v1::MarketDataService, GetMarketStatus, broker::v1::GetMarketStatusRequest,
                    broker::v1::GetMarketStatusResponse),
      broker::v1::GetMarketStatusRequest(), std::move(answer));
}

void GrpcNeighbours::Brokers(Answer<broker::v1::ListBrokersResponse> answer) {
  Ask(brokers_->async(),
      BALLAST_ASYNC(broker::v1::BrokerService, ListBrokers, broker::v1::ListBrokersRequest,
                    broker::v1::ListBrokersResponse),
      broker::v1::ListBrokersRequest(), std::move(answer));
}

void GrpcNeighbours::Bars(const Symbol& symbol, const std::string& timeframe, int limit,
                          Answer<std::vector<Bar>> answer) {
  broker::v1::ListBarsRequest request;
  request.set_symbol(symbol.value());
  request.set_timeframe(timeframe);
  request.set_limit(limit);
  Answer<broker::v1::ListBarsResponse> got =
      [answer = std::move(answer)](absl::StatusOr<broker::v1::ListBarsResponse> response) {
        if (!response.ok()) return answer(response.status());
        answer(AllFromProto<Bar>(response->bars()));
      };
  Ask(market_->async(),
      BALLAST_ASYNC(broker::v1::MarketDataService, ListBars, broker::v1::ListBarsRequest, broker::v1::ListBarsResponse),
      std::move(request), std::move(got));
}

void GrpcNeighbours::GetOrder(const std::string& order_id, Answer<order::v1::Order> answer) {
  order::v1::GetOrderRequest request;
  request.set_order_id(order_id);
  Answer<order::v1::GetOrderResponse> got =
      [answer = std::move(answer)](absl::StatusOr<order::v1::GetOrderResponse> response) {
        if (!response.ok()) return answer(response.status());
        answer(std::move(*response->mutable_order()));
      };
  Ask(orders_->async(),
      BALLAST_ASYNC(order::v1::OrderService, GetOrder, order::v1::GetOrderRequest, order::v1::GetOrderResponse),
      std::move(request), std::move(got));
}

void GrpcNeighbours::CancelOrder(const order::v1::CancelOrderRequest& request,
                                 Answer<order::v1::CancelOrderResponse> answer) {
  Ask(orders_->async(),
      BALLAST_ASYNC(order::v1::OrderService, CancelOrder, order::v1::CancelOrderRequest,
                    order::v1::CancelOrderResponse),
      request, std::move(answer));
}

#undef BALLAST_ASYNC

}  // namespace ballast
