#include "services/api_gateway/emergency.h"

#include <map>
#include <optional>
#include <set>
#include <vector>

namespace ballast {
namespace {

using OrderAsync = order::v1::OrderService::StubInterface::async_interface;
using PositionAsync = position::v1::PositionService::StubInterface::async_interface;
using StrategyAsync = strategy::v1::StrategyService::StubInterface::async_interface;

constexpr char kReason[] = "emergency_stop";

bool IsZero(const std::string& decimal) { return decimal.find_first_of("123456789") == std::string::npos; }

// Each step starts the next one when it is answered; one step is under way at a time.
class Emergency : public std::enable_shared_from_this<Emergency> {
 public:
  Emergency(CallPtr call, EmergencyPlan plan)
      : call_(std::move(call)), plan_(std::move(plan)), key_(call_->KeyOrNew()) {}

  void Run() {
    order::v1::HaltAccountRequest request;
    request.set_request_id(StepKey(key_, "halt"));
    request.set_account_id(plan_.account);
    request.set_reason(plan_.reason.empty() ? "emergency " + plan_.level : plan_.reason);
    request.set_actor(call_->access.actor);
    call_->Ask(call_->gateway.peers.orders, &OrderAsync::HaltAccount, request,
               [self = shared_from_this()](const grpc::Status& status, order::v1::HaltAccountResponse& response) {
                 if (self->Noted("halt", "order_management", status))
                   self->done_["account"] = ToJson(response.account());
                 self->Cancel();
               });
  }

 private:
  struct Closing {
    std::string symbol;
    // None: the account's net position.
    std::optional<std::string> deployment;
  };
  // True when the step worked.
  bool Noted(const std::string& step, const std::string& peer, const grpc::Status& status) {
    if (status.ok()) return true;
    Failed(step, ErrorOf(status, peer));
    return false;
  }
  void Failed(const std::string& step, ApiError error) {
    failed_.push_back({{"step", step}, {"status", error.status}, {"message", error.message}});
    if (!first_error_) first_error_ = std::move(error);
  }

  void Cancel() {
    if (!plan_.cancel) return Finish();
    order::v1::CancelAllOrdersRequest request;
    request.set_request_id(StepKey(key_, "cancel"));
    request.set_account_id(plan_.account);
    request.set_actor(call_->access.actor);
    call_->Ask(call_->gateway.peers.orders, &OrderAsync::CancelAllOrders, request,
               [self = shared_from_this()](const grpc::Status& status, order::v1::CancelAllOrdersResponse& response) {
                 if (self->Noted("cancel", "order_management", status)) {
                   for (const auto& order : response.orders()) self->orders_.push_back(ToJson(order));
                 }
                 self->ListDeployments();
               });
  }

  void ListDeployments() {
    if (!plan_.stop) return Finish();
    strategy::v1::ListDeploymentsRequest request;
    request.set_account_id(plan_.account);
    call_->Ask(
        call_->gateway.peers.strategy, &StrategyAsync::ListDeployments, request,
        [self = shared_from_this()](const grpc::Status& status, strategy::v1::ListDeploymentsResponse& response) {
          if (self->Noted("list deployments", "strategy_runner", status)) {
            for (const auto& deployment : response.deployments()) {
              if (deployment.status() != strategy::v1::DEPLOYMENT_STATUS_STOPPED) {
                self->to_stop_.push_back(deployment.deployment_id());
              }
            }
          }
          self->StopNext();
        });
  }

  void StopNext() {
    if (to_stop_.empty()) return ListPositions();
    std::string id = std::move(to_stop_.back());
    to_stop_.pop_back();
    strategy::v1::StopDeploymentRequest request;
    request.set_deployment_id(id);
    request.set_close_positions(plan_.close);
    request.set_actor(call_->access.actor);
    request.set_reason(kReason);
    call_->Ask(
        call_->gateway.peers.strategy, &StrategyAsync::StopDeployment, request,
        [self = shared_from_this(), id](const grpc::Status& status, strategy::v1::StopDeploymentResponse& response) {
          if (self->Noted("stop " + id, "strategy_runner", status)) {
            self->stopped_.insert(id);
            self->deployments_.push_back(ToJson(response.deployment()));
          }
          self->StopNext();
        });
  }

