#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "libs/orders/order_id.h"
#include "services/order_management/shard.h"
#include "services/order_management/testing/memory_journal.h"

namespace ballast {

// The writer of one account, "paper", on one thread: the test moves the clock, makes the turns, and is risk and the
// broker. The disk outlives its lives.
class ShardStage : public testing::Test {
 protected:
  using Sent = broker::v1::OrderSessionRequest;
  // Thursday 2023-11-16 15:00 UTC, an hour and a half after the open in New York.
  static constexpr std::int64_t kStart = 1'700'146'800'000'000'000;

  class HandClock : public Clock {
   public:
    [[nodiscard]] UtcTime Now() const override { return {kStart + nanos}; }
    [[nodiscard]] std::int64_t MonotonicNanos() const override { return nanos; }
    std::int64_t nanos = 1;
  };

  explicit ShardStage(Shard::Options options = {}) : options_(std::move(options)) {
    options_.risk_timeout_ms = 200;
    options_.accounts = {{.id = paper_, .currency = "USD", .cash = Decimal::FromInt(1'000'000), .broker = "paper"}};
    EXPECT_TRUE(Logger::Make({.service = "shard_stage", .level = "CRITICAL"}, &log_).ok());
  }

  // Before what a test has given it.
  void TearDown() override { shard_.reset(); }

  // The next life of the process, over the same disk, not recovered yet.
  void NewShard() {
    shard_.reset();
    hub_.reset();
    sent_.clear();
    journal_ = std::make_unique<MemoryJournal>(disk_);
    hub_ = std::make_unique<EventHub>(*journal_, clock_);
    shard_ = std::make_unique<Shard>(options_, *journal_, *hub_, clock_, *log_, metrics_);
    shard_->SetPorts({.risk =
                          [this](const risk::v1::RiskSessionRequest& request) {
                            for (const auto& reserve : request.batch().reserves()) asked_.push_back(reserve);
                            for (const auto& gone : request.batch().voids()) voided_.insert(gone.order_id());
                            return true;
                          },
                      .broker =
                          [this](const Sent& request) {
                            if (broker_away_) return false;
                            sent_.push_back(request);
                            return true;
                          },
                      .drop_broker = [this] { shard_->OnBrokerLost(); },
                      .drop_risk = [] {},
                      .fail = [](const std::string& why) { FAIL() << why; }});
  }
  void Connect(std::vector<Instrument> instruments) {
    shard_->OnRiskReady({});
    if (!broker_away_) shard_->OnBrokerReady(shard_->ExecutionCursors());
    shard_->OnInstruments(std::move(instruments));
  }
  static Instrument Bitcoin() {
    Instrument bitcoin{.symbol = Symbol("BTC-USD"), .tick_size = Decimal::Of("0.01"), .lot_size = Decimal::Of("0.001")};
    bitcoin.calendar = TradingCalendar::kAlwaysOpen;
    return bitcoin;
  }

  // Risk says yes to what it has been asked, but for these requests. False: it has not been asked. `meets`: by request
  // id, the own order that risk says it would trade with.
  bool AnswerRisk(const std::set<std::string>& refused = {}, const std::map<std::string, std::string>& meets = {}) {
    std::vector<risk::v1::ReserveResult> results;
    for (const risk::v1::Reserve& reserve : asked_) {
      risk::v1::ReserveResult& result = results.emplace_back();
      result.set_correlation_id(reserve.correlation_id());
      result.set_approved(!refused.contains(reserve.order().request_id()));
      if (!result.approved()) result.mutable_rejection()->set_reason(type::v1::REJECT_REASON_MAX_POSITION);
      if (auto own = meets.find(reserve.order().request_id()); own != meets.end())
        result.add_cross_order_ids(own->second);
    }
    asked_before_.insert(asked_before_.end(), asked_.begin(), asked_.end());
    asked_.clear();
    bool any = !results.empty();
    if (any) shard_->OnRiskResults(std::move(results));
    return any;
  }

  // The broker says this of an order, under its next number.
  using Change = std::function<void(broker::v1::ExecutionReport&)>;
  void Tell(const std::string& order_id, broker::v1::ExecutionType type, const Change& change = {}) {
    broker::v1::ExecutionReport report;
    report.set_account_id(paper_.value());
    report.set_execution_sequence(++executions_);
    report.set_type(type);
    report.set_order_id(order_id);
    report.set_broker_order_id("b-" + order_id);
    if (change) change(report);
    shard_->OnReports({report});
  }
  void TellTrade(const std::string& order_id, const std::string& symbol, Side side, const std::string& quantity,
                 const std::string& price) {
    Tell(order_id, broker::v1::EXECUTION_TYPE_TRADE, [&](broker::v1::ExecutionReport& report) {
      report.set_execution_id("e" + std::to_string(executions_));
      report.set_symbol(symbol);
      report.set_side(static_cast<type::v1::Side>(side));
      report.mutable_last_quantity()->set_value(quantity);
      report.mutable_last_price()->set_value(price);
      report.set_fee_currency("USD");
    });
  }

  // As the log has it; empty when it does not.
  Order FindOrder(const std::string& order_id) {
    Order found;
    for (const OrderEvent& event : disk_->Events(paper_)) {
      if (event.order && event.order->order_id.value() == order_id) found = *event.order;
    }
    return found;
  }

  const AccountId paper_{"paper"};
  Shard::Options options_;
  HandClock clock_;
  std::unique_ptr<Logger> log_;
  Metrics metrics_;
  std::shared_ptr<MemoryJournal::Disk> disk_ = std::make_shared<MemoryJournal::Disk>();
  std::unique_ptr<MemoryJournal> journal_;
  std::unique_ptr<EventHub> hub_;
  std::unique_ptr<Shard> shard_;
  // What the broker has been sent.
  std::vector<Sent> sent_;
  // What risk has been asked and has not answered yet; what it has; what it may forget.
  std::vector<risk::v1::Reserve> asked_, asked_before_;
  std::set<std::string> voided_;
  bool broker_away_ = false;
  std::uint64_t executions_ = 0;
};

}  // namespace ballast
