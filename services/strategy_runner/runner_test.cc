#include "services/strategy_runner/runner.h"

#include <grpcpp/server_builder.h>

#include <future>

#include "ballast/order/v1/order_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/platform/postgres/testing/test_postgres.h"
#include "libs/platform/service/service.h"

namespace ballast {

std::vector<Migration> Migrations_strategy_runner();

namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Order management as far as a runner asks it.
class FakeOrders : public order::v1::OrderService::Service {
 public:
  grpc::Status SubmitOrder(grpc::ServerContext*, const order::v1::SubmitOrderRequest* request,
                           order::v1::SubmitOrderResponse* response) override {
    MutexLock lock(mutex);
    calls.push_back("submit " + request->request_id());
    changed.NotifyAll();
    response->mutable_order()->set_order_id("o-" + request->request_id());
    response->mutable_order()->set_status(order::v1::ORDER_STATUS_PENDING_NEW);
    return grpc::Status::OK;
  }
  grpc::Status RegisterDeployment(grpc::ServerContext*, const order::v1::RegisterDeploymentRequest* request,
                                  order::v1::RegisterDeploymentResponse*) override {
    MutexLock lock(mutex);
    if (request->clear_stop()) stopped = false;
    return stopped ? grpc::Status(grpc::FAILED_PRECONDITION, "the emergency stop has stopped it") : grpc::Status::OK;
  }
  grpc::Status CancelAllOrders(grpc::ServerContext*, const order::v1::CancelAllOrdersRequest* request,
                               order::v1::CancelAllOrdersResponse*) override {
    MutexLock lock(mutex);
    calls.push_back("cancel " + request->deployment_id() + " " + request->symbol());
    changed.NotifyAll();
    if (refuse_cancels-- > 0) return {grpc::UNAVAILABLE, "not now"};
    return grpc::Status::OK;
  }
  grpc::Status ListOrders(grpc::ServerContext*, const order::v1::ListOrdersRequest*,
                          order::v1::ListOrdersResponse* response) override {
    MutexLock lock(mutex);
    calls.push_back("list");
    changed.NotifyAll();
    for (const order::v1::Order& order : known) *response->add_orders() = order;
    return grpc::Status::OK;
  }
  // Waits until a call of that kind has been made.
  void Await(const std::string& call) {
    MutexLock lock(mutex);
    while (std::find(calls.begin(), calls.end(), call) == calls.end()) changed.WaitFor(mutex, 1'000'000'000);
  }
  std::vector<std::string> Calls() {
    MutexLock lock(mutex);
    return calls;
  }

  Mutex mutex;
  CondVar changed;
  std::vector<std::string> calls GUARDED_BY(mutex);
  std::vector<order::v1::Order> known GUARDED_BY(mutex);
  int refuse_cancels GUARDED_BY(mutex) = 0;
  bool stopped GUARDED_BY(mutex) = false;
};

class RunnerTest : public ::testing::Test {
 protected:
  // A deployment that had stored a decision and its order when it was killed.
  void SetUp() override {
    ASSERT_TRUE(Logger::Make({.service = "test", .directory = "", .level = "CRITICAL"}, &log).ok());
    database = TestPostgres::Get().NewSchema();
    ASSERT_TRUE(database->Migrate(Migrations_strategy_runner()).ok());
    store = std::make_unique<StrategyStore>(*database);
    ASSERT_TRUE(store->Fence().ok());
    StrategyStore::Batch batch;
    auto configured = ParseDeployment("demo|ema_cross|paper|SPY|1m|fast=1,slow=2,position_size_ratio=0.01");
    ASSERT_TRUE(configured.ok()) << configured.status();
    batch.rows.push_back({.deployment_id = "demo",
                          .request_id = "r",
                          .spec = configured->spec,
                          .status = strategy::v1::DEPLOYMENT_STATUS_ACTIVE,
                          .decision_sequence = 1});
    batch.states.push_back({"demo", {{Symbol("SPY"), {.working_request = "demo-1", .working_is_entry = true}}}});
    StoredDecision decision;
    decision.decision.set_deployment_id("demo");
    decision.decision.set_sequence(1);
    order::v1::SubmitOrderRequest& submit = decision.submit.emplace();
    submit.set_request_id("demo-1");
    submit.set_account_id("paper");
    submit.set_deployment_id("demo");
    submit.set_symbol("SPY");
    decision.open = true;
    batch.decisions.push_back(decision);
    batch.cursors["paper"] = {.sequence = 10};
    ASSERT_EQ(store->Save(batch), absl::OkStatus());

    int port = 0;
    server = grpc::ServerBuilder()
                 .AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port)
                 .RegisterService(&orders)
                 .BuildAndStart();
    std::map<std::string, std::string> environment = {
        {"BALLAST_COMMON_ORDER_MANAGEMENT_ADDRESS", "127.0.0.1:" + std::to_string(port)}};
    // Nobody listens on port 1.
    for (const char* peer : {"RISK", "POSITIONS", "BROKER_GATEWAY"})
      environment[std::string("BALLAST_COMMON_") + peer + "_ADDRESS"] = "127.0.0.1:1";
    auto config = Config::Load("strategy_runner", {}, "", environment);
    ASSERT_TRUE(config.ok()) << config.status();
    neighbours = std::make_unique<Neighbours>(*config);
    runner = std::make_unique<Runner>(Runner::Options{.configured = {}, .on_settled = [] {}}, *store, *neighbours,
                                      clock, *log, metrics, [](const std::string& why) { ADD_FAILURE() << why; });
    ASSERT_EQ(runner->Recover(), absl::OkStatus());
    runner->Start();
  }
  void TearDown() override {
    runner.reset();
    server->Shutdown();
  }
  void Step(bool lockstep) {
    broker::v1::StreamMarketDataResponse step;
    step.set_lockstep(lockstep);
    step.set_step(7);
    step.mutable_market_time()->set_seconds(1'700'000'000);
    ASSERT_TRUE(runner->OnStep(std::move(step), [] {}));
  }
  // The runner has finished what it was at.
  void Barrier() {
    std::promise<void> reached;
    ASSERT_TRUE(
        runner->Get("demo", [&](const absl::Status&, const strategy::v1::Deployment&) { reached.set_value(); }));
    reached.get_future().wait();
  }
  strategy::v1::Decision Stored() {
    strategy::v1::ListDecisionsRequest request;
    request.set_deployment_id("demo");
    return store->ListDecisions(request)->decisions(0);
  }
  StrategyStore::Loaded Loaded() { return store->Load()->front(); }
  static order::v1::OrderEvent Event(std::uint64_t sequence, order::v1::OrderStatus status) {
    order::v1::OrderEvent event;
    event.set_account_id("paper");
    event.set_sequence(sequence);
    event.set_type(order::v1::ORDER_EVENT_TYPE_PENDING_NEW);
    order::v1::Order& order = *event.mutable_order();
    order.set_order_id("o-1");
    order.set_account_id("paper");
    order.set_deployment_id("demo");
    order.set_request_id("demo-1");
    order.set_symbol("SPY");
    order.set_side(type::v1::SIDE_BUY);
    order.set_type(type::v1::ORDER_TYPE_MARKET);
    order.set_time_in_force(type::v1::TIME_IN_FORCE_IOC);
    order.set_status(status);
    order.set_mode(type::v1::ACCOUNT_MODE_PAPER);
    order.mutable_quantity()->set_value("1");
    order.mutable_cumulative_quantity()->set_value("0");
    order.mutable_leaves_quantity()->set_value("1");
    order.mutable_average_price()->set_value("0");
    order.mutable_fees()->set_value("0");
    event.set_mode(type::v1::ACCOUNT_MODE_PAPER);
    return event;
  }

  SystemClock clock;
  Metrics metrics;
  std::unique_ptr<Logger> log;
  std::unique_ptr<Database> database;
  std::unique_ptr<StrategyStore> store;
  FakeOrders orders;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<Neighbours> neighbours;
  std::unique_ptr<Runner> runner;
};

TEST_F(RunnerTest, AnOrderInDoubtThatIsNotThereIsNeverSent) {
  Step(false);
  orders.Await("list");
  Barrier();
  EXPECT_THAT(Stored().outcome(), HasSubstr("not sent"));
  EXPECT_THAT(Loaded().open_decisions, IsEmpty());
  EXPECT_EQ(Loaded().states.at(Symbol("SPY")).working_request, "") << "it can decide again";
  EXPECT_THAT(orders.Calls(), ::testing::ElementsAre("cancel demo SPY", "list")) << "looked for behind the barrier";
}

TEST_F(RunnerTest, AnOrderInDoubtThatIsThereCounts) {
  {
    MutexLock lock(orders.mutex);
    order::v1::Order& order = orders.known.emplace_back();
    order.set_request_id("demo-1");
    order.set_order_id("o-1");
    order.set_status(order::v1::ORDER_STATUS_NEW);
  }
  Step(false);
  orders.Await("list");
  Barrier();
  EXPECT_EQ(Stored().outcome(), "accepted");
  EXPECT_EQ(Stored().order_id(), "o-1");
  EXPECT_EQ(Loaded().states.at(Symbol("SPY")).working_request, "demo-1") << "until its end is told";
}

TEST_F(RunnerTest, WithoutTheBarrierNothingIsConcluded) {
  {
    MutexLock lock(orders.mutex);
    orders.refuse_cancels = 1;
  }
  Step(false);
  orders.Await("list");
  Barrier();
  EXPECT_THAT(orders.Calls(), ::testing::ElementsAre("cancel demo SPY", "cancel demo SPY", "list"));
  EXPECT_THAT(Loaded().open_decisions, IsEmpty());
}

TEST_F(RunnerTest, InLockstepTheMarketHasWaitedSoItIsSentUnderTheSameId) {
  Step(true);
  orders.Await("submit demo-1");
  Barrier();
  EXPECT_EQ(Stored().order_id(), "o-demo-1");
  EXPECT_THAT(orders.Calls(), ::testing::ElementsAre("submit demo-1"));
}

// A deployment that was stopped while the runner was dead.
class StoppedRunnerTest : public RunnerTest {
 protected:
  void SetUp() override {
    {
      MutexLock lock(orders.mutex);
      orders.stopped = true;
    }
    RunnerTest::SetUp();
  }
  strategy::v1::Deployment Now() {
    std::promise<strategy::v1::Deployment> found;
    EXPECT_TRUE(
        runner->Get("demo", [&](const absl::Status&, const strategy::v1::Deployment& now) { found.set_value(now); }));
    return found.get_future().get();
  }
};

TEST_F(StoppedRunnerTest, WhatAnEmergencyStoppedIsStoppedUntilAPersonStartsIt) {
  // The first look at order management is the tick's.
  while (Now().status() != strategy::v1::DEPLOYMENT_STATUS_STOPPED) std::this_thread::yield();
  EXPECT_THAT(Now().status_reason(), HasSubstr("emergency stop"));
  EXPECT_EQ(Loaded().row.status, strategy::v1::DEPLOYMENT_STATUS_STOPPED);
  std::promise<void> asked;
  ASSERT_TRUE(runner->StartDeployment(
      "demo", [&](const absl::Status&, const strategy::v1::StartDeploymentResponse&) { asked.set_value(); }));
  asked.get_future().wait();
  MutexLock lock(orders.mutex);
  EXPECT_FALSE(orders.stopped) << "a person's start takes the stop back";
}

TEST_F(RunnerTest, AnEventSettlesTheOrderTogetherWithTheCursor) {
  order::v1::StreamOrderEventsResponse batch;
  *batch.add_events() = Event(11, order::v1::ORDER_STATUS_PENDING_NEW);
  ASSERT_TRUE(runner->OnEvents(batch));
  EXPECT_EQ(Stored().outcome(), "accepted");
  EXPECT_EQ(store->LoadCursors()->at("paper").sequence, 11U);
  EXPECT_THAT(orders.Calls(), IsEmpty());
}

TEST_F(RunnerTest, ABatchWithAGapCountsForNothing) {
  order::v1::StreamOrderEventsResponse batch;
  *batch.add_events() = Event(11, order::v1::ORDER_STATUS_CANCELED);
  *batch.add_events() = Event(13, order::v1::ORDER_STATUS_CANCELED);
  EXPECT_FALSE(runner->OnEvents(batch));
  EXPECT_EQ(runner->Cursors().at("paper"), 10U);
  EXPECT_EQ(Stored().outcome(), "");
  EXPECT_EQ(Loaded().states.at(Symbol("SPY")).working_request, "demo-1");
  // The same again, whole this time.
  *batch.mutable_events(1) = Event(12, order::v1::ORDER_STATUS_CANCELED);
  EXPECT_TRUE(runner->OnEvents(batch));
  EXPECT_EQ(Loaded().states.at(Symbol("SPY")).working_request, "");
}

}  // namespace
}  // namespace ballast
