// Each breaker over the whole of risk: a market that trips it, what is refused and told, a restart, a re-arming.
#include <functional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/rng.h"
#include "libs/wire/wire.h"
#include "services/risk/breaker_codec.h"
#include "services/risk/keeper.h"
#include "services/risk/testing/memory_risk_store.h"

namespace ballast {
namespace {

using risk::BreakerKind;
using risk::BreakerScope;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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
    keeper = std::make_unique<RiskKeeper>(*store, clock, *log, *metrics);
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
  std::unique_ptr<RiskKeeper> keeper;
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
            {Rule(BreakerKind::kRunawayLoop, "10", BreakerScope::kDeployment), loop, nullptr}};
  }
};

TEST_F(BreakersTest, EachIsTrippedByItsMarketRefusesTellsAndSurvivesARestart) {
  for (std::size_t i = 0; i < 14; ++i) {
    disk = std::make_shared<MemoryRiskStore::Disk>();
    events.clear();
    sequences.clear();
    SetUp();
    Case one = Cases()[i];
    SCOPED_TRACE(std::string("kind ") + std::to_string(static_cast<int>(one.rule.kind)) + ", case " +
                 std::to_string(i));
    Rules({one.rule});
    ASSERT_EQ(Refused(), "");
    one.provoke();
    EXPECT_EQ(Refused(), "breaker");
    bool firm = one.rule.scope == BreakerScope::kFirm, narrow = one.rule.scope == BreakerScope::kDeployment;
    EXPECT_EQ(Refused("e"), narrow ? "" : "breaker");
    EXPECT_EQ(Opening("", "other").opening(), firm ? risk::v1::OPENING_BLOCKED : risk::v1::OPENING_OPEN);
    EXPECT_EQ(Opening("d").opening(), risk::v1::OPENING_BLOCKED);
    ASSERT_EQ(Opening("d").blocks_size(), 1);
    EXPECT_EQ(Opening("d").blocks(0).name(), "one");
    EXPECT_EQ(Opening("d").blocks(0).needs_person(), one.rule.latched);
    EXPECT_EQ(Opening("d").blocks(0).has_until(), !one.rule.latched);
    // Out always works.
    if (!events.empty() && events.back().fill) EXPECT_EQ(Refused("d", "10", Side::kSell), "");
    keeper->Tick();
    EXPECT_THAT(Told(RiskStore::Target::kAudit), Contains("breaker.tripped").Times(1));
    EXPECT_THAT(Told(RiskStore::Target::kAlerts), Contains("Breaker tripped: one").Times(1));
    Restart();
    EXPECT_EQ(Opening("d").blocks(0).name(), "one") << "before the market has come";
    Price(IsLoss(one.rule.kind) ? "80" : one.rule.kind == BreakerKind::kVolatility ? "120" : "100");
    keeper->Tick();
    EXPECT_EQ(Refused(), "breaker");
    EXPECT_THAT(Told(RiskStore::Target::kAlerts), Contains("Breaker tripped: one").Times(1)) << "no news";
    if (one.calm) one.calm();
    Stand(IsLoss(one.rule.kind) ? "99" : "120", 130);
    EXPECT_EQ(Refused(), one.rule.latched ? "breaker" : "");
    if (one.rule.latched) {
      EXPECT_THAT(Rearm(firm ? "" : "paper", "r"), ElementsAre("one"));
      EXPECT_THAT(Rearm(firm ? "" : "paper", "r"), ElementsAre("one")) << "the first answer";
      EXPECT_EQ(Refused(), "");
      EXPECT_THAT(Told(RiskStore::Target::kAudit), Contains("breakers.rearmed").Times(1));
    } else {
      EXPECT_THAT(Told(RiskStore::Target::kAudit), Contains("breaker.cleared").Times(1));
    }
    Restart();
    Price(IsLoss(one.rule.kind) ? "99" : "120");
    EXPECT_EQ(Refused(), "") << "re-armed, or cleared, it stays so";
  }
}

TEST_F(BreakersTest, RearmedALossIsMeasuredFromWhatIsOwnedNow) {
  Rules({Rule(BreakerKind::kPortfolioLoss, "0.05")});
  Fill(Side::kBuy, "400", "100");
  Price("80");
  ASSERT_EQ(Refused(), "breaker");
  EXPECT_THAT(Rearm(), ElementsAre("one"));
  Price("70");
  EXPECT_EQ(Refused(), "") << "4 % more";
  Restart();
  Price("67.49");
  EXPECT_EQ(Refused(), "breaker") << "5 % of what was owned when the day began";
}

