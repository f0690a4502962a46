#include "services/api_gateway/scoped_stop.h"

#include <grpcpp/alarm.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace ballast {
namespace {

using OrderAsync = order::v1::OrderService::StubInterface::async_interface;
using BrokerAsync = broker::v1::BrokerService::StubInterface::async_interface;
using PositionAsync = position::v1::PositionService::StubInterface::async_interface;
using StrategyAsync = strategy::v1::StrategyService::StubInterface::async_interface;

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kStepMs = 1'000;
constexpr std::int64_t kLookAgainMs = 50;
// What did not end what it should have ended is asked for again.
constexpr std::int64_t kActAgainNs = 500 * kMs;
constexpr int kOrdersShown = 500;

const char* LevelName(order::v1::EmergencyLevel level) {
  switch (level) {
    case order::v1::EMERGENCY_LEVEL_HALT:
      return "K1";
    case order::v1::EMERGENCY_LEVEL_CANCEL:
      return "K2";
    default:
      return "K3";
  }
}

std::string Count(int count, const char* noun) { return std::to_string(count) + " " + noun + (count == 1 ? "" : "s"); }

// One stop on its way: acts, looks, and again, until it is done or nobody waits for it any more. One call is under way
// at a time, so nothing in it is locked.
class ScopedStop : public std::enable_shared_from_this<ScopedStop> {
 public:
  ScopedStop(CallPtr call, ScopedStopPlan plan)
      : call_(std::move(call)), plan_(std::move(plan)), key_(call_->KeyOrNew()), until_ns_(Now() + Wait()) {}

  void Go() {
    call_->AuditIntent("emergency.engaged", Subject(), Detail(), plan_.account);
    if (plan_.order_id.empty())
      TellRunner();
    else
      FindOrder();
  }

 private:
  [[nodiscard]] std::int64_t Now() const { return call_->gateway.clock.MonotonicNanos(); }
  [[nodiscard]] std::int64_t Wait() const { return call_->gateway.emergency_ms_max * kMs; }
  [[nodiscard]] bool OfOrder() const { return !plan_.order_id.empty(); }
  [[nodiscard]] bool Cancels() const { return OfOrder() || plan_.level >= order::v1::EMERGENCY_LEVEL_CANCEL; }
  [[nodiscard]] bool Closes() const { return !OfOrder() && plan_.level >= order::v1::EMERGENCY_LEVEL_FLATTEN; }
  [[nodiscard]] std::string Subject() const {
    return OfOrder() ? "order:" + plan_.order_id : "deployment:" + plan_.deployment_id;
  }
  [[nodiscard]] Json Detail() const {
    return {{"scope", OfOrder() ? "order" : "deployment"}, {"level", LevelName(plan_.level)}, {"reason", plan_.reason}};
  }

  void Fail(const ApiError& error) {
    Json detail = Detail();
    detail["outcome"] = error.status;
    call_->Audit("emergency.engaged", Subject(), detail, plan_.account);
    call_->Fail(error);
  }

  // No new risk: entries are paused, or the deployment ends. K3 leaves the closing to the runner, who knows the
  // position's stops; where it is away it is done here.
  void TellRunner() {
    if (Closes()) {
      strategy::v1::StopDeploymentRequest request;
      request.set_deployment_id(plan_.deployment_id);
      request.set_close_positions(true);
      request.set_actor(call_->access.actor);
      request.set_reason("emergency_stop");
      call_->Ask(
          call_->gateway.peers.strategy, &StrategyAsync::StopDeployment, request,
          [self = shared_from_this()](const grpc::Status& status, strategy::v1::StopDeploymentResponse& response) {
            self->RunnerTold(status, response.deployment());
          },
          kStepMs);
      return;
    }
    strategy::v1::PauseDeploymentRequest request;
    request.set_deployment_id(plan_.deployment_id);
    request.set_actor(call_->access.actor);
    call_->Ask(
        call_->gateway.peers.strategy, &StrategyAsync::PauseDeployment, request,
        [self = shared_from_this()](const grpc::Status& status, strategy::v1::PauseDeploymentResponse& response) {
          self->RunnerTold(status, response.deployment());
        },
        kStepMs);
  }

