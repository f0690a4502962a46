#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "libs/orders/order_id.h"
#include "services/strategy_runner/algo_runner.h"
#include "services/strategy_runner/testing/memory_algo_store.h"
#include "services/strategy_runner/testing/runner_stage.h"

namespace ballast {

// Order management as parent orders see it: one order for each request id, whoever asks how often; what it answers, and
// whether, the test says. It outlives the processes that ask. One thread.
class StagedOrders {
 public:
  // "submit a…-1", "get o…", "cancel o…".
  std::vector<std::string> calls;
  std::map<std::string, order::v1::Order> by_request;
  // The next submits: taken and not answered, or not even taken.
  int lose_answers = 0;
  int lose_requests = 0;
  // The next submits are refused so.
  std::deque<type::v1::RejectReason> refuse;
  // The next submits that are heard are answered so, and make nothing.
  std::deque<absl::Status> fail;
  // As they came, heard or not.
  std::vector<order::v1::SubmitOrderRequest> submits;
  // Order ids somebody wanted cancelled.
  std::set<std::string> cancel_asked;
  // An order is filled as it comes; else it rests.
  bool fills = true;
  // The venue has not answered for it yet.
  bool pends = false;
  bool halted = false;

  absl::StatusOr<order::v1::SubmitOrderResponse> Submit(const order::v1::SubmitOrderRequest& request) {
    calls.push_back("submit " + request.request_id());
    submits.push_back(request);
    if (lose_requests > 0 && lose_requests--) return absl::UnavailableError("nobody heard it");
    if (!fail.empty()) {
      absl::Status status = fail.front();
      fail.pop_front();
      return status;
    }
    order::v1::SubmitOrderResponse response;
    auto found = by_request.find(request.request_id());
    response.set_replayed(found != by_request.end());
    *response.mutable_order() = found != by_request.end() ? found->second : Take(request);
    if (lose_answers > 0 && lose_answers--) return absl::DeadlineExceededError("the answer was lost");
    return response;
  }
  absl::StatusOr<order::v1::Order> Get(const std::string& order_id) {
    calls.push_back("get " + order_id);
    for (const auto& [request, order] : by_request) {
      if (order.order_id() == order_id) return order;
    }
    return absl::NotFoundError("there is no such order");
  }
  void Change(order::v1::Order& order, order::v1::OrderStatus status, const std::string& filled) {
    order.set_status(status);
    order.mutable_cumulative_quantity()->set_value(filled);
    order.mutable_average_price()->set_value(filled == "0" ? "0" : "101");
    order.set_sequence(++sequence_);
  }
  // Of all orders.
  [[nodiscard]] Decimal Filled() const {
    Decimal sum;
    for (const auto& [request, order] : by_request) sum += Decimal::Of(order.cumulative_quantity().value());
    return sum;
  }

 private:
  order::v1::Order Take(const order::v1::SubmitOrderRequest& request) {
    order::v1::Order& order = by_request[request.request_id()];
    order.set_request_id(request.request_id());
    order.set_order_id(orders::OrderIdFor(AccountId(request.account_id()), RequestId(request.request_id())).value());
    order.set_account_id(request.account_id());
    order.set_symbol(request.symbol());
    order.set_side(request.side());
    order.set_type(request.type());
    order.set_time_in_force(request.time_in_force());
    order.set_reason(request.reason());
    order.set_mode(type::v1::ACCOUNT_MODE_PAPER);
    *order.mutable_quantity() = request.quantity();
    for (auto* zero : {order.mutable_leaves_quantity(), order.mutable_fees()}) zero->set_value("0");
    if (!refuse.empty()) {
      Change(order, order::v1::ORDER_STATUS_DENIED, "0");
      order.mutable_rejection()->set_reason(refuse.front());
      order.mutable_rejection()->set_message("no");
      order.mutable_rejection()->set_check("a_limit");
      order.mutable_rejection()->set_limit("3");
      order.mutable_rejection()->set_observed("5");
      refuse.pop_front();
    } else if (pends) {
      Change(order, order::v1::ORDER_STATUS_PENDING_NEW, "0");
    } else if (fills) {
      Change(order, order::v1::ORDER_STATUS_FILLED, request.quantity().value());
    } else {
      Change(order, order::v1::ORDER_STATUS_NEW, "0");
    }
    return order;
  }
  std::uint64_t sequence_ = 0;
};

// What one process asks; answers come when the process makes its next turn, if it still lives.
class StagedNeighbours : public Neighbours, public ChildNeighbours {
 public:
  [[nodiscard]] std::optional<std::string> BacktestOnFile(const std::string&,
                                                          const strategy::Parameters&) const override {
    return std::nullopt;
  }
  template <typename T>
  using Answer = Neighbours::Answer<T>;

