#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "services/strategy_runner/runner.h"
#include "services/strategy_runner/testing/memory_store.h"
#include "services/strategy_runner/testing/scripted_account.h"
#include "services/strategy_runner/testing/scripted_neighbours.h"

namespace ballast {

// Time that passes when the test says so.
class StageClock final : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return {1'700'000'000'000'000'000 + nanos}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return nanos; }

  std::int64_t nanos = 1'000'000'000;
};

// The runner without thread, socket, database or wall clock: the test is the only one who moves anything. One
// deployment, "demo" on SPY: an average of one bar against one of two, 1 % of 100,000 a position; after 100, 99, 98 a
// close of 110 says "buy 9".
class RunnerStage : public ::testing::Test {
 protected:
  static constexpr std::int64_t kSecondNs = 1'000'000'000;
  static constexpr const char* kDemo =
      "demo|ema_cross|paper|SPY|1m|fast=1,slow=2,position_size_ratio=0.01,stop_loss_ratio=0.05";

  RunnerStage() {
    EXPECT_TRUE(Logger::Make({.service = "test", .directory = "", .level = "CRITICAL"}, &log_).ok());
    neighbours_.past = {MakeBar(1, "100"), MakeBar(2, "99"), MakeBar(3, "98")};
  }

  // A deployment that was there before.
  static DeploymentRow DemoRow(strategy::DeploymentState state) {
    auto configured = ParseDeployment(kDemo, RuleShelf());
    EXPECT_TRUE(configured.ok()) << configured.status();
    return {.deployment_id = "demo", .request_id = "r", .spec = configured->spec, .life = {.state = state}};
  }
  void Keep(StrategyStore::Batch batch) {
    MemoryStrategyStore before(tables_);
    ASSERT_TRUE(before.Fence().ok());
    batch.cursors["paper"] = {.sequence = sequence_};
    ASSERT_TRUE(before.Save(batch).ok());
  }
  // A new process over what is durable.
  void Restart(Runner::Options options = {}) {
    runner_.reset();
    store_ = std::make_unique<MemoryStrategyStore>(tables_);
    if (!options.on_settled) options.on_settled = [this] { ++settled_; };
    runner_ = std::make_unique<Runner>(std::move(options),
                                       Runner::Ports{.store = *store_,
                                                     .neighbours = neighbours_,
                                                     .accounts = accounts_,
                                                     .shelf = shelf_,
                                                     .gate = gate_,
                                                     .clock = clock_,
                                                     .log = *log_,
                                                     .metrics = metrics_,
                                                     .fail = [this](const std::string& why) { failed_ = why; }});
    ASSERT_EQ(runner_->Recover(), absl::OkStatus());
    Poll();
  }
  void StartWithDemo() {
    StrategyStore::Batch batch;
    batch.rows.push_back(DemoRow(strategy::DeploymentState::kActive));
    Keep(std::move(batch));
    Restart();
  }

  // Turns until there is nothing left to do at this time.
  void Poll() {
    do {
      if (runner_->Poll(clock_.nanos).state != runtime::Turn::State::kReady) return;
    } while (runner_->waiting() > 0);
  }
  // To its end, however long that takes.
  void Finish() {
    runner_->inbox().Close();
    while (true) {
      runtime::Turn turn = runner_->Poll(clock_.nanos);
      if (turn.state == runtime::Turn::State::kEnded) return;
      if (turn.state == runtime::Turn::State::kBlocked) clock_.nanos = turn.next_ns;
    }
  }
  void Pass(std::int64_t nanos) {
    clock_.nanos += nanos;
    Poll();
  }

