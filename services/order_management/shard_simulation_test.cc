// The writer on one thread and a clock that the test moves: a day of orders, with a crash at any commit, before or
// after it happened, some of them trailing stops that wait here. Nothing acknowledged is lost, nothing trades twice, no
// stop moves back, and the same seed gives the same log.
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <set>

#include "libs/orders/order_id.h"
#include "libs/wire/wire.h"
#include "services/order_management/shard.h"
#include "services/order_management/testing/memory_journal.h"

namespace ballast {
namespace {

const AccountId kAccount("paper");
constexpr int kOrders = 1'000;

class HandClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return {1'700'000'000'000'000'000 + nanos}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return nanos; }
  std::int64_t nanos = 1;
};

// A broker gateway: takes each order once, by its id, numbers its reports without a gap and keeps them until they are
// acknowledged. It outlives the order manager.
class Venue {
 public:
  void Take(const broker::v1::OrderSessionRequest& request) {
    if (request.has_new_order()) {
      const order::v1::Order& order = request.new_order().order();
      if (!taken_.emplace(order.order_id(), order).second) return;
      open_.push_back(order.order_id());
      Tell(order.order_id(), broker::v1::EXECUTION_TYPE_NEW);
    } else if (request.has_cancel()) {
      auto found = std::find(open_.begin(), open_.end(), request.cancel().order_id());
      if (found == open_.end()) {
        if (taken_.contains(request.cancel().order_id())) {
          Tell(request.cancel().order_id(), broker::v1::EXECUTION_TYPE_CANCEL_REJECTED);
        }
        return;
      }
      open_.erase(found);
      Tell(request.cancel().order_id(), broker::v1::EXECUTION_TYPE_CANCELED);
    }
  }
  // The oldest open order trades.
  void Trade() {
    if (open_.empty()) return;
    std::string id = open_.front();
    open_.pop_front();
    traded.insert(id);
    Tell(id, broker::v1::EXECUTION_TYPE_TRADE);
  }
  // At most `limit` reports after the one that was told last.
  std::vector<broker::v1::ExecutionReport> Next(std::size_t limit) {
    std::vector<broker::v1::ExecutionReport> reports;
    while (told_ < reports_.size() && reports.size() < limit) reports.push_back(reports_[told_++]);
    return reports;
  }
  std::map<std::string, std::uint64_t> Hello(std::uint64_t after) {
    told_ = after;
    return {{"paper", reports_.size()}};
  }
  [[nodiscard]] bool quiet() const { return open_.empty() && told_ == reports_.size(); }
  [[nodiscard]] std::size_t told() const { return told_; }

  std::set<std::string> traded;

 private:
  void Tell(const std::string& id, broker::v1::ExecutionType type) {
    broker::v1::ExecutionReport report;
    report.set_account_id("paper");
    report.set_execution_sequence(reports_.size() + 1);
    report.set_type(type);
    report.set_order_id(id);
    report.set_broker_order_id("b-" + id);
    if (type == broker::v1::EXECUTION_TYPE_TRADE) {
      report.set_execution_id("e" + std::to_string(reports_.size() + 1));
      report.set_symbol("BTC-USD");
      report.set_side(taken_.at(id).side());
      *report.mutable_last_quantity() = taken_.at(id).quantity();
      report.mutable_last_price()->set_value("100");
      report.mutable_fee()->set_value("0.1");
      report.set_fee_currency("USD");
    }
    reports_.push_back(std::move(report));
  }

  std::map<std::string, order::v1::Order> taken_;
  std::deque<std::string> open_;
  std::vector<broker::v1::ExecutionReport> reports_;
  std::size_t told_ = 0;
};