  void RunnerTold(const grpc::Status& status, const strategy::v1::Deployment& deployment) {
    if (status.error_code() == grpc::NOT_FOUND)
      return Fail(MakeError(404, "there is no deployment " + plan_.deployment_id, RejectReason::kUnknownDeployment));
    runner_problem_ = status.ok() ? "" : ErrorOf(status, "strategy_runner").message;
    // One that is stopped already cannot be paused, and opens nothing.
    runner_done_ = status.ok() || status.error_code() == grpc::FAILED_PRECONDITION;
    if (status.ok()) plan_.account = deployment.spec().account_id();
    runner_told_ns_ = Now();
    Act();
  }

  void FindOrder() {
    order::v1::GetOrderRequest request;
    request.set_order_id(plan_.order_id);
    call_->Ask(
        call_->gateway.peers.orders, &OrderAsync::GetOrder, request,
        [self = shared_from_this()](const grpc::Status& status, order::v1::GetOrderResponse& response) {
          if (!status.ok()) {
            ApiError error = ErrorOf(status, "order_management");
            if (error.http == 404) error.reason = RejectReason::kOrderNotFound;
            return self->Fail(error);
          }
          self->plan_.account = response.order().account_id();
          self->Act();
        },
        kStepMs);
  }

  void Act() {
    if (!Cancels()) return Look();
    acted_ns_ = Now();
    if (OfOrder()) {
      order::v1::CancelOrderRequest request;
      request.set_request_id(StepKey(key_, "cancel"));
      request.set_order_id(plan_.order_id);
      request.set_actor(call_->access.actor);
      call_->Ask(
          call_->gateway.peers.orders, &OrderAsync::CancelOrder, request,
          [self = shared_from_this()](const grpc::Status& status, order::v1::CancelOrderResponse&) {
            self->orders_problem_ = status.ok() ? "" : ErrorOf(status, "order_management").message;
            self->Look();
          },
          kStepMs);
      return;
    }
    order::v1::CancelAllOrdersRequest request;
    request.set_request_id(StepKey(key_, "cancel." + std::to_string(++acts_)));
    request.set_account_id(plan_.account);
    request.set_deployment_id(plan_.deployment_id);
    request.set_actor(call_->access.actor);
    call_->Ask(
        call_->gateway.peers.orders, &OrderAsync::CancelAllOrders, request,
        [self = shared_from_this()](const grpc::Status& status, order::v1::CancelAllOrdersResponse&) {
          self->orders_problem_ = status.ok() ? "" : ErrorOf(status, "order_management").message;
          self->Look();
        },
        kStepMs);
  }

  // What can still trade, as order management knows it.
  void Look() {
    working_ = at_venue_ = -1;
    held_known_ = false;
    held_.clear();
    if (!Cancels()) return Conclude();
    if (OfOrder()) {
      order::v1::GetOrderRequest request;
      request.set_order_id(plan_.order_id);
      call_->Ask(
          call_->gateway.peers.orders, &OrderAsync::GetOrder, request,
          [self = shared_from_this()](const grpc::Status& status, order::v1::GetOrderResponse& response) {
            constexpr order::v1::OrderStatus kOver[] = {
                order::v1::ORDER_STATUS_FILLED,  order::v1::ORDER_STATUS_CANCELED,
                order::v1::ORDER_STATUS_EXPIRED, order::v1::ORDER_STATUS_REJECTED,
                order::v1::ORDER_STATUS_DENIED,  order::v1::ORDER_STATUS_NEVER_ACCEPTED};
            if (status.ok()) {
              bool over = std::find(std::begin(kOver), std::end(kOver), response.order().status()) != std::end(kOver);
              self->working_ = over ? 0 : 1;
              self->unknown_ = response.order().outcome_unknown();
            }
            self->LookAtVenue();
          },
          kStepMs);
      return;
    }
    order::v1::ListOrdersRequest request;
    request.set_account_id(plan_.account);
    request.set_deployment_id(plan_.deployment_id);
    request.set_working_only(true);
    request.set_page_size(kOrdersShown);
    call_->Ask(
        call_->gateway.peers.orders, &OrderAsync::ListOrders, request,
        [self = shared_from_this()](const grpc::Status& status, order::v1::ListOrdersResponse& response) {
          if (status.ok()) {
            self->working_ = response.orders_size();
            for (const order::v1::Order& order : response.orders())
              self->unknown_ = self->unknown_ || order.outcome_unknown();
          }
          self->LookAtVenue();
        },
        kStepMs);
  }

