#include "gmock/gmock.h"
#include "services/risk/testing/keeper_fixture.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(RiskKeeperTest, AnOvernightGapIsTheNewDaysLossLongAndShort) {
  for (Side side : {Side::kBuy, Side::kSell}) {
    events.clear();
    SetUp();
    bool is_long = side == Side::kBuy;
    Spy("100", "100.02", "2024-06-03T19:59:00Z");
    Fill(side, "400", is_long ? "100.02" : "100", "2024-06-03T19:59:01Z");
    Spy("100", "100.02", "2024-06-03T20:00:00Z");
    Spy("95", "105", "2024-06-03T20:05:00Z", false);
    Spy(is_long ? "90" : "110", is_long ? "90.02" : "110.02", "2024-06-04T13:31:00Z");
    risk::v1::GetRiskStateResponse state = State();
    EXPECT_EQ(state.day_start_equity().value(), "99992") << "at the close, not at what came after it";
    EXPECT_EQ(state.loss_rules(0).trip_equity().value(), is_long ? "95992" : "95992");
    EXPECT_EQ(Ask(side, "1").rejection().reason(), type::v1::REJECT_REASON_DAILY_LOSS);
  }
}

TEST_F(RiskKeeperTest, ARestartBetweenCloseAndOpenForgetsNeitherTheCloseNorWhoHeldIt) {
  Spy("100", "100.02", "2024-06-03T19:59:00Z");
  Fill(Side::kBuy, "400", "100.02", "2024-06-03T19:59:01Z");
  Spy("97", "103", "2024-06-03T20:02:00Z", false);
  Restart();
  Spy("90", "90.02", "2024-06-04T13:31:00Z");
  EXPECT_EQ(State().day_start_equity().value(), "99992");
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss"));
}

TEST_F(RiskKeeperTest, AFillOfTheNewDayThatComesBeforeItsPricesEndsTheOldDayFirst) {
  Spy("100", "100.02", "2024-06-03T19:59:00Z");
  Fill(Side::kBuy, "400", "100.02", "2024-06-03T19:59:01Z");
  Spy("100", "100.02", "2024-06-03T20:00:00Z");
  Fill(Side::kSell, "400", "90", "2024-06-04T13:30:01Z");
  EXPECT_EQ(State().day_start_equity().value(), "99992");
  EXPECT_EQ(State().equity().value(), "95992");
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss"));
}

TEST_F(RiskKeeperTest, OverAWeekendTheEquitySleepsAndTheCoinDoesNot) {
  Step({Of("SPY", "100", "100.02", "2024-06-07T20:00:00Z"), Of("BTC-USD", "50", "50.01", "2024-06-07T20:00:00Z")},
       "2024-06-07T20:00:00Z");
  Fill(Side::kBuy, "100", "100", "2024-06-07T20:00:00Z");
  Fill(Side::kBuy, "100", "50", "2024-06-07T20:00:00Z", "BTC-USD");
  Step({Of("BTC-USD", "49", "49.01", "2024-06-08T12:00:00Z")}, "2024-06-08T12:00:00Z");
  EXPECT_EQ(State().day_start_equity().value(), "100000");
  Step({Of("BTC-USD", "48", "48.01", "2024-06-10T03:59:00Z")}, "2024-06-10T03:59:00Z");  // Sunday in New York
  Step({Of("SPY", "99", "99.02", "2024-06-10T13:31:00Z"), Of("BTC-USD", "47", "47.01", "2024-06-10T13:31:00Z")},
       "2024-06-10T13:31:00Z");
  EXPECT_EQ(State().day_start_equity().value(), "99800");
  EXPECT_EQ(State().uses(0).used(), "200");
}

