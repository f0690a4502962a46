#include "services/api_gateway/scoped_stops.h"

#include <grpcpp/alarm.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "libs/base/absl_std.h"
#include "services/api_gateway/api_call.h"

namespace ballast {
namespace {

using OrderAsync = order::v1::OrderService::StubInterface::async_interface;
using BrokerAsync = broker::v1::BrokerService::StubInterface::async_interface;
using PositionAsync = position::v1::PositionService::StubInterface::async_interface;
using AlertAsync = alert::v1::AlertService::StubInterface::async_interface;
using StrategyAsync = strategy::v1::StrategyService::StubInterface::async_interface;

constexpr std::int64_t kNsOfMs = 1'000'000;
constexpr std::int64_t kStepMs = 1'000;
constexpr std::int64_t kLookAgainMs = 50;
// What did not end what it should have ended is asked for again.
constexpr std::int64_t kActAgainNs = 500 * kNsOfMs;
constexpr int kOrdersLooked = 500;
constexpr std::int64_t kYoungNs = 10'000 * kNsOfMs;
constexpr std::int64_t kLookRarelyMs = 500;

std::string Count(int count, const char* noun) { return std::to_string(count) + " " + noun + (count == 1 ? "" : "s"); }

}  // namespace

// One stop on its way: acts, looks, and again, until it is done, ended, or the process stops. One call is under way at
// a time, so nothing in it is locked.
class ScopedStop : public std::enable_shared_from_this<ScopedStop> {
 public:
  ScopedStop(ScopedStops& stops, ScopedStopRecord record) : stops_(stops), plan_(std::move(record)) {}
  ~ScopedStop() {
    MutexLock lock(stops_.mutex_);
    --stops_.running_;
    stops_.ended_.NotifyAll();
  }

  void Go() {
    if (OfEvery())
      TellPeople();
    else if (plan_.order_id.empty())
      TellRunner();
    else
      FindOrder();
  }

 private:
  [[nodiscard]] std::int64_t Now() const { return stops_.clock_.MonotonicNanos(); }
  [[nodiscard]] bool OfOrder() const { return plan_.OfOrder(); }
  [[nodiscard]] bool OfEvery() const { return plan_.deployment_id == ScopedStops::kEvery; }
  [[nodiscard]] bool Cancels() const { return OfOrder() || plan_.level >= order::v1::EMERGENCY_LEVEL_CANCEL; }
  [[nodiscard]] bool Closes() const { return !OfOrder() && plan_.level >= order::v1::EMERGENCY_LEVEL_FLATTEN; }
  // Never the same twice, over restarts too: whoever has answered one answers the next one anew.
  [[nodiscard]] std::string StepId(const char* step) const {
    return StepKey(plan_.id, std::string(step) + "." + std::to_string(stops_.clock_.Now().nanos));
  }

  // Goes on in `done`, on a thread that may wait for the disk.
  template <typename ServiceType, typename Async, typename Request, typename Response>
  void Ask(const Peer<ServiceType>& peer,
           void (Async::*method)(grpc::ClientContext*, const Request*, Response*, std::function<void(grpc::Status)>),
           const std::type_identity_t<Request>& message,
           std::type_identity_t<std::function<void(const grpc::Status&, Response&)>> done) {
    struct State {
      grpc::ClientContext context;
      Request message;
      Response response;
    };
    auto state = std::make_shared<State>();
    state->message = message;
    state->context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(kStepMs));
    (peer.stub->async()->*method)(
        &state->context, &state->message, &state->response,
        [state, self = shared_from_this(), done = std::move(done)](const grpc::Status& status) {
          self->stops_.continuations_.Run([state, self, done, status] {
            // It is on the disk, and goes on with the next process.
            if (!self->stops_.stopping_) done(status, state->response);
          });
        });
  }

  // There is nothing of that id.
  void Missing(const ApiError& error) {
    ScopedStops::View view{.record = plan_, .over = true, .missing = true};
    view.answer = {{"message", error.message}};
    (void)stops_.Tell(view);
  }

