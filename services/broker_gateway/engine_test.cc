#include "services/broker_gateway/engine.h"
#include "services/broker_gateway/postgres_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>

#include "libs/platform/postgres/testing/test_postgres.h"
#include "libs/platform/service/service.h"
#include "libs/runtime/worker.h"
#include "libs/wire/wire.h"

namespace ballast {

std::vector<Migration> Migrations_broker_gateway();

namespace {

constexpr std::uint64_t kSteps = 2'879;  // minutes of BTC-USD and ETH-USD

// What happened, in the order in which it was told, and a way to wait for it.
class Journal {
 public:
  void Write(const std::string& line) {
    std::lock_guard lock(mutex_);
    lines_.push_back(line);
    changed_.notify_all();
  }
  bool WaitFor(const std::function<bool(const std::vector<std::string>&)>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(120), [&] { return condition(lines_); });
  }
  bool WaitForLine(const std::string& line) {
    return WaitFor([&](const auto& lines) { return std::find(lines.begin(), lines.end(), line) != lines.end(); });
  }
  std::vector<std::string> lines() {
    std::lock_guard lock(mutex_);
    return lines_;
  }
  std::size_t Count(const std::string& start) {
    std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count_if(lines_.begin(), lines_.end(),
                                                  [&](const std::string& line) { return line.rfind(start, 0) == 0; }));
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

// Order management: every report is durable at once, unless told to be slow.
class FakeOrders : public Engine::OrderSender, public std::enable_shared_from_this<FakeOrders> {
 public:
  FakeOrders(Engine& engine, Journal& journal) : engine_(engine), journal_(journal) {}
  void Open(std::uint64_t epoch, std::uint64_t after) {
    broker::v1::OrderSessionRequest hello;
    hello.mutable_hello()->set_epoch(epoch);
    (*hello.mutable_hello()->mutable_after_execution_sequences())["paper"] = after;
    EXPECT_TRUE(engine_.Instruct(hello, shared_from_this()));
    broker::v1::OrderSessionRequest open;
    open.mutable_open_account()->set_account_id("paper");
    open.mutable_open_account()->set_currency("USD");
    open.mutable_open_account()->mutable_opening_cash()->set_value("100000");
    EXPECT_TRUE(engine_.Instruct(open, shared_from_this()));
  }
  bool Push(broker::v1::OrderSessionResponse response) override {
    for (const auto& report : response.reports().reports()) {
      journal_.Write("report " + std::to_string(report.execution_sequence()) + " " + report.order_id() + " " +
                     std::to_string(report.type()) + " " + report.last_quantity().value() + "@" +
                     report.last_price().value() + " " + UtcTimeOf(report));
      last_ = report.execution_sequence();
    }
    if (response.has_reports() && !slow) Acknowledge();
    return !done_;
  }
  void Acknowledge() {
    broker::v1::OrderSessionRequest request;
    request.mutable_acknowledge()->set_account_id("paper");
    request.mutable_acknowledge()->set_execution_sequence(last_);
    (void)engine_.Instruct(request, shared_from_this());
  }
  void Close(grpc::Status) override { done_ = true; }
  [[nodiscard]] bool done() const override { return done_; }
  std::atomic<bool> slow = false;

 private:
  static std::string UtcTimeOf(const broker::v1::ExecutionReport& report) {
    return wire::FromProto(report.transact_time()).ToString();
  }
  Engine& engine_;
  Journal& journal_;
  std::atomic<std::uint64_t> last_ = 0;
  std::atomic<bool> done_ = false;
};

// A subscriber that acknowledges each step once `act` has run.
class FakeSubscriber : public Engine::MarketSender, public std::enable_shared_from_this<FakeSubscriber> {
 public:
  using Act = std::function<void(const broker::v1::StreamMarketDataResponse&)>;
  FakeSubscriber(Engine& engine, Journal& journal, std::string name, Act act = {})
      : engine_(engine), journal_(journal), name_(std::move(name)), act_(std::move(act)) {}
  void Open(int phase, bool lockstep = true) {
    broker::v1::Subscribe subscribe;
    subscribe.set_subscriber(name_);
    subscribe.set_lockstep(lockstep);
    subscribe.set_phase(phase);
    subscribe.add_timeframes("1m");
    subscribe.add_timeframes("5m");
    EXPECT_TRUE(engine_.Subscribe(subscribe, shared_from_this()));
  }
  bool Push(broker::v1::StreamMarketDataResponse step) override {
    if (done_) return false;
    journal_.Write(name_ + " " + std::to_string(step.step()) + (step.end_of_data() ? " end" : ""));
    last = step;
    if (!step.lockstep() || step.end_of_data() || step.step() >= stop_at) return true;
    if (act_) act_(step);
    (void)engine_.Acknowledge(step.step(), shared_from_this());
    return true;
  }
  void Close(grpc::Status) override {
    done_ = true;
    engine_.StreamEnded();
  }
  [[nodiscard]] bool done() const override { return done_; }
  // This step and later ones are not acknowledged.
  std::atomic<std::uint64_t> stop_at = ~0ULL;
  // Read it when the engine is drained.
  broker::v1::StreamMarketDataResponse last;

