// Each breaker over the whole of risk: a market that trips it, what is refused and told, a restart, a re-arming.
#include "services/risk/testing/breakers_fixture.h"

namespace ballast {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

// Stored, and nobody knew. Asked again after somebody else has taken it back and it has tripped anew, it is about the
// first trip still.
TEST_F(BreakersTest, ARearmInDoubtThatIsAskedAgainTakesNoLaterTripBack) {
  Rules({Rule(BreakerKind::kReconciliationBreak, "1")});
  Fill(Side::kBuy, "400", "100");
  Price("100");
  Cases()[12].provoke();
  ASSERT_EQ(Refused(), "breaker");
  keeper->Tick();
  auto rearm = [&] {
    risk::v1::RearmBreakersRequest request;
    request.set_request_id("in-doubt");
    request.set_account_id("paper");
    request.set_reason("looked at it");
    request.set_actor("ann");
    risk::v1::RearmBreakersResponse response;
    return keeper->RearmBreakers(request, &response);
  };
  disk->faults.FailNext(absl::UnknownError("the answer was lost"), true);
  ASSERT_TRUE(absl::IsUnknown(rearm()));
  ASSERT_EQ(Refused(), "breaker") << "not known is not done";
  Cases()[12].calm();
  EXPECT_THAT(Rearm(), ElementsAre("one"));
  ASSERT_EQ(Refused(), "");
  clock.nanos += kSecond;
  Cases()[12].provoke();
  ASSERT_EQ(Refused(), "breaker");
  EXPECT_EQ(rearm(), absl::OkStatus());
  EXPECT_EQ(Refused(), "breaker");
  Restart();
  Price("100");
  EXPECT_EQ(Refused(), "breaker");
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
  risk::v1::WhatIfResponse none;
  EXPECT_EQ(
      keeper->WhatIf(AccountId("paper"), nullptr, {{.symbol = Symbol("APPL"), .ratio = Decimal::Of("-0.5")}}, &none)
          .code(),
      absl::StatusCode::kInvalidArgument)
      << "an instrument that there is not would lose nothing";
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

// Nothing is opened whose record may never be one; what is not watched (a replay, a test) is not known.
TEST_F(BreakersTest, WhileTheAuditChainLagsNothingIsOpened) {
  Rules(risk::DefaultBreakerRules());
  clock.nanos += 400 * kSecond;
  Price("100");
  keeper->Tick();
  ASSERT_EQ(Refused(), "") << "nobody asks it";
  keeper->WatchAudit();
  auto after_ms = [&](std::int64_t ms) {
    clock.nanos += ms * 1'000'000;
    Price("100");
    keeper->Tick();
    return Refused();
  };
  EXPECT_EQ(after_ms(299'999), "");
  EXPECT_EQ(after_ms(1), "breaker") << "silent for as long as it may be";
  EXPECT_EQ(Opening().blocks(0).name(), "audit_lag");
  keeper->OnAuditHead(clock.Now());
  for (int second = 0; second < 59; ++second) EXPECT_EQ(after_ms(1'000), "breaker");
  EXPECT_EQ(after_ms(2'000), "") << "it answers again, for a minute";
  // It answers, and what has happened is not in it.
  OrderEvent event;
  event.type = OrderEventType::kAccountHalted;
  Send(event);
  event.type = OrderEventType::kAccountResumed;
  Send(event);
  UtcTime happened = clock.Now();
  for (int i = 0; i < 3; ++i) {
    clock.nanos += 100 * kSecond - 1'000'000;
    keeper->OnAuditHead(happened - Duration::Millis(5'001));
    Price("100");
    keeper->Tick();
    EXPECT_EQ(Refused(), "") << i;
  }
  EXPECT_EQ(after_ms(3), "breaker");
  keeper->OnAuditHead(happened - Duration::Seconds(5));
  for (int second = 0; second < 61; ++second) after_ms(1'000);
  EXPECT_EQ(Refused(), "");
}

TEST_F(BreakersTest, ClocksThatAreApartOpenNothing) {
  Rules(risk::DefaultBreakerRules());
  auto steps = [&](std::int64_t ahead_ms, int seconds, std::int64_t drift_ms = 0) {
    for (int i = 0; i < seconds; ++i) {
      clock.nanos += kSecond;
      Quote quote{.symbol = Symbol("SPY"),
                  .bid_price = Decimal::Of("99.99"),
                  .ask_price = Decimal::Of("100.01"),
                  .last_price = Decimal::Of("100"),
                  .quote_time = clock.Now()};
      quote.session_open = true;
      EXPECT_TRUE(
          keeper->OnStep({.quotes = {quote}, .market_time = clock.Now() + Duration::Millis(ahead_ms + i * drift_ms)}));
      keeper->Tick();
    }
    return Refused();
  };
  EXPECT_EQ(steps(499, 20), "");
  EXPECT_EQ(steps(500, 20), "breaker");
  EXPECT_EQ(Opening().blocks(0).name(), "clock_offset");
  EXPECT_EQ(steps(0, 80), "");
  EXPECT_EQ(steps(-499, 20), "");
  EXPECT_EQ(steps(-501, 20), "breaker") << "behind, or late without an end";
  EXPECT_EQ(steps(0, 80), "");
  // One step that is late is late.
  clock.nanos += kSecond;
  Price("100", 5);
  EXPECT_EQ(steps(0, 1), "");
  // A market that runs at a speed of its own says nothing of clocks.
  EXPECT_EQ(steps(1'000, 60, 10'000), "");
}

TEST_F(BreakersTest, AnAlertThatNobodyAcknowledgesHoldsRealMoneyBackOnly) {
  Rules(risk::DefaultBreakerRules());
  keeper->OnAlerts(clock.Now() - Duration::Seconds(3'600));
  Price("100");
  keeper->Tick();
  EXPECT_EQ(Refused(), "") << "on paper";
  OrderEvent opened;
  opened.type = OrderEventType::kAccountOpened;
  opened.cash = Decimal::FromInt(100'000);
  opened.currency = "USD";
  opened.mode = AccountMode::kLive;
  Send(opened, "live");
  auto blocks = [&](std::optional<std::int64_t> age_ms) {
    keeper->OnAlerts(age_ms ? std::optional(clock.Now() - Duration::Millis(*age_ms)) : std::nullopt);
    Price("100");
    keeper->Tick();
    risk::v1::OpeningAnswer answer = Opening("", "live");
    return answer.blocks_size() > 0 ? answer.blocks(0).name() : "";
  };
  EXPECT_EQ(blocks(119'999), "");
  EXPECT_EQ(blocks(120'000), "unacknowledged_alert");
  EXPECT_EQ(blocks(std::nullopt), "unacknowledged_alert") << "acknowledged, and its minute is not over";
  Stand("100", 61);
  EXPECT_EQ(blocks(std::nullopt), "");
}

}  // namespace
}  // namespace ballast