  // Of every deployment: somebody is told, and each gets a stop of its own, which holds until it is let trade again.
  void TellPeople() {
    if (people_told_) return StopEach();
    alert::v1::RaiseAlertRequest request;
    request.set_request_id(plan_.id);
    request.set_type(alert::v1::ALERT_TYPE_SYSTEM);
    request.set_level(alert::v1::ALERT_LEVEL_CRITICAL);
    request.set_title("Stops could not be read");
    request.set_text(plan_.reason +
                     ". Every deployment is paused: look what was to be stopped, and let go what may trade");
    Ask(stops_.peers_.alerts, &AlertAsync::RaiseAlert, request,
        [self = shared_from_this()](const grpc::Status& status, alert::v1::RaiseAlertResponse&) {
          self->people_told_ = status.ok();
          self->people_problem_ = status.ok() ? "" : ErrorOf(status, "alerts").message;
          self->StopEach();
        });
  }

  void StopEach() {
    if (runner_done_) return ConcludeEvery();
    Ask(stops_.peers_.strategy, &StrategyAsync::ListDeployments, strategy::v1::ListDeploymentsRequest(),
        [self = shared_from_this()](const grpc::Status& status, strategy::v1::ListDeploymentsResponse& response) {
          self->runner_done_ = status.ok();
          self->runner_problem_ = status.ok() ? "" : ErrorOf(status, "strategy_runner").message;
          for (const strategy::v1::Deployment& deployment : response.deployments()) {
            ScopedStopRecord one = self->plan_;
            one.deployment_id = deployment.deployment_id();
            one.account = deployment.spec().account_id();
            one.id = "scoped-" + StepKey(self->plan_.id, one.deployment_id).substr(3);
            (void)self->stops_.Press(std::move(one));
          }
          self->ConcludeEvery();
        });
  }

  void ConcludeEvery() {
    const bool done = people_told_ && runner_done_;
    ScopedStops::View view{.record = plan_, .done = false, .over = done};
    view.answer = ScopedStops::NotLookedYet(plan_);
    view.answer["done"] = done;
    view.answer["safe"] = Json::array();
    view.answer["to_do"] = Json::array();
    (runner_done_ ? view.answer["safe"] : view.answer["to_do"])
        .push_back(runner_done_ ? "each deployment has a stop of its own"
                                : "the strategy runner has not named its deployments: " + runner_problem_);
    if (!people_told_) view.answer["to_do"].push_back("nobody has been alerted: " + people_problem_);
    if (stops_.Tell(view)) AgainSoon();
  }

  // No new risk: entries are paused, or the deployment ends. K3 leaves the closing to the runner, who knows the
  // position's stops; where it is away it is done here.
  void TellRunner() {
    if (Closes()) {
      strategy::v1::StopDeploymentRequest request;
      request.set_deployment_id(plan_.deployment_id);
      request.set_close_positions(true);
      request.set_actor(plan_.actor);
      request.set_reason("emergency_stop");
      Ask(stops_.peers_.strategy, &StrategyAsync::StopDeployment, request,
          [self = shared_from_this()](const grpc::Status& status, strategy::v1::StopDeploymentResponse& response) {
            self->RunnerTold(status, response.deployment());
          });
      return;
    }
    strategy::v1::PauseDeploymentRequest request;
    request.set_deployment_id(plan_.deployment_id);
    request.set_actor(plan_.actor);
    Ask(stops_.peers_.strategy, &StrategyAsync::PauseDeployment, request,
        [self = shared_from_this()](const grpc::Status& status, strategy::v1::PauseDeploymentResponse& response) {
          self->RunnerTold(status, response.deployment());
        });
  }

  void RunnerTold(const grpc::Status& status, const strategy::v1::Deployment& deployment) {
    if (status.error_code() == grpc::NOT_FOUND)
      return Missing(MakeError(404, "there is no deployment " + plan_.deployment_id, RejectReason::kUnknownDeployment));
    runner_problem_ = status.ok() ? "" : ErrorOf(status, "strategy_runner").message;
    // One that is stopped already cannot be paused, and opens nothing.
    runner_done_ = status.ok() || status.error_code() == grpc::FAILED_PRECONDITION;
    if (status.ok()) plan_.account = deployment.spec().account_id();
    runner_told_ns_ = Now();
    if (plan_.account.empty() && Cancels()) return FindHome(status);
    Act();
  }