 private:
  Engine& engine_;
  Journal& journal_;
  std::string name_;
  Act act_;
  std::atomic<bool> done_ = false;
};

class EngineTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Logger::Make({.service = "test", .level = "ERROR"}, &log_).ok());
    kill_ = std::make_unique<KillDesk>("", clock_, *log_);
    NewDatabase();
  }
  void TearDown() override {
    worker_.reset();
    engine_.reset();
  }

  void NewDatabase() {
    worker_.reset();
    engine_.reset();
    database_ = TestPostgres::Get().NewSchema();
    ASSERT_TRUE(database_->Migrate(Migrations_broker_gateway()).ok());
    store_ = std::make_unique<PostgresBrokerStore>(*database_);
  }

  void Start(Engine::Options options) {
    options.last_check.notional_max = Decimal::Of("1000000");
    options.last_check.collar_ratio = Decimal::Of("0.5");
    worker_.reset();
    engine_ = std::make_unique<Engine>(options, *store_, *kill_, clock_, *log_, metrics_, redis_,
                                       [](const std::string& why) { ADD_FAILURE() << why; });
    absl::Status recovered = engine_->Recover();
    ASSERT_TRUE(recovered.ok()) << recovered;
    worker_ = std::make_unique<runtime::Worker>(*engine_, clock_);
    worker_->Start();
  }

  static Engine::Options Lockstep() {
    Engine::Options options;
    options.source = "replay";
    options.speed = Decimal();
    options.lockstep_subscribers = 3;  // whom Join brings
    options.replay_directory = BALLAST_DATA_DIRECTORY;
    options.replay_symbols = {"BTC-USD", "ETH-USD"};
    options.paper = {.latency = Duration::Millis(30), .queue = true};
    return options;
  }

  // The suite around the engine: two state keepers, one decider that trades every tenth step.
  void Join(Journal& journal, std::uint64_t stop_at = ~0ULL) {
    orders_ = std::make_shared<FakeOrders>(*engine_, journal);
    auto executions = store_->LoadExecutions(AccountId("paper"), 0, 100'000);
    ASSERT_TRUE(executions.ok());
    orders_->Open(++epoch_, executions->size());
    risk_ = std::make_shared<FakeSubscriber>(*engine_, journal, "risk");
    positions_ = std::make_shared<FakeSubscriber>(*engine_, journal, "positions");
    strategies_ = std::make_shared<FakeSubscriber>(*engine_, journal, "strategies",
                                                   [this](const auto& step) { Trade(step.step(), step.quotes(0)); });
    strategies_->stop_at = stop_at;
    risk_->Open(0);
    positions_->Open(0);
    strategies_->Open(1);
  }

  void Trade(std::uint64_t step, const broker::v1::Quote& quote) {
    if (step % 10 != 0) return;
    broker::v1::OrderSessionRequest request;
    order::v1::Order& order = *request.mutable_new_order()->mutable_order();
    order.set_order_id("o" + std::to_string(step));
    order.set_account_id("paper");
    order.set_symbol(quote.symbol());
    order.set_side(step % 20 == 0 ? type::v1::SIDE_BUY : type::v1::SIDE_SELL);
    bool limit = step % 30 == 0;
    order.set_type(limit ? type::v1::ORDER_TYPE_LIMIT : type::v1::ORDER_TYPE_MARKET);
    order.set_time_in_force(limit ? type::v1::TIME_IN_FORCE_GTC : type::v1::TIME_IN_FORCE_IOC);
    order.mutable_quantity()->set_value("0.5");
    if (limit) *order.mutable_limit_price() = step % 20 == 0 ? quote.bid_price() : quote.ask_price();
    order.set_status(order::v1::ORDER_STATUS_SUBMITTED);
    wire::ToProto(clock_.Now(), order.mutable_create_time());
    EXPECT_TRUE(engine_->Instruct(request, orders_));
  }

  // Every report there is, as stored.
  std::vector<std::string> Stored() {
    std::vector<std::string> lines;
    auto executions = store_->LoadExecutions(AccountId("paper"), 0, 100'000);
    EXPECT_TRUE(executions.ok());
    for (const auto& each : *executions) lines.push_back(each.SerializeAsString());
    return lines;
  }

  SystemClock clock_;
  std::unique_ptr<Logger> log_;
  std::unique_ptr<KillDesk> kill_;
  Metrics metrics_;
  RedisCache redis_{{}};
  std::unique_ptr<Database> database_;
  std::unique_ptr<BrokerStore> store_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<runtime::Worker> worker_;
  std::uint64_t epoch_ = 0;
  std::shared_ptr<FakeOrders> orders_;
  std::shared_ptr<FakeSubscriber> risk_, positions_, strategies_;
};

TEST_F(EngineTest, TheSameReplayGivesTheSameExecutionsAlsoWhenItIsInterrupted) {
  std::vector<std::string> whole, first;
  {
    Journal journal;
    Start(Lockstep());
    Join(journal);
    ASSERT_TRUE(journal.WaitForLine("strategies " + std::to_string(kSteps) + " end"));
    worker_->Drain();
    whole = journal.lines();
    first = Stored();
    EXPECT_GT(first.size(), 300U);
    EXPECT_EQ(journal.Count("risk "), kSteps + 1);
    EXPECT_EQ(journal.Count("strategies "), kSteps + 1);
  }
  {
    NewDatabase();
    epoch_ = 0;
    Journal journal;
    Start(Lockstep());
    Join(journal);
    ASSERT_TRUE(journal.WaitForLine("strategies " + std::to_string(kSteps) + " end"));
    worker_->Drain();
    EXPECT_EQ(journal.lines(), whole);
    EXPECT_EQ(Stored(), first);
  }
  // Stopped twice, once in the middle of a step: goes on with the step it stood on.
  NewDatabase();
  epoch_ = 0;
  std::uint64_t from = 0;
  for (std::uint64_t until : {1'001ULL, 2'000ULL, ~0ULL}) {
    Journal journal;
    Start(Lockstep());
    Join(journal, until);
    std::string line = until == ~0ULL ? std::to_string(kSteps) + " end" : std::to_string(until);
    ASSERT_TRUE(journal.WaitForLine("strategies " + line));
    worker_->Drain();
    if (from != 0) EXPECT_EQ(journal.Count("strategies " + std::to_string(from)), 1U);
    EXPECT_EQ(journal.Count("strategies 1 "), 0U);
    from = until;
  }
  EXPECT_EQ(Stored(), first);
}

TEST_F(EngineTest, ReportsComeBeforeTheStepThatMadeThemAndStateKeepersBeforeDeciders) {
  Journal journal;
  Start(Lockstep());
  Join(journal, 200);
  ASSERT_TRUE(journal.WaitForLine("strategies 200"));
  worker_->Drain();
  std::uint64_t risk = 0, positions = 0, strategies = 0;
  for (const std::string& line : journal.lines()) {
    std::uint64_t number = std::stoull(line.substr(line.find(' ') + 1));
    if (line.rfind("risk", 0) == 0) risk = number;
    if (line.rfind("positions", 0) == 0) positions = number;
    if (line.rfind("strategies", 0) != 0) continue;
    strategies = number;
    ASSERT_EQ(risk, strategies);
    ASSERT_EQ(positions, strategies);
  }
  EXPECT_EQ(strategies, 200U);
  // The step names what was committed before it.
  EXPECT_GT(strategies_->last.execution_sequences().at("paper"), 20U);
  EXPECT_TRUE(strategies_->last.lockstep());
  EXPECT_EQ(wire::FromProto(strategies_->last.market_time()).ToString(), "2018-04-04T03:20:00.000000Z");
}

TEST_F(EngineTest, WaitsForEverybodyAndForDurableReports) {
  Journal journal;
  Start(Lockstep());
  auto watcher = std::make_shared<FakeSubscriber>(*engine_, journal, "dashboard");
  watcher->Open(0, false);
  ASSERT_TRUE(journal.WaitForLine("dashboard 0"));  // nothing moves yet
  auto status = [&] {
    std::promise<broker::v1::GetMarketStatusResponse> answer;
    EXPECT_TRUE(engine_->Ask([&](const Engine& engine) {
      broker::v1::GetMarketStatusResponse response;
      engine.feed().FillStatus(&response);
      answer.set_value(response);
    }));
    return answer.get_future().get();
  };
  EXPECT_FALSE(status().running());
  EXPECT_EQ(status().step(), 0U);
  Join(journal, 50);
  orders_->slow = true;
  // The decider's first order comes with step 10; its reports are not durable.
  ASSERT_TRUE(journal.WaitForLine("strategies 10"));
  ASSERT_TRUE(journal.WaitFor([](const auto& lines) {
    return std::any_of(lines.begin(), lines.end(), [](const auto& line) { return line.rfind("report ", 0) == 0; });
  }));
  EXPECT_EQ(status().step(), 10U);
  EXPECT_TRUE(status().running());
  EXPECT_EQ(journal.Count("risk 11"), 0U);
  orders_->slow = false;
  orders_->Acknowledge();
  ASSERT_TRUE(journal.WaitForLine("strategies 50"));
  EXPECT_EQ(status().source(), "replay");
  EXPECT_EQ(status().bar_length_seconds(), 60);
  EXPECT_EQ(status().data_set().steps(), kSteps);
  EXPECT_EQ(status().data_set().files_size(), 4);
  EXPECT_EQ(status().speed(), "0");
  EXPECT_FALSE(status().end_of_data());
  EXPECT_TRUE(status().any_session_open());
  EXPECT_EQ(journal.Count("dashboard "), 51U);

  // Somebody is gone, and another one not done: the market stands.
  positions_->Close(grpc::Status::OK);
  // The engine looks who is there once in a turn, and a question may be answered in the one before.
  int asked = 0;
  while (status().running() && ++asked < 10'000) {
  }
  EXPECT_FALSE(status().running());
  strategies_->stop_at = 60;
  (void)engine_->Acknowledge(50, strategies_);
  EXPECT_EQ(status().step(), 50U);
  auto again = std::make_shared<FakeSubscriber>(*engine_, journal, "positions");
  std::size_t before = journal.Count("positions 50");
  again->Open(0);
  ASSERT_TRUE(journal.WaitForLine("strategies 60"));
  EXPECT_EQ(journal.Count("positions 50"), before + 1);
  orders_->Close(grpc::Status::OK);
  worker_->Drain();
}

TEST_F(EngineTest, APacedReplayStepsByItsSpeedAndEnds) {
  Journal journal;
  Engine::Options options = Lockstep();
  options.speed = Decimal::Of("60000");
  Start(options);
  auto watcher = std::make_shared<FakeSubscriber>(*engine_, journal, "dashboard");
  watcher->Open(0, true);  // lockstep means nothing here
  ASSERT_TRUE(journal.WaitForLine("dashboard " + std::to_string(kSteps) + " end"));
  worker_->Drain();
  EXPECT_FALSE(watcher->last.lockstep());
  // The end is durable too.
  Start(options);
  Journal later;
  auto late = std::make_shared<FakeSubscriber>(*engine_, later, "late");
  late->Open(0, false);
  ASSERT_TRUE(later.WaitForLine("late " + std::to_string(kSteps) + " end"));
  auto bars = store_->LoadBars(engine_->feed().source_key(), Symbol("BTC-USD"), "5m", 3);
  ASSERT_TRUE(bars.ok());
  ASSERT_EQ(bars->size(), 3U);
  EXPECT_EQ(bars->back().start_time.ToString(), "2018-04-05T23:55:00.000000Z");
}

TEST_F(EngineTest, LatencyEndsBetweenTwoSteps) {
  Journal journal;
  Engine::Options options;
  options.tick_ms = 60'000;
  options.paper = {.latency = Duration::Millis(30)};
  Start(options);
  orders_ = std::make_shared<FakeOrders>(*engine_, journal);
  orders_->Open(++epoch_, 0);
  broker::v1::Quote quote;
  quote.set_symbol("BTC-USD");
  Trade(20, quote);
  ASSERT_TRUE(journal.WaitFor([](const auto& lines) { return lines.size() >= 2; }));
  worker_->Drain();
  auto executions = store_->LoadExecutions(AccountId("paper"), 0, 10);
  ASSERT_TRUE(executions.ok());
  ASSERT_GE(executions->size(), 2U);
  EXPECT_EQ((*executions)[0].type(), broker::v1::EXECUTION_TYPE_NEW);
  EXPECT_EQ((*executions)[1].type(), broker::v1::EXECUTION_TYPE_TRADE);
  Duration passed =
      wire::FromProto((*executions)[1].transact_time()) - wire::FromProto((*executions)[0].transact_time());
  EXPECT_GE(passed, Duration::Millis(29));
  EXPECT_LT(passed, Duration::Seconds(20));
}

TEST_F(EngineTest, AnOldOrderIsKnownThoughItIsNotInMemory) {
  Journal journal;
  for (int run = 0; run < 2; ++run) {
    Start({});
    orders_ = std::make_shared<FakeOrders>(*engine_, journal);
    orders_->Open(++epoch_, static_cast<std::uint64_t>(run));
    broker::v1::OrderSessionRequest request;
    order::v1::Order& order = *request.mutable_new_order()->mutable_order();
    order.set_order_id("old");
    order.set_account_id("paper");
    order.set_symbol("BTC-USD");
    order.set_side(type::v1::SIDE_BUY);
    order.set_type(type::v1::ORDER_TYPE_MARKET);
    order.set_time_in_force(type::v1::TIME_IN_FORCE_IOC);
    order.mutable_quantity()->set_value("1");
    order.set_status(order::v1::ORDER_STATUS_SUBMITTED);
    wire::ToProto(clock_.Now() - Duration::Seconds(3 * 86'400), order.mutable_create_time());
    EXPECT_TRUE(engine_->Instruct(request, orders_));
    std::promise<bool> known;
    EXPECT_TRUE(
        engine_->Ask([&](const Engine& engine) { known.set_value(engine.venue().Find(OrderId("old")) != nullptr); }));
    EXPECT_EQ(known.get_future().get(), run == 0);  // refused as stale, then stored only
    worker_->Drain();
    EXPECT_EQ(Stored().size(), 1U);
  }
  EXPECT_EQ(store_->LoadOrder(OrderId("old"))->status, OrderStatus::kRejected);
  EXPECT_TRUE(absl::IsNotFound(store_->LoadOrder(OrderId("never")).status()));
}

TEST_F(EngineTest, ASimulatedMarketInLockstepIsTheSameEachTime) {
  std::vector<std::string> first;
  for (int run = 0; run < 2; ++run) {
    NewDatabase();
    epoch_ = 0;
    Journal journal;
    Engine::Options options;
    options.speed = Decimal();
    options.lockstep_subscribers = 3;
    Start(options);
    Join(journal, 5'200);  // the past has 4800 steps
    ASSERT_TRUE(journal.WaitForLine("strategies 5200"));
    worker_->Drain();
    if (run == 0) first = Stored();
    EXPECT_GT(first.size(), 30U);
    EXPECT_EQ(Stored(), first);
  }
}

TEST_F(EngineTest, AnAccountGoesOnOnlyWithTheRowsItBeganWith) {
  ASSERT_TRUE(store_->Fence().ok());
  ASSERT_TRUE(store_->SaveMarket({.key = "replay:BTC-USD/1/1@2018#0123456789abcdef", .step = 5}, {}).ok());
  Engine engine(Lockstep(), *store_, *kill_, clock_, *log_, metrics_, redis_, [](const std::string&) {});
  absl::Status refused = engine.Recover();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_NE(refused.ToString().find("step 5 of other recorded data"), std::string::npos) << refused;
}

TEST_F(EngineTest, DataThatIsNoMarketIsRefusedBeforeAnythingIsServed) {
  Engine::Options options = Lockstep();
  options.replay_symbols = {"BTC-USD", "NOPE", "SPY"};
  Engine engine(options, *store_, *kill_, clock_, *log_, metrics_, redis_, [](const std::string&) {});
  absl::Status refused = engine.Recover();
  EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
  EXPECT_NE(refused.ToString().find("symbol 'NOPE'"), std::string::npos) << refused;
}

}  // namespace
}  // namespace ballast
