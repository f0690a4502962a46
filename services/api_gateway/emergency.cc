#include "services/api_gateway/emergency.h"

#include <grpcpp/alarm.h>

#include <algorithm>
#include <chrono>
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
// Between two looks; longer and longer while nothing gets better.
constexpr std::int64_t kPauseMs = 50;
constexpr std::int64_t kPauseMsMax = 1'600;
// A stopped deployment closes its own positions. What it still holds after this long is closed from here.
constexpr std::int64_t kOwnCloseMs = 1'000;
constexpr std::int64_t kAskMsMin = 200;
constexpr int kOrdersMax = 500;

bool IsZero(const std::string& decimal) { return decimal.find_first_of("123456789") == std::string::npos; }

// Worth asking again: whoever was asked may be back in a moment.
bool MayPass(const ApiError& error) {
  static const std::set<std::string> kFinal = {"INVALID_ARGUMENT", "NOT_FOUND", "PERMISSION_DENIED", "UNIMPLEMENTED",
                                               "UNAUTHENTICATED"};
  return !kFinal.contains(error.status);
}

// Rounds: what is not done yet is asked for in turn, each step starting the next one when it is answered, until all of
// it is done and seen to be done, or the time is over. One step is under way at a time.
class Emergency : public std::enable_shared_from_this<Emergency> {
 public:
  Emergency(CallPtr call, EmergencyPlan plan)
      : call_(std::move(call)),
        plan_(std::move(plan)),
        key_(call_->KeyOrNew()),
        closing_key_(NewKey("emergency")),
        started_ns_(Now()) {}

  void Run() {
    worse_ = false;
    if (halted_) return Cancel();
    order::v1::HaltAccountRequest request;
    request.set_request_id(StepKey(key_, "halt"));
    request.set_account_id(plan_.account);
    request.set_reason(plan_.reason.empty() ? "emergency " + plan_.level : plan_.reason);
    request.set_actor(call_->access.actor);
    Ask(call_->gateway.peers.orders, &OrderAsync::HaltAccount, request,
        [self = shared_from_this()](const grpc::Status& status, order::v1::HaltAccountResponse& response) {
          if (self->Noted("halt", "order_management", status)) {
            self->halted_ = true;
            self->done_["account"] = ToJson(response.account());
          }
          self->Cancel();
        });
  }

 private:
  [[nodiscard]] std::int64_t Now() const { return call_->gateway.clock.MonotonicNanos(); }
  [[nodiscard]] std::int64_t LeftMs() const {
    return call_->gateway.emergency_ms_max - (Now() - started_ns_) / 1'000'000;
  }
  template <typename ServiceType, typename Async, typename Request, typename Response>
  void Ask(const Peer<ServiceType>& peer,
           void (Async::*method)(grpc::ClientContext*, const Request*, Response*, std::function<void(grpc::Status)>),
           const std::type_identity_t<Request>& message,
           std::type_identity_t<std::function<void(const grpc::Status&, Response&)>> done) {
    call_->Ask(peer, method, message, std::move(done), std::clamp(LeftMs(), kAskMsMin, ApiCall::kDeadlineMs));
  }

  struct Closing {
    std::string symbol;
    // None: the account's net position.
    std::optional<std::string> deployment;
  };
  // True when the step worked; that it did not before is forgotten.
  bool Noted(const std::string& step, const std::string& peer, const grpc::Status& status) {
    if (!status.ok()) {
      Failed(step, ErrorOf(status, peer));
      return false;
    }
    std::erase_if(failed_, [&](const auto& failure) { return failure.first == step; });
    return true;
  }
  void Failed(const std::string& step, ApiError error) {
    worse_ = true;
    for (auto& [name, before] : failed_) {
      if (name == step) {
        before = std::move(error);
        return;
      }
    }
    failed_.emplace_back(step, std::move(error));
  }
  [[nodiscard]] bool HasFailed(const std::string& step) const {
    return std::any_of(failed_.begin(), failed_.end(), [&](const auto& failure) { return failure.first == step; });
  }