TEST_F(RiskKeeperTest, WhileTheLogIsReplayedNoBaselineIsTakenAndNoneStored) {
  Spy("100", "100.02", "2024-06-03T15:00:00Z");
  Fill(Side::kSell, "500", "100", "2024-06-03T15:00:01Z");
  Fill(Side::kBuy, "500", "100.02", "2024-06-03T15:00:02Z");
  Spy("100", "100.02", "2024-06-03T15:01:00Z");
  keeper->Tick();
  Start();
  Hello();
  Send(events[0]);
  Send(events[1]);  // short 500 of old, and the price has halved: a peak that never was
  Spy("50", "50.02", "2024-06-05T15:00:00Z");
  keeper->Tick();
  EXPECT_THAT(Blocked(State()), ElementsAre("replaying"));
  Send(events[2]);
  Replayed();
  Spy("50", "50.02", "2024-06-05T15:01:00Z");
  keeper->Tick();
  EXPECT_EQ(State().peak_equity().value(), "100000");
  EXPECT_EQ(State().day_start_equity().value(), "99990");
  EXPECT_EQ(store->LoadMarks()->at(AccountId("paper")).baseline.peak_equity, Decimal::FromInt(100'000));
  EXPECT_THAT(Blocked(State()), IsEmpty());
}

TEST_F(RiskKeeperTest, AReservationFollowsTheWholeLogSoItEndsTheReplayToo) {
  Start();
  Hello();
  for (const OrderEvent& event : events) Send(event);
  Spy("100", "100.02", "2024-06-03T15:00:00Z");
  EXPECT_THAT(Blocked(State()), ElementsAre("replaying"));
  risk::v1::RiskSessionRequest request;
  request.mutable_reserve()->set_correlation_id(1);
  keeper->OnSession(request, session);
  EXPECT_THAT(Blocked(State()), IsEmpty());
}

// It would be the same in the next session: whoever ended each over it would hold up every account.
TEST_F(RiskKeeperTest, AnEventThatCannotBeReadStopsItsAccountAndNoOther) {
  OrderEvent opened = events.front();
  opened.account_id = AccountId("second");
  Send(opened);
  Spy("100", "100.02", "2024-06-03T15:00:00Z");
  EXPECT_TRUE(Ask(Side::kBuy, "1").approved());
  risk::v1::RiskSessionRequest request;
  Fill(Side::kBuy, "400", "100.02", "2024-06-03T15:00:01Z", "SPY", false);
  wire::ToProto(events.back(), request.mutable_events()->add_events());
  request.mutable_events()->mutable_events(0)->mutable_fill()->mutable_quantity()->set_value("seven");
  keeper->OnSession(request, session);
  Fill(Side::kBuy, "1", "100.02", "2024-06-03T15:00:02Z");
  EXPECT_FALSE(session->done()) << "the session goes on";
  risk::v1::PreviewOrderResponse refused = Ask(Side::kBuy, "1");
  ASSERT_FALSE(refused.approved());
  EXPECT_EQ(refused.rejection().check(), "order_log");
  EXPECT_THAT(refused.rejection().message(), ::testing::HasSubstr("event 2"));
  EXPECT_EQ(State().opening(), risk::v1::OPENING_BLOCKED);
  EXPECT_TRUE(Ask(Side::kBuy, "1", "second").approved());
  // A market that waits for its executions does not wait for ever.
  EXPECT_TRUE(keeper->OnStep({.market_time = *UtcTime::Parse("2024-06-03T15:00:03Z"),
                              .lockstep = true,
                              .execution_sequences = {{AccountId("paper"), 7}}}));
}

// Not even whose event it is can be read: of a session with one account that is clear.
TEST_F(RiskKeeperTest, BytesThatAreNoMessageStopTheOneAccountOfTheirSession) {
  Spy("100", "100.02", "2024-06-03T15:00:00Z");
  EXPECT_TRUE(Ask(Side::kBuy, "1").approved());
  risk::v1::RiskSessionRequest request;
  request.mutable_batch()->add_events("\xff\xff\xff");
  keeper->OnSession(request, session);
  EXPECT_FALSE(session->done());
  EXPECT_EQ(Ask(Side::kBuy, "1").rejection().check(), "order_log");
}

TEST_F(RiskKeeperTest, ATrippedRuleOutlivesRecoveryNewDayRestartAndAHigherLimit) {
  Trip();
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss"));
  EXPECT_EQ(State().opening(), risk::v1::OPENING_BLOCKED);
  EXPECT_EQ(State().loss_rules(0).state(), risk::v1::LOSS_RULE_STATE_TRIPPED);
  EXPECT_EQ(State().loss_rules(0).trip_limit().value(), "1000");
  Spy("120", "120.02", "2024-06-03T15:02:00Z");
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss")) << "a recovery";
  Spy("120", "120.02", "2024-06-04T15:00:00Z");
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss")) << "a new day";
  Restart();
  Spy("120", "120.02", "2024-06-04T15:01:00Z");
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss")) << "a restart";
  RiskStore::Update update{.account_id = AccountId("paper"), .reason = "more", .actor = "ann", .request_id = "l1"};
  update.limits.daily_loss_ratio = Decimal::Of("0.9");
  ASSERT_TRUE(keeper->UpdateLimits(update).ok());
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss")) << "another limit";
  risk::v1::PreviewOrderResponse answer = Ask(Side::kBuy, "1");
  EXPECT_EQ(answer.rejection().reason(), type::v1::REJECT_REASON_DAILY_LOSS);
  EXPECT_EQ(answer.rejection().limit(), "1000");
  EXPECT_EQ(answer.rejection().observed(), "2408");
  EXPECT_THAT(answer.rejection().message(), HasSubstr("resumes the account with a reason"));
  EXPECT_TRUE(Ask(Side::kSell, "400").approved()) << "getting out always works";
}

TEST_F(RiskKeeperTest, RearmedWithAReasonItMeasuresFromNowAndOnlyOnce) {
  Trip();
  risk::v1::RearmLossRulesResponse first, again;
  ASSERT_EQ(Rearm("a", "looked at it", &first), absl::OkStatus());
  EXPECT_THAT(std::vector<std::string>(first.rearmed().begin(), first.rearmed().end()), ElementsAre("daily_loss"));
  EXPECT_EQ(first.baseline().value(), "97592");
  EXPECT_EQ(State().opening(), risk::v1::OPENING_OPEN);
  EXPECT_TRUE(Ask(Side::kSell, "1").approved());
  Spy("91", "91.02", "2024-06-03T15:03:00Z");
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss")) << "1.2 % below the new baseline";
  ASSERT_EQ(Rearm("a", "looked at it", &again), absl::OkStatus());
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss")) << "the same request, asked again, is the old one";
  EXPECT_TRUE(absl::IsAlreadyExists(Rearm("a", "another reason", &again)));
  ASSERT_EQ(Rearm("b", "looked again", &again), absl::OkStatus());
  Restart();
  Spy("91", "91.02", "2024-06-03T15:04:00Z");
  EXPECT_THAT(Blocked(State()), IsEmpty());
  EXPECT_EQ(State().day_start_equity().value(), "96392");
}

// The answer was lost, and whoever asked asks again, under another id: it is about the trip that he has seen.
TEST_F(RiskKeeperTest, ARearmThatNamesItsTripTakesNoLaterOneBack) {
  Trip();
  const std::string trip = "daily_loss:" + wire::FromProto(State().loss_rules(0).trip_time()).ToString();
  auto rearm = [&](const char* id, const std::string& name) {
    risk::v1::RearmLossRulesRequest request;
    request.set_request_id(id);
    request.set_account_id("paper");
    request.set_reason("looked at it");
    request.set_actor("ann");
    request.add_rules(name);
    risk::v1::RearmLossRulesResponse response;
    EXPECT_EQ(keeper->Rearm(request, &response), absl::OkStatus());
    return response.rearmed_size();
  };
  EXPECT_EQ(rearm("a", "drawdown:2024-06-03T15:01:00Z"), 0);
  EXPECT_EQ(rearm("b", trip), 1);
  EXPECT_EQ(State().opening(), risk::v1::OPENING_OPEN);
  Spy("91", "91.02", "2024-06-03T15:03:00Z");
  ASSERT_THAT(Blocked(State()), ElementsAre("daily_loss"));
  EXPECT_EQ(rearm("c", trip), 0);
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss"));
  Restart();
  Spy("91", "91.02", "2024-06-03T15:03:01Z");
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss"));
}

// Two who resume an account: the second one's word is about what there was when the first one asked.
TEST_F(RiskKeeperTest, ABoundedRearmTakesBackWhatHadBeenSeenByThenAndNoLaterTrip) {
  auto rearm = [&](const char* id, std::vector<std::string> rules) {
    risk::v1::RearmLossRulesRequest request;
    request.set_request_id(id);
    request.set_account_id("paper");
    request.set_reason("looked at it");
    request.set_actor("user:ann + user:bob");
    for (const std::string& rule : rules) request.add_rules(rule);
    risk::v1::RearmLossRulesResponse response;
    EXPECT_EQ(keeper->Rearm(request, &response), absl::OkStatus());
    return std::vector<std::string>(response.rearmed().begin(), response.rearmed().end());
  };
  auto at = [&](std::int64_t s) { return "@" + (clock.Now() + Duration::Seconds(s - clock.wall_s)).ToString(); };
  clock.wall_s = 10;
  Trip();
  EXPECT_THAT(rearm("early", {at(9)}), IsEmpty()) << "asked before anything was tripped";
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss"));
  clock.wall_s = 20;
  // The market's own time stands as far back as it likes.
  Spy("85", "85.02", "2024-06-03T15:02:00Z");
  ASSERT_THAT(Blocked(State()), ElementsAre("daily_loss", "drawdown", "position_loss"));
  EXPECT_THAT(rearm("other", {"drawdown", at(15)}), IsEmpty()) << "named, and it came later";
  EXPECT_THAT(rearm("first", {at(15)}), ElementsAre("daily_loss"));
  EXPECT_THAT(Blocked(State()), ElementsAre("drawdown", "position_loss"));
  EXPECT_THAT(rearm("rest", {at(20)}), ElementsAre("drawdown", "position_loss"));
  EXPECT_THAT(Blocked(State()), IsEmpty());
  // A restart has seen what was tripped before it no earlier than it began.
  clock.wall_s = 30;
  Spy("70", "70.02", "2024-06-03T15:03:00Z");
  keeper->Tick();
  clock.wall_s = 40;
  Restart();
  Spy("70", "70.02", "2024-06-03T15:03:01Z");
  EXPECT_THAT(rearm("restarted", {at(35)}), IsEmpty());
  EXPECT_THAT(rearm("since", {at(40)}), ::testing::Not(IsEmpty()));
}

TEST_F(RiskKeeperTest, WithRealMoneyTwoPersonsRearm) {
  keeper->SetRaisingOnPaper(RiskKeeper::Raising::kTwoPersons);
  Trip();
  auto rearm = [&](const std::string& who) {
    risk::v1::RearmLossRulesRequest request;
    request.set_request_id("by " + who);
    request.set_account_id("paper");
    request.set_reason("looked at it");
    request.set_actor(who);
    risk::v1::RearmLossRulesResponse response;
    return keeper->Rearm(request, &response);
  };
  EXPECT_TRUE(absl::IsPermissionDenied(rearm("")));
  absl::Status first = rearm("user:ann");
  EXPECT_TRUE(absl::IsPermissionDenied(first));
  EXPECT_THAT(std::string(first.message()), HasSubstr("user:ann has asked to re-arm daily_loss:2024-06-03T15:01:00"));
  EXPECT_TRUE(absl::IsPermissionDenied(rearm("user:ann"))) << "one person is one, however often";
  ASSERT_EQ(keeper->AwaitedRearms(AccountId("paper")).size(), 1U);
  // What has tripped since is not what ann has looked at.
  Spy("85", "85.02", "2024-06-03T15:02:00Z");
  ASSERT_THAT(Blocked(State()), ElementsAre("daily_loss", "drawdown", "position_loss"));
  EXPECT_TRUE(absl::IsPermissionDenied(rearm("user:bob")));
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss", "drawdown", "position_loss"));
  EXPECT_EQ(rearm("user:ann"), absl::OkStatus());
  EXPECT_THAT(Blocked(State()), IsEmpty());
  EXPECT_TRUE(keeper->AwaitedRearms(AccountId("paper")).empty());
}

TEST_F(RiskKeeperTest, NothingStaysStuckWhenAHeldInstrumentHasNoPrice) {
  Trip();
  Restart();
  EXPECT_EQ(State().opening(), risk::v1::OPENING_BLOCKED);
  risk::v1::RearmLossRulesResponse response;
  ASSERT_EQ(Rearm("a", "go on", &response), absl::OkStatus());
  EXPECT_FALSE(response.has_baseline());
  EXPECT_THAT(Blocked(State()), ElementsAre("equity_unknown"));
  Spy("94", "94.02", "2024-06-03T15:05:00Z");
  EXPECT_THAT(Blocked(State()), IsEmpty());
  EXPECT_EQ(State().day_start_equity().value(), "97592");
}

TEST_F(RiskKeeperTest, ALowerLimitThatIsReachedAlreadyTripsAtOnce) {
  Spy("100", "100.02", "2024-06-03T15:00:00Z");
  Fill(Side::kBuy, "400", "100.02", "2024-06-03T15:00:01Z");
  Spy("99", "99.02", "2024-06-03T15:01:00Z");
  EXPECT_THAT(Blocked(State()), IsEmpty());
  RiskStore::Update update{.account_id = AccountId("paper"), .reason = "less", .actor = "ann", .request_id = "l1"};
  update.limits.daily_loss_ratio = Decimal::Of("0.001");
  ASSERT_TRUE(keeper->UpdateLimits(update).ok());
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss"));
}

TEST_F(RiskKeeperTest, ATripIsStoredBeforeALockstepMarketMovesOn) {
  Spy("100", "100.02", "2024-06-03T15:00:00Z");
  Fill(Side::kBuy, "400", "100.02", "2024-06-03T15:00:01Z");
  Step({Of("SPY", "94", "94.02", "2024-06-03T15:01:00Z")}, "2024-06-03T15:01:00Z", true);
  EXPECT_TRUE(store->LoadMarks()->at(AccountId("paper")).latches.daily_loss);
}

TEST_F(RiskKeeperTest, ATripAsksToBeStoredAtOnce) {
  int asked = 0;
  keeper->Tick();
  keeper->SetWake([&] { ++asked; });
  Trip();
  EXPECT_GE(asked, 1);
}

TEST_F(RiskKeeperTest, UnusableQuotesMoveNothingAndAreSaidToBeOld) {
  Spy("100", "100.02", "2024-06-03T15:00:00Z");
  Fill(Side::kBuy, "400", "100.02", "2024-06-03T15:00:01Z");
  for (auto [bid, ask] : {std::pair{"50", "50"}, {"51", "50"}, {"0", "50"}, {"0", "0"}})
    Spy(bid, ask, "2024-06-03T15:01:00Z");
  EXPECT_EQ(State().equity().value(), "99992");
  EXPECT_THAT(Blocked(State()), IsEmpty());
  clock.nanos += 6'000'000'000;
  Spy("50", "50", "2024-06-03T15:01:00Z");
  risk::v1::GetRiskStateResponse state = State();
  ASSERT_EQ(state.stale_symbols_size(), 1);
  EXPECT_EQ(state.oldest_mark_age_ms(), 60'000);
}

}  // namespace
}  // namespace ballast