TEST_F(BreakersTest, ResumingAnAccountRearmsItsBreakersToo) {
  Rules({Rule(BreakerKind::kReconciliationBreak, "1"), [] {
           risk::BreakerRule rule = Rule(BreakerKind::kDailyLoss, "0.05", BreakerScope::kDeployment);
           rule.name = "two";
           return rule;
         }()});
  Cases()[12].provoke();
  Fill(Side::kBuy, "400", "100");
  Price("80");
  EXPECT_EQ(Opening("d").blocks_size(), 2);
  Cases()[12].calm();
  risk::v1::RearmLossRulesRequest request;
  request.set_request_id("resume");
  request.set_account_id("paper");
  request.set_reason("looked at it");
  risk::v1::RearmLossRulesResponse response;
  ASSERT_EQ(keeper->Rearm(request, &response), absl::OkStatus());
  EXPECT_THAT(response.rearmed(), ElementsAre("one", "two"));
  EXPECT_EQ(Opening("d").opening(), risk::v1::OPENING_OPEN);
}

TEST_F(BreakersTest, WarningsAreToldOnTheWayUpOnce) {
  Rules({Rule(BreakerKind::kLeverage, "0.4")});
  for (int i = 0; i < 4; ++i) {
    Fill(Side::kBuy, "110", "100");
    Price("100");
    Price("100");
    keeper->Tick();
  }
  EXPECT_THAT(Told(RiskStore::Target::kAlerts),
              ElementsAre("Breaker at 50 %: one", "Breaker at 75 %: one", "Breaker tripped: one"));
}

TEST_F(BreakersTest, WhatItAsksForIsToldToOrderManagement) {
  risk::BreakerRule rule = Rule(BreakerKind::kPortfolioLoss, "0.05");
  rule.action = risk::BreakerAction::kCancelOrders;
  Rules({rule});
  Fill(Side::kBuy, "400", "100");
  Price("80");
  keeper->Tick();
  EXPECT_THAT(Told(RiskStore::Target::kOrders), ElementsAre(HasSubstr("cancel-")));
}

TEST_F(BreakersTest, NoChangeOfTheRulesTakesALatchedTripBack) {
  Rules({Rule(BreakerKind::kPortfolioLoss, "0.05")});
  Fill(Side::kBuy, "400", "100");
  Price("80");
  ASSERT_EQ(Refused(), "breaker");
  risk::BreakerRule higher = Rule(BreakerKind::kPortfolioLoss, "0.9"), off = higher;
  off.enabled = false;
  for (const std::vector<risk::BreakerRule>& rules :
       {std::vector{higher}, std::vector{off}, {}, std::vector{Rule(BreakerKind::kLeverage, "9")}}) {
    Rules(rules);
    Price("100");
    Restart();
    Price("100");
    EXPECT_EQ(Refused(), "breaker");
  }
  EXPECT_THAT(Rearm(), ElementsAre("one"));
  EXPECT_EQ(Refused(), "");
}

TEST_F(BreakersTest, ASelfClearingOneWhoseRuleIsGoneIsGone) {
  Rules({Rule(BreakerKind::kLeverage, "0.3")});
  Fill(Side::kBuy, "400", "100");
  Price("100");
  ASSERT_EQ(Refused(), "breaker");
  Rules({});
  EXPECT_EQ(Refused(), "");
}

TEST_F(BreakersTest, WhoFollowsTheAnswerIsToldAtOnceAndOnlyWhatChanged) {
  Rules({Rule(BreakerKind::kRunawayLoop, "10", BreakerScope::kDeployment)});
  auto follower = std::make_shared<Said<risk::v1::StreamOpeningsResponse>>();
  keeper->Subscribe(follower);
  ASSERT_EQ(follower->messages.size(), 1U);
  EXPECT_EQ(follower->messages[0].answers_size(), 2);
  keeper->Tick();
  std::size_t before = follower->messages.size();
  keeper->Tick();
  EXPECT_EQ(follower->messages.size(), before) << "nothing changed";
  Cases()[13].provoke();
  ASSERT_EQ(follower->messages.size(), before + 1);
  ASSERT_EQ(follower->messages.back().answers_size(), 1);
  EXPECT_EQ(follower->messages.back().answers(0).deployment_id(), "d");
  EXPECT_EQ(follower->messages.back().answers(0).opening(), risk::v1::OPENING_BLOCKED);
  Rearm();
  Stand("100", 1);
  Rearm();
  keeper->Tick();
  Rules({});
  Rearm();
  keeper->Tick();
  EXPECT_EQ(follower->messages.back().answers(0).opening(), risk::v1::OPENING_OPEN);
  OrderEvent halted;
  halted.type = OrderEventType::kAccountHalted;
  Send(halted);
  keeper->Tick();
  EXPECT_EQ(follower->messages.back().answers(0).opening(), risk::v1::OPENING_HALTED);
}

