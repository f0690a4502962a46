// From a market step to an order and to a deployment's end: the runner over neighbours that answer what the test says.
#include <grpcpp/server_builder.h>

#include <future>

#include "ballast/order/v1/order_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/platform/postgres/testing/test_postgres.h"
#include "libs/platform/service/service.h"
#include "services/strategy_runner/runner.h"

namespace ballast {

std::vector<Migration> Migrations_strategy_runner();

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FakeOrders : public order::v1::OrderService::Service {
 public:
  grpc::Status RegisterDeployment(grpc::ServerContext*, const order::v1::RegisterDeploymentRequest*,
                                  order::v1::RegisterDeploymentResponse*) override {
    return grpc::Status::OK;
  }
  grpc::Status SubmitOrder(grpc::ServerContext*, const order::v1::SubmitOrderRequest* request,
                           order::v1::SubmitOrderResponse* response) override {
    MutexLock lock(mutex);
    submitted.push_back(*request);
    response->mutable_order()->set_order_id("o-" + request->request_id());
    response->mutable_order()->set_status(denies ? order::v1::ORDER_STATUS_DENIED : order::v1::ORDER_STATUS_SUBMITTED);
    if (denies) response->mutable_order()->mutable_rejection()->set_message("too much");
    return grpc::Status::OK;
  }
  grpc::Status CancelAllOrders(grpc::ServerContext*, const order::v1::CancelAllOrdersRequest* request,
                               order::v1::CancelAllOrdersResponse*) override {
    MutexLock lock(mutex);
    cancels.push_back(request->account_id() + " " + request->deployment_id() + " " + request->symbol());
    return grpc::Status::OK;
  }
  std::vector<order::v1::SubmitOrderRequest> Submitted() {
    MutexLock lock(mutex);
    return submitted;
  }
  std::vector<std::string> Cancels() {
    MutexLock lock(mutex);
    return cancels;
  }
  void Deny() {
    MutexLock lock(mutex);
    denies = true;
  }

 private:
  Mutex mutex;
  std::vector<order::v1::SubmitOrderRequest> submitted GUARDED_BY(mutex);
  std::vector<std::string> cancels GUARDED_BY(mutex);
  bool denies GUARDED_BY(mutex) = false;
};

broker::v1::Bar MakeBar(int minute, const std::string& close) {
  broker::v1::Bar bar;
  bar.set_symbol("SPY");
  bar.set_timeframe("1m");
  bar.mutable_start_time()->set_seconds(1'700'000'000 + minute * 60);
  for (auto* price : {bar.mutable_open(), bar.mutable_high(), bar.mutable_low(), bar.mutable_close()}) {
    price->set_value(close);
  }
  bar.mutable_volume()->set_value("1");
  return bar;
}

class FakeMarket : public broker::v1::MarketDataService::Service {
 public:
  grpc::Status ListInstruments(grpc::ServerContext*, const broker::v1::ListInstrumentsRequest*,
                               broker::v1::ListInstrumentsResponse* response) override {
    broker::v1::Instrument& spy = *response->add_instruments();
    spy.set_symbol("SPY");
    spy.set_currency("USD");
    spy.mutable_tick_size()->set_value("0.01");
    for (auto* one : {spy.mutable_lot_size(), spy.mutable_min_notional()}) one->set_value("1");
    for (auto* fee : {spy.mutable_taker_fee_ratio(), spy.mutable_maker_fee_ratio(), spy.mutable_fee_per_unit()}) {
      fee->set_value("0");
    }
    return grpc::Status::OK;
  }
  grpc::Status ListBars(grpc::ServerContext*, const broker::v1::ListBarsRequest* request,
                        broker::v1::ListBarsResponse* response) override {
    EXPECT_EQ(request->symbol(), "SPY");
    EXPECT_EQ(request->timeframe(), "1m");
    MutexLock lock(mutex);
    ++asked;
    if (refuse-- > 0) return {grpc::UNAVAILABLE, "not now"};
    for (const broker::v1::Bar& bar : past) *response->add_bars() = bar;
    return grpc::Status::OK;
  }
  void Past(std::vector<broker::v1::Bar> bars, int refusals = 0) {
    MutexLock lock(mutex);
    past = std::move(bars);
    refuse = refusals;
  }
  int Asked() {
    MutexLock lock(mutex);
    return asked;
  }

 private:
  Mutex mutex;
  std::vector<broker::v1::Bar> past GUARDED_BY(mutex);
  int refuse GUARDED_BY(mutex) = 0;
  int asked GUARDED_BY(mutex) = 0;
};

class FakePositions : public position::v1::PositionService::Service {
 public:
  grpc::Status GetAccountSummary(grpc::ServerContext*, const position::v1::GetAccountSummaryRequest*,
                                 position::v1::GetAccountSummaryResponse* response) override {
    response->mutable_summary()->mutable_equity()->set_value("100000");
    response->mutable_summary()->set_any_mark_stale(stale);
    return grpc::Status::OK;
  }
  std::atomic<bool> stale = false;
};

// An average of one bar against one of two, 1 % of 100,000 a position: after 100, 99, 98 a close of 110 says "buy 9".
class RunnerDecidesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Logger::Make({.service = "test", .directory = "", .level = "CRITICAL"}, &log_).ok());
    database_ = TestPostgres::Get().NewSchema();
    ASSERT_TRUE(database_->Migrate(Migrations_strategy_runner()).ok());
    store_ = std::make_unique<StrategyStore>(*database_);
    ASSERT_TRUE(store_->Fence().ok());
    auto configured = ParseDeployment("demo|ema_cross|paper|SPY|1m|fast=1,slow=2,position_size_ratio=0.01");
    ASSERT_TRUE(configured.ok()) << configured.status();
    StrategyStore::Batch batch;
    batch.rows.push_back({.deployment_id = "demo",
                          .request_id = "r",
                          .spec = configured->spec,
                          .status = strategy::v1::DEPLOYMENT_STATUS_ACTIVE});
    batch.cursors["paper"] = {.sequence = 10};
    ASSERT_EQ(store_->Save(batch), absl::OkStatus());
    int port = 0;
    server_ = grpc::ServerBuilder()
                  .AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port)
                  .RegisterService(&orders_)
                  .RegisterService(&market_)
                  .RegisterService(&positions_)
                  .BuildAndStart();
    std::map<std::string, std::string> environment = {{"BALLAST_COMMON_RISK_ADDRESS", "127.0.0.1:1"}};
    for (const char* peer : {"ORDER_MANAGEMENT", "POSITIONS", "BROKER_GATEWAY"}) {
      environment[std::string("BALLAST_COMMON_") + peer + "_ADDRESS"] = "127.0.0.1:" + std::to_string(port);
    }
    auto config = Config::Load("strategy_runner", {}, "", environment);
    ASSERT_TRUE(config.ok()) << config.status();
    neighbours_ = std::make_unique<Neighbours>(*config);
    runner_ = std::make_unique<Runner>(Runner::Options{.configured = {}, .on_settled = [] {}}, *store_, *neighbours_,
                                       clock_, *log_, metrics_, [](const std::string& why) { ADD_FAILURE() << why; });
    ASSERT_EQ(runner_->Recover(), absl::OkStatus());
    runner_->Start();
    market_.Past({MakeBar(1, "100"), MakeBar(2, "99"), MakeBar(3, "98")});
  }
  void TearDown() override {
    runner_.reset();
    server_->Shutdown();
  }
  // One step of the market with that bar's close as its quote; it has been worked through when this returns.
  void Step(int minute, const std::string& close) {
    broker::v1::StreamMarketDataResponse step;
    step.set_step(static_cast<std::uint64_t>(minute));
    step.mutable_market_time()->set_seconds(1'700'000'000 + minute * 60 + 60);
    broker::v1::Quote& quote = *step.add_quotes();
    quote.set_symbol("SPY");
    for (auto* price : {quote.mutable_bid_price(), quote.mutable_ask_price(), quote.mutable_last_price()}) {
      price->set_value(close);
    }
    for (auto* size : {quote.mutable_bid_size(), quote.mutable_ask_size()}) size->set_value("100");
    *quote.mutable_quote_time() = step.market_time();
    quote.set_session_open(true);
    *step.add_bars() = MakeBar(minute, close);
    std::promise<void> worked;
    ASSERT_TRUE(runner_->OnStep(std::move(step), [&] { worked.set_value(); }));
    worked.get_future().wait();
  }
  strategy::v1::Deployment Ask(const std::function<bool(Runner::Reply<strategy::v1::Deployment>)>& ask) {
    std::promise<strategy::v1::Deployment> answer;
    EXPECT_TRUE(ask([&](const absl::Status& status, const strategy::v1::Deployment& deployment) {
      EXPECT_TRUE(status.ok()) << status;
      answer.set_value(deployment);
    }));
    return answer.get_future().get();
  }
  strategy::v1::Deployment Now() {
    return Ask([&](auto reply) { return runner_->Get("demo", reply); });
  }
  strategy::v1::Deployment Stop(bool close) {
    strategy::v1::StopDeploymentRequest request;
    request.set_deployment_id("demo");
    request.set_close_positions(close);
    request.set_reason("emergency_stop");
    return Ask([&](auto reply) { return runner_->Stop(request, reply); });
  }
  // What order management tells of the order of a request; `filled`: all of its quantity.
  void Tell(const std::string& request, order::v1::OrderStatus status, type::v1::Side side, bool filled) {
    order::v1::StreamOrderEventsResponse batch;
    order::v1::OrderEvent& event = *batch.add_events();
    event.set_account_id("paper");
    event.set_sequence(++sequence_);
    event.set_type(filled ? order::v1::ORDER_EVENT_TYPE_FILLED : order::v1::ORDER_EVENT_TYPE_CANCELED);
    event.set_mode(type::v1::ACCOUNT_MODE_PAPER);
    order::v1::Order& order = *event.mutable_order();
    order.set_order_id("o-" + request);
    order.set_account_id("paper");
    order.set_deployment_id("demo");
    order.set_request_id(request);
    order.set_symbol("SPY");
    order.set_side(side);
    order.set_type(type::v1::ORDER_TYPE_MARKET);
    order.set_time_in_force(type::v1::TIME_IN_FORCE_IOC);
    order.set_status(status);
    order.set_mode(type::v1::ACCOUNT_MODE_PAPER);
    order.mutable_quantity()->set_value("9");
    order.mutable_cumulative_quantity()->set_value(filled ? "9" : "0");
    order.mutable_leaves_quantity()->set_value("0");
    order.mutable_average_price()->set_value(filled ? "110" : "0");
    order.mutable_fees()->set_value("0");
    if (filled) {
      order::v1::Fill& fill = *event.mutable_fill();
      fill.set_execution_id("e" + std::to_string(sequence_));
      fill.set_order_id(order.order_id());
      fill.set_account_id("paper");
      fill.set_deployment_id("demo");
      fill.set_symbol("SPY");
      fill.set_side(side);
      fill.mutable_quantity()->set_value("9");
      fill.mutable_price()->set_value("110");
      fill.mutable_fee()->set_value("0");
      fill.set_fee_currency("USD");
    }
    ASSERT_TRUE(runner_->OnEvents(batch));
  }
  void Enter() {
    Step(4, "110");
    Tell("demo-1", order::v1::ORDER_STATUS_FILLED, type::v1::SIDE_BUY, true);
  }
  // Newest first.
  std::vector<std::string> Decisions() {
    strategy::v1::ListDecisionsRequest request;
    request.set_deployment_id("demo");
    auto stored = store_->ListDecisions(request);
    EXPECT_TRUE(stored.ok()) << stored.status();
    if (!stored.ok()) return {};
    std::vector<std::string> all;
    for (const auto& decision : stored->decisions()) {
      all.push_back(decision.action() + ": " + decision.reason() +
                    (decision.outcome().empty() ? "" : " -> " + decision.outcome()));
    }
    return all;
  }

  SystemClock clock_;
  Metrics metrics_;
  std::unique_ptr<Logger> log_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<StrategyStore> store_;
  FakeOrders orders_;
  FakeMarket market_;
  FakePositions positions_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Neighbours> neighbours_;
  std::unique_ptr<Runner> runner_;
  std::uint64_t sequence_ = 10;
};

