#include "services/strategy_runner/neighbours.h"

#include <chrono>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/channel.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr std::chrono::milliseconds kDeadline(2'000);

template <typename Stub, typename Request, typename Response>
absl::Status Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                  const Request& request, Response* response) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  return FromGrpc((stub.*method)(&context, request, response));
}

}  // namespace

Neighbours::Neighbours(const Config& config)
    : orders_(order::v1::OrderService::NewStub(MakeChannel(config.GetString("order_management_address")))),
      positions_(position::v1::PositionService::NewStub(MakeChannel(config.GetString("positions_address")))),
      risk_(risk::v1::RiskService::NewStub(MakeChannel(config.GetString("risk_address")))),
      market_(broker::v1::MarketDataService::NewStub(MakeChannel(config.GetString("broker_gateway_address")))),
      brokers_(broker::v1::BrokerService::NewStub(MakeChannel(config.GetString("broker_gateway_address")))) {}

absl::StatusOr<order::v1::SubmitOrderResponse> Neighbours::Submit(const order::v1::SubmitOrderRequest& request) {
  order::v1::SubmitOrderResponse response;
  RETURN_IF_ERROR(Call(*orders_, &order::v1::OrderService::Stub::SubmitOrder, request, &response));
  return response;
}

absl::Status Neighbours::CancelAll(const std::string& account, const std::string& deployment,
                                   const std::string& symbol) {
  order::v1::CancelAllOrdersRequest request;
  request.set_account_id(account);
  request.set_deployment_id(deployment);
  request.set_symbol(symbol);
  request.set_actor("strategy:" + deployment);
  order::v1::CancelAllOrdersResponse response;
  return Call(*orders_, &order::v1::OrderService::Stub::CancelAllOrders, request, &response);
}

absl::StatusOr<std::optional<order::v1::Order>> Neighbours::Find(const order::v1::SubmitOrderRequest& submit) {
  constexpr int kNewest = 100;
  order::v1::ListOrdersRequest request;
  request.set_account_id(submit.account_id());
  request.set_deployment_id(submit.deployment_id());
  request.set_symbol(submit.symbol());
  request.set_page_size(kNewest);
  order::v1::ListOrdersResponse response;
  RETURN_IF_ERROR(Call(*orders_, &order::v1::OrderService::Stub::ListOrders, request, &response));
  for (order::v1::Order& order : *response.mutable_orders()) {
    if (order.request_id() == submit.request_id()) return std::optional<order::v1::Order>(std::move(order));
  }
  return std::optional<order::v1::Order>();
}

absl::Status Neighbours::RegisterDeployment(const std::string& account, const std::string& deployment, bool by_hand) {
  order::v1::RegisterDeploymentRequest request;
  request.set_account_id(account);
  request.set_deployment_id(deployment);
  request.set_actor("strategy:" + deployment);
  request.set_clear_stop(by_hand);
  order::v1::RegisterDeploymentResponse response;
  return Call(*orders_, &order::v1::OrderService::Stub::RegisterDeployment, request, &response);
}

absl::StatusOr<order::v1::ListAccountsResponse> Neighbours::Accounts() {
  order::v1::ListAccountsResponse response;
  RETURN_IF_ERROR(
      Call(*orders_, &order::v1::OrderService::Stub::ListAccounts, order::v1::ListAccountsRequest(), &response));
  return response;
}

absl::StatusOr<position::v1::AccountSummary> Neighbours::Summary(const std::string& account) {
  position::v1::GetAccountSummaryRequest request;
  request.set_account_id(account);
  position::v1::GetAccountSummaryResponse response;
  RETURN_IF_ERROR(Call(*positions_, &position::v1::PositionService::Stub::GetAccountSummary, request, &response));
  return response.summary();
}

absl::StatusOr<risk::v1::Limits> Neighbours::Limits(const std::string& account) {
  risk::v1::GetLimitsRequest request;
  request.set_account_id(account);
  risk::v1::GetLimitsResponse response;
  RETURN_IF_ERROR(Call(*risk_, &risk::v1::RiskService::Stub::GetLimits, request, &response));
  return response.limits();
}

absl::StatusOr<std::vector<Instrument>> Neighbours::Instruments() {
  broker::v1::ListInstrumentsResponse response;
  RETURN_IF_ERROR(Call(*market_, &broker::v1::MarketDataService::Stub::ListInstruments,
                       broker::v1::ListInstrumentsRequest(), &response));
  std::vector<Instrument> instruments;
  for (const auto& proto : response.instruments()) {
    ASSIGN_OR_RETURN(Instrument instrument, wire::FromProto(proto));
    instruments.push_back(std::move(instrument));
  }
  return instruments;
}

absl::StatusOr<broker::v1::GetQuotesResponse> Neighbours::Quotes() {
  broker::v1::GetQuotesResponse response;
  RETURN_IF_ERROR(
      Call(*market_, &broker::v1::MarketDataService::Stub::GetQuotes, broker::v1::GetQuotesRequest(), &response));
  return response;
}

absl::StatusOr<broker::v1::GetMarketStatusResponse> Neighbours::MarketStatus() {
  broker::v1::GetMarketStatusResponse response;
  RETURN_IF_ERROR(Call(*market_, &broker::v1::MarketDataService::Stub::GetMarketStatus,
                       broker::v1::GetMarketStatusRequest(), &response));
  return response;
}

absl::StatusOr<broker::v1::ListBrokersResponse> Neighbours::Brokers() {
  broker::v1::ListBrokersResponse response;
  RETURN_IF_ERROR(
      Call(*brokers_, &broker::v1::BrokerService::Stub::ListBrokers, broker::v1::ListBrokersRequest(), &response));
  return response;
}

absl::StatusOr<std::vector<Bar>> Neighbours::Bars(const Symbol& symbol, const std::string& timeframe, int limit) {
  broker::v1::ListBarsRequest request;
  request.set_symbol(symbol.value());
  request.set_timeframe(timeframe);
  request.set_limit(limit);
  broker::v1::ListBarsResponse response;
  RETURN_IF_ERROR(Call(*market_, &broker::v1::MarketDataService::Stub::ListBars, request, &response));
  std::vector<Bar> bars;
  for (const auto& proto : response.bars()) {
    ASSIGN_OR_RETURN(Bar bar, wire::FromProto(proto));
    bars.push_back(std::move(bar));
  }
  return bars;
}

}  // namespace ballast
