#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ballast/order/v1/order_service.grpc.pb.h"
#include "ballast/position/v1/position_service.grpc.pb.h"
#include "libs/base/utc_time.h"
#include "libs/platform/config/config.h"
#include "services/strategy_runner/account_neighbours.h"
#include "services/strategy_runner/asker.h"

namespace ballast {

// They over gRPC; answers come on its threads.
class GrpcAccountNeighbours final : public AccountNeighbours {
 public:
  explicit GrpcAccountNeighbours(const Config& config);
  ~GrpcAccountNeighbours() override { Stop(); }
  // Every answer has been given when it returns. Not from an answer.
  void Stop() { asker_.Stop(); }

  void WorkingOrders(const std::string& account, Answer<std::vector<order::v1::Order>> answer) override;
  void Order(const std::string& order_id, Answer<order::v1::Order> answer) override;
  void Written(const std::string& account, Answer<std::uint64_t> answer) override;
  void Summary(const std::string& account, Answer<position::v1::AccountSummary> answer) override;
  void Positions(const std::string& account, Answer<std::vector<position::v1::Position>> answer) override;
  void Books(const std::string& account, Answer<std::vector<position::v1::BookSummary>> answer) override;
  void Trades(const std::string& account, UtcTime after, Answer<std::vector<position::v1::Trade>> answer) override;
  void TieOut(const std::string& account, Answer<position::v1::TieOut> answer) override;
  void OpenBreaks(const std::string& account, Answer<int> answer) override;
  void Unprotected(const std::string& account, Answer<int> answer) override;
  void Cancel(const order::v1::CancelOrderRequest& request, Answer<order::v1::CancelOrderResponse> answer) override;
  void Close(const order::v1::ClosePositionRequest& request, Answer<order::v1::SubmitOrderResponse> answer) override;

 private:
  struct OrderPages;
  struct TradePages;
  void NextOrders(std::shared_ptr<OrderPages> pages);
  void NextTrades(std::shared_ptr<TradePages> pages);

  std::unique_ptr<order::v1::OrderService::Stub> orders_;
  std::unique_ptr<position::v1::PositionService::Stub> positions_;
  // Last: what is asked ends before the stubs do.
  Asker asker_;
};

}  // namespace ballast