// Decide and act

TEST_F(RunnerDecidesTest, ASignalBecomesAStoredDecisionAndOneOrder) {
  Step(4, "110");
  ASSERT_EQ(orders_.Submitted().size(), 1U);
  order::v1::SubmitOrderRequest order = orders_.Submitted()[0];
  EXPECT_EQ(order.request_id(), "demo-1");
  EXPECT_EQ(order.account_id(), "paper");
  EXPECT_EQ(order.deployment_id(), "demo");
  EXPECT_EQ(order.side(), type::v1::SIDE_BUY);
  EXPECT_EQ(order.type(), type::v1::ORDER_TYPE_MARKET);
  EXPECT_EQ(order.quantity().value(), "9");
  EXPECT_FALSE(order.reduce_only());
  EXPECT_EQ(order.reason(), "signal");
  EXPECT_EQ(order.actor(), "strategy:demo");
  EXPECT_THAT(Decisions(), ElementsAre("enter_long: fast crossed above slow -> accepted"));
  EXPECT_EQ(Now().signals(), 1);
  EXPECT_EQ(Now().orders(), 1);
  Step(5, "111");  // no signal, nothing
  EXPECT_EQ(orders_.Submitted().size(), 1U);
}

TEST_F(RunnerDecidesTest, ARefusalIsTheDecisionsOutcomeAndNothingIsTriedAtOnce) {
  orders_.Deny();
  Step(4, "110");
  EXPECT_THAT(Decisions(), ElementsAre("enter_long: fast crossed above slow -> too much"));
  // Nothing is under way: the deployment can be stopped.
  EXPECT_EQ(Stop(false).status(), strategy::v1::DEPLOYMENT_STATUS_STOPPED);
}