struct Outcome {
  std::vector<OrderEvent> log;
  std::set<std::string> acknowledged;
  std::set<std::string> traded;
  int lives = 0;
  int crashes = 0;
};

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : dice_(seed) {
    EXPECT_TRUE(Logger::Make({.service = "simulation", .level = "CRITICAL"}, &log_).ok());
  }

  Outcome Run() {
    Begin();
    while (asked_ < kOrders || !Quiet()) {
      if (asked_ < kOrders && Chance(60)) Submit();
      if (Chance(10)) CancelOne();
      if (Chance(70)) AnswerRisk();
      if (Chance(60)) venue_.Trade();
      if (Chance(70)) TellReports();
      if (Chance(30)) MoveMarket();
      if (Chance(6)) Spoil();
      clock_.nanos += Below(5'000'000);
      runtime::Turn turn = shard_->Poll(clock_.nanos);
      if (turn.state == runtime::Turn::State::kBlocked) clock_.nanos = std::max(clock_.nanos, turn.next_ns);
      if (turn.state == runtime::Turn::State::kEnded) {
        ++outcome_.crashes;
        Begin();
      } else if (Chance(1)) {
        Begin();  // killed between two turns
      }
    }
    outcome_.log = disk_->Events(kAccount);
    outcome_.traded = venue_.traded;
    return std::move(outcome_);
  }

 private:
  std::uint64_t Below(std::uint64_t bound) { return dice_() % bound; }
  bool Chance(std::uint64_t percent) { return Below(100) < percent; }

  // The next life of the process, over the same disk.
  void Begin() {
    ++outcome_.lives;
    reserves_.clear();
    shard_.reset();
    hub_.reset();
    journal_ = std::make_unique<MemoryJournal>(disk_);
    hub_ = std::make_unique<EventHub>(*journal_, clock_);
    Shard::Options options{.risk_timeout_ms = 60'000, .intent_age_ms_max = 60'000};
    options.accounts = {{.id = kAccount, .currency = "USD", .cash = Decimal::FromInt(1'000'000), .broker = "paper"}};
    shard_ = std::make_unique<Shard>(options, *journal_, *hub_, clock_, *log_, metrics_);
    shard_->SetPorts({.risk =
                          [this](const risk::v1::RiskSessionRequest& request) {
                            for (const risk::v1::Reserve& reserve : request.batch().reserves()) {
                              reserves_.push_back(reserve.correlation_id());
                            }
                            return true;
                          },
                      .broker =
                          [this](const broker::v1::OrderSessionRequest& request) {
                            if (!request.has_batch()) venue_.Take(request);
                            for (const auto& instruction : request.batch().instructions()) venue_.Take(instruction);
                            return true;
                          },
                      .drop_broker = [this] { Reconnect(); },
                      .drop_risk = [this] { shard_->OnRiskLost(); },
                      .fail = [](const std::string&) {}});
    ASSERT_TRUE(shard_->Recover().ok());
    shard_->OnRiskReady({});
    Reconnect();
    Instrument instrument{.symbol = Symbol("BTC-USD"), .tick_size = Decimal::Of("0.01")};
    instrument.calendar = TradingCalendar::kAlwaysOpen;
    shard_->OnInstruments({instrument});
  }
  // At the end of the day it jumps, so that every stop is there and is reached.
  void MoveMarket() {
    std::int64_t whole = 95 + static_cast<std::int64_t>(Below(11));
    if (asked_ >= kOrders && Chance(50)) whole = 1;
    Decimal price = Decimal::FromInt(whole);
    Quote quote{.symbol = Symbol("BTC-USD"), .bid_price = price, .ask_price = price, .last_price = price};
    quote.quote_time = clock_.Now();
    quote.session_open = true;
    shard_->OnMarket({.quotes = {quote}, .market_time = quote.quote_time});
  }
  // As a gateway does: first what it has told already, then where that ends.
  void Reconnect() {
    std::map<std::string, std::uint64_t> heads = venue_.Hello(shard_->ExecutionCursors()["paper"]);
    auto stored = venue_.Next(SIZE_MAX);
    if (!stored.empty()) shard_->OnReports(std::move(stored));
    shard_->OnBrokerReady(std::move(heads), Chance(50));
  }
  void Submit() {
    Order order;
    order.account_id = kAccount;
    order.request_id = RequestId("r" + std::to_string(asked_));
    order.symbol = Symbol("BTC-USD");
    order.side = asked_ % 2 == 0 ? Side::kBuy : Side::kSell;
    order.type = OrderType::kLimit;
    order.time_in_force = TimeInForce::kGtc;
    order.quantity = Decimal::FromInt(1 + static_cast<std::int64_t>(Below(3)));
    order.limit_price = Decimal::FromInt(100);
    if (asked_ % 5 == 0) {
      order.side = Side::kSell;
      order.type = OrderType::kTrailingStop;
      order.limit_price.reset();
      order.trailing = Trailing{.offset = Decimal::FromInt(4), .offset_type = TrailingOffsetType::kPrice};
    }
    ++asked_;
    std::string id = orders::OrderIdFor(order.account_id, order.request_id).value();
    (void)shard_->Submit(std::move(order), "user:me", true, [this, id](const OrderReply& reply) {
      if (reply.status.ok()) outcome_.acknowledged.insert(id);
    });
  }
  void CancelOne() {
    if (asked_ == 0) return;
    RequestId request("r" + std::to_string(Below(static_cast<std::uint64_t>(asked_))));
    (void)shard_->Cancel(orders::OrderIdFor(kAccount, request), "user:me", [](const OrderReply&) {});
  }
  void AnswerRisk() {
    std::vector<risk::v1::ReserveResult> results;
    while (!reserves_.empty() && !Chance(20)) {
      risk::v1::ReserveResult result;
      result.set_correlation_id(reserves_.front());
      result.set_approved(!Chance(5));
      if (!result.approved()) result.mutable_rejection()->set_reason(type::v1::REJECT_REASON_MAX_POSITION);
      results.push_back(std::move(result));
      reserves_.pop_front();
    }
    if (!results.empty()) shard_->OnRiskResults(std::move(results));
  }
  void TellReports() {
    auto reports = venue_.Next(1 + Below(8));
    if (!reports.empty()) shard_->OnReports(std::move(reports));
  }
  // What the next commit meets: refused for good or a lost answer, before or after it happened.
  void Spoil() {
    bool applied = Chance(50);
    switch (Below(3)) {
      case 0:
        disk_->FailNext(absl::InternalError("the disk is gone"), applied);
        break;
      case 1:
        disk_->FailNext(absl::UnknownError("the answer was lost"), applied);
        break;
      default:
        disk_->FailNext(absl::UnavailableError("away"), false);
    }
  }
  bool Quiet() {
    if (!venue_.quiet() || !reserves_.empty()) return false;
    std::map<OrderId, bool> open;
    for (const OrderEvent& event : disk_->Events(kAccount)) {
      if (event.order) open[event.order->order_id] = !IsTerminal(event.order->status);
    }
    return std::none_of(open.begin(), open.end(), [](const auto& order) { return order.second; });
  }

  std::mt19937_64 dice_;
  HandClock clock_;
  std::unique_ptr<Logger> log_;
  Metrics metrics_;
  std::shared_ptr<MemoryJournal::Disk> disk_ = std::make_shared<MemoryJournal::Disk>();
  Venue venue_;
  std::unique_ptr<MemoryJournal> journal_;
  std::unique_ptr<EventHub> hub_;
  std::unique_ptr<Shard> shard_;
  std::deque<std::uint64_t> reserves_;
  int asked_ = 0;
  Outcome outcome_;
};

