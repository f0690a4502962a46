// The order manager's session: who may hold it, and what is answered to what cannot be read.
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "libs/platform/postgres/testing/test_postgres.h"
#include "libs/platform/service/service.h"
#include "libs/wire/wire.h"
#include "services/broker_gateway/engine.h"

namespace ballast {

std::vector<Migration> Migrations_broker_gateway();

namespace {

constexpr std::chrono::seconds kPatience(20);

// One order manager's stream.
class Session : public Engine::OrderSender {
 public:
  bool Push(broker::v1::OrderSessionResponse response) override {
    std::lock_guard lock(mutex_);
    if (closed_) return false;
    if (response.has_ready()) ready_ = true;
    for (const auto& report : response.reports().reports()) reports_.push_back(report);
    changed_.notify_all();
    return true;
  }
  void Close(grpc::Status status) override {
    std::lock_guard lock(mutex_);
    if (!closed_) closed_ = status;
    changed_.notify_all();
  }
  [[nodiscard]] bool done() const override {
    std::lock_guard lock(mutex_);
    return closed_.has_value();
  }
  bool Ready() {
    return Wait([&] { return ready_; });
  }
  grpc::StatusCode Closed() {
    return Wait([&] { return closed_.has_value(); }) ? closed_->error_code() : grpc::OK;
  }
  std::optional<broker::v1::ExecutionReport> ReportOf(const std::string& order_id) {
    std::optional<broker::v1::ExecutionReport> found;
    (void)Wait([&] {
      for (const auto& report : reports_) {
        if (report.order_id() == order_id) found = report;
      }
      return found.has_value();
    });
    return found;
  }

 private:
  bool Wait(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, condition);
  }
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool ready_ = false;
  std::optional<grpc::Status> closed_;
  std::vector<broker::v1::ExecutionReport> reports_;
};

class SessionTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Logger::Make({.service = "test", .level = "CRITICAL"}, &log_).ok());
    database_ = TestPostgres::Get().NewSchema();
    ASSERT_TRUE(database_->Migrate(Migrations_broker_gateway()).ok());
    store_ = std::make_unique<BrokerStore>(*database_);
    Start();
  }
  void TearDown() override { engine_.reset(); }

  // The next life of the process, over the same disk.
  void Start() {
    engine_.reset();
    Engine::Options options;
    options.last_check.notional_max = Decimal::Of("1000000");
    options.last_check.collar_ratio = Decimal::Of("0.5");
    engine_ = std::make_unique<Engine>(options, *store_, clock_, *log_, metrics_, redis_,
                                       [](const std::string& why) { ADD_FAILURE() << why; });
    absl::Status recovered = engine_->Recover();
    ASSERT_TRUE(recovered.ok()) << recovered;
    engine_->Start();
  }
  std::shared_ptr<Session> Hello(std::uint64_t epoch) {
    auto session = std::make_shared<Session>();
    broker::v1::OrderSessionRequest hello;
    hello.mutable_hello()->set_epoch(epoch);
    (*hello.mutable_hello()->mutable_after_execution_sequences())["paper"] = 0;
    EXPECT_TRUE(engine_->Instruct(hello, session));
    broker::v1::OrderSessionRequest open;
    open.mutable_open_account()->set_account_id("paper");
    open.mutable_open_account()->set_currency("USD");
    open.mutable_open_account()->mutable_opening_cash()->set_value("100000");
    EXPECT_TRUE(engine_->Instruct(open, session));
    return session;
  }
  broker::v1::OrderSessionRequest NewOrder(const std::string& id) {
    broker::v1::OrderSessionRequest request;
    order::v1::Order& order = *request.mutable_new_order()->mutable_order();
    order.set_order_id(id);
    order.set_account_id("paper");
    order.set_symbol("BTC-USD");
    order.set_side(type::v1::SIDE_BUY);
    order.set_type(type::v1::ORDER_TYPE_MARKET);
    order.set_time_in_force(type::v1::TIME_IN_FORCE_IOC);
    order.mutable_quantity()->set_value("0.01");
    order.set_status(order::v1::ORDER_STATUS_SUBMITTED);
    wire::ToProto(clock_.Now(), order.mutable_create_time());
    return request;
  }

  SystemClock clock_;
  std::unique_ptr<Logger> log_;
  Metrics metrics_;
  RedisCache redis_{{}};
  std::unique_ptr<Database> database_;
  std::unique_ptr<BrokerStore> store_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(SessionTest, AnOlderOrderManagerIsTurnedAwayAndTheNewerOneGoesOn) {
  auto newer = Hello(7);
  ASSERT_TRUE(newer->Ready());
  auto older = Hello(6);
  EXPECT_EQ(older->Closed(), grpc::FAILED_PRECONDITION);
  EXPECT_TRUE(engine_->Instruct(NewOrder("by-older"), older));
  EXPECT_TRUE(engine_->Instruct(NewOrder("by-newer"), newer));
  EXPECT_TRUE(newer->ReportOf("by-newer").has_value());
  EXPECT_FALSE(newer->done());
  EXPECT_FALSE(older->Ready());
  engine_->Drain();
  EXPECT_EQ(engine_->venue().Find(OrderId("by-older")), nullptr);
}

TEST_F(SessionTest, TheNewestOrderManagerIsRememberedOverARestart) {
  ASSERT_TRUE(Hello(7)->Ready());
  Start();
  EXPECT_EQ(Hello(6)->Closed(), grpc::FAILED_PRECONDITION);
  EXPECT_TRUE(Hello(7)->Ready());  // the same one is back
}

TEST_F(SessionTest, ANewerOneTakesOverAndTheFormerIsNotHeard) {
  auto former = Hello(7);
  ASSERT_TRUE(former->Ready());
  auto latter = Hello(8);
  ASSERT_TRUE(latter->Ready());
  EXPECT_EQ(former->Closed(), grpc::ABORTED);
  EXPECT_TRUE(engine_->Instruct(NewOrder("by-former"), former));
  EXPECT_TRUE(engine_->Instruct(NewOrder("by-latter"), latter));
  EXPECT_TRUE(latter->ReportOf("by-latter").has_value());
  engine_->Drain();
  EXPECT_EQ(engine_->venue().Find(OrderId("by-former")), nullptr);
}

// Swallowed, it would stay on its way for ever on the other side.
TEST_F(SessionTest, AnOrderThatCannotBeReadIsRefused) {
  auto session = Hello(7);
  ASSERT_TRUE(session->Ready());
  broker::v1::OrderSessionRequest bad = NewOrder("bad");
  bad.mutable_new_order()->mutable_order()->mutable_quantity()->set_value("many");
  EXPECT_TRUE(engine_->Instruct(bad, session));
  auto report = session->ReportOf("bad");
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->type(), broker::v1::EXECUTION_TYPE_REJECTED);
  EXPECT_EQ(report->rejection().reason(), type::v1::REJECT_REASON_MALFORMED);
  EXPECT_TRUE(engine_->Instruct(NewOrder("good"), session));
  EXPECT_TRUE(session->ReportOf("good").has_value());
}

}  // namespace
}  // namespace ballast