TEST_F(RunnerDecidesTest, WithoutTheEquityNothingIsEntered) {
  positions_.stale = true;
  Step(4, "110");
  EXPECT_THAT(orders_.Submitted(), IsEmpty());
  EXPECT_THAT(Decisions(), ElementsAre(HasSubstr("the account's equity is not known")));
}

TEST_F(RunnerDecidesTest, PausedItHoldsAndStillExits) {
  Enter();
  Ask([&](auto reply) { return runner_->Pause("demo", reply); });
  Step(5, "90");
  ASSERT_EQ(orders_.Submitted().size(), 2U);
  EXPECT_TRUE(orders_.Submitted()[1].reduce_only());
  EXPECT_EQ(orders_.Submitted()[1].side(), type::v1::SIDE_SELL);
  Tell("demo-2", order::v1::ORDER_STATUS_FILLED, type::v1::SIDE_SELL, true);
  Step(6, "120");
  EXPECT_EQ(orders_.Submitted().size(), 2U);
  EXPECT_THAT(Decisions()[0], HasSubstr("no entries while the deployment is not active"));
}

// Warm-up

TEST_F(RunnerDecidesTest, TheBarToBeDecidedOnIsNotPartOfThePast) {
  market_.Past({MakeBar(1, "100"), MakeBar(2, "99"), MakeBar(3, "98"), MakeBar(4, "110")});
  Step(4, "110");
  EXPECT_EQ(orders_.Submitted().size(), 1U);
  EXPECT_EQ(market_.Asked(), 1);
  Step(5, "111");
  EXPECT_EQ(market_.Asked(), 1) << "once is enough";
}

