#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/alert/v1/alert_service.pb.h"
#include "ballast/broker/v1/broker_service.pb.h"
#include "ballast/broker/v1/market_data_service.pb.h"
#include "ballast/order/v1/order_service.pb.h"
#include "ballast/position/v1/position_service.pb.h"
#include "ballast/risk/v1/risk_service.pb.h"
#include "libs/model/market.h"
#include "libs/strategy/strategy.h"

namespace ballast {

// The services a deployment asks. No question waits: each answer comes exactly once, on any thread and perhaps before
// the question returns; DEADLINE_EXCEEDED when there is none in time, CANCELLED when this process is ending.
class Neighbours {
 public:
  template <typename T>
  using Answer = std::function<void(absl::StatusOr<T>)>;
  using Told = std::function<void(absl::Status)>;

  virtual ~Neighbours() = default;

  // UNAVAILABLE, DEADLINE_EXCEEDED and the like: it is not known whether the order was taken; ask again with the same
  // request id.
  virtual void Submit(const order::v1::SubmitOrderRequest& request, Answer<order::v1::SubmitOrderResponse> answer) = 0;
  // An empty symbol: all of the deployment's orders. OK is a barrier: nothing that was asked for before it comes to be
  // any more without being in ListOrders.
  virtual void CancelAll(const std::string& account, const std::string& deployment, const std::string& symbol,
                         Told told) = 0;
  // The order this request made, if any, among the newest of its deployment and symbol.
  virtual void Find(const order::v1::SubmitOrderRequest& request, Answer<std::optional<order::v1::Order>> answer) = 0;
  // Idempotent.
  // FAILED_PRECONDITION: an emergency stop has stopped it; `by_hand` takes that back.
  virtual void RegisterDeployment(const std::string& account, const std::string& deployment, bool by_hand,
                                  Told told) = 0;
  virtual void Accounts(Answer<order::v1::ListAccountsResponse> answer) = 0;
  virtual void Summary(const std::string& account, Answer<position::v1::AccountSummary> answer) = 0;
  virtual void Limits(const std::string& account, Answer<risk::v1::Limits> answer) = 0;
  virtual void Instruments(Answer<std::vector<Instrument>> answer) = 0;
  virtual void Quotes(Answer<broker::v1::GetQuotesResponse> answer) = 0;
  virtual void MarketStatus(Answer<broker::v1::GetMarketStatusResponse> answer) = 0;
  virtual void Brokers(Answer<broker::v1::ListBrokersResponse> answer) = 0;
  // Idempotent by its request id.
  virtual void RaiseAlert(const alert::v1::RaiseAlertRequest& request, Told told) = 0;
  virtual void Bars(const Symbol& symbol, const std::string& timeframe, int limit, Answer<std::vector<Bar>> answer) = 0;
  // The newest successful backtest of a strategy with these parameters, for people; known here, so it is answered at
  // once.
  [[nodiscard]] virtual std::optional<std::string> BacktestOnFile(const std::string& strategy_id,
                                                                  const strategy::Parameters& parameters) const = 0;
};

}  // namespace ballast
