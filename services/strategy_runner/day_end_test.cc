// The end of a day, each step once: also when the process dies at any commit, and after any answer.
#include "libs/base/civil_day.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/day_end_codec.h"
#include "services/strategy_runner/testing/runner_stage.h"

namespace ballast {
namespace {

namespace session_pb = session::v1;

class DayEndTest : public RunnerStage {
 protected:
  static constexpr std::int64_t kMidnight = DaysFromCivil({2018, 4, 6}) * 86'400;

  DayEndTest() {
    neighbours_.calendar = TradingCalendar::kNewYorkStockExchange;
    accounts_.books = {{{"demo", "SPY"}, Decimal::Of("9")}, {{"", "SPY"}, Decimal::Of("-2")}};
  }
  void StartDay(const std::string& settings = "", bool lockstep = true) {
    lockstep_ = lockstep;
    auto policy = ParseDayEnd("paper|XNYS|" + settings);
    ASSERT_TRUE(policy.ok()) << policy.status();
    options_.day_ends = {*policy};
    Restart(options_);
    At(15, 0);
  }
  // The market is at that time of the 6th of April 2018, UTC; the exchange closes at 20:00.
  void At(int hour, int minute, int second = 0, bool open = true) {
    broker::v1::StreamMarketDataResponse step = MakeStep(++number_, "260", true, false);
    step.set_lockstep(lockstep_);
    step.mutable_market_time()->set_seconds(kMidnight + hour * 3'600 + minute * 60 + second);
    *step.mutable_quotes(0)->mutable_quote_time() = step.market_time();
    step.mutable_quotes(0)->set_session_open(open);
    last_ = step;
    Bring(std::move(step));
    Settle();
  }
  // Time passes until nothing changes any more.
  void Settle() {
    for (int i = 0; i < 12; ++i) Pass(1'000'000'000);
  }
  std::optional<session_pb::DayEnd> Day() const {
    if (tables_->day_ends.empty()) return std::nullopt;
    return tables_->day_ends.rbegin()->second;
  }

  Runner::Options options_;
  broker::v1::StreamMarketDataResponse last_;
  int number_ = 0;
  bool lockstep_ = true;
};

TEST_F(DayEndTest, ADayIsClosedAndReported) {
  StartDay();
  position::v1::Trade won, lost;
  won.mutable_pnl()->set_value("10.25");
  won.mutable_fees()->set_value("0.5");
  lost.mutable_pnl()->set_value("-4");
  lost.mutable_fees()->set_value("0.25");
  accounts_.trades = {lost, won};
  accounts_.AddWorking("w1", "SPY", "limit-1");
  accounts_.AddWorking("p1", "SPY", "protect:1");
  At(19, 54, 59);
  EXPECT_FALSE(Day());
  At(19, 55);
  ASSERT_TRUE(Day());
  EXPECT_EQ(Day()->step(), session_pb::DAY_END_STEP_VERIFYING) << Day()->DebugString();
  EXPECT_EQ(wire::FromProto(Day()->flat_time()), (UtcTime{(kMidnight + 19 * 3'600 + 55 * 60) * kSecondNs}));
  At(19, 58);
  EXPECT_EQ(Day()->step(), session_pb::DAY_END_STEP_DONE) << Day()->DebugString();
  EXPECT_EQ(accounts_.cancels, std::vector<std::string>{"w1"}) << "protection goes with its position";
  EXPECT_EQ(accounts_.close_calls,
            (std::vector<std::string>{"day-end:XNYS:2018-04-06:1", "day-end:XNYS:2018-04-06:2"}));
  EXPECT_TRUE(Day()->report().flat());
  EXPECT_EQ(Day()->report().trade_count(), 2);
  EXPECT_EQ(Day()->report().trades_pnl().value(), "6.25");
  EXPECT_EQ(Day()->report().trades_fees().value(), "0.75");
  EXPECT_EQ(Day()->report().winning_trades(), 1);
  EXPECT_EQ(Day()->report().trades(0).pnl().value(), "10.25") << "oldest first";
  EXPECT_EQ(Day()->report().summary().day_pnl().value(), "12.5");
  EXPECT_EQ(accounts_.trades_after, (UtcTime{(kMidnight + 13 * 3'600 + 30 * 60) * kSecondNs}));
  ASSERT_EQ(neighbours_.alerts.size(), 1U);
  EXPECT_EQ(neighbours_.alerts[0].text(), "P&L +12.5 USD, equity 100012.5, 2 trades (1 won, 1 lost)");
  EXPECT_TRUE(Day()->told());
  // Exactly once.
  At(19, 59);
  At(20, 1, 0, false);
  EXPECT_EQ(accounts_.close_calls.size(), 2U);
  EXPECT_EQ(neighbours_.alerts.size(), 1U);
  EXPECT_EQ(acknowledged_, number_) << "the market was held up";
}

TEST_F(DayEndTest, TheMarketWaitsForTheOrdersOfAStepAndNotForTheirFills) {
  StartDay();
  accounts_.fills_at_once = false;
  At(19, 55);
  EXPECT_EQ(acknowledged_, number_);
  EXPECT_EQ(Day()->step(), session_pb::DAY_END_STEP_CLOSING);
  EXPECT_EQ(Day()->waits_for(), "2 closing orders to end");
  EXPECT_EQ(accounts_.closes.size(), 2U);
  accounts_.Fill();
  At(19, 56);
  EXPECT_EQ(Day()->step(), session_pb::DAY_END_STEP_VERIFYING);
  EXPECT_EQ(Day()->closes(0).filled().value(), "2") << "by hand comes first, by name";
  EXPECT_EQ(accounts_.closes.size(), 2U);
}

TEST_F(DayEndTest, AViewThatLagsIsNotBelieved) {
  StartDay();
  accounts_.behind = 1;
  At(19, 55);
  EXPECT_NE(Day()->step(), session_pb::DAY_END_STEP_DONE);
  EXPECT_TRUE(accounts_.close_calls.empty());
  accounts_.behind = 0;
  At(19, 58);
  EXPECT_EQ(Day()->step(), session_pb::DAY_END_STEP_DONE);
}

TEST_F(DayEndTest, WhatIsOpenedBehindItsBackIsClosedToo) {
  StartDay();
  At(19, 55);
  EXPECT_EQ(accounts_.close_calls.size(), 2U);
  // Whatever was on its way.
  accounts_.books[{"demo", "SPY"}] = Decimal::Of("3");
  ++accounts_.written;
  At(19, 57);
  EXPECT_EQ(accounts_.close_calls.size(), 3U);
  At(19, 58);
  EXPECT_EQ(Day()->step(), session_pb::DAY_END_STEP_DONE);
  EXPECT_TRUE(Day()->report().flat());
  EXPECT_EQ(wire::FromProto(Day()->flat_time()), (UtcTime{(kMidnight + 19 * 3'600 + 57 * 60) * kSecondNs}));
}

TEST_F(DayEndTest, OthersWhoSendOrdersAreHeldFromTheBeginToTheClose) {
  StartDay();
  auto waits = [&](int hour, int minute, int second) {
    return gate_
        .For("paper", "", TradingCalendar::kNewYorkStockExchange,
             UtcTime{(kMidnight + hour * 3'600 + minute * 60 + second) * kSecondNs})
        .wait;
  };
  // Also those who are ahead of the runner in the market's time.
  EXPECT_EQ(waits(19, 54, 59), "");
  EXPECT_EQ(waits(19, 55, 0), "the end of its account's day at 20:00:00 UTC");
  EXPECT_EQ(gate_.For("other", "", {}, UtcTime{(kMidnight + 71'900) * kSecondNs}).wait, "");
  At(19, 55);
  EXPECT_NE(waits(19, 54, 59), "") << "it has begun, whatever one's own time is";
  At(19, 58);
  EXPECT_EQ(Day()->step(), session_pb::DAY_END_STEP_DONE);
  Restart(options_);
  EXPECT_NE(waits(20, 0, 0), "") << "a process that has not seen the market yet";
  EXPECT_EQ(waits(20, 0, 1), "");
}

TEST_F(DayEndTest, WhenItCannotBeClosedSomebodyIsToldAndItGoesOn) {
  StartDay();
  accounts_.refuses = "trading is halted";
  At(19, 55);
  EXPECT_TRUE(neighbours_.alerts.empty());
  std::size_t tries = accounts_.close_calls.size();
  At(19, 58);
  EXPECT_GT(accounts_.close_calls.size(), tries);
  ASSERT_EQ(neighbours_.alerts.size(), 1U);
  EXPECT_EQ(neighbours_.alerts[0].level(), alert::v1::ALERT_LEVEL_CRITICAL);
  At(19, 59);
  EXPECT_EQ(neighbours_.alerts.size(), 1U) << "once";
  At(20, 0, 1, false);
  EXPECT_EQ(Day()->step(), session_pb::DAY_END_STEP_DONE);
  ASSERT_EQ(Day()->report().left_size(), 2);
  EXPECT_EQ(Day()->report().left(1).reason(), "trading is halted");
  EXPECT_EQ(neighbours_.alerts.size(), 2U);
  EXPECT_EQ(neighbours_.alerts[1].level(), alert::v1::ALERT_LEVEL_WARNING);
}

TEST_F(DayEndTest, NoOvernightClosesAtTheNextOpen) {
  StartDay("no_overnight=true");
  accounts_.refuses = "nobody to trade with";
  At(19, 59);
  At(20, 0, 1, false);
  EXPECT_EQ(Day()->step(), session_pb::DAY_END_STEP_OVERNIGHT);
  EXPECT_EQ(Day()->report().left_size(), 2);
  accounts_.refuses.clear();
  At(24 + 24 + 13, 0, 0, false);
  EXPECT_EQ(Day()->step(), session_pb::DAY_END_STEP_OVERNIGHT);
  At(72 + 13, 30, 5);
  EXPECT_EQ(Day()->step(), session_pb::DAY_END_STEP_DONE);
  EXPECT_TRUE(Day()->has_flat_time());
  EXPECT_EQ(tables_->day_ends.size(), 1U);
}

TEST_F(DayEndTest, ADeploymentMayKeepWhatItHolds) {
  StartDay("liquidate.demo=false");
  At(19, 58);
  EXPECT_EQ(Day()->step(), session_pb::DAY_END_STEP_DONE);
  EXPECT_EQ(accounts_.close_calls.size(), 1U);
  ASSERT_EQ(Day()->report().left_size(), 1);
  EXPECT_EQ(Day()->report().left(0).reason(), "it is not to be closed");
}

TEST_F(DayEndTest, NothingIsEnteredWhileADayIsEnded) {
  StrategyStore::Batch batch;
  batch.rows.push_back(DemoRow(strategy::DeploymentState::kActive));
  Keep(std::move(batch));
  for (Bar& bar : neighbours_.past)
    bar.start_time =
        UtcTime{(kMidnight + 15 * 3'600) * kSecondNs} + Duration::Seconds((bar.start_time.nanos / kSecondNs) % 3'600);
  accounts_.books.clear();
  StartDay("", false);
  auto bar = [&](int hour, int minute, const char* close) {
    broker::v1::StreamMarketDataResponse step = MakeStep(++number_, close, true, true);
    step.mutable_market_time()->set_seconds(kMidnight + hour * 3'600 + minute * 60);
    step.mutable_bars(0)->mutable_start_time()->set_seconds(kMidnight + hour * 3'600 + minute * 60 - 60);
    *step.mutable_quotes(0)->mutable_quote_time() = step.market_time();
    Bring(std::move(step));
    Settle();
  };
  bar(19, 56, "110");
  EXPECT_TRUE(neighbours_.submitted.empty());
  ASSERT_FALSE(Decisions().empty());
  EXPECT_NE(Decisions()[0].find("the day is being ended"), std::string::npos) << Decisions()[0];
}

TEST_F(DayEndTest, APolicyIsChangedAndHoldsForTheEndThatHasNotBegun) {
  StartDay();
  auto set = [&](const std::string& text) {
    auto policy = ParseDayEnd("paper|XNYS|" + text);
    policy->set_actor("user:me");
    std::optional<session_pb::DayEndPolicy> kept;
    EXPECT_TRUE(runner_->SetDayEndPolicy(*policy, [&](const absl::Status& status, const session_pb::DayEndPolicy& now) {
      EXPECT_TRUE(status.ok());
      kept = now;
    }));
    Poll();
    return kept.value();
  };
  EXPECT_EQ(set("minutes_before_close=30").revision(), 1U);
  EXPECT_EQ(set("minutes_before_close=30").revision(), 1U) << "the same again changes nothing";
  At(19, 30);
  EXPECT_TRUE(Day());
  EXPECT_EQ(tables_->day_end_policies.begin()->second.actor(), "user:me");
}

TEST_F(DayEndTest, APolicyNamesItsAccountsDeploymentsOnly) {
  StrategyStore::Batch batch;
  batch.rows.push_back(DemoRow(strategy::DeploymentState::kActive));
  Keep(std::move(batch));
  StartDay();
  auto set = [&](const std::string& id) {
    auto policy = ParseDayEnd("paper|XNYS|liquidate." + id + "=true");
    policy->set_actor("user:me");
    absl::Status told = absl::UnknownError("nobody answered");
    EXPECT_TRUE(runner_->SetDayEndPolicy(
        *policy, [&](const absl::Status& status, const session_pb::DayEndPolicy&) { told = status; }));
    Poll();
    return told;
  };
  const absl::Status refused = set("nobody");
  EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
  EXPECT_NE(refused.message().find("policy.deployment_liquidate"), std::string::npos) << refused;
  EXPECT_EQ(tables_->day_end_policies.begin()->second.deployment_liquidate_size(), 0);
  EXPECT_EQ(set("demo"), absl::OkStatus());
  EXPECT_EQ(set(""), absl::OkStatus()) << "what was traded by hand";
}

TEST(DayEndText, AnAlertAtTheCloseIsNotTheUsualOne) {
  EXPECT_EQ(ParseDayEnd("paper|XNYS|alert_minutes_before_close=0")->alert_minutes_before_close(), 0);
  EXPECT_EQ(ParseDayEnd("paper|XNYS")->alert_minutes_before_close(), 2);
  session_pb::DayEndPolicy stored = WithDefaults(*ParseDayEnd("paper|XNYS|alert_minutes_before_close=0"));
  ASSERT_TRUE(stored.ParseFromString(stored.SerializeAsString()));
  EXPECT_EQ(WithDefaults(stored).alert_minutes_before_close(), 0) << "also once it was stored";
}

TEST_F(DayEndTest, AReportKnowsTheFormerOne) {
  StartDay();
  At(19, 58);
  At(72 + 19, 58);
  ASSERT_EQ(tables_->day_ends.size(), 2U);
  EXPECT_EQ(Day()->date(), "2018-04-09");
  EXPECT_EQ(Day()->report().former_equity().value(), "100012.5");
  EXPECT_EQ(accounts_.trades_after, (UtcTime{(kMidnight + 19 * 3'600 + 58 * 60) * kSecondNs}));
}

TEST_F(DayEndTest, WhatEndedWhileTheSuiteWasAwayIsReportedAsLate) {
  StartDay();
  At(21, 0, 0, false);
  ASSERT_TRUE(Day());
  EXPECT_TRUE(Day()->late());
  EXPECT_TRUE(accounts_.close_calls.empty());
  EXPECT_EQ(Day()->report().left(0).reason(), "the end began after the close");
}

TEST_F(DayEndTest, AMarketThatRefusesForHoursIsClosedWhenItCan) {
  StartDay("minutes_before_close=240", false);
  accounts_.refuses = "trading is halted";
  for (int minute = 0; minute < 180; ++minute) At(16 + minute / 60, minute % 60);
  EXPECT_EQ(Day()->step(), session_pb::DAY_END_STEP_CLOSING);
  EXPECT_EQ(Day()->waits_for(), "2 positions to be closed");
  EXPECT_LT(accounts_.close_calls.size(), 2 * 200U) << "once a minute is enough";
  EXPECT_LE(Day()->closes_size(), 2 * 9) << "the row grows";
  std::set<std::string> numbers(accounts_.close_calls.begin(), accounts_.close_calls.end());
  EXPECT_EQ(numbers.size(), accounts_.close_calls.size()) << "a number was used twice";
  Restart(options_);
  accounts_.refuses.clear();
  At(19, 1);
  At(19, 2);
  for (const auto& [book, quantity] : accounts_.books) EXPECT_TRUE(quantity.IsZero()) << book.first;
}

TEST_F(DayEndTest, OneOrderThatDoesNotEndKeepsItsOwnBookOpenOnly) {
  StartDay();
  accounts_.cancels_at_once = false;
  accounts_.AddWorking("w1", "QQQ", "limit-1");
  accounts_.AddWorking("w2", "SPY", "limit-2", "demo");
  At(19, 55);
  EXPECT_EQ(Day()->step(), session_pb::DAY_END_STEP_CANCELING);
  ASSERT_EQ(accounts_.closes.size(), 1U);
  EXPECT_EQ(accounts_.closes.begin()->second.deployment_id(), "");
  At(19, 56);
  EXPECT_EQ(accounts_.closes.size(), 1U);
  accounts_.EndWorking();
  At(19, 57);
  EXPECT_EQ(accounts_.closes.size(), 2U);
  At(19, 58);
  EXPECT_EQ(Day()->step(), session_pb::DAY_END_STEP_DONE);
}

TEST_F(DayEndTest, WhatNobodyKnowsAsAnInstrumentIsHeldAndNamed) {
  StartDay();
  accounts_.books[{"demo", "XYZ"}] = Decimal::Of("5");
  At(19, 55);
  EXPECT_EQ(Day()->waits_for(), "what to do with XYZ, which nobody knows as an instrument");
  EXPECT_EQ(accounts_.closes.size(), 2U) << "the others are closed";
  At(19, 58);
  ASSERT_EQ(neighbours_.alerts.size(), 1U);
  EXPECT_NE(neighbours_.alerts[0].text().find("XYZ"), std::string::npos);
  At(20, 0, 1, false);
  EXPECT_EQ(Day()->step(), session_pb::DAY_END_STEP_DONE);
  EXPECT_FALSE(Day()->report().flat());
  ASSERT_EQ(Day()->report().left_size(), 1);
  EXPECT_EQ(Day()->report().left(0).symbol(), "XYZ");
  EXPECT_EQ(Day()->report().left(0).reason(), "nobody knows it as an instrument, so neither whether its day has ended");
}

TEST_F(DayEndTest, InstrumentsAreAskedForAgain) {
  StartDay("", false);
  accounts_.books[{"demo", "XYZ"}] = Decimal::Of("5");
  At(19, 55);
  neighbours_.listed.push_back("XYZ");
  Pass(31'000'000'000);
  EXPECT_EQ(Day()->waits_for(), "1 position whose market is not open");
  // Listed over the night: known on the day, before anybody holds it.
  neighbours_.listed.push_back("ABC");
  At(72 + 15, 0);
  accounts_.books = {{{"demo", "ABC"}, Decimal::Of("5")}};
  At(72 + 19, 55);
  EXPECT_EQ(Day()->waits_for(), "1 position whose market is not open");
}

TEST_F(DayEndTest, AnAlertThatWasNotTakenIsRaisedByTheNextProcess) {
  StartDay();
  accounts_.refuses = "trading is halted";
  neighbours_.silent.insert("alert");
  At(19, 55);
  At(19, 58);
  EXPECT_FALSE(Day()->alerted());
  At(20, 0, 1, false);
  EXPECT_EQ(Day()->step(), session_pb::DAY_END_STEP_DONE);
  neighbours_.silent.clear();
  Restart(options_);
  Settle();
  ASSERT_EQ(neighbours_.alerts.size(), 2U);
  EXPECT_EQ(neighbours_.alerts[0].level(), alert::v1::ALERT_LEVEL_WARNING);
  EXPECT_EQ(neighbours_.alerts[1].level(), alert::v1::ALERT_LEVEL_CRITICAL);
  EXPECT_TRUE(Day()->alerted());
  EXPECT_EQ(Day()->alert_text(), "");
  Restart(options_);
  Settle();
  EXPECT_EQ(neighbours_.alerts.size(), 2U);
}

TEST_F(DayEndTest, ADayThatTheNextOneTookOverIsToldOf) {
  StartDay("", false);
  At(19, 54);
  accounts_.away = 1'000'000;
  At(19, 55);
  At(20, 0, 1, false);
  At(72 + 19, 54);
  EXPECT_TRUE(neighbours_.alerts.empty());
  At(72 + 19, 55);
  ASSERT_FALSE(neighbours_.alerts.empty());
  EXPECT_EQ(neighbours_.alerts[0].title(), "Day 2018-04-06 of paper has no report");
  EXPECT_EQ(neighbours_.alerts[0].level(), alert::v1::ALERT_LEVEL_ERROR);
  EXPECT_TRUE(tables_->day_ends.begin()->second.told());
  accounts_.away = 0;
  At(72 + 19, 56);
  At(72 + 19, 58);
  EXPECT_EQ(Day()->step(), session_pb::DAY_END_STEP_DONE);
  EXPECT_EQ(neighbours_.alerts.size(), 2U);
}

// A market whose time is the service's: Wednesday, 15 November 2023; the exchange closes at 21:00 UTC.
class DayEndWatch : public DayEndTest {
 protected:
  // The clock's monotonic time at which it is that time of day.
  static std::int64_t NanosAt(int hour, int minute, int second) {
    return (DaysFromCivil({2023, 11, 15}) * 86'400 + hour * 3'600 + minute * 60 + second - 1'700'000'000) * kSecondNs;
  }
  void Until(int hour, int minute, int second) {
    Poll();
    while (clock_.nanos < NanosAt(hour, minute, second)) Pass(kSecondNs);
  }
  void Speak() {
    broker::v1::StreamMarketDataResponse step = MakeStep(++number_, "260", true, false);
    wire::ToProto(clock_.Now(), step.mutable_market_time());
    *step.mutable_quotes(0)->mutable_quote_time() = step.market_time();
    Bring(std::move(step));
  }
  void Begin() {
    lockstep_ = false;
    options_.day_ends = {*ParseDayEnd("paper|XNYS|")};
    clock_.nanos = NanosAt(20, 50, 0);
    Restart(options_);
    Speak();
  }
};

TEST_F(DayEndWatch, AMarketThatFallsSilentInTheMiddleIsToldOf) {
  Begin();
  accounts_.fills_at_once = false;
  Until(20, 55, 0);
  Speak();
  Until(20, 58, 29);
  EXPECT_TRUE(neighbours_.alerts.empty());
  Until(20, 58, 31);
  ASSERT_EQ(neighbours_.alerts.size(), 1U);
  EXPECT_EQ(neighbours_.alerts[0].level(), alert::v1::ALERT_LEVEL_CRITICAL);
  EXPECT_EQ(neighbours_.alerts[0].text(),
            "Waits for 2 closing orders to end; the market has last spoken of 2023-11-15T20:55:00.000000Z. It goes on "
            "trying.");
  Until(20, 59, 30);
  EXPECT_EQ(neighbours_.alerts.size(), 1U);
}

TEST_F(DayEndWatch, OneThatFallsSilentBeforeTheEndBeginsToo) {
  Begin();
  neighbours_.refuse_alerts = 3;
  Until(20, 58, 29);
  EXPECT_EQ(neighbours_.Count("alert"), 0);
  Until(20, 58, 40);
  ASSERT_EQ(neighbours_.alerts.size(), 1U);
  EXPECT_EQ(neighbours_.alerts[0].title(), "Day 2023-11-15 of paper has not begun to be ended");
  // A process that has never heard it.
  Restart(options_);
  Until(20, 59, 45);
  ASSERT_EQ(neighbours_.alerts.size(), 2U);
  EXPECT_EQ(neighbours_.alerts[0].request_id(), neighbours_.alerts[1].request_id()) << "its id makes it one";
}

TEST_F(DayEndWatch, ADayThatIsDoneIsNotOverdue) {
  Begin();
  Until(20, 55, 0);
  Speak();
  Until(20, 58, 0);
  Speak();
  Until(21, 5, 0);
  ASSERT_EQ(neighbours_.alerts.size(), 1U);
  EXPECT_EQ(neighbours_.alerts[0].title(), "Day 2023-11-15 of paper ended");
}

TEST_F(DayEndWatch, ARecordingHasATimeOfItsOwn) {
  clock_.nanos = NanosAt(20, 50, 0);
  StartDay("", false);
  accounts_.fills_at_once = false;
  At(19, 55);
  Until(21, 30, 0);
  EXPECT_TRUE(neighbours_.alerts.empty());
}

// Dies at each commit in turn, whose answer was lost, and goes on as another process: every order once, one report, one
// summary.
class DayEndCrash : public DayEndTest, public ::testing::WithParamInterface<std::tuple<int, bool>> {};

TEST_P(DayEndCrash, EachStepOnce) {
  auto [at, applied] = GetParam();
  StartDay("", false);
  accounts_.AddWorking("w1", "SPY", "limit-1");
  At(19, 54);
  for (int i = 0; i < at; ++i) store_->FailNext(absl::OkStatus(), true);
  store_->FailNext(absl::InternalError("the disk is gone"), applied);
  At(19, 55);
  const bool died = !failed_.empty();
  if (died) {
    failed_.clear();
    Restart(options_);
    Bring(last_);
    Settle();
  }
  At(19, 56);
  At(19, 58);
  ASSERT_TRUE(Day());
  EXPECT_EQ(Day()->step(), session_pb::DAY_END_STEP_DONE) << Day()->DebugString();
  EXPECT_EQ(accounts_.closes.size(), 2U) << "a position was closed by two orders";
  for (const auto& [book, quantity] : accounts_.books) EXPECT_TRUE(quantity.IsZero()) << book.first;
  EXPECT_EQ(tables_->day_ends.size(), 1U);
  EXPECT_EQ(Day()->canceled_order_ids_size(), 1);
  std::set<std::string> alerts;
  for (const auto& alert : neighbours_.alerts) alerts.insert(alert.request_id());
  EXPECT_EQ(alerts.size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(AtEveryCommit, DayEndCrash, ::testing::Combine(::testing::Range(0, 10), ::testing::Bool()));

// A neighbour that does not answer holds nothing for ever.
class DayEndAway : public DayEndTest, public ::testing::WithParamInterface<int> {};

TEST_P(DayEndAway, AQuestionThatIsNotAnsweredIsAskedAgain) {
  StartDay("", false);
  accounts_.AddWorking("w1", "SPY", "limit-1");
  At(19, 54);
  accounts_.away = GetParam();
  At(19, 55);
  At(19, 58);
  ASSERT_TRUE(Day());
  EXPECT_EQ(Day()->step(), session_pb::DAY_END_STEP_DONE) << Day()->DebugString();
  EXPECT_EQ(accounts_.closes.size(), 2U);
}

INSTANTIATE_TEST_SUITE_P(SoMany, DayEndAway, ::testing::Range(1, 12));

TEST(DayEndText, WhatIsNotOneIsSaid) {
  EXPECT_TRUE(ParseDayEnd("paper|XNYS").ok());
  EXPECT_TRUE(ParseDayEnd("paper|XNYS|")->liquidate());
  EXPECT_FALSE(ParseDayEnd("paper|ALWAYS_OPEN|day_start_minute=60")->liquidate());
  for (const char* wrong : {"", "paper", "|XNYS|", "paper|LSE|", "paper|XNYS|when=now", "paper|XNYS|liquidate=maybe",
                            "paper|XNYS|minutes_before_close=x", "paper|XNYS|minutes_before_close=0.5",
                            "paper|XNYS|minutes_before_close=500", "paper|XNYS|day_start_minute=60"})
    EXPECT_TRUE(absl::IsInvalidArgument(ParseDayEnd(wrong).status())) << wrong;
}

TEST(DayEndText, CalendarDays) {
  session_pb::ListCalendarDaysRequest request;
  request.set_calendar(session_pb::CALENDAR_XNYS);
  request.set_from_date("2026-11-25");
  request.set_to_date("2026-11-29");
  session_pb::ListCalendarDaysResponse response;
  ASSERT_TRUE(ListDays(request, &response).ok());
  ASSERT_EQ(response.days_size(), 5);
  EXPECT_FALSE(response.days(1).trading_day());
  EXPECT_TRUE(response.days(2).half_day());
  EXPECT_EQ(wire::FromProto(response.days(2).close_time()).ToString(), "2026-11-27T18:00:00.000000Z");
  EXPECT_FALSE(response.days(3).has_close_time());
  for (const char* wrong : {"2026-02-30", "26-01-01", "2006-12-31", "2100-01-01", "2026/01/01", ""}) {
    request.set_from_date(wrong);
    EXPECT_EQ(ListDays(request, &response).error_code(), grpc::INVALID_ARGUMENT) << wrong;
  }
  request.set_from_date("2025-01-01");
  EXPECT_EQ(ListDays(request, &response).error_code(), grpc::INVALID_ARGUMENT) << "more than 400 days";
}

}  // namespace
}  // namespace ballast