TEST_F(RunnerDecidesTest, WithoutItsPastNothingIsDecided) {
  market_.Past({MakeBar(1, "100"), MakeBar(2, "99"), MakeBar(3, "98")}, 1);
  Step(4, "97");
  EXPECT_THAT(Decisions(), IsEmpty());
  market_.Past({MakeBar(1, "100"), MakeBar(2, "99"), MakeBar(3, "98"), MakeBar(4, "97")});
  Step(5, "110");
  EXPECT_EQ(orders_.Submitted().size(), 1U);
  EXPECT_EQ(market_.Asked(), 2);
}

TEST_F(RunnerDecidesTest, AfterALostMarketThePastIsSeenAgain) {
  Step(4, "97");
  EXPECT_EQ(market_.Asked(), 1);
  runner_->OnMarketLost();
  // Bars 5 and 6 were missed: with them the averages have crossed already, and 7 is no signal.
  market_.Past({MakeBar(3, "98"), MakeBar(4, "97"), MakeBar(5, "105"), MakeBar(6, "106")});
  Step(7, "107");
  EXPECT_EQ(market_.Asked(), 2);
  EXPECT_THAT(orders_.Submitted(), IsEmpty());
}

// Stop

TEST_F(RunnerDecidesTest, AStopWaitsForTheOrderUnderWay) {
  Step(4, "110");
  EXPECT_EQ(Stop(false).status(), strategy::v1::DEPLOYMENT_STATUS_STOPPING);
  EXPECT_THAT(orders_.Cancels(), ElementsAre("paper demo "));
  Step(5, "90");
  Step(6, "120");
  EXPECT_EQ(orders_.Submitted().size(), 1U) << "nothing new";
  Tell("demo-1", order::v1::ORDER_STATUS_CANCELED, type::v1::SIDE_BUY, false);
  EXPECT_EQ(Now().status(), strategy::v1::DEPLOYMENT_STATUS_STOPPED);
  EXPECT_EQ(store_->Load()->front().row.status, strategy::v1::DEPLOYMENT_STATUS_STOPPED);
}

