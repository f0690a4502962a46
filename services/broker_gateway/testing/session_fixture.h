#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "libs/platform/postgres/testing/test_postgres.h"
#include "libs/platform/service/service.h"
#include "libs/runtime/worker.h"
#include "libs/wire/wire.h"
#include "services/broker_gateway/engine.h"
#include "services/broker_gateway/postgres_store.h"

namespace ballast {

std::vector<Migration> Migrations_broker_gateway();

// One order manager's stream.
class TestSession : public Engine::OrderSender {
 public:
  bool Push(broker::v1::OrderSessionResponse response) override {
    std::lock_guard lock(mutex_);
    if (closed_) return false;
    if (response.has_ready()) ready_ = response.ready();
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
    return Wait([&] { return ready_.has_value(); });
  }
  bool told_ready() const {
    std::lock_guard lock(mutex_);
    return ready_.has_value();
  }
  broker::v1::OrderSessionReady ready() const {
    std::lock_guard lock(mutex_);
    return ready_.value_or(broker::v1::OrderSessionReady());
  }
  grpc::StatusCode Closed() {
    return Wait([&] { return closed_.has_value(); }) ? closed_->error_code() : grpc::OK;
  }
  // How many are told of it by now.
  std::size_t CountOf(const std::string& order_id, broker::v1::ExecutionType type) const {
    std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count_if(reports_.begin(), reports_.end(), [&](const auto& report) {
      return report.order_id() == order_id && report.type() == type;
    }));
  }
  bool WaitForReport(const std::string& order_id, broker::v1::ExecutionType type) {
    return Wait([&] {
      return std::any_of(reports_.begin(), reports_.end(),
                         [&](const auto& report) { return report.order_id() == order_id && report.type() == type; });
    });
  }
  // So many of them.
  bool WaitForReports(const std::string& order_id, broker::v1::ExecutionType type, std::size_t count) {
    return Wait([&] {
      return static_cast<std::size_t>(std::count_if(reports_.begin(), reports_.end(), [&](const auto& report) {
               return report.order_id() == order_id && report.type() == type;
             })) >= count;
    });
  }
  std::vector<broker::v1::ExecutionReport> reports() const {
    std::lock_guard lock(mutex_);
    return reports_;
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
    return changed_.wait_for(lock, std::chrono::seconds(20), condition);
  }
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<broker::v1::OrderSessionReady> ready_;
  std::optional<grpc::Status> closed_;
  std::vector<broker::v1::ExecutionReport> reports_;
};

// An engine over a database of its own, and what an order manager sends it.
class SessionTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Logger::Make({.service = "test", .level = "CRITICAL"}, &log_).ok());
    database_ = TestPostgres::Get().NewSchema();
    ASSERT_TRUE(database_->Migrate(Migrations_broker_gateway()).ok());
    store_ = std::make_unique<PostgresBrokerStore>(*database_);
    std::filesystem::create_directories(folder_);
    Start();
  }
  void TearDown() override {
    worker_.reset();
    engine_.reset();
    std::filesystem::remove_all(folder_);
  }
  virtual Engine::Options OptionsOf() { return {}; }

  // The next life of the process, over the same disk.
  void Start() {
    worker_.reset();
    engine_.reset();
    Engine::Options options = OptionsOf();
    kill_ = std::make_unique<KillDesk>(folder_ + "/kill_switch", clock_, *log_);
    kill_->Load();
    options.last_check.notional_max = Decimal::Of("1000000");
    options.last_check.collar_ratio = Decimal::Of("0.5");
    engine_ = std::make_unique<Engine>(options, *store_, *kill_, clock_, *log_, metrics_, redis_,
                                       [](const std::string& why) { ADD_FAILURE() << why; });
    absl::Status recovered = engine_->Recover();
    ASSERT_TRUE(recovered.ok()) << recovered;
    worker_ = std::make_unique<runtime::Worker>(*engine_, clock_);
    worker_->Start();
  }
  std::shared_ptr<TestSession> Hello(std::uint64_t epoch) { return HelloAfter(epoch, 0); }
  std::shared_ptr<TestSession> HelloAfter(std::uint64_t epoch, std::uint64_t after) {
    auto session = std::make_shared<TestSession>();
    broker::v1::OrderSessionRequest hello;
    hello.mutable_hello()->set_epoch(epoch);
    (*hello.mutable_hello()->mutable_after_execution_sequences())["paper"] = after;
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

  const std::string folder_ = testing::TempDir() + "gateway-" + std::to_string(getpid());
  SystemClock clock_;
  std::unique_ptr<Logger> log_;
  std::unique_ptr<KillDesk> kill_;
  Metrics metrics_;
  RedisCache redis_{{}};
  std::unique_ptr<Database> database_;
  std::unique_ptr<BrokerStore> store_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<runtime::Worker> worker_;
};

}  // namespace ballast