  // Orders and books are of an account. One that nobody names is not guessed: the press is refused, and can be made
  // again with it.
  void FindHome(const grpc::Status& told) {
    if (!runner_done_) return Homeless(told);
    strategy::v1::GetDeploymentRequest request;
    request.set_deployment_id(plan_.deployment_id);
    Ask(stops_.peers_.strategy, &StrategyAsync::GetDeployment, request,
        [self = shared_from_this()](const grpc::Status& status, strategy::v1::GetDeploymentResponse& response) {
          self->plan_.account = response.deployment().spec().account_id();
          if (status.ok() && !self->plan_.account.empty()) return self->Act();
          self->Homeless(status);
        });
  }
  void Homeless(const grpc::Status& status) {
    ScopedStops::View view{.record = plan_, .over = true, .homeless = true};
    view.answer = {{"message", "which account deployment " + plan_.deployment_id +
                                   " is of is not known while the strategy runner is away (" +
                                   ErrorOf(status, "strategy_runner").message +
                                   "): nothing was done; say its account_id, or stop the account"}};
    (void)stops_.Tell(view);
  }

  void FindOrder() {
    order::v1::GetOrderRequest request;
    request.set_order_id(plan_.order_id);
    Ask(stops_.peers_.orders, &OrderAsync::GetOrder, request,
        [self = shared_from_this()](const grpc::Status& status, order::v1::GetOrderResponse& response) {
          if (status.error_code() == grpc::NOT_FOUND) return self->Missing(ErrorOf(status, "order_management"));
          if (status.ok()) {
            self->found_ = true;
            self->plan_.account = response.order().account_id();
            return self->Act();
          }
          self->orders_problem_ = ErrorOf(status, "order_management").message;
          self->Conclude();
        });
  }