  // And as the venue shows it.
  void LookAtVenue() {
    broker::v1::ListOpenOrdersRequest request;
    request.set_account_id(plan_.account);
    call_->Ask(
        call_->gateway.peers.broker, &BrokerAsync::ListOpenOrders, request,
        [self = shared_from_this()](const grpc::Status& status, broker::v1::ListOpenOrdersResponse& response) {
          if (status.ok()) {
            self->at_venue_ = static_cast<int>(
                std::count_if(response.orders().begin(), response.orders().end(), [&](const order::v1::Order& order) {
                  return self->OfOrder() ? order.order_id() == self->plan_.order_id
                                         : order.deployment_id() == self->plan_.deployment_id;
                }));
          }
          if (self->Closes())
            self->LookAtLog();
          else
            self->Conclude();
        },
        kStepMs);
  }

  // The book counts once positions has read as far as order management has written.
  void LookAtLog() {
    call_->Ask(
        call_->gateway.peers.orders, &OrderAsync::ListAccounts, order::v1::ListAccountsRequest(),
        [self = shared_from_this()](const grpc::Status& status, order::v1::ListAccountsResponse& response) {
          if (!status.ok()) return self->Conclude();
          for (const order::v1::Account& account : response.accounts()) {
            if (account.account_id() == self->plan_.account) self->LookHowFar(account.last_sequence());
          }
          if (std::none_of(response.accounts().begin(), response.accounts().end(),
                           [&](const auto& account) { return account.account_id() == self->plan_.account; }))
            self->Conclude();
        },
        kStepMs);
  }

  void LookHowFar(std::uint64_t written) {
    position::v1::GetAccountSummaryRequest request;
    request.set_account_id(plan_.account);
    call_->Ask(
        call_->gateway.peers.positions, &PositionAsync::GetAccountSummary, request,
        [self = shared_from_this(), written](const grpc::Status& status,
                                             position::v1::GetAccountSummaryResponse& response) {
          if (!status.ok() || response.summary().sequence() < written) return self->Conclude();
          self->LookAtBook();
        },
        kStepMs);
  }

  void LookAtBook() {
    position::v1::ListPositionsRequest request;
    request.set_account_id(plan_.account);
    request.set_by_deployment(true);
    request.set_deployment_id(plan_.deployment_id);
    call_->Ask(
        call_->gateway.peers.positions, &PositionAsync::ListPositions, request,
        [self = shared_from_this()](const grpc::Status& status, position::v1::ListPositionsResponse& response) {
          self->held_known_ = status.ok();
          for (const position::v1::Position& position : response.positions()) {
            const std::string& quantity = position.quantity().value();
            bool held = quantity.find_first_of("123456789") != std::string::npos;
            if (held && position.deployment_id() == self->plan_.deployment_id)
              self->held_[position.symbol()] = quantity;
          }
          self->Conclude();
        },
        kStepMs);
  }

  void Conclude() {
    bool orders_gone = !Cancels() || (working_ == 0 && at_venue_ == 0);
    bool flat = !Closes() || (held_known_ && held_.empty());
    bool done = (OfOrder() || runner_done_) && orders_gone && flat;
    if (done || Now() >= until_ns_) return AnswerNow(done);
    alarm_ = std::make_unique<grpc::Alarm>();
    alarm_->Set(std::chrono::system_clock::now() + std::chrono::milliseconds(kLookAgainMs),
                [self = shared_from_this()](bool) {
                  self->alarm_.reset();  // it keeps us, and we it
                  self->Again();
                });
  }

  void Again() {
    std::int64_t now = Now();
    if (!OfOrder() && !runner_done_ && now - runner_told_ns_ >= kActAgainNs) return TellRunner();
    // Without the runner nobody else closes: what the orders leave is closed here, once they are gone.
    bool alone = Closes() && !runner_done_ && working_ == 0 && at_venue_ == 0 && !held_.empty();
    if (alone && now - closed_ns_ >= kActAgainNs) return Close();
    if (Cancels() && working_ != 0 && now - acted_ns_ >= kActAgainNs) return Act();
    Look();
  }

