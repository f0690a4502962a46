#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/broker/v1/broker_service.grpc.pb.h"
#include "ballast/broker/v1/market_data_service.grpc.pb.h"
#include "ballast/order/v1/order_service.grpc.pb.h"
#include "ballast/position/v1/position_service.grpc.pb.h"
#include "ballast/risk/v1/risk_service.grpc.pb.h"
#include "libs/model/market.h"
#include "libs/platform/config/config.h"

namespace ballast {

// The services a deployment asks, with a deadline of 2 s on every call. Any thread but gRPC's: a call blocks.
class Neighbours {
 public:
  explicit Neighbours(const Config& config);

  // UNAVAILABLE, DEADLINE_EXCEEDED and the like: it is not known whether the order was taken; ask again with the same
  // request id.
  absl::StatusOr<order::v1::SubmitOrderResponse> Submit(const order::v1::SubmitOrderRequest& request);
  // An empty symbol: all of the deployment's orders. OK is a barrier: nothing that was asked for before it comes to be
  // any more without being in ListOrders.
  absl::Status CancelAll(const std::string& account, const std::string& deployment, const std::string& symbol);
  // The order this request made, if any, among the newest of its deployment and symbol.
  absl::StatusOr<std::optional<order::v1::Order>> Find(const order::v1::SubmitOrderRequest& request);
  // Idempotent.
  // FAILED_PRECONDITION: an emergency stop has stopped it; `by_hand` takes that back.
  absl::Status RegisterDeployment(const std::string& account, const std::string& deployment, bool by_hand);
  absl::StatusOr<order::v1::ListAccountsResponse> Accounts();
  absl::StatusOr<position::v1::AccountSummary> Summary(const std::string& account);
  absl::StatusOr<risk::v1::Limits> Limits(const std::string& account);
  absl::StatusOr<std::vector<Instrument>> Instruments();
  absl::StatusOr<broker::v1::GetQuotesResponse> Quotes();
  absl::StatusOr<broker::v1::GetMarketStatusResponse> MarketStatus();
  absl::StatusOr<broker::v1::ListBrokersResponse> Brokers();
  absl::StatusOr<std::vector<Bar>> Bars(const Symbol& symbol, const std::string& timeframe, int limit);

  order::v1::OrderService::Stub& orders() { return *orders_; }
  broker::v1::MarketDataService::Stub& market() { return *market_; }

 private:
  std::unique_ptr<order::v1::OrderService::Stub> orders_;
  std::unique_ptr<position::v1::PositionService::Stub> positions_;
  std::unique_ptr<risk::v1::RiskService::Stub> risk_;
  std::unique_ptr<broker::v1::MarketDataService::Stub> market_;
  std::unique_ptr<broker::v1::BrokerService::Stub> brokers_;
};

}  // namespace ballast
