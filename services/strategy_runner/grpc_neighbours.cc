#include "services/strategy_runner/grpc_neighbours.h"

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/channel.h"
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

GrpcNeighbours::GrpcNeighbours(const Config& config, const BacktestShelf& backtests, std::int64_t deadline_ns)
    : backtests_(backtests),
      orders_(order::v1::OrderService::NewStub(MakeChannel(config.GetString("order_management_address")))),
      positions_(position::v1::PositionService::NewStub(MakeChannel(config.GetString("positions_address")))),
      risk_(risk::v1::RiskService::NewStub(MakeChannel(config.GetString("risk_address")))),
      market_(broker::v1::MarketDataService::NewStub(MakeChannel(config.GetString("broker_gateway_address")))),
      brokers_(broker::v1::BrokerService::NewStub(MakeChannel(config.GetString("broker_gateway_address")))),
      books_(broker::v1::VenueBookService::NewStub(MakeChannel(config.GetString("broker_gateway_address")))),
      alerts_(alert::v1::AlertService::NewStub(MakeChannel(config.GetString("alerts_address")))),
      asker_(deadline_ns) {}

void GrpcNeighbours::Submit(const order::v1::SubmitOrderRequest& request,
                            Answer<order::v1::SubmitOrderResponse> answer) {
  asker_.Ask(orders_->async(),
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
  asker_.Ask(orders_->async(),
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
  asker_.Ask(
      orders_->async(),
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
  asker_.Ask(orders_->async(),
             BALLAST_ASYNC(order::v1::OrderService, RegisterDeployment, order::v1::RegisterDeploymentRequest,
                           order::v1::RegisterDeploymentResponse),
             std::move(request), Only<order::v1::RegisterDeploymentResponse>(std::move(told)));
}

void GrpcNeighbours::RaiseAlert(const alert::v1::RaiseAlertRequest& request, Told told) {
  asker_.Ask(
      alerts_->async(),
      BALLAST_ASYNC(alert::v1::AlertService, RaiseAlert, alert::v1::RaiseAlertRequest, alert::v1::RaiseAlertResponse),
      request, Only<alert::v1::RaiseAlertResponse>(std::move(told)));
}

void GrpcNeighbours::Accounts(Answer<order::v1::ListAccountsResponse> answer) {
  asker_.Ask(orders_->async(),
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
  asker_.Ask(positions_->async(),
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
  asker_.Ask(risk_->async(),
             BALLAST_ASYNC(risk::v1::RiskService, GetLimits, risk::v1::GetLimitsRequest, risk::v1::GetLimitsResponse),
             std::move(request), std::move(got));
}

void GrpcNeighbours::Instruments(Answer<std::vector<Instrument>> answer) {
  Answer<broker::v1::ListInstrumentsResponse> got =
      [answer = std::move(answer)](absl::StatusOr<broker::v1::ListInstrumentsResponse> response) {
        if (!response.ok()) return answer(response.status());
        answer(AllFromProto<Instrument>(response->instruments()));
      };
  asker_.Ask(market_->async(),
             BALLAST_ASYNC(broker::v1::MarketDataService, ListInstruments, broker::v1::ListInstrumentsRequest,
                           broker::v1::ListInstrumentsResponse),
             broker::v1::ListInstrumentsRequest(), std::move(got));
}

void GrpcNeighbours::Quotes(Answer<broker::v1::GetQuotesResponse> answer) {
  asker_.Ask(market_->async(),
             BALLAST_ASYNC(broker::v1::MarketDataService, GetQuotes, broker::v1::GetQuotesRequest,
                           broker::v1::GetQuotesResponse),
             broker::v1::GetQuotesRequest(), std::move(answer));
}

void GrpcNeighbours::MarketStatus(Answer<broker::v1::GetMarketStatusResponse> answer) {
  asker_.Ask(market_->async(),
             BALLAST_ASYNC(broker::v1::MarketDataService, GetMarketStatus, broker::v1::GetMarketStatusRequest,
                           broker::v1::GetMarketStatusResponse),
             broker::v1::GetMarketStatusRequest(), std::move(answer));
}

void GrpcNeighbours::Brokers(Answer<broker::v1::ListBrokersResponse> answer) {
  asker_.Ask(brokers_->async(),
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
  asker_.Ask(
      market_->async(),
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
  asker_.Ask(orders_->async(),
             BALLAST_ASYNC(order::v1::OrderService, GetOrder, order::v1::GetOrderRequest, order::v1::GetOrderResponse),
             std::move(request), std::move(got));
}

void GrpcNeighbours::CancelOrder(const order::v1::CancelOrderRequest& request,
                                 Answer<order::v1::CancelOrderResponse> answer) {
  asker_.Ask(orders_->async(),
             BALLAST_ASYNC(order::v1::OrderService, CancelOrder, order::v1::CancelOrderRequest,
                           order::v1::CancelOrderResponse),
             request, std::move(answer));
}

void GrpcNeighbours::CancelAsked(const std::string& order_id, Answer<bool> answer) {
  order::v1::ListOrderEventsRequest request;
  request.set_order_id(order_id);
  Answer<order::v1::ListOrderEventsResponse> got =
      [answer = std::move(answer)](absl::StatusOr<order::v1::ListOrderEventsResponse> response) {
        if (!response.ok()) return answer(response.status());
        bool asked = false, sent = false, ended = false, cancelled = false;
        for (const order::v1::OrderEvent& event : response->events()) {
          asked |= event.type() == order::v1::ORDER_EVENT_TYPE_PENDING_CANCEL;
          sent |= event.type() == order::v1::ORDER_EVENT_TYPE_SUBMITTED;
          cancelled |= event.type() == order::v1::ORDER_EVENT_TYPE_CANCELED;
          absl::StatusOr<Order> order = wire::FromProto(event.order());
          ended |= event.has_order() && order.ok() && IsTerminal(order->status);
        }
        if (!ended) return answer(absl::UnavailableError("the end of the order is not stored yet"));
        // What has not left is cancelled at once, and only because somebody asks.
        answer(asked || (cancelled && !sent));
      };
  asker_.Ask(orders_->async(),
             BALLAST_ASYNC(order::v1::OrderService, ListOrderEvents, order::v1::ListOrderEventsRequest,
                           order::v1::ListOrderEventsResponse),
             std::move(request), std::move(got));
}

std::optional<std::string> GrpcNeighbours::BacktestOnFile(const std::string& strategy_id,
                                                          const strategy::Parameters& parameters) const {
  return backtests_.Find(strategy_id, parameters);
}

void GrpcNeighbours::VenueBook(const std::string& account, const std::string& symbol,
                               Answer<broker::v1::GetVenueBookResponse> answer) {
  broker::v1::GetVenueBookRequest request;
  request.set_account_id(account);
  request.set_symbol(symbol);
  asker_.Ask(books_->async(),
             BALLAST_ASYNC(broker::v1::VenueBookService, GetVenueBook, broker::v1::GetVenueBookRequest,
                           broker::v1::GetVenueBookResponse),
             std::move(request), std::move(answer));
}

}  // namespace ballast