  void Cancel() {
    if (!plan_.cancel || cancelled_) return ListDeployments();
    order::v1::CancelAllOrdersRequest request;
    request.set_request_id(StepKey(key_, "cancel"));
    request.set_account_id(plan_.account);
    request.set_actor(call_->access.actor);
    Ask(call_->gateway.peers.orders, &OrderAsync::CancelAllOrders, request,
        [self = shared_from_this()](const grpc::Status& status, order::v1::CancelAllOrdersResponse& response) {
          if (self->Noted("cancel", "order_management", status)) {
            self->cancelled_ = true;
            for (const auto& order : response.orders()) {
              if (self->order_ids_.insert(order.order_id()).second) self->orders_.push_back(ToJson(order));
            }
          }
          self->ListDeployments();
        });
  }

  void ListDeployments() {
    if (!plan_.stop) return EndRound();
    if (listed_) return StopNext(0);
    strategy::v1::ListDeploymentsRequest request;
    request.set_account_id(plan_.account);
    Ask(call_->gateway.peers.strategy, &StrategyAsync::ListDeployments, request,
        [self = shared_from_this()](const grpc::Status& status, strategy::v1::ListDeploymentsResponse& response) {
          if (self->Noted("list deployments", "strategy_runner", status)) {
            self->listed_ = true;
            for (const auto& deployment : response.deployments()) {
              if (deployment.status() != strategy::v1::DEPLOYMENT_STATUS_STOPPED) {
                self->to_stop_.push_back(deployment.deployment_id());
              }
            }
          }
          self->StopNext(0);
        });
  }

  // From the `next` of to_stop_ on; what could not be stopped stays in it.
  void StopNext(std::size_t next) {
    if (next >= to_stop_.size()) return LookAtOrders();
    std::string id = to_stop_[next];
    strategy::v1::StopDeploymentRequest request;
    request.set_deployment_id(id);
    request.set_close_positions(plan_.close);
    request.set_actor(call_->access.actor);
    request.set_reason(kReason);
    Ask(call_->gateway.peers.strategy, &StrategyAsync::StopDeployment, request,
        [self = shared_from_this(), id, next](const grpc::Status& status,
                                              strategy::v1::StopDeploymentResponse& response) {
          if (!self->Noted("stop " + id, "strategy_runner", status)) return self->StopNext(next + 1);
          self->stopped_ns_[id] = self->Now();
          self->deployments_.push_back(ToJson(response.deployment()));
          self->to_stop_.erase(self->to_stop_.begin() + static_cast<std::ptrdiff_t>(next));
          self->StopNext(next);
        });
  }

  // Three looks, in this order: the orders that can still fill, then the order log's head, then the books. Nothing that
  // fills later is missed: the account is halted, and what is still open is seen.
  void LookAtOrders() {
    if (!plan_.close) return EndRound();
    order::v1::ListOrdersRequest request;
    request.set_account_id(plan_.account);
    request.set_working_only(true);
    request.set_page_size(kOrdersMax);
    orders_known_ = false;
    flat_ = false;
    working_.clear();
    Ask(call_->gateway.peers.orders, &OrderAsync::ListOrders, request,
        [self = shared_from_this()](const grpc::Status& status, order::v1::ListOrdersResponse& response) {
          if (self->Noted("list orders", "order_management", status)) {
            self->orders_known_ = true;
            for (const auto& order : response.orders()) {
              self->working_.insert(order.symbol());
              // It came behind the first cancel, in front of the halt.
              if (!order.reduce_only() && !order.cancel_requested()) self->cancelled_ = false;
            }
            self->open_orders_ = response.orders_size();
          }
          self->LookAtHead();
        });
  }

  void LookAtHead() {
    head_.reset();
    Ask(call_->gateway.peers.orders, &OrderAsync::ListAccounts, order::v1::ListAccountsRequest(),
        [self = shared_from_this()](const grpc::Status& status, order::v1::ListAccountsResponse& response) {
          if (self->Noted("list accounts", "order_management", status)) {
            for (const auto& account : response.accounts()) {
              if (account.account_id() == self->plan_.account) self->head_ = account.last_sequence();
            }
          }
          self->LookAtBooks();
        });
  }

  void LookAtBooks() {
    applied_.reset();
    position::v1::GetAccountSummaryRequest request;
    request.set_account_id(plan_.account);
    Ask(call_->gateway.peers.positions, &PositionAsync::GetAccountSummary, request,
        [self = shared_from_this()](const grpc::Status& status, position::v1::GetAccountSummaryResponse& response) {
          if (self->Noted("list positions", "positions", status)) self->applied_ = response.summary().sequence();
          self->ListPositions();
        });
  }

