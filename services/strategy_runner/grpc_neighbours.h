#pragma once

#include <cstdint>
#include <memory>

#include "ballast/alert/v1/alert_service.grpc.pb.h"
#include "ballast/broker/v1/broker_service.grpc.pb.h"
#include "ballast/broker/v1/market_data_service.grpc.pb.h"
#include "ballast/broker/v1/venue_book_service.grpc.pb.h"
#include "ballast/order/v1/order_service.grpc.pb.h"
#include "ballast/position/v1/position_service.grpc.pb.h"
#include "ballast/risk/v1/risk_service.grpc.pb.h"
#include "libs/platform/config/config.h"
#include "services/strategy_runner/asker.h"
#include "services/strategy_runner/backtest_shelf.h"
#include "services/strategy_runner/child_neighbours.h"
#include "services/strategy_runner/neighbour_deadline.h"
#include "services/strategy_runner/neighbours.h"
#include "services/strategy_runner/route_planner.h"

namespace ballast {

// The neighbours over gRPC's callbacks: no thread waits. Answers come on gRPC's threads. Any thread may ask.
class GrpcNeighbours final : public Neighbours, public ChildNeighbours, public VenueNeighbours {
 public:
  template <typename T>
  using Answer = Neighbours::Answer<T>;
  static constexpr std::int64_t kDeadlineNs = kNeighbourDeadline.nanos;

  GrpcNeighbours(const Config& config, const BacktestShelf& backtests, std::int64_t deadline_ns = kDeadlineNs);
  ~GrpcNeighbours() override { Stop(); }
  // Ends what is asked and refuses what comes; every answer has been given when it returns. Not from an answer.
  void Stop() { asker_.Stop(); }

  void Submit(const order::v1::SubmitOrderRequest& request, Answer<order::v1::SubmitOrderResponse> answer) override;
  void CancelAll(const std::string& account, const std::string& deployment, const std::string& symbol,
                 Told told) override;
  void Find(const order::v1::SubmitOrderRequest& request, Answer<std::optional<order::v1::Order>> answer) override;
  void RegisterDeployment(const std::string& account, const std::string& deployment, bool by_hand, Told told) override;
  void Accounts(Answer<order::v1::ListAccountsResponse> answer) override;
  void Summary(const std::string& account, Answer<position::v1::AccountSummary> answer) override;
  void Limits(const std::string& account, Answer<risk::v1::Limits> answer) override;
  void Instruments(Answer<std::vector<Instrument>> answer) override;
  void Quotes(Answer<broker::v1::GetQuotesResponse> answer) override;
  void MarketStatus(Answer<broker::v1::GetMarketStatusResponse> answer) override;
  void Brokers(Answer<broker::v1::ListBrokersResponse> answer) override;
  void RaiseAlert(const alert::v1::RaiseAlertRequest& request, Told told) override;
  void Bars(const Symbol& symbol, const std::string& timeframe, int limit, Answer<std::vector<Bar>> answer) override;

  void GetOrder(const std::string& order_id, Answer<order::v1::Order> answer) override;
  void CancelOrder(const order::v1::CancelOrderRequest& request,
                   Answer<order::v1::CancelOrderResponse> answer) override;
  void CancelAsked(const std::string& order_id, Answer<bool> answer) override;
  [[nodiscard]] std::optional<std::string> BacktestOnFile(const std::string& strategy_id,
                                                          const strategy::Parameters& parameters) const override;

  void VenueBook(const std::string& account, const std::string& symbol,
                 Answer<broker::v1::GetVenueBookResponse> answer) override;

  // For the streams that are read for ever.
  order::v1::OrderService::Stub& orders() { return *orders_; }
  broker::v1::MarketDataService::Stub& market() { return *market_; }

 private:
  const BacktestShelf& backtests_;
  std::unique_ptr<order::v1::OrderService::Stub> orders_;
  std::unique_ptr<position::v1::PositionService::Stub> positions_;
  std::unique_ptr<risk::v1::RiskService::Stub> risk_;
  std::unique_ptr<broker::v1::MarketDataService::Stub> market_;
  std::unique_ptr<broker::v1::BrokerService::Stub> brokers_;
  std::unique_ptr<broker::v1::VenueBookService::Stub> books_;
  std::unique_ptr<alert::v1::AlertService::Stub> alerts_;

  // Last: what is asked ends before the stubs do.
  Asker asker_;
};

}  // namespace ballast