  explicit StagedNeighbours(StagedOrders& orders) : orders_(orders) {}

  std::int64_t market_seconds = 1'700'000'000;
  bool shortable = false;

  void Submit(const order::v1::SubmitOrderRequest& request, Answer<order::v1::SubmitOrderResponse> answer) override {
    answer(orders_.Submit(request));
  }
  void GetOrder(const std::string& order_id, Answer<order::v1::Order> answer) override {
    answer(orders_.Get(order_id));
  }
  void CancelOrder(const order::v1::CancelOrderRequest& request,
                   Answer<order::v1::CancelOrderResponse> answer) override {
    orders_.calls.push_back("cancel " + request.order_id());
    orders_.cancel_asked.insert(request.order_id());
    order::v1::CancelOrderResponse response;
    for (auto& [id, order] : orders_.by_request) {
      if (order.order_id() != request.order_id()) continue;
      if (order.status() == order::v1::ORDER_STATUS_NEW)
        orders_.Change(order, order::v1::ORDER_STATUS_CANCELED, order.cumulative_quantity().value());
      *response.mutable_order() = order;
    }
    answer(response);
  }
  void CancelAsked(const std::string& order_id, Answer<bool> answer) override {
    answer(orders_.cancel_asked.contains(order_id));
  }
  void Accounts(Answer<order::v1::ListAccountsResponse> answer) override {
    order::v1::ListAccountsResponse response;
    order::v1::Account& account = *response.add_accounts();
    account.set_account_id("paper");
    account.set_halted(orders_.halted);
    answer(response);
  }
  void Instruments(Answer<std::vector<Instrument>> answer) override {
    answer(std::vector<Instrument>{{.symbol = Symbol("SPY"),
                                    .tick_size = Decimal::Of("0.01"),
                                    .lot_size = Decimal::Of("1"),
                                    .min_notional = Decimal::Of("1"),
                                    .shortable = shortable}});
  }
  void Quotes(Answer<broker::v1::GetQuotesResponse> answer) override {
    broker::v1::GetQuotesResponse response;
    *response.add_quotes() = MakeQuote(market_seconds);
    answer(response);
  }
  void MarketStatus(Answer<broker::v1::GetMarketStatusResponse> answer) override {
    broker::v1::GetMarketStatusResponse response;
    response.mutable_market_time()->set_seconds(market_seconds);
    response.set_bar_length_seconds(1);
    answer(response);
  }
  void Bars(const Symbol&, const std::string&, int, Answer<std::vector<Bar>> answer) override { answer(past); }
  void RaiseAlert(const alert::v1::RaiseAlertRequest& request, Told told) override {
    if (refuse_alerts > 0 && refuse_alerts--) return told(absl::UnavailableError("not now"));
    alerts.push_back(request);
    told(absl::OkStatus());
  }
  // Of no concern to parent orders.
  void CancelAll(const std::string&, const std::string&, const std::string&, Told told) override { told(No()); }
  void Find(const order::v1::SubmitOrderRequest&, Answer<std::optional<order::v1::Order>> answer) override {
    answer(No());
  }
  void RegisterDeployment(const std::string&, const std::string&, bool, Told told) override { told(No()); }
  void Summary(const std::string&, Answer<position::v1::AccountSummary> answer) override { answer(No()); }
  void Limits(const std::string&, Answer<risk::v1::Limits> answer) override { answer(No()); }
  void Brokers(Answer<broker::v1::ListBrokersResponse> answer) override { answer(No()); }

  static broker::v1::Quote MakeQuote(std::int64_t seconds) {
    broker::v1::Quote quote;
    quote.set_symbol("SPY");
    quote.mutable_bid_price()->set_value("99");
    quote.mutable_ask_price()->set_value("101");
    quote.mutable_last_price()->set_value("100");
    for (auto* size : {quote.mutable_bid_size(), quote.mutable_ask_size()}) size->set_value("100");
    quote.mutable_quote_time()->set_seconds(seconds);
    quote.set_session_open(true);
    return quote;
  }

  std::vector<Bar> past;
  std::vector<alert::v1::RaiseAlertRequest> alerts;
  int refuse_alerts = 0;

 private:
  static absl::Status No() { return absl::UnimplementedError("not asked by parent orders"); }

  StagedOrders& orders_;
};

// Parent orders without thread, socket, database or wall clock; processes over the same rows, one after another.
class AlgoStage {
 public:
  static constexpr std::int64_t kSecondNs = 1'000'000'000;

  AlgoStage() {
    EXPECT_TRUE(Logger::Make({.service = "test", .directory = "", .level = "CRITICAL"}, &log).ok());
    gate.SetDays({});
    gate.SetDeployment("demo", "paper");
  }

