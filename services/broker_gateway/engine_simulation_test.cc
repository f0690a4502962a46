// The gateway's engine on one thread and a clock that the test moves: any commit may be refused or lose its answer,
// before or after it happened, and the process may die at any moment. An order manager that comes back hears every
// report once, in order and without a gap; no order trades more than it is; the same seed gives the same reports.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "libs/platform/service/service.h"
#include "libs/wire/wire.h"
#include "services/broker_gateway/engine.h"
#include "services/broker_gateway/testing/memory_broker_store.h"

namespace ballast {
namespace {

constexpr int kOrders = 120;

class HandClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return {1'700'000'000'000'000'000 + nanos}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return nanos; }
  std::int64_t nanos = 1;
};

class OrderManager : public Engine::OrderSender {
 public:
  bool Push(broker::v1::OrderSessionResponse response) override {
    if (closed) return false;
    ready = ready || response.has_ready();
    for (const auto& report : response.reports().reports()) reports.push_back(report);
    return true;
  }
  void Close(grpc::Status) override { closed = true; }
  [[nodiscard]] bool done() const override { return closed; }
  std::vector<broker::v1::ExecutionReport> reports;
  bool ready = false;
  bool closed = false;
};

struct Outcome {
  // What of each report says what happened, by its number.
  std::vector<std::string> told;
  std::map<std::string, Decimal> traded;
  std::map<std::string, Decimal> wanted;
  int lives = 0;
  int ends = 0;
};

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : dice_(seed) {
    EXPECT_TRUE(Logger::Make({.service = "simulation", .level = "CRITICAL"}, &log_).ok());
    kill_ = std::make_unique<KillDesk>("", clock_, *log_);
  }

  Outcome Run() {
    Begin();
    for (int turns = 0; turns < 20'000 && (asked_ < kOrders || !open_.empty()); ++turns) {
      clock_.nanos += static_cast<std::int64_t>(Below(60'000'000));
      if (Chance(8)) Spoil();
      if (asked_ < kOrders && Chance(50)) New();
      if (Chance(10)) CancelOne();
      Turn();
      if (Chance(2)) Begin();
    }
    EXPECT_TRUE(open_.empty()) << open_.size() << " orders have no end";
    return std::move(outcome_);
  }

 private:
  std::uint64_t Below(std::uint64_t bound) { return dice_() % bound; }
  bool Chance(std::uint64_t percent) { return Below(100) < percent; }

  // The next life of the process, over the same disk.
  void Begin() {
    ++outcome_.lives;
    engine_.reset();
    disk_->faults = {};
    store_ = std::make_unique<MemoryBrokerStore>(disk_);
    Engine::Options options{.paper = {.latency = Duration::Millis(20)}};
    options.last_check.notional_max = Decimal::Of("1000000");
    options.last_check.collar_ratio = Decimal::Of("0.5");
    options.last_check.intent_age_ms_max = 60'000;
    engine_ =
        std::make_unique<Engine>(options, *store_, *kill_, clock_, *log_, metrics_, redis_, [](const std::string&) {});
    ASSERT_EQ(engine_->Recover(), absl::OkStatus());
    session_ = std::make_shared<OrderManager>();
    broker::v1::OrderSessionRequest hello;
    hello.mutable_hello()->set_epoch(++epoch_);
    (*hello.mutable_hello()->mutable_after_execution_sequences())["paper"] = outcome_.told.size();
    ASSERT_TRUE(engine_->Instruct(hello, session_));
    broker::v1::OrderSessionRequest open;
    open.mutable_open_account()->set_account_id("paper");
    open.mutable_open_account()->set_currency("USD");
    open.mutable_open_account()->mutable_opening_cash()->set_value("1000000");
    ASSERT_TRUE(engine_->Instruct(open, session_));
    resent_ = false;
  }
  void Turn() {
    runtime::Turn turn = engine_->Poll(clock_.nanos);
    Hear();
    if (turn.state == runtime::Turn::State::kBlocked) clock_.nanos = std::max(clock_.nanos, turn.next_ns);
    if (turn.state == runtime::Turn::State::kEnded) {
      ++outcome_.ends;
      Begin();
    }
  }
  // As an order manager does once the gateway has told all there is: what it has no report of was never taken.
  void Hear() {
    for (const broker::v1::ExecutionReport& report : session_->reports) {
      ASSERT_EQ(report.execution_sequence(), outcome_.told.size() + 1) << "a gap, or told twice";
      outcome_.told.push_back(report.execution_id() + " " + report.order_id() + " " + std::to_string(report.type()) +
                              " " + report.last_quantity().value() + " " + report.last_price().value());
      known_.insert(report.order_id());
      Decimal& traded = outcome_.traded[report.order_id()];
      if (report.type() == broker::v1::EXECUTION_TYPE_TRADE)
        traded = traded + *wire::FromProto(report.last_quantity(), "last_quantity");
      bool ended = report.type() == broker::v1::EXECUTION_TYPE_CANCELED ||
                   report.type() == broker::v1::EXECUTION_TYPE_REJECTED ||
                   report.type() == broker::v1::EXECUTION_TYPE_EXPIRED;
      if (ended || traded == outcome_.wanted[report.order_id()]) open_.erase(report.order_id());
    }
    session_->reports.clear();
    if (!session_->ready || std::exchange(resent_, true)) return;
    for (const auto& [id, request] : open_) {
      if (!known_.contains(id)) (void)engine_->Instruct(request, session_);
    }
  }
  void New() {
    std::string id = "o" + std::to_string(1'000 + asked_++);
    broker::v1::OrderSessionRequest& request = open_[id];
    order::v1::Order& order = *request.mutable_new_order()->mutable_order();
    order.set_order_id(id);
    order.set_account_id("paper");
    order.set_symbol("BTC-USD");
    order.set_side(Chance(50) ? type::v1::SIDE_BUY : type::v1::SIDE_SELL);
    order.set_type(type::v1::ORDER_TYPE_MARKET);
    order.set_time_in_force(type::v1::TIME_IN_FORCE_IOC);
    outcome_.wanted[id] = Decimal::FromInt(1 + static_cast<std::int64_t>(Below(5)));
    order.mutable_quantity()->set_value(outcome_.wanted[id].ToString());
    order.set_status(order::v1::ORDER_STATUS_SUBMITTED);
    wire::ToProto(clock_.Now(), order.mutable_create_time());
    if (resent_) (void)engine_->Instruct(request, session_);
  }
  void CancelOne() {
    if (open_.empty() || !resent_) return;
    broker::v1::OrderSessionRequest request;
    request.mutable_cancel()->set_account_id("paper");
    request.mutable_cancel()->set_order_id(open_.begin()->first);
    (void)engine_->Instruct(request, session_);
  }
  void Spoil() {
    bool applied = Chance(50);
    switch (Below(3)) {
      case 0:
        disk_->faults.FailNext(absl::InternalError("the disk is gone"), applied);
        break;
      case 1:
        disk_->faults.FailNext(absl::UnknownError("the answer was lost"), applied);
        break;
      default:
        disk_->faults.FailNext(absl::UnavailableError("away"), false);
    }
  }

  std::mt19937_64 dice_;
  HandClock clock_;
  std::unique_ptr<Logger> log_;
  Metrics metrics_;
  RedisCache redis_{{}};
  std::shared_ptr<MemoryBrokerStore::Disk> disk_ = std::make_shared<MemoryBrokerStore::Disk>();
  std::unique_ptr<KillDesk> kill_;
  std::unique_ptr<BrokerStore> store_;
  std::unique_ptr<Engine> engine_;
  std::shared_ptr<OrderManager> session_;
  std::map<std::string, broker::v1::OrderSessionRequest> open_;
  std::set<std::string> known_;
  std::uint64_t epoch_ = 0;
  bool resent_ = false;
  int asked_ = 0;
  Outcome outcome_;
};