  static Bar MakeBar(int minute, const char* close) {
    Decimal price = Decimal::Of(close);
    return {.symbol = Symbol("SPY"),
            .timeframe = "1m",
            .start_time = UtcTime{(1'700'000'000 + minute * 60) * kSecondNs},
            .open = price,
            .high = price,
            .low = price,
            .close = price,
            .volume = Decimal::Of("1")};
  }
  // A step at the end of that minute; with a quote, a bar of that close, or both.
  static broker::v1::StreamMarketDataResponse MakeStep(int minute, const std::string& price, bool quote, bool bar) {
    broker::v1::StreamMarketDataResponse step;
    step.set_step(static_cast<std::uint64_t>(minute));
    step.mutable_market_time()->set_seconds(1'700'000'000 + minute * 60 + 60);
    if (quote) {
      broker::v1::Quote& quoted = *step.add_quotes();
      quoted.set_symbol("SPY");
      for (auto* one : {quoted.mutable_bid_price(), quoted.mutable_ask_price(), quoted.mutable_last_price()})
        one->set_value(price);
      for (auto* size : {quoted.mutable_bid_size(), quoted.mutable_ask_size()}) size->set_value("100");
      *quoted.mutable_quote_time() = step.market_time();
      quoted.set_session_open(true);
    }
    if (bar) {
      broker::v1::Bar& closed = *step.add_bars();
      closed.set_symbol("SPY");
      closed.set_timeframe("1m");
      closed.mutable_start_time()->set_seconds(1'700'000'000 + minute * 60);
      for (auto* one : {closed.mutable_open(), closed.mutable_high(), closed.mutable_low(), closed.mutable_close()})
        one->set_value(price);
      closed.mutable_volume()->set_value("1");
    }
    return step;
  }
  void Bring(broker::v1::StreamMarketDataResponse step) {
    ASSERT_TRUE(runner_->OnStep(std::move(step), [this] { ++acknowledged_; }));
    Poll();
  }
  void Step(int minute, const std::string& close) { Bring(MakeStep(minute, close, true, true)); }
  void Quote(int minute, const std::string& price) { Bring(MakeStep(minute, price, true, false)); }

  // One event of an order of SPY in `account`'s log.
  order::v1::OrderEvent Event(const std::string& request, order::v1::OrderStatus status, type::v1::Side side,
                              bool filled, const std::string& deployment = "demo") {
    order::v1::OrderEvent event;
    event.set_account_id("paper");
    event.set_sequence(++sequence_);
    event.set_type(filled ? order::v1::ORDER_EVENT_TYPE_FILLED : order::v1::ORDER_EVENT_TYPE_CANCELED);
    event.set_mode(type::v1::ACCOUNT_MODE_PAPER);
    order::v1::Order& order = *event.mutable_order();
    order.set_order_id("o-" + request);
    order.set_account_id("paper");
    order.set_deployment_id(deployment);
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
    if (!filled) return event;
    order::v1::Fill& fill = *event.mutable_fill();
    fill.set_execution_id("e" + std::to_string(sequence_));
    fill.set_order_id(order.order_id());
    fill.set_account_id("paper");
    fill.set_deployment_id(deployment);
    fill.set_symbol("SPY");
    fill.set_side(side);
    fill.mutable_quantity()->set_value("9");
    fill.mutable_price()->set_value("110");
    fill.mutable_fee()->set_value("0");
    fill.set_fee_currency("USD");
    return event;
  }
  // What the reader is told: none while it is not durable.
  std::optional<bool> Tell(std::vector<order::v1::OrderEvent> events) {
    auto batch = std::make_shared<order::v1::StreamOrderEventsResponse>();
    for (order::v1::OrderEvent& event : events) *batch->add_events() = std::move(event);
    auto answer = std::make_shared<std::optional<bool>>();
    runner_->OnEvents(batch, [answer](bool counts) { *answer = counts; });
    Poll();
    return *answer;
  }
  void Filled(const std::string& request, type::v1::Side side) {
    ASSERT_EQ(Tell({Event(request, order::v1::ORDER_STATUS_FILLED, side, true)}), true);
  }
  void Cancelled(const std::string& request) {
    ASSERT_EQ(Tell({Event(request, order::v1::ORDER_STATUS_CANCELED, type::v1::SIDE_BUY, false)}), true);
  }
  void Enter() {
    Step(4, "110");
    Filled("demo-1", type::v1::SIDE_BUY);
  }

  // What has been answered by the end of the turn; nothing if it is not answered yet.
  std::optional<strategy::v1::Deployment> Ask(const std::function<bool(Runner::Reply<strategy::v1::Deployment>)>& ask) {
    auto answer = std::make_shared<std::optional<strategy::v1::Deployment>>();
    EXPECT_TRUE(ask([answer](const absl::Status& status, const strategy::v1::Deployment& deployment) {
      EXPECT_TRUE(status.ok()) << status;
      *answer = deployment;
    }));
    Poll();
    return *answer;
  }
  strategy::v1::Deployment Now() {
    return Ask([&](auto reply) { return runner_->Get("demo", reply); }).value();
  }
  std::optional<strategy::v1::Deployment> Stop(bool close) {
    strategy::v1::StopDeploymentRequest request;
    request.set_deployment_id("demo");
    request.set_close_positions(close);
    request.set_reason("emergency_stop");
    return Ask([&](auto reply) { return runner_->Stop(request, reply); });
  }
  // Newest first, as they are stored.
  std::vector<std::string> Decisions() {
    strategy::v1::ListDecisionsRequest request;
    request.set_deployment_id("demo");
    auto stored = store_->ListDecisions(request);
    EXPECT_TRUE(stored.ok()) << stored.status();
    std::vector<std::string> all;
    for (const auto& decision : stored->decisions()) {
      all.push_back(decision.action() + ": " + decision.reason() +
                    (decision.outcome().empty() ? "" : " -> " + decision.outcome()));
    }
    return all;
  }
  StrategyStore::Loaded Loaded() { return store_->Load()->front(); }

  StageClock clock_;
  Metrics metrics_;
  std::unique_ptr<Logger> log_;
  ScriptedNeighbours neighbours_;
  ScriptedAccount accounts_;
  RuleShelf shelf_;
  EntryGate gate_;
  std::shared_ptr<MemoryStrategyTables> tables_ = std::make_shared<MemoryStrategyTables>();
  std::unique_ptr<MemoryStrategyStore> store_;
  std::unique_ptr<Runner> runner_;
  std::uint64_t sequence_ = 10;
  int acknowledged_ = 0;
  int settled_ = 0;
  std::string failed_;
};

}  // namespace ballast