  void ListPositions() {
    to_close_.clear();
    if (!applied_ || (head_ && *applied_ < *head_)) return EndRound();  // not yet what is held
    position::v1::ListPositionsRequest request;
    request.set_account_id(plan_.account);
    request.set_by_deployment(true);
    Ask(call_->gateway.peers.positions, &PositionAsync::ListPositions, request,
        [self = shared_from_this()](const grpc::Status& status, position::v1::ListPositionsResponse& response) {
          if (self->Noted("list positions", "positions", status)) self->Judge(response);
          self->CloseNext();
        });
  }

  void Judge(const position::v1::ListPositionsResponse& response) {
    held_.clear();
    for (const auto& position : response.positions()) {
      if (!IsZero(position.quantity().value())) held_.push_back(position);
    }
    PlanClosing();
    flat_ = held_.empty() && orders_known_ && open_orders_ == 0 && head_.has_value();
    if (!flat_) return;
    // Refusals on the way there do not matter any more.
    std::erase_if(failed_, [](const auto& failure) { return failure.first.starts_with("close "); });
  }

  void PlanClosing() {
    std::map<std::string, std::set<bool>> sides;
    for (const auto& position : held_) sides[position.symbol()].insert(position.quantity().value().front() == '-');
    for (const auto& position : held_) {
      // An order that works on it may be its close; its end is waited for.
      if (working_.contains(position.symbol()) || sides[position.symbol()].size() > 1) continue;
      auto stopped = stopped_ns_.find(position.deployment_id());
      if (stopped != stopped_ns_.end() && Now() - stopped->second < kOwnCloseMs * 1'000'000) continue;
      to_close_.push_back({position.symbol(), position.deployment_id()});
    }
    // Books against each other: what any one of them would do takes the account over zero, so it is closed as a whole.
    for (const auto& [symbol, both] : sides) {
      if (both.size() > 1 && !working_.contains(symbol)) to_close_.push_back({symbol, std::nullopt});
    }
  }

  void CloseNext() {
    if (to_close_.empty()) return EndRound();
    Closing closing = std::move(to_close_.back());
    to_close_.pop_back();
    order::v1::ClosePositionRequest request;
    // A new order every time, also when the same press is sent again: the answer of an old one closes nothing.
    request.set_request_id(StepKey(closing_key_, std::to_string(++closes_)));
    request.set_account_id(plan_.account);
    request.set_symbol(closing.symbol);
    if (closing.deployment) request.set_deployment_id(*closing.deployment);
    request.set_reason(kReason);
    request.set_actor(call_->access.actor);
    Ask(call_->gateway.peers.orders, &OrderAsync::ClosePosition, request,
        [self = shared_from_this(), symbol = closing.symbol](const grpc::Status& status,
                                                             order::v1::SubmitOrderResponse& response) {
          // Closed meanwhile; the next look says so.
          if (status.error_code() == grpc::FAILED_PRECONDITION) return self->CloseNext();
          if (self->Noted("close " + symbol, "order_management", status)) {
            const order::v1::Order& order = response.order();
            if (order.status() == order::v1::ORDER_STATUS_DENIED) {
              self->Failed("close " + symbol, MakeError(422, symbol + " is not closed: " + order.rejection().message(),
                                                        static_cast<RejectReason>(order.rejection().reason())));
            } else {
              self->closing_.push_back(ToJson(order));
            }
          }
          self->CloseNext();
        });
  }

  void EndRound() {
    // Something is worth another round: what failed may pass, or what is held may be closed.
    bool again =
        std::any_of(failed_.begin(), failed_.end(), [](const auto& failure) { return MayPass(failure.second); });
    bool blind = std::any_of(failed_.begin(), failed_.end(), [](const auto& failure) {
      return (failure.first == "halt" || failure.first.starts_with("list ")) && !MayPass(failure.second);
    });
    again = again || (plan_.cancel && !cancelled_ && !blind) || (plan_.close && !flat_ && !blind);
    if (!again || LeftMs() <= 0) return Finish();
    pause_ms_ = worse_ ? std::min(pause_ms_ * 2, kPauseMsMax) : kPauseMs;
    alarm_ = std::make_unique<grpc::Alarm>();
    auto at = std::chrono::system_clock::now() + std::chrono::milliseconds(std::min(pause_ms_, LeftMs()));
    alarm_->Set(at, [self = shared_from_this()](bool) {
      self->alarm_.reset();  // it keeps us, and we it
      self->Run();
    });
  }