  void Close() {
    closed_ns_ = Now();
    order::v1::ClosePositionRequest request;
    request.set_request_id(StepKey(key_, "close." + std::to_string(++acts_)));
    request.set_account_id(plan_.account);
    request.set_symbol(held_.begin()->first);
    request.set_deployment_id(plan_.deployment_id);
    request.set_reason("emergency_stop");
    request.set_actor(call_->access.actor);
    call_->Ask(
        call_->gateway.peers.orders, &OrderAsync::ClosePosition, request,
        [self = shared_from_this()](const grpc::Status& status, order::v1::SubmitOrderResponse& response) {
          self->close_problem_ =
              status.ok() ? response.order().rejection().message() : ErrorOf(status, "order_management").message;
          self->Look();
        },
        kStepMs);
  }

  void AnswerNow(bool done) {
    std::vector<std::string> safe, to_do;
    auto say = [&](bool is, std::string yes, std::string no) {
      (is ? safe : to_do).push_back(is ? std::move(yes) : std::move(no));
    };
    if (!OfOrder()) {
      say(runner_done_, Closes() ? "the deployment is stopped" : "the deployment opens nothing any more",
          "the strategy runner has not been told: " + runner_problem_ + "; press again when it is back");
    }
    if (Cancels()) {
      std::string why = orders_problem_.empty() ? "" : " (" + orders_problem_ + ")";
      if (unknown_) why += " (nobody knows what became of one of them: see its evidence)";
      say(working_ == 0, "no order of it can still trade, as order management knows",
          (working_ < 0 ? "order management does not say what works" : Count(working_, "order") + " can still trade") +
              why);
      say(at_venue_ == 0, "the venue shows no open order of it",
          at_venue_ < 0 ? "the venue does not say what is open" : "the venue shows " + Count(at_venue_, "open order"));
    }
    if (Closes()) {
      std::string held;
      for (const auto& [symbol, quantity] : held_) held += (held.empty() ? "" : ", ") + quantity + " " + symbol;
      say(held_known_ && held_.empty(), "its book holds nothing",
          !held_known_ ? "what its book holds is not known yet"
                       : "held: " + held + (close_problem_.empty() ? "" : " (" + close_problem_ + ")"));
    }
    Json positions = Json::array();
    for (const auto& [symbol, quantity] : held_) positions.push_back({{"symbol", symbol}, {"quantity", quantity}});
    Json answer = {{"scope",
                    {{"kind", OfOrder() ? "order" : "deployment"},
                     {"id", OfOrder() ? plan_.order_id : plan_.deployment_id},
                     {"account_id", plan_.account}}},
                   {"level", LevelName(plan_.level)},
                   {"done", done},
                   {"safe", safe},
                   {"to_do", to_do},
                   {"proof",
                    {{"orders_working", working_ < 0 ? Json() : Json(working_)},
                     {"orders_at_venue", at_venue_ < 0 ? Json() : Json(at_venue_)},
                     {"positions", Closes() && held_known_ ? positions : Json()}}}};
    Json detail = Detail();
    detail["outcome"] = done ? "done" : "not done";
    detail["to_do"] = to_do;
    call_->Audit("emergency.engaged", Subject(), detail, plan_.account);
    call_->Answer(done ? 200 : 202, answer);
  }

  const CallPtr call_;
  ScopedStopPlan plan_;
  const std::string key_;
  const std::int64_t until_ns_;
  std::unique_ptr<grpc::Alarm> alarm_;
  std::int64_t runner_told_ns_ = 0, acted_ns_ = 0, closed_ns_ = 0;
  int acts_ = 0;
  bool runner_done_ = false;
  bool unknown_ = false;
  // -1: not known.
  int working_ = -1, at_venue_ = -1;
  bool held_known_ = false;
  std::map<std::string, std::string> held_;
  std::string runner_problem_, orders_problem_, close_problem_;
};

}  // namespace

void RunScopedStop(const CallPtr& call, ScopedStopPlan plan) {
  std::make_shared<ScopedStop>(call, std::move(plan))->Go();
}

}  // namespace ballast
