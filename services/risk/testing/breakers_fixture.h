#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/rng.h"
#include "libs/wire/wire.h"
#include "services/risk/breaker_codec.h"
#include "services/risk/testing/keeper_at_hand.h"
#include "services/risk/testing/memory_risk_store.h"

namespace ballast {

using risk::BreakerKind;
using risk::BreakerScope;

constexpr std::int64_t kSecond = 1'000'000'000;

class HandClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return *UtcTime::Parse("2026-01-05T15:00:00Z") + Duration{nanos}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return 3'600 * kSecond + nanos; }
  std::int64_t nanos = 0;
};

template <typename Response>
class Said : public StreamSender<Response> {
 public:
  bool Push(Response response) override {
    messages.push_back(std::move(response));
    return true;
  }
  void Close(grpc::Status) override { closed = true; }
  [[nodiscard]] bool done() const override { return closed; }
  std::vector<Response> messages;
  bool closed = false;
};

class BreakersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Logger::Make({.service = "test", .directory = "", .level = "CRITICAL"}, &log).ok());
    Start();
    for (const char* account : {"paper", "other"}) {
      OrderEvent opened;
      opened.type = OrderEventType::kAccountOpened;
      opened.cash = Decimal::FromInt(100'000);
      opened.currency = "USD";
      Send(opened, account);
    }
    Replayed();
    Price("100");
    // What is not about breakers is out of the way.
    RiskStore::Update update{.account_id = AccountId("paper"), .reason = "test", .actor = "ann", .request_id = "l"};
    update.limits.daily_loss_ratio = update.limits.drawdown_ratio = Decimal::FromInt(1);
    update.limits.max_position_ratio = update.limits.concentration_ratio = Decimal::FromInt(10);
    update.limits.quote_age_ms_max = 600'000;
    update.limits.order_rate_per_second = 100'000;
    ASSERT_TRUE(keeper->UpdateLimits(update).ok());
  }
  void Start() {
    keeper.reset();
    metrics = std::make_unique<Metrics>();
    store = std::make_unique<MemoryRiskStore>(disk);
    keeper = std::make_unique<KeeperAtHand>(*store, clock, *log, *metrics);
    ASSERT_EQ(keeper->Recover(), absl::OkStatus());
    keeper->SetInstruments({{.symbol = Symbol("SPY"),
                             .currency = "USD",
                             .tick_size = Decimal::Of("0.01"),
                             .lot_size = Decimal::Of("1"),
                             .shortable = true}});
    session = std::make_shared<Said<risk::v1::RiskSessionResponse>>();
    risk::v1::RiskSessionRequest request;
    request.mutable_hello()->set_epoch(1);
    request.mutable_hello()->add_account_ids("paper");
    request.mutable_hello()->add_account_ids("other");
    keeper->OnSession(request, session);
  }
  void Replayed() {
    risk::v1::RiskSessionRequest request;
    request.mutable_replayed();
    keeper->OnSession(request, session);
  }
  // Killed after it had a second to store what must not be lost.
  void Restart() {
    keeper->Tick();
    Start();
    for (const OrderEvent& event : events) Say(event);
    Replayed();
  }
  void Say(const OrderEvent& event) {
    risk::v1::RiskSessionRequest request;
    wire::ToProto(event, request.mutable_events()->add_events());
    keeper->OnSession(request, session);
  }
  void Send(OrderEvent event, const char* account = "paper") {
    event.account_id = AccountId(account);
    event.sequence = ++sequences[account];
    event.event_time = clock.Now();
    events.push_back(event);
    Say(event);
  }
  void Fill(Side side, const char* quantity, const char* price, const char* deployment = "d",
            const char* account = "paper") {
    OrderEvent event;
    event.type = OrderEventType::kFilled;
    event.fill = ballast::Fill{.execution_id = ExecutionId("e" + std::to_string(events.size())),
                               .account_id = AccountId(account),
                               .deployment_id = DeploymentId(deployment),
                               .symbol = Symbol("SPY"),
                               .side = side,
                               .quantity = Decimal::Of(quantity),
                               .price = Decimal::Of(price),
                               .transact_time = clock.Now()};
    Send(event, account);
  }
  void Price(const char* middle, std::int64_t late_s = 0) {
    Decimal price = Decimal::Of(middle);
    Quote quote{.symbol = Symbol("SPY"),
                .bid_price = price - Decimal::Of("0.01"),
                .ask_price = price + Decimal::Of("0.01"),
                .last_price = price,
                .quote_time = clock.Now()};
    quote.session_open = true;
    EXPECT_TRUE(keeper->OnStep({.quotes = {quote}, .market_time = clock.Now() - Duration::Seconds(late_s)}));
  }
  // So long, with a price each second.
  void Stand(const char* middle, int seconds) {
    for (int i = 0; i < seconds; ++i) {
      clock.nanos += kSecond;
      Price(middle);
      keeper->Tick();
    }
  }
  Order Entry(const char* deployment, const char* quantity = "1", Side side = Side::kBuy) const {
    return {.order_id = OrderId("o" + std::to_string(events.size())),
            .account_id = AccountId("paper"),
            .deployment_id = DeploymentId(deployment),
            .symbol = Symbol("SPY"),
            .side = side,
            .type = OrderType::kMarket,
            .time_in_force = TimeInForce::kIoc,
            .quantity = Decimal::Of(quantity),
            .leaves_quantity = Decimal::Of(quantity)};
  }
  std::string Refused(const char* deployment = "d", const char* quantity = "1", Side side = Side::kBuy) {
    risk::v1::PreviewOrderResponse answer;
    keeper->Preview(Entry(deployment, quantity, side), &answer);
    return answer.rejection().check();
  }
  void Rules(std::vector<risk::BreakerRule> rules) {
    RiskStore::RulesUpdate update{.rules = {.version = keeper->GetBreakerRules().version, .rules = std::move(rules)},
                                  .reason = "test",
                                  .actor = "ann",
                                  .request_id = "rules-" + std::to_string(++numbers)};
    ASSERT_TRUE(keeper->UpdateBreakerRules(update).ok());
  }
  static risk::BreakerRule Rule(BreakerKind kind, const char* limit, BreakerScope scope = BreakerScope::kAccount) {
    risk::BreakerRule rule{.name = "one", .kind = kind, .scope = scope, .limit = Decimal::Of(limit)};
    rule.latched = risk::AlwaysLatched(kind);
    return rule;
  }
  risk::v1::OpeningAnswer Opening(const char* deployment = "", const char* account = "paper") {
    risk::v1::OpeningAnswer answer;
    EXPECT_EQ(keeper->Opening(account, deployment, &answer), absl::OkStatus());
    return answer;
  }
  std::vector<std::string> Rearm(const char* account = "paper", const char* id = nullptr) {
    risk::v1::RearmBreakersRequest request;
    request.set_request_id(id != nullptr ? id : "rearm-" + std::to_string(++numbers));
    request.set_account_id(account);
    request.set_reason("looked at it");
    request.set_actor("ann");
    risk::v1::RearmBreakersResponse response;
    EXPECT_EQ(keeper->RearmBreakers(request, &response), absl::OkStatus());
    return {response.rearmed().begin(), response.rearmed().end()};
  }
  std::vector<std::string> Told(RiskStore::Target target) const {
    std::vector<std::string> told;
    for (const auto& [id, message] : disk->outbox) {
      if (message.target != target) continue;
      audit::v1::AppendRecordRequest record;
      alert::v1::RaiseAlertRequest alert;
      order::v1::EngageEmergencyRequest command;
      if (target == RiskStore::Target::kAudit && record.ParseFromString(message.request))
        told.push_back(record.action());
      if (target == RiskStore::Target::kAlerts && alert.ParseFromString(message.request)) told.push_back(alert.title());
      if (target == RiskStore::Target::kOrders && command.ParseFromString(message.request))
        told.push_back(command.command().command_id());
    }
    return told;
  }

  HandClock clock;
  std::unique_ptr<Logger> log;
  std::unique_ptr<Metrics> metrics;
  std::shared_ptr<MemoryRiskStore::Disk> disk = std::make_shared<MemoryRiskStore::Disk>();
  std::unique_ptr<MemoryRiskStore> store;
  std::unique_ptr<KeeperAtHand> keeper;
  std::shared_ptr<Said<risk::v1::RiskSessionResponse>> session;
  std::vector<OrderEvent> events;
  std::map<std::string, std::uint64_t> sequences;
  int numbers = 0;

  struct Case {
    risk::BreakerRule rule;
    std::function<void()> provoke;
    // Self-clearing: what makes it good again.
    std::function<void()> calm;
  };
  // One market for each kind.
  std::vector<Case> Cases() {
    auto lose = [this] {
      Fill(Side::kBuy, "400", "100");
      Price("80");
    };
    auto hold = [this] { Fill(Side::kBuy, "400", "100"); };
    auto sell = [this] { Fill(Side::kSell, "390", "100"); };
    auto storm = [this](OrderEventType type) {
      constexpr int kRejects = 5;
      for (int i = 0; i < 20; ++i) {
        OrderEvent event;
        event.type = type;
        event.order = Entry("d");
        event.order->status = OrderStatus::kRejected;
        // What an own switch refuses counts for nothing.
        event.order->rejection = Rejection{.reason = RejectReason::kKillSwitch};
        Send(event);
        event.order->rejection = Rejection{.reason = RejectReason::kBrokerRejected};
        if (i < kRejects) Send(event);
      }
      keeper->Tick();
    };
    auto loop = [this] {
      for (int i = 0; i < 10; ++i) {
        risk::v1::RiskSessionRequest request;
        wire::ToProto(Entry("d"), request.mutable_reserve()->mutable_order());
        keeper->OnSession(request, session);
      }
      keeper->Tick();
    };
    auto stale = [this, hold] {
      hold();
      clock.nanos += 31 * kSecond;
      keeper->Tick();
    };
    auto jump = [this, hold] {
      hold();
      Price("100");
      Price("120");
    };
    auto breaks = [this] {
      risk::v1::ReportBreaksRequest request;
      request.set_account_id("paper");
      request.set_open_breaks(1);
      EXPECT_EQ(keeper->ReportBreaks(request), absl::OkStatus());
    };
    auto mend = [this] {
      risk::v1::ReportBreaksRequest request;
      request.set_account_id("paper");
      EXPECT_EQ(keeper->ReportBreaks(request), absl::OkStatus());
    };
    auto silent = [this] {
      keeper->WatchAudit();
      clock.nanos += 300 * kSecond;
      keeper->Tick();
    };
    auto ahead = [this] {
      for (int i = 0; i < 12; ++i) {
        clock.nanos += kSecond;
        Price("100", -1);
      }
    };
    risk::BreakerRule audit = Rule(BreakerKind::kAuditLag, "300000");
    risk::BreakerRule offset = Rule(BreakerKind::kClockOffset, "500");
    audit.account_id = offset.account_id = AccountId("paper");
    // The market is late for everybody; the rule is about one of them.
    risk::BreakerRule latency = Rule(BreakerKind::kLatency, "10000");
    latency.account_id = AccountId("paper");
    return {{Rule(BreakerKind::kPortfolioLoss, "0.05"), lose, nullptr},
            {Rule(BreakerKind::kDailyLoss, "0.05"), lose, nullptr},
            {Rule(BreakerKind::kPositionLoss, "0.05"), lose, nullptr},
            {Rule(BreakerKind::kDrawdown, "0.05"), lose, nullptr},
            {Rule(BreakerKind::kDailyLoss, "0.05", BreakerScope::kDeployment), lose, nullptr},
            {Rule(BreakerKind::kDrawdown, "0.03", BreakerScope::kFirm), lose, nullptr},
            {Rule(BreakerKind::kVolatility, "0.1"), jump, [] {}},
            {Rule(BreakerKind::kLeverage, "0.3"), [this, hold] { hold(), Price("100"); }, sell},
            {Rule(BreakerKind::kConcentration, "0.3"), [this, hold] { hold(), Price("100"); }, sell},
            {Rule(BreakerKind::kStaleData, "30000"), stale, [] {}},
            {Rule(BreakerKind::kRejectStorm, "5"), [storm] { storm(OrderEventType::kRejected); }, [] {}},
            {latency, [this] { Price("100", 11); }, [] {}},
            {Rule(BreakerKind::kReconciliationBreak, "1"), breaks, mend},
            {Rule(BreakerKind::kRunawayLoop, "10", BreakerScope::kDeployment), loop, nullptr},
            {audit, silent, [this] { keeper->OnAuditHead(clock.Now()); }},
            {offset, ahead, [] {}}};
  }
};

}  // namespace ballast