  // What is left, and why as far as nothing said so yet.
  Json Left() {
    Json left = Json::array();
    if (!orders_known_ || !applied_ || !head_) return left;  // said by the step that failed
    if (open_orders_ > 0 && !HasFailed("cancel")) {
      Failed("cancel", MakeError(504, std::to_string(open_orders_) + " orders are still open"));
    }
    if (*applied_ < *head_) {
      Failed("list positions", MakeError(504, "positions has applied " + std::to_string(*applied_) + " of " +
                                                  std::to_string(*head_) + " events: what is held is not known"));
      return left;
    }
    for (const auto& position : held_) {
      left.push_back({{"symbol", position.symbol()},
                      {"deployment_id", position.deployment_id()},
                      {"quantity", position.quantity().value()}});
      if (!HasFailed("close " + position.symbol())) {
        Failed("close " + position.symbol(),
               MakeError(504, position.quantity().value() + " " + position.symbol() + " is still held"));
      }
    }
    return left;
  }

  void Finish() {
    bool stop = plan_.stop;
    Json left = Json::array();
    if (plan_.close && !flat_) {
      left = Left();
      if (failed_.empty()) Failed("list positions", MakeError(504, "whether the account is flat is not known"));
    }
    Json failed = Json::array();
    for (const auto& [step, error] : failed_) {
      failed.push_back({{"step", step}, {"status", error.status}, {"message", error.message}});
    }
    call_->Audit(stop ? "emergency.stopped" : "emergency.engaged", "account:" + plan_.account,
                 {{"level", plan_.level},
                  {"reason", plan_.reason},
                  {"cancelled_orders", orders_.size()},
                  {"stopped_deployments", deployments_.size()},
                  {"closing_orders", closing_.size()},
                  {"left", left},
                  {"failed", failed}},
                 plan_.account);
    done_["orders"] = std::move(orders_);
    if (stop) {
      done_["deployments"] = std::move(deployments_);
      done_["closing_orders"] = std::move(closing_);
    }
    if (plan_.close) done_["flat"] = flat_;
    if (failed_.empty()) return call_->Answer(200, done_);
    ApiError error = failed_.front().second;
    error.message = "not everything was done: " + error.message;
    done_["failed"] = std::move(failed);
    if (plan_.close) done_["left"] = std::move(left);
    call_->FailWith(error, done_);
  }

  const CallPtr call_;
  const EmergencyPlan plan_;
  const std::string key_;
  const std::string closing_key_;
  const std::int64_t started_ns_;
  std::unique_ptr<grpc::Alarm> alarm_;
  std::int64_t pause_ms_ = kPauseMs;
  // Something failed in this round.
  bool worse_ = false;
  bool halted_ = false;
  bool cancelled_ = false;
  bool listed_ = false;
  std::vector<std::string> to_stop_;
  std::map<std::string, std::int64_t> stopped_ns_;
  // The last look. `working_` are the symbols of the open orders; `head_` and `applied_` sequences of the order log.
  bool orders_known_ = false;
  int open_orders_ = 0;
  std::set<std::string> working_;
  std::optional<std::uint64_t> head_;
  std::optional<std::uint64_t> applied_;
  std::vector<position::v1::Position> held_;
  bool flat_ = false;
  std::vector<Closing> to_close_;
  int closes_ = 0;
  // Steps that have not worked yet, in the order in which they first failed.
  std::vector<std::pair<std::string, ApiError>> failed_;
  std::set<std::string> order_ids_;
  Json done_ = Json::object();
  Json orders_ = Json::array();
  Json deployments_ = Json::array();
  Json closing_ = Json::array();
};

}  // namespace

void RunEmergency(const CallPtr& call, EmergencyPlan plan) {
  std::make_shared<Emergency>(call, std::move(plan))->Run();
}

}  // namespace ballast