std::string BytesOf(const std::vector<OrderEvent>& log) {
  std::string bytes;
  for (const OrderEvent& event : log) {
    order::v1::OrderEvent proto;
    wire::ToProto(event, &proto);
    bytes += proto.SerializeAsString();
  }
  return bytes;
}

class ShardSimulationTest : public testing::TestWithParam<std::uint64_t> {};

TEST_P(ShardSimulationTest, NothingIsLostOrDoubledAndTheSameSeedIsTheSameLog) {
  Outcome first = Simulation(GetParam()).Run();
  std::uint64_t expected = 1;
  std::map<std::string, int> fills;
  std::map<std::string, OrderStatus> status;
  std::map<std::string, Decimal> stops;
  int fired = 0;
  for (const OrderEvent& event : first.log) {
    ASSERT_EQ(event.sequence, expected++);
    ASSERT_NE(event.type, OrderEventType::kIllegalReport) << event.rejection->message;
    if (event.fill) ++fills[event.fill->order_id.value()];
    if (!event.order) continue;
    const Order& order = *event.order;
    status[order.order_id.value()] = order.status;
    if (event.type == OrderEventType::kTriggered) ++fired;
    if (!order.trailing || !order.stop_price) continue;
    ASSERT_GE(*order.stop_price, stops[order.order_id.value()]) << "a sell's stop moved back";
    stops[order.order_id.value()] = *order.stop_price;
  }
  for (const std::string& id : first.acknowledged) ASSERT_TRUE(status.contains(id)) << "lost: " << id;
  ASSERT_EQ(fills.size(), first.traded.size());
  for (const std::string& id : first.traded) {
    ASSERT_EQ(fills[id], 1) << id;
    ASSERT_EQ(status[id], OrderStatus::kFilled) << id;
  }
  EXPECT_GT(first.crashes, 10);
  EXPECT_GT(first.traded.size(), 300U);
  EXPECT_GT(fired, 50);
  Outcome second = Simulation(GetParam()).Run();
  EXPECT_EQ(second.lives, first.lives);
  EXPECT_TRUE(BytesOf(second.log) == BytesOf(first.log)) << "the same seed gave another log";
  std::printf("%zu events, %zu acknowledged, %zu traded, %d lives, %d crashes in a commit\n", first.log.size(),
              first.acknowledged.size(), first.traded.size(), first.lives, first.crashes);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ShardSimulationTest, testing::Values(1, 2, 7));

}  // namespace
}  // namespace ballast