  // A new process; the one before is gone without a word.
  void Restart() {
    runner.reset();
    neighbours = std::make_unique<StagedNeighbours>(orders);
    neighbours->market_seconds = seconds;
    store = std::make_unique<MemoryAlgoStore>(tables);
    runner = std::make_unique<AlgoRunner>(AlgoRunner::Ports{.store = *store,
                                                            .neighbours = *neighbours,
                                                            .children = *neighbours,
                                                            .gate = gate,
                                                            .clock = clock,
                                                            .log = *log,
                                                            .metrics = metrics,
                                                            .fail = [this](const std::string& why) { failed = why; },
                                                            .follow = [this] { follows = true; }});
    ASSERT_EQ(runner->Recover(), absl::OkStatus());
    follows = runner->has_work();
    runner->OnEventsLive();
  }
  // Turns until there is nothing left to do at this time.
  void Poll() {
    do {
      if (runner->Poll(clock.nanos).state != runtime::Turn::State::kReady) return;
    } while (runner->waiting() > 0);
  }
  // So much later the market says what it said before, with a bar for each second.
  void Pass(std::int64_t count, const char* volume = "100") {
    for (std::int64_t i = 0; i < count; ++i) {
      clock.nanos += kSecondNs;
      ASSERT_TRUE(runner->OnStep(MakeStep(volume)));
      Poll();
    }
  }
  // The market is a second further.
  broker::v1::StreamMarketDataResponse MakeStep(const char* volume = "100") {
    ++seconds;
    neighbours->market_seconds = seconds;
    broker::v1::StreamMarketDataResponse step;
    step.mutable_market_time()->set_seconds(seconds);
    *step.add_quotes() = StagedNeighbours::MakeQuote(seconds);
    broker::v1::Bar& bar = *step.add_bars();
    bar.set_symbol("SPY");
    bar.set_timeframe("1s");
    bar.mutable_start_time()->set_seconds(seconds - 1);
    for (auto* price : {bar.mutable_open(), bar.mutable_high(), bar.mutable_low(), bar.mutable_close()})
      price->set_value("100");
    bar.mutable_volume()->set_value(volume);
    return step;
  }
  static execution::v1::CreateAlgoOrderRequest Request(execution::v1::AlgoType type, const std::string& quantity) {
    execution::v1::CreateAlgoOrderRequest request;
    request.set_request_id("r1");
    request.set_actor("user:test");
    execution::v1::AlgoSpec& spec = *request.mutable_spec();
    spec.set_account_id("paper");
    spec.set_symbol("SPY");
    spec.set_side(type::v1::SIDE_BUY);
    spec.mutable_quantity()->set_value(quantity);
    spec.set_algo_type(type);
    spec.set_duration_seconds(100);
    return request;
  }
  absl::StatusOr<execution::v1::CreateAlgoOrderResponse> Create(const execution::v1::CreateAlgoOrderRequest& request) {
    auto answer = std::make_shared<absl::StatusOr<execution::v1::CreateAlgoOrderResponse>>(
        absl::DeadlineExceededError("no answer"));
    EXPECT_TRUE(runner->Create(request, [answer](const absl::Status& status, const auto& response) {
      *answer = status.ok() ? absl::StatusOr<execution::v1::CreateAlgoOrderResponse>(response) : status;
    }));
    Poll();
    return *answer;
  }
  using Order = absl::StatusOr<execution::v1::AlgoOrder>;
  Order Ask(const std::function<bool(AlgoRunner::Reply<execution::v1::AlgoOrder>)>& ask) {
    auto answer = std::make_shared<Order>(absl::DeadlineExceededError("no answer"));
    EXPECT_TRUE(ask(
        [answer](const absl::Status& status, const auto& order) { *answer = status.ok() ? Order(order) : status; }));
    Poll();
    return *answer;
  }
  Order Get(const std::string& id) {
    return Ask([&](auto reply) { return runner->Get(id, reply); });
  }
  // The calls that begin so.
  [[nodiscard]] int Calls(const std::string& beginning) const {
    int count = 0;
    for (const std::string& call : orders.calls) count += call.starts_with(beginning) ? 1 : 0;
    return count;
  }

  StageClock clock;
  EntryGate gate;
  Metrics metrics;
  std::unique_ptr<Logger> log;
  StagedOrders orders;
  std::shared_ptr<MemoryAlgoTables> tables = std::make_shared<MemoryAlgoTables>();
  std::unique_ptr<StagedNeighbours> neighbours;
  std::unique_ptr<MemoryAlgoStore> store;
  std::unique_ptr<AlgoRunner> runner;
  std::int64_t seconds = 1'700'000'000;
  bool follows = false;
  std::string failed;
};

}  // namespace ballast