TEST_F(BreakersTest, WhatCouldNotBeStoredIsStoredLater) {
  Rules({Rule(BreakerKind::kReconciliationBreak, "1")});
  Cases()[12].provoke();
  EXPECT_EQ(Refused(), "breaker");
  disk->faults.FailNext(absl::UnavailableError("away"), false);
  keeper->Tick();
  EXPECT_THAT(disk->breakers, IsEmpty());
  keeper->Tick();
  EXPECT_EQ(disk->breakers.size(), 1U);
  EXPECT_THAT(Told(RiskStore::Target::kAudit), Contains("breaker.tripped").Times(1));
}

TEST_F(BreakersTest, WhatIfTellsWhatWouldTripAndChangesNothing) {
  Rules({Rule(BreakerKind::kPortfolioLoss, "0.05"), [] {
           risk::BreakerRule rule = Rule(BreakerKind::kLeverage, "0.9");
           rule.name = "two";
           return rule;
         }()});
  Fill(Side::kBuy, "400", "100.01");
  Price("100");
  Order order = Entry("d", "600");
  auto ask = [&](const Order* with, const char* ratio) {
    risk::v1::WhatIfResponse response;
    EXPECT_EQ(keeper->WhatIf(AccountId("paper"), with, {{.ratio = Decimal::Of(ratio)}}, &response), absl::OkStatus());
    return response;
  };
  risk::v1::WhatIfResponse fall = ask(nullptr, "-0.1");
  EXPECT_EQ(fall.before().equity().value(), "99992");
  EXPECT_EQ(fall.after().equity().value(), "95992.4");
  EXPECT_EQ(fall.loss().value(), "3999.6");
  EXPECT_FALSE(fall.has_preview());
  EXPECT_THAT(fall.would_trip(), IsEmpty()) << "4 %";
  EXPECT_THAT(ask(nullptr, "-0.13").would_trip(), ElementsAre("one"));
  EXPECT_THAT(ask(&order, "0").would_trip(), ElementsAre("two"));
  EXPECT_TRUE(ask(&order, "0").preview().approved());
  EXPECT_THAT(ask(&order, "-0.06").would_trip(), ElementsAre("one", "two"));
  EXPECT_EQ(ask(&order, "0.1").loss().value().substr(0, 1), "-") << "it is won";
  EXPECT_EQ(Opening("d").opening(), risk::v1::OPENING_OPEN);
  EXPECT_EQ(ask(nullptr, "0").after().equity().value(), "99992");
}

TEST_F(BreakersTest, LimitsShrinkBeforeTheStop) {
  Rules({});
  RiskStore::Update update{.account_id = AccountId("paper"), .reason = "test", .actor = "ann", .request_id = "derisk"};
  update.limits = *keeper->GetLimits("paper");
  update.limits.drawdown_ratio = Decimal::Of("0.05");
  update.limits.max_position_ratio = Decimal::Of("0.5");
  update.limits.derisk_floor = Decimal::Of("0.2");
  ASSERT_TRUE(keeper->UpdateLimits(update).ok());
  Fill(Side::kBuy, "100", "100.01");
  Price("100");
  EXPECT_EQ(Refused("d", "300"), "");
  // 3.75 % down: halfway between start and stop, and 0.6 of the limits.
  Price("62.52");
  risk::v1::GetRiskStateResponse state;
  ASSERT_EQ(keeper->State("paper", &state), absl::OkStatus());
  EXPECT_EQ(state.scale().value(), "0.6");
  // 28,875 of 96,250 are allowed: 461 in all.
  EXPECT_EQ(Refused("d", "361"), "");
  EXPECT_EQ(Refused("d", "362"), "max_position");
  EXPECT_EQ(Refused("d", "100", Side::kSell), "") << "getting out always works";
}

// A day of an ordinary market, at speed, under the default rules: nothing trips, nobody is warned.
TEST_F(BreakersTest, ADayOfAnOrdinaryMarketTripsNothing) {
  Rng rng(11);
  Decimal price = Decimal::FromInt(100);
  for (int second = 0; second < 86'400; second += 2) {
    clock.nanos += 2 * kSecond;
    // A random walk of a few basis points a step that stays about its middle.
    price += Decimal::FromUnits(rng.Between(-20, 20) * 1'000'000'000'000'000 -
                                (price - Decimal::FromInt(100)).units() / 500);
    Price(price.RoundTo(Decimal::Of("0.01"), Rounding::kHalfEven).ToString().c_str());
    if (second % 600 == 0) Fill(second % 1'200 == 0 ? Side::kBuy : Side::kSell, "20", price.ToString().c_str());
    if (second % 10 == 0) keeper->Tick();
    ASSERT_EQ(Opening("d").opening(), risk::v1::OPENING_OPEN) << second << " " << Opening("d").message();
  }
  EXPECT_THAT(Told(RiskStore::Target::kAlerts), IsEmpty());
}

}  // namespace
}  // namespace ballast