TEST_F(RunnerDecidesTest, AStopClosesWhatIsHeldAndEndsWhenItIsFlat) {
  Enter();
  EXPECT_EQ(Stop(true).status(), strategy::v1::DEPLOYMENT_STATUS_STOPPING);
  ASSERT_EQ(orders_.Submitted().size(), 2U);
  order::v1::SubmitOrderRequest close = orders_.Submitted()[1];
  EXPECT_EQ(close.side(), type::v1::SIDE_SELL);
  EXPECT_EQ(close.quantity().value(), "9");
  EXPECT_TRUE(close.reduce_only());
  EXPECT_EQ(close.reason(), "emergency_stop");
  EXPECT_EQ(Stop(true).status(), strategy::v1::DEPLOYMENT_STATUS_STOPPING);  // asked again: one close
  EXPECT_EQ(orders_.Submitted().size(), 2U);
  Tell(close.request_id(), order::v1::ORDER_STATUS_FILLED, type::v1::SIDE_SELL, true);
  EXPECT_EQ(Now().status(), strategy::v1::DEPLOYMENT_STATUS_STOPPED);
  EXPECT_EQ(Now().status_reason(), "emergency_stop");
}

TEST_F(RunnerDecidesTest, AStopWithoutClosingKeepsThePositionAndTellsItLater) {
  Enter();
  EXPECT_EQ(Stop(false).status(), strategy::v1::DEPLOYMENT_STATUS_STOPPED);
  EXPECT_EQ(orders_.Submitted().size(), 1U);
  Step(5, "90");
  EXPECT_EQ(orders_.Submitted().size(), 1U) << "a stopped one decides nothing";
  // It can be closed afterwards.
  EXPECT_EQ(Stop(true).status(), strategy::v1::DEPLOYMENT_STATUS_STOPPING);
  EXPECT_EQ(orders_.Submitted().size(), 2U);
}

}  // namespace
}  // namespace ballast