  void Act() {
    if (!Cancels()) return Look();
    acted_ns_ = Now();
    if (OfOrder()) {
      order::v1::CancelOrderRequest request;
      request.set_request_id(StepId("cancel"));
      request.set_order_id(plan_.order_id);
      request.set_actor(plan_.actor);
      Ask(stops_.peers_.orders, &OrderAsync::CancelOrder, request,
          [self = shared_from_this()](const grpc::Status& status, order::v1::CancelOrderResponse&) {
            self->orders_problem_ = status.ok() ? "" : ErrorOf(status, "order_management").message;
            self->Look();
          });
      return;
    }
    order::v1::CancelAllOrdersRequest request;
    request.set_request_id(StepId("cancel"));
    request.set_account_id(plan_.account);
    request.set_deployment_id(plan_.deployment_id);
    request.set_actor(plan_.actor);
    Ask(stops_.peers_.orders, &OrderAsync::CancelAllOrders, request,
        [self = shared_from_this()](const grpc::Status& status, order::v1::CancelAllOrdersResponse&) {
          self->orders_problem_ = status.ok() ? "" : ErrorOf(status, "order_management").message;
          self->Look();
        });
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
      Ask(stops_.peers_.orders, &OrderAsync::GetOrder, request,
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
          });
      return;
    }
    order::v1::ListOrdersRequest request;
    request.set_account_id(plan_.account);
    request.set_deployment_id(plan_.deployment_id);
    request.set_working_only(true);
    request.set_page_size(kOrdersLooked);
    Ask(stops_.peers_.orders, &OrderAsync::ListOrders, request,
        [self = shared_from_this()](const grpc::Status& status, order::v1::ListOrdersResponse& response) {
          if (status.ok()) {
            self->working_ = response.orders_size();
            for (const order::v1::Order& order : response.orders())
              self->unknown_ = self->unknown_ || order.outcome_unknown();
          }
          self->LookAtVenue();
        });
  }

  // And as the venue shows it.
  void LookAtVenue() {
    broker::v1::ListOpenOrdersRequest request;
    request.set_account_id(plan_.account);
    Ask(stops_.peers_.broker, &BrokerAsync::ListOpenOrders, request,
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
        });
  }

  // The book counts once positions has read as far as order management has written.
  void LookAtLog() {
    Ask(stops_.peers_.orders, &OrderAsync::ListAccounts, order::v1::ListAccountsRequest(),
        [self = shared_from_this()](const grpc::Status& status, order::v1::ListAccountsResponse& response) {
          if (!status.ok()) return self->Conclude();
          for (const order::v1::Account& account : response.accounts()) {
            if (account.account_id() == self->plan_.account) self->LookHowFar(account.last_sequence());
          }
          if (std::none_of(response.accounts().begin(), response.accounts().end(),
                           [&](const auto& account) { return account.account_id() == self->plan_.account; }))
            self->Conclude();
        });
  }

  void LookHowFar(std::uint64_t written) {
    position::v1::GetAccountSummaryRequest request;
    request.set_account_id(plan_.account);
    Ask(stops_.peers_.positions, &PositionAsync::GetAccountSummary, request,
        [self = shared_from_this(), written](const grpc::Status& status,
                                             position::v1::GetAccountSummaryResponse& response) {
          if (!status.ok() || response.summary().sequence() < written) return self->Conclude();
          self->LookAtBook();
        });
  }

  void LookAtBook() {
    position::v1::ListPositionsRequest request;
    request.set_account_id(plan_.account);
    request.set_by_deployment(true);
    request.set_deployment_id(plan_.deployment_id);
    Ask(stops_.peers_.positions, &PositionAsync::ListPositions, request,
        [self = shared_from_this()](const grpc::Status& status, position::v1::ListPositionsResponse& response) {
          self->held_known_ = status.ok();
          for (const position::v1::Position& position : response.positions()) {
            const std::string& quantity = position.quantity().value();
            bool held = quantity.find_first_of("123456789") != std::string::npos;
            if (held && position.deployment_id() == self->plan_.deployment_id)
              self->held_[position.symbol()] = quantity;
          }
          self->Conclude();
        });
  }

  void Conclude() {
    bool orders_gone = !Cancels() || (working_ == 0 && at_venue_ == 0);
    bool flat = !Closes() || (held_known_ && held_.empty());
    bool done = (OfOrder() || runner_done_) && orders_gone && flat;
    if (stops_.Tell(ViewOf(done))) AgainSoon();
  }

  void AgainSoon() {
    // Mostly it is a matter of moments; who is away for long is not asked as often.
    bool young = stops_.clock_.Now().nanos - plan_.press_ns < kYoungNs;
    alarm_ = std::make_unique<grpc::Alarm>();
    alarm_->Set(std::chrono::system_clock::now() + std::chrono::milliseconds(young ? kLookAgainMs : kLookRarelyMs),
                [self = shared_from_this()](bool) {
                  self->stops_.continuations_.Run([self] {
                    self->alarm_.reset();  // it keeps us, and we it
                    self->Again();
                  });
                });
  }

  void Again() {
    std::int64_t now = Now();
    if (stops_.stopping_) return;
    if (OfEvery()) return TellPeople();
    if (OfOrder() && !found_) return FindOrder();
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
    request.set_request_id(StepId("close"));
    request.set_account_id(plan_.account);
    request.set_symbol(held_.begin()->first);
    request.set_deployment_id(plan_.deployment_id);
    request.set_reason("emergency_stop");
    request.set_actor(plan_.actor);
    Ask(stops_.peers_.orders, &OrderAsync::ClosePosition, request,
        [self = shared_from_this()](const grpc::Status& status, order::v1::SubmitOrderResponse& response) {
          self->close_problem_ =
              status.ok() ? response.order().rejection().message() : ErrorOf(status, "order_management").message;
          self->Look();
        });
  }

  [[nodiscard]] ScopedStops::View ViewOf(bool done) const {
    std::vector<std::string> safe, to_do;
    auto say = [&](bool is, std::string yes, std::string no) {
      (is ? safe : to_do).push_back(is ? std::move(yes) : std::move(no));
    };
    if (!OfOrder()) {
      say(runner_done_, Closes() ? "the deployment is stopped" : "the deployment opens nothing any more",
          "the strategy runner has not been told, and is told until it has: " + runner_problem_);
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
                   {"level", ScopedStops::LevelName(plan_.level)},
                   {"done", done},
                   {"safe", safe},
                   {"to_do", to_do},
                   {"proof",
                    {{"orders_working", working_ < 0 ? Json() : Json(working_)},
                     {"orders_at_venue", at_venue_ < 0 ? Json() : Json(at_venue_)},
                     {"positions", Closes() && held_known_ ? positions : Json()}}}};
    return {.record = plan_, .done = done, .over = done, .answer = std::move(answer)};
  }

  ScopedStops& stops_;
  ScopedStopRecord plan_;
  std::unique_ptr<grpc::Alarm> alarm_;
  std::int64_t runner_told_ns_ = 0, acted_ns_ = 0, closed_ns_ = 0;
  bool runner_done_ = false;
  bool unknown_ = false;
  bool people_told_ = false;
  // Of an order: order management has named its account.
  bool found_ = false;
  // -1: not known.
  int working_ = -1, at_venue_ = -1;
  bool held_known_ = false;
  std::map<std::string, std::string> held_;
  std::string runner_problem_, orders_problem_, close_problem_, people_problem_;
};

void StartScopedStop(ScopedStops& stops, const ScopedStopRecord& record) {
  std::make_shared<ScopedStop>(stops, record)->Go();
}

}  // namespace ballast