class EngineSimulationTest : public testing::TestWithParam<std::uint64_t> {};

TEST_P(EngineSimulationTest, EveryReportIsToldOnceAndTheSameSeedIsTheSame) {
  Outcome first = Simulation(GetParam()).Run();
  for (const auto& [id, traded] : first.traded) EXPECT_LE(traded, first.wanted[id]) << id;
  EXPECT_EQ(first.traded.size(), static_cast<std::size_t>(kOrders));
  EXPECT_GT(first.ends, 0);
  EXPECT_GT(first.lives, 3);
  Outcome second = Simulation(GetParam()).Run();
  EXPECT_EQ(second.lives, first.lives);
  EXPECT_EQ(second.told, first.told) << "the same seed gave other reports";
  std::printf("%zu reports, %d lives, %d ends in a commit\n", first.told.size(), first.lives, first.ends);
}

INSTANTIATE_TEST_SUITE_P(Seeds, EngineSimulationTest, testing::Range<std::uint64_t>(1, 13));

// A first start whose past cannot be stored yet: tried again when the clock says so and not before, and nothing trades
// meanwhile.
TEST(EngineStart, ThePastIsStoredBeforeAnythingElseByTheMachinesClock) {
  HandClock clock;
  std::unique_ptr<Logger> log;
  ASSERT_TRUE(Logger::Make({.service = "test", .level = "CRITICAL"}, &log).ok());
  Metrics metrics;
  RedisCache redis{{}};
  KillDesk kill("", clock, *log);
  auto disk = std::make_shared<MemoryBrokerStore::Disk>();
  MemoryBrokerStore store(disk);
  for (int i = 0; i < 2; ++i) disk->faults.FailNext(absl::UnavailableError("away"), false);
  Engine engine({}, store, kill, clock, *log, metrics, redis, [](const std::string& why) { ADD_FAILURE() << why; });
  ASSERT_EQ(engine.Recover(), absl::OkStatus());
  EXPECT_EQ(disk->faults.commits, 1);
  auto session = std::make_shared<OrderManager>();
  broker::v1::OrderSessionRequest hello;
  hello.mutable_hello()->set_epoch(1);
  ASSERT_TRUE(engine.Instruct(hello, session));
  runtime::Turn turn = engine.Poll(clock.nanos);
  EXPECT_EQ(turn.state, runtime::Turn::State::kBlocked);
  EXPECT_EQ(disk->faults.commits, 1) << "too early";
  for (int tries = 2; tries <= 3; ++tries) {
    EXPECT_TRUE(disk->bars.empty());
    EXPECT_FALSE(session->ready);
    clock.nanos = std::max(clock.nanos, turn.next_ns);
    turn = engine.Poll(clock.nanos);
    EXPECT_GE(disk->faults.commits, tries);
  }
  EXPECT_GT(disk->bars.size(), 1'000U);
  EXPECT_TRUE(session->ready);
  EXPECT_TRUE(engine.stores());
  EXPECT_GT(disk->markets.at("simulated").step, 0U);
}

}  // namespace
}  // namespace ballast
