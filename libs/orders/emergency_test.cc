#include "libs/orders/emergency.h"

#include <gtest/gtest.h>

namespace ballast::orders {
namespace {

constexpr std::int64_t kMs = 1'000'000;

class EmergencyTest : public testing::Test {
 protected:
  void SetUp() override {
    emergency_.level = EmergencyLevel::kFlatten;
    facts_.now_ns = 1'000 * kMs;
    facts_.halted = true;
    facts_.broker_ready = true;
    facts_.execution_sequence = 7;
  }
  EmergencyStep Look(std::int64_t later_ms = 20) {
    facts_.now_ns += later_ms * kMs;
    EmergencyStep step = Decide(emergency_, facts_, memory_);
    emergency_.phase = step.phase;
    if (step.ask_venue || !step.close.empty()) facts_.venue.reset();
    return step;
  }
  void Open(const char* id, bool own = false) { facts_.open.push_back({.order_id = OrderId(id), .own = own}); }
  void Venue(std::uint64_t sequence, const char* held = "0", int open_orders = 0) {
    facts_.venue = VenueView{.execution_sequence = sequence, .open_orders = open_orders};
    if (!Decimal::Of(held).IsZero()) facts_.venue->positions[Symbol("BTC")] = Decimal::Of(held);
  }
  static std::map<Symbol, Decimal> Held(const char* quantity) { return {{Symbol("BTC"), Decimal::Of(quantity)}}; }