  // What no deployment closes: positions taken by hand, and those left by deployments stopped earlier.
  void ListPositions() {
    if (!plan_.close) return Finish();
    position::v1::ListPositionsRequest request;
    request.set_account_id(plan_.account);
    request.set_by_deployment(true);
    call_->Ask(call_->gateway.peers.positions, &PositionAsync::ListPositions, request,
               [self = shared_from_this()](const grpc::Status& status, position::v1::ListPositionsResponse& response) {
                 if (self->Noted("list positions", "positions", status)) {
                   self->PlanClosing(response);
                 }
                 self->CloseNext();
               });
  }

  void PlanClosing(const position::v1::ListPositionsResponse& response) {
    std::map<std::string, std::set<bool>> sides;
    for (const auto& position : response.positions()) {
      if (!IsZero(position.quantity().value()))
        sides[position.symbol()].insert(position.quantity().value().front() == '-');
    }
    for (const auto& position : response.positions()) {
      if (IsZero(position.quantity().value()) || stopped_.contains(position.deployment_id())) continue;
      if (sides[position.symbol()].size() == 1) to_close_.push_back({position.symbol(), position.deployment_id()});
    }
    // Books against each other: what any one of them would do takes the account over zero, so it is closed as a whole.
    for (const auto& [symbol, both] : sides) {
      if (both.size() == 2) to_close_.push_back({symbol, std::nullopt});
    }
  }

  void CloseNext() {
    if (to_close_.empty()) return Finish();
    Closing closing = std::move(to_close_.back());
    to_close_.pop_back();
    order::v1::ClosePositionRequest request;
    request.set_request_id(StepKey(key_, closing.deployment.value_or("*") + "|" + closing.symbol));
    request.set_account_id(plan_.account);
    request.set_symbol(closing.symbol);
    if (closing.deployment) request.set_deployment_id(*closing.deployment);
    request.set_reason(kReason);
    request.set_actor(call_->access.actor);
    call_->Ask(call_->gateway.peers.orders, &OrderAsync::ClosePosition, request,
               [self = shared_from_this(), symbol = closing.symbol](const grpc::Status& status,
                                                                    order::v1::SubmitOrderResponse& response) {
                 // Closed meanwhile.
                 if (status.error_code() == grpc::FAILED_PRECONDITION) return self->CloseNext();
                 if (self->Noted("close " + symbol, "order_management", status)) {
                   const order::v1::Order& order = response.order();
                   if (order.status() == order::v1::ORDER_STATUS_DENIED) {
                     self->Failed("close " + symbol,
                                  MakeError(422, symbol + " is not closed: " + order.rejection().message(),
                                            static_cast<RejectReason>(order.rejection().reason())));
                   }
                   self->closing_.push_back(ToJson(order));
                 }
                 self->CloseNext();
               });
  }

  void Finish() {
    bool stop = plan_.stop;
    call_->Audit(stop ? "emergency.stopped" : "emergency.engaged", "account:" + plan_.account,
                 {{"level", plan_.level},
                  {"reason", plan_.reason},
                  {"cancelled_orders", orders_.size()},
                  {"stopped_deployments", deployments_.size()},
                  {"closing_orders", closing_.size()},
                  {"failed", failed_}},
                 plan_.account);
    done_["orders"] = std::move(orders_);
    if (stop) {
      done_["deployments"] = std::move(deployments_);
      done_["closing_orders"] = std::move(closing_);
    }
    if (!first_error_) return call_->Answer(200, done_);
    ApiError error = *first_error_;
    error.message = "not everything was done: " + error.message;
    done_["failed"] = std::move(failed_);
    call_->FailWith(error, done_);
  }

  const CallPtr call_;
  const EmergencyPlan plan_;
  const std::string key_;
  std::vector<std::string> to_stop_;
  std::set<std::string> stopped_;
  std::vector<Closing> to_close_;
  Json done_ = Json::object();
  Json orders_ = Json::array();
  Json deployments_ = Json::array();
  Json closing_ = Json::array();
  Json failed_ = Json::array();
  std::optional<ApiError> first_error_;
};

}  // namespace

void RunEmergency(const CallPtr& call, EmergencyPlan plan) {
  std::make_shared<Emergency>(call, std::move(plan))->Run();
}

}  // namespace ballast
