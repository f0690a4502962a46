// A session against a scripted network: what is lost, late, twice, refused or down, and what it then says and sends.
#include "libs/brokers/binance/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "libs/broker/order_desk.h"
#include "libs/brokers/binance/testing/scripted_venue.h"

namespace ballast::binance {
namespace {

using broker::SessionState;
using ::testing::HasSubstr;
using testing::kOne;
using testing::kTwo;
using testing::World;
using State = broker::SessionState::State;

TEST(BinanceSessionTest, ConnectsStepByStepAndIsReadyOnlyWhenAllIsKnown) {
  World world;
  world.Turn();
  ASSERT_EQ(world.CallOf("/api/v3/time").target, "/api/v3/time");
  EXPECT_EQ(world.state(), State::kConnecting);
  world.AnswerAll();  // the time
  EXPECT_THAT(world.CallOf("/api/v3/exchangeInfo").target, HasSubstr("symbols=%5B%22BTCUSDT%22%5D"));
  world.AnswerAll();
  ASSERT_EQ(world.net().opened.size(), 1U);
  EXPECT_EQ(world.net().opened[0].url, "wss://socket/ws-api/v3");
  world.OpenSocket();
  ASSERT_EQ(world.net().sent.size(), 1U);
  EXPECT_THAT(world.net().sent[0].payload, HasSubstr("userDataStream.subscribe.signature"));
  EXPECT_NE(world.state(), State::kReady);
  world.Subscribed();
  EXPECT_EQ(world.state(), State::kResyncing);
  world.AnswerAll();
  EXPECT_EQ(world.state(), State::kReady);
}

TEST(BinanceSessionTest, WhatIsNoSimulatorIsShownNoKeyMeantForOneNorTheOtherWayRound) {
  World real(World::System::kSimulator);
  real.Turn();
  real.AnswerAll();
  EXPECT_EQ(real.state(), State::kDown);
  EXPECT_THAT(real.net().calls, ::testing::IsEmpty());
  World simulated;
  simulated.venue.simulator = true;
  simulated.Turn();
  simulated.AnswerAll();
  EXPECT_EQ(simulated.state(), State::kDown);
  World both(World::System::kSimulator);
  both.venue.simulator = true;
  both.Connect();
  EXPECT_EQ(both.state(), State::kReady);
}

TEST(BinanceSessionTest, TheVenuesClockIsMeasuredAndSignedWith) {
  World world;
  world.venue.clock_ahead = Duration::Seconds(-3'600);
  world.Connect();
  world.Place(kOne);
  venue::HttpCall call = world.CallOf("/api/v3/order");
  EXPECT_THAT(call.body, HasSubstr("&timestamp=" + std::to_string((world.now.nanos - 3'600'000'000'000) / 1'000'000)));
  EXPECT_THAT(call.body, HasSubstr("&signature="));
  EXPECT_THAT(call.body, HasSubstr("recvWindow=5000"));
}

TEST(BinanceSessionTest, AnOrderIsPlacedFilledAndToldOnce) {
  World world;
  world.Connect();
  world.Place(kOne);
  world.venue.Take(kOne);
  world.venue.Trade(kOne, 56, "1");
  world.Settle();
  EXPECT_EQ(world.Told(kOne), "NEW TRADE");
  // The same trade again, by the stream, and its record.
  world.Stream(world.venue.ReportOfTrade(kOne, 56));
  world.Settle();
  EXPECT_EQ(world.Told(kOne), "NEW TRADE");
  EXPECT_EQ(world.desk.Find(OrderId(kOne))->order.cumulative_quantity, Decimal::FromInt(1));
}

// The answer, the stream's report of it, and two trades, in each of their 24 orders: the same is told.
TEST(BinanceSessionTest, EveryOrderOfWhatComesTellsTheSame) {
  std::vector<int> order = {0, 1, 2, 3};
  int runs = 0;
  do {
    World world;
    world.Connect();
    world.Place(kOne);
    world.venue.Take(kOne);
    world.venue.Trade(kOne, 56, "1");
    const venue::HttpAnswer placed = world.venue.Answer(world.TakeCall("/api/v3/order"), world.now);
    world.venue.Trade(kOne, 57, "1");
    for (int what : order) {
      if (what == 0) world.Give(placed);
      if (what == 1) world.Stream(world.venue.ReportOfNew(kOne));
      if (what == 2) world.Stream(world.venue.ReportOfTrade(kOne, 56));
      if (what == 3) world.Stream(world.venue.ReportOfTrade(kOne, 57));
      world.Turn();
    }
    world.Settle();
    EXPECT_EQ(world.Told(kOne), "NEW TRADE TRADE") << ::testing::PrintToString(order);
    const auto* entry = world.desk.Find(OrderId(kOne));
    EXPECT_EQ(entry->order.status, OrderStatus::kFilled);
    EXPECT_FALSE(entry->contradicted) << ::testing::PrintToString(order);
    EXPECT_EQ(world.state(), State::kReady);
    ++runs;
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(runs, 24);
}

TEST(BinanceSessionTest, ALostAnswerIsUnknownAndResolvedByAskingNeverByAnotherOrder) {
  World world;
  world.Connect();
  world.Place(kOne);
  world.venue.Take(kOne);
  world.venue.Trade(kOne, 56, "1");
  world.Lost(world.TakeCall("/api/v3/order"));
  world.Turn();
  EXPECT_EQ(world.Told(kOne), "UNKNOWN");
  world.Settle();
  EXPECT_EQ(world.Told(kOne), "UNKNOWN NEW TRADE");
  EXPECT_EQ(world.placed, 1);
}

TEST(BinanceSessionTest, ALostRequestEndsByTheVenuesAnswersAfterTheHorizon) {
  World world;
  world.Connect();
  world.Place(kOne);
  world.Lost(world.TakeCall("/api/v3/order"));
  world.Settle();
  EXPECT_EQ(world.Told(kOne), "UNKNOWN") << "before the horizon its absence says nothing";
  for (int i = 0; i < 60; ++i) {
    world.now = world.now + Duration::Seconds(1);
    world.Settle();
  }
  EXPECT_EQ(world.Told(kOne), "UNKNOWN NEVER_ACCEPTED");
  EXPECT_EQ(world.placed, 1);
}

TEST(BinanceSessionTest, WhatHasNotLeftIsToldAtOnce) {
  World world;
  world.Connect();
  world.Place(kOne);
  venue::HttpCall call = world.TakeCall("/api/v3/order");
  world.Give({.id = call.id, .outcome = venue::Outcome::kNotSent, .problem = "no route"});
  world.Turn();
  EXPECT_EQ(world.Told(kOne), "NOT_SENT");
}

TEST(BinanceSessionTest, ARefusalIsFinal) {
  World world;
  world.Connect();
  world.Place(kOne);
  world.GiveError(world.TakeCall("/api/v3/order"), 400, -2010,
                  "Account has insufficient balance for requested action.");
  world.Turn();
  EXPECT_EQ(world.Told(kOne), "REJECTED");
  EXPECT_EQ(world.state(), State::kReady);
}

TEST(BinanceSessionTest, ADuplicateClientIdIsTheOrderThatIsThere) {
  World world;
  world.Connect();
  world.Place(kOne);
  world.venue.Take(kOne);
  world.GiveError(world.TakeCall("/api/v3/order"), 400, -2010, "Duplicate order sent.");
  world.Settle();
  EXPECT_EQ(world.Told(kOne), "UNKNOWN NEW");
}

TEST(BinanceSessionTest, ASilentBackendIsUnknown) {
  for (int status : {500, 503, 400}) {
    World world;
    world.Connect();
    world.Place(kOne);
    world.venue.Take(kOne);
    world.GiveError(world.TakeCall("/api/v3/order"), status, -1007,
                    "Timeout waiting for response from backend server.");
    world.Settle();
    EXPECT_EQ(world.Told(kOne), "UNKNOWN NEW") << status;
  }
}

TEST(BinanceSessionTest, ACancelEndsTheOrderAndIsSaidAgainWhenItWasLost) {
  World world;
  world.Connect();
  world.Place(kOne);
  world.venue.Take(kOne);
  world.Settle();
  world.Cancel(kOne);
  world.Lost(world.TakeCall("/api/v3/order"));
  world.Turn();
  EXPECT_EQ(world.Told(kOne), "NEW");
  world.now = world.now + Duration::Millis(300);
  world.Turn();
  EXPECT_EQ(world.CallOf("/api/v3/order").method, "DELETE") << "a cancel may be said twice";
  world.venue.End(kOne, "CANCELED");
  world.Settle();
  EXPECT_EQ(world.Told(kOne), "NEW CANCELED");
}

TEST(BinanceSessionTest, ACancelThatComesTooLateIsRefusedAndTheFillsAreTold) {
  World world;
  world.Connect();
  world.Place(kOne);
  world.venue.Take(kOne);
  world.Settle();
  world.venue.Trade(kOne, 56, "2");
  world.Cancel(kOne);
  world.GiveError(world.TakeCall("/api/v3/order"), 400, -2011, "Unknown order sent.");
  world.Settle();
  EXPECT_EQ(world.Told(kOne), "NEW CANCEL_REJECTED TRADE");
  EXPECT_EQ(world.desk.Find(OrderId(kOne))->order.status, OrderStatus::kFilled);
}

TEST(BinanceSessionTest, AStreamThatIsLostIsComeBackToAndWhatWasMissedIsTold) {
  World world;
  world.Connect();
  world.Place(kOne);
  world.Place(kTwo);
  world.venue.Take(kOne);
  world.venue.Take(kTwo);
  world.Settle();
  world.CloseSocket();
  world.Turn();
  EXPECT_EQ(world.state(), State::kDown);
  // While nobody listens the one is filled and the other is cancelled by somebody else.
  world.venue.Trade(kOne, 56, "2");
  world.venue.End(kTwo, "CANCELED");
  EXPECT_TRUE(world.net().calls.empty()) << "not at once";
  world.now = world.now + Duration::Seconds(1);
  world.Connect();
  world.Settle();
  EXPECT_EQ(world.Told(kOne), "NEW TRADE");
  EXPECT_EQ(world.Told(kTwo), "NEW CANCELED");
  EXPECT_EQ(world.placed, 2);
}

TEST(BinanceSessionTest, ARestartAsksForWhatWasOut) {
  World world;
  world.venue.Know(world.OrderOf(kOne));
  world.venue.Take(kOne);
  world.venue.Trade(kOne, 56, "1");
  Order out = world.OrderOf(kOne);
  out.status = OrderStatus::kSubmitted;
  world.session->Recall(out);
  world.desk.RestoreKept({.order = out, .way = broker::OrderDesk::Way::kSent}, world.now);
  world.Connect();
  world.Settle();
  EXPECT_EQ(world.Told(kOne), "UNKNOWN NEW TRADE");
  EXPECT_EQ(world.placed, 0) << "it is never sent again";
}

TEST(BinanceSessionTest, PausesBetweenAttemptsGrowAndEnd) {
  World world;
  world.Turn();
  std::int64_t longest = 0;
  for (int i = 0; i < 10; ++i) {
    venue::HttpCall call = world.TakeCall("/api/v3/time");
    world.Give({.id = call.id, .outcome = venue::Outcome::kNotSent, .problem = "refused"});
    world.Turn();
    EXPECT_EQ(world.state(), State::kDown);
    ASSERT_TRUE(world.session->NextDue());
    const Duration pause = *world.session->NextDue() - world.now;
    EXPECT_GT(pause.nanos, 0);
    EXPECT_LE(pause, Duration::Seconds(60));
    longest = std::max(longest, pause.nanos);
    world.now = world.now + Duration{pause.nanos - 1};
    world.Turn();
    EXPECT_TRUE(world.net().calls.empty()) << "not before its time";
    world.now = world.now + Duration{1};
    world.Turn();
  }
  EXPECT_GT(longest, Duration::Seconds(15).nanos);
}

TEST(BinanceSessionTest, AKeyThatIsRefusedIsNotTriedAllTheTime) {
  World world;
  world.venue.account_error = -2015;
  world.Connect();
  EXPECT_EQ(world.state(), State::kDown);
  EXPECT_THAT(world.detail(), HasSubstr("the account"));
  EXPECT_GE(*world.session->NextDue() - world.now, Duration::Seconds(59));
  world.Place(kOne);
  EXPECT_EQ(world.Told(kOne), "") << "it waits for the session";
  EXPECT_EQ(world.placed, 0);
}

TEST(BinanceSessionTest, AnAccountThatMayNotTradeIsNotReady) {
  World world;
  world.venue.may_trade = false;
  world.Connect();
  EXPECT_EQ(world.state(), State::kDown);
  EXPECT_THAT(world.detail(), HasSubstr("may not trade"));
}

TEST(BinanceSessionTest, ASymbolThatIsNotListedIsSaid) {
  World world({"BTCUSDT", "NOSUCH"});
  world.Connect();
  EXPECT_EQ(world.state(), State::kDown);
  EXPECT_THAT(world.detail(), HasSubstr("NOSUCH"));
}

TEST(BinanceSessionTest, AClockThatIsOffIsMeasuredBeforeAnythingElseIsSigned) {
  World world;
  world.Connect();
  world.venue.clock_ahead = Duration::Seconds(100);
  world.Place(kOne);
  world.GiveError(world.TakeCall("/api/v3/order"), 400, -1021,
                  "Timestamp for this request is outside of the recvWindow.");
  world.Turn();
  EXPECT_EQ(world.Told(kOne), "REJECTED");
  world.Place(kTwo);
  EXPECT_EQ(world.Told(kTwo), "NOT_SENT");
  world.AnswerAll();  // the time
  const char* three = "o00000000000000000000000003";
  world.Place(three);
  EXPECT_THAT(world.CallOf("/api/v3/order").body,
              HasSubstr("timestamp=" + std::to_string((world.now.nanos + 100'000'000'000) / 1'000'000)));
}

TEST(BinanceSessionTest, ThePauseThatTheVenueAsksForHoldsOrdersBackAndKeepsCancels) {
  World world;
  world.Connect();
  world.Place(kOne);
  world.venue.Take(kOne);
  world.Settle();
  world.Place(kTwo);
  venue::HttpCall call = world.TakeCall("/api/v3/order");
  world.Give({.id = call.id,
              .outcome = venue::Outcome::kAnswered,
              .status = 429,
              .headers = {{"retry-after", "5"}},
              .body = R"({"code":-1003,"msg":"Too many requests."})"});
  world.Turn();
  EXPECT_EQ(world.Told(kTwo), "REJECTED") << "the venue has said that it did nothing";
  const char* three = "o00000000000000000000000003";
  world.Place(three);
  EXPECT_EQ(world.Told(three), "NOT_SENT");
  world.Cancel(kOne);
  EXPECT_TRUE(world.net().calls.empty());
  ASSERT_TRUE(world.session->NextDue());
  EXPECT_LE(*world.session->NextDue(), world.now + Duration::Seconds(5));
  world.now = world.now + Duration::Seconds(5);
  world.Turn();
  EXPECT_EQ(world.CallOf("/api/v3/order").method, "DELETE");
}

TEST(BinanceSessionTest, ABanEndsEverythingUntilItIsOver) {
  World world;
  world.Connect();
  world.Place(kOne);
  venue::HttpCall call = world.TakeCall("/api/v3/order");
  world.Give({.id = call.id,
              .outcome = venue::Outcome::kAnswered,
              .status = 418,
              .headers = {{"retry-after", "300"}},
              .body = R"({"code":-1003,"msg":"Way too many requests; IP banned."})"});
  world.Turn();
  EXPECT_EQ(world.state(), State::kDown);
  EXPECT_GE(*world.session->NextDue() - world.now, Duration::Seconds(299));
}

TEST(BinanceSessionTest, MaintenanceIsWaitedOut) {
  World world;
  world.Connect();
  world.Place(kOne);
  venue::HttpCall call = world.TakeCall("/api/v3/order");
  world.Give({.id = call.id, .outcome = venue::Outcome::kAnswered, .status = 503, .body = "<html>maintenance</html>"});
  world.Turn();
  EXPECT_EQ(world.state(), State::kDown);
  EXPECT_EQ(world.Told(kOne), "UNKNOWN");
  world.venue.Take(kOne);
  world.now = world.now + Duration::Seconds(2);
  world.Connect();
  world.Settle();
  EXPECT_EQ(world.Told(kOne), "UNKNOWN NEW");
}

TEST(BinanceSessionTest, AConnectedStreamThatSaysNothingOfAnOrderIsDeaf) {
  World world;
  world.Connect();
  world.Place(kOne);
  world.venue.Take(kOne);
  world.Settle();
  world.now = world.now + Duration::Seconds(10);
  world.Turn();
  EXPECT_EQ(world.state(), State::kDown);
  EXPECT_THAT(world.detail(), HasSubstr("deaf"));
}

TEST(BinanceSessionTest, WhatTheStreamEndsOrShutsDownIsComeBackTo) {
  for (const char* event : {R"({"subscriptionId":0,"event":{"e":"eventStreamTerminated","E":1728973001334}})",
                            R"({"e":"serverShutdown","E":1728973001334})", "not JSON",
                            R"({"subscriptionId":0,"event":{"e":"executionReport","x":"TRADE"}})"}) {
    World world;
    world.Connect();
    world.Stream(event);
    world.Turn();
    EXPECT_EQ(world.state(), State::kDown) << event;
    EXPECT_EQ(world.net().closed.size(), 1U) << event;
    world.now = world.now + Duration::Seconds(1);
    world.Connect();
    EXPECT_EQ(world.state(), State::kReady) << event;
  }
}

TEST(BinanceSessionTest, EventsThatNobodyKnowsChangeNothing) {
  World world;
  world.Connect();
  world.Stream(R"({"subscriptionId":0,"event":{"e":"somethingNew","E":1}})");
  world.Stream(R"({"subscriptionId":0,"event":{"e":"outboundAccountPosition","E":1,"u":1,"B":[]}})");
  world.Turn();
  EXPECT_EQ(world.state(), State::kReady);
}

TEST(BinanceSessionTest, AStatementIsTheVenuesOwnRecordAndNotAskedForTooOften) {
  World world;
  world.Connect();
  world.Place(kOne);
  world.venue.Take(kOne);
  world.Settle();
  world.session->AskStatement();
  world.session->AskStatement();
  EXPECT_EQ(world.net().calls.size(), 2U) << "one account, one list";
  world.AnswerAll();
  std::vector<broker::Statement> statements = world.session->TakeStatements();
  ASSERT_EQ(statements.size(), 1U);
  EXPECT_EQ(statements[0].cash, Decimal::FromInt(1'000));
  EXPECT_EQ(statements[0].positions.at(Symbol("BTC-USDT")), Decimal::FromInt(3));
  ASSERT_EQ(statements[0].open_orders.size(), 1U);
  EXPECT_EQ(statements[0].open_orders[0].order_id, OrderId(kOne));
  EXPECT_EQ(statements[0].account_id, AccountId("binance"));
}

TEST(BinanceSessionTest, WhatWasMadeElsewhereIsTold) {
  World world;
  world.Connect();
  world.Stream(world.venue.ForeignTrade());
  world.Turn();
  EXPECT_EQ(world.Told("BTCUSDT:99"), "TRADE");
}

TEST(BinanceSessionTest, NothingThatItSaysHoldsTheSecret) {
  World world;
  world.Connect();
  world.Place(kOne);
  for (const venue::HttpCall& call : world.net().calls) {
    EXPECT_EQ(call.body.find(testing::kSecret), std::string::npos);
    EXPECT_EQ(call.target.find(testing::kSecret), std::string::npos);
  }
  for (const auto& sent : world.net().sent) EXPECT_EQ(sent.payload.find(testing::kSecret), std::string::npos);
}

}  // namespace
}  // namespace ballast::binance