  Emergency emergency_;
  EmergencyFacts facts_;
  EmergencyMemory memory_;
};

TEST_F(EmergencyTest, TheIdNamesTheLevel) {
  EXPECT_EQ(LevelOfCommand("halt-1"), EmergencyLevel::kHalt);
  EXPECT_EQ(LevelOfCommand("cancel-1"), EmergencyLevel::kCancel);
  EXPECT_EQ(LevelOfCommand("stop-1"), EmergencyLevel::kStop);
  EXPECT_EQ(LevelOfCommand("flatten-1"), EmergencyLevel::kFlatten);
  EXPECT_EQ(LevelOfCommand("1-flatten-"), EmergencyLevel::kUnspecified);
}

TEST_F(EmergencyTest, AHaltIsDoneWhenTheAccountIsHaltedAndTouchesNothingElse) {
  emergency_.level = EmergencyLevel::kHalt;
  facts_.halted = false;
  Open("a");
  facts_.net = Held("1");
  EmergencyStep step = Look();
  EXPECT_TRUE(step.halt);
  EXPECT_TRUE(step.cancel.empty());
  EXPECT_NE(step.phase, EmergencyPhase::kDone);
  facts_.halted = true;
  step = Look();
  EXPECT_EQ(step.phase, EmergencyPhase::kDone);
  EXPECT_TRUE(step.cancel.empty() && step.close.empty() && !step.ask_venue);
}

TEST_F(EmergencyTest, NothingIsClosedBeforeEverythingInFlightHasEnded) {
  facts_.halted = false;
  facts_.unanswered = 1;
  Open("a");
  facts_.net = Held("1");
  EmergencyStep step = Look();
  EXPECT_TRUE(step.halt && step.withdraw);
  EXPECT_EQ(step.cancel, std::vector<OrderId>{OrderId("a")});
  EXPECT_TRUE(step.close.empty());
  facts_.halted = true;
  facts_.unanswered = 0;
  facts_.open[0].cancel_requested = true;  // its cancel is on the way: it may still fill
  step = Look();
  EXPECT_TRUE(step.cancel.empty() && step.close.empty() && !step.ask_venue);
  EXPECT_NE(step.waits_for, "");
  facts_.open.clear();
  step = Look();
  EXPECT_EQ(step.close, Held("1"));
  EXPECT_EQ(step.phase, EmergencyPhase::kClosing);
}

TEST_F(EmergencyTest, ACancelThatWasRefusedIsAskedForAgainButNotAtEveryLook) {
  Open("a");
  EXPECT_EQ(Look().cancel.size(), 1U);
  EXPECT_EQ(Look().cancel.size(), 0U);
  EXPECT_EQ(Look(500).cancel.size(), 1U);
}

TEST_F(EmergencyTest, ItIsDoneOnlyWhenTheVenueSaysSoOfTheNewestReport) {
  EmergencyStep step = Look();
  EXPECT_TRUE(step.ask_venue);
  EXPECT_EQ(step.phase, EmergencyPhase::kVerifying);
  Venue(6);  // older than what has been reported
  step = Look(250);
  EXPECT_TRUE(step.ask_venue);
  EXPECT_NE(step.phase, EmergencyPhase::kDone);
  Venue(8);  // a report is still to come
  EXPECT_NE(Look(250).phase, EmergencyPhase::kDone);
  facts_.execution_sequence = 8;
  EXPECT_NE(Look(250).phase, EmergencyPhase::kDone);  // the answer was of before
  Venue(8);
  step = Look();
  EXPECT_EQ(step.phase, EmergencyPhase::kDone);
  EXPECT_EQ(step.waits_for, "");
}

TEST_F(EmergencyTest, AnAnswerOfBeforeAnOrderWasInFlightCountsForNothing) {
  Look();
  Venue(7);
  Open("a");
  EXPECT_NE(Look().phase, EmergencyPhase::kDone);
  facts_.open.clear();
  EmergencyStep step = Look();
  EXPECT_NE(step.phase, EmergencyPhase::kDone);
  EXPECT_TRUE(step.ask_venue);
}

TEST_F(EmergencyTest, AnOpenOrderThatOnlyTheVenueKnowsKeepsItFromBeingDone) {
  Look();
  Venue(7, "0", 2);
  EmergencyStep step = Look(250);
  EXPECT_NE(step.phase, EmergencyPhase::kDone);
  EXPECT_NE(step.waits_for.find("2 open orders"), std::string::npos);
  EXPECT_TRUE(step.ask_venue);
}

TEST_F(EmergencyTest, WhatTheVenueHoldsIsClosedWhateverTheFillsSay) {
  Look();
  Venue(7, "-0.5");
  EmergencyStep step = Look();
  EXPECT_EQ(step.close, Held("-0.5"));
  EXPECT_EQ(step.positions, Held("-0.5"));
}

TEST_F(EmergencyTest, AfterACloseTheVenueIsAskedAnew) {
  facts_.net = Held("1");
  EXPECT_EQ(Look().close.size(), 1U);
  Venue(7, "1");  // an answer to nobody's question
  EXPECT_TRUE(Look().close.empty());
  Venue(7, "1");
  facts_.refused[Symbol("BTC")] = {.reason = RejectReason::kMarketClosed, .message = "market closed"};
  EmergencyStep step = Look(100);
  EXPECT_EQ(step.close, Held("1"));
  EXPECT_NE(step.waits_for.find("market closed"), std::string::npos);
}

TEST_F(EmergencyTest, TriesThatComeToNothingComeSlowerAndNeverEnd) {
  facts_.net = Held("1");
  int closes = 0, late = 0;
  for (int look = 0; look < 6'000; ++look) {  // two minutes
    if (facts_.venue == std::nullopt) Venue(7, "1");
    bool closed = !Look().close.empty();
    closes += closed ? 1 : 0;
    if (look > 5'000 && closed) ++late;
  }
  EXPECT_LT(closes, 30);
  EXPECT_GE(late, 1);
  // What became less is followed at once.
  facts_.net = Held("0.4");
  std::map<Symbol, Decimal> close;
  for (int look = 0; look < 15 && close.empty(); ++look) {
    Venue(7, "0.4");
    close = Look().close;
  }
  EXPECT_EQ(close, Held("0.4"));
}

TEST_F(EmergencyTest, WithoutTheGatewayItWaitsAndSaysSo) {
  facts_.net = Held("1");
  facts_.broker_ready = false;
  EmergencyStep step = Look();
  EXPECT_TRUE(step.close.empty() && !step.ask_venue);
  EXPECT_NE(step.waits_for.find("gateway"), std::string::npos);
  facts_.broker_ready = true;
  EXPECT_EQ(Look().close, Held("1"));
}

TEST_F(EmergencyTest, ANewSessionToTheGatewayIsTriedAtOnce) {
  facts_.net = Held("1");
  EXPECT_EQ(Look().close.size(), 1U);
  for (int look = 0; look < 100; ++look) {
    if (facts_.venue == std::nullopt) Venue(7, "1");
    Look();
  }
  Venue(7, "1");
  ASSERT_TRUE(Look().close.empty());
  ++facts_.broker_session;
  EXPECT_EQ(Look().close, Held("1"));
}

TEST_F(EmergencyTest, AnOwnCloseThatRestsIsCancelledAndNotBefore) {
  Open("close", true);
  EXPECT_TRUE(Look().cancel.empty());
  EXPECT_TRUE(Look(2'000).cancel.empty());
  EXPECT_EQ(Look(2'000).cancel.size(), 1U);
}

TEST_F(EmergencyTest, PositionsStayBelowFlatten) {
  emergency_.level = EmergencyLevel::kStop;
  facts_.net = Held("1");
  EXPECT_TRUE(Look().ask_venue);
  Venue(7, "1");
  EmergencyStep step = Look();
  EXPECT_EQ(step.phase, EmergencyPhase::kDone);
  EXPECT_TRUE(step.close.empty());
}

TEST_F(EmergencyTest, WhatHappensAfterItWasDoneIsUndoneToo) {
  Look();
  Venue(7);
  ASSERT_EQ(Look().phase, EmergencyPhase::kDone);
  EXPECT_FALSE(Look(10'000).ask_venue);
  facts_.net = Held("1");
  facts_.execution_sequence = 8;
  EXPECT_EQ(Look().close, Held("1"));
  EXPECT_EQ(emergency_.phase, EmergencyPhase::kClosing);
}

TEST_F(EmergencyTest, BooksThatDifferFromTheVenueDoNotKeepItBusy) {
  facts_.net = Held("1");
  Look();
  Look();
  Venue(7);  // the venue holds nothing
  ASSERT_EQ(Look().phase, EmergencyPhase::kDone);
  EXPECT_FALSE(Look(10'000).ask_venue);
  EXPECT_EQ(emergency_.phase, EmergencyPhase::kDone);
}

TEST_F(EmergencyTest, OnceEndedNothingMoreIsDone) {
  emergency_.phase = EmergencyPhase::kEnded;
  facts_.halted = false;
  facts_.net = Held("1");
  Open("a");
  EmergencyStep step = Look();
  EXPECT_FALSE(step.halt);
  EXPECT_TRUE(step.cancel.empty() && step.close.empty());
}

TEST(PlansTest, EachReasonHasItsPlan) {
  auto plan = [](RejectReason reason) { return PlanFor({.reason = reason, .check = "c", .message = "no"}); };
  EXPECT_EQ(plan(RejectReason::kMarketClosed), "no: it waits for the market to open");
  EXPECT_EQ(plan(RejectReason::kSessionEnded), plan(RejectReason::kMarketClosed));
  EXPECT_EQ(plan(RejectReason::kTradingHalted), "no: it is tried again until the halt is over");
  EXPECT_EQ(plan(RejectReason::kNoLiquidity), "no: it is tried again until there is somebody to trade with");
  EXPECT_NE(plan(RejectReason::kQuantityOffLot).find("dust"), std::string::npos);
  EXPECT_EQ(plan(RejectReason::kMinNotional), plan(RejectReason::kQuantityOffLot));
  EXPECT_NE(plan(RejectReason::kGatewayCheck).find("check c"), std::string::npos);
  EXPECT_EQ(plan(RejectReason::kBrokerRejected), "no: it is tried again");
  EXPECT_EQ(PlanFor({}), "the last order did not fill: it is tried again");
}

// Nothing is held at the venue, and yet two books hold something against each other: the command is not done before
// they are crossed at a price the market has.
TEST_F(EmergencyTest, BooksAgainstEachOtherAreCrossedBeforeItIsDone) {
  facts_.opposed[Symbol("BTC")] = std::nullopt;
  EXPECT_TRUE(Look().ask_venue);
  Venue(7);
  EmergencyStep step = Look();
  EXPECT_EQ(step.phase, EmergencyPhase::kVerifying);
  EXPECT_TRUE(step.cross.empty());
  EXPECT_EQ(step.waits_for, "there is no price yet at which to cross the books of BTC");
  facts_.opposed[Symbol("BTC")] = Decimal::Of("120");
  step = Look();
  EXPECT_EQ(step.phase, EmergencyPhase::kVerifying);
  EXPECT_EQ(step.cross, (std::map<Symbol, Decimal>{{Symbol("BTC"), Decimal::Of("120")}}));
  EXPECT_TRUE(step.close.empty());
  facts_.opposed.clear();
  EXPECT_EQ(Look().phase, EmergencyPhase::kDone);
  // A late fill that sets them against each other again is seen to as well.
  facts_.opposed[Symbol("BTC")] = Decimal::Of("121");
  EXPECT_NE(Look().phase, EmergencyPhase::kDone);
}

TEST_F(EmergencyTest, OnlyAFlatteningCrossesBooks) {
  emergency_.level = EmergencyLevel::kStop;
  facts_.opposed[Symbol("BTC")] = Decimal::Of("120");
  EXPECT_TRUE(Look().ask_venue);
  Venue(7);
  EmergencyStep step = Look();
  EXPECT_EQ(step.phase, EmergencyPhase::kDone);
  EXPECT_TRUE(step.cross.empty());
}

}  // namespace
}  // namespace ballast::orders
