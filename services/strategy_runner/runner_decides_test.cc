// From a market step to an order and to a deployment's end: the runner as one machine, driven by the test alone.
#include "gmock/gmock.h"
#include "services/strategy_runner/testing/runner_stage.h"

namespace ballast {
namespace {

using strategy::v1::DEPLOYMENT_STATUS_ACTIVE;
using strategy::v1::DEPLOYMENT_STATUS_STOPPED;
using strategy::v1::DEPLOYMENT_STATUS_STOPPING;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RunnerDecidesTest : public RunnerStage {
 protected:
  void SetUp() override { StartWithDemo(); }
};

// Decide and act

TEST_F(RunnerDecidesTest, ASignalBecomesAStoredDecisionAndOneOrder) {
  Step(4, "110");
  ASSERT_EQ(neighbours_.submitted.size(), 1U);
  order::v1::SubmitOrderRequest order = neighbours_.submitted[0];
  EXPECT_EQ(order.request_id(), "demo-1");
  EXPECT_EQ(order.account_id(), "paper");
  EXPECT_EQ(order.deployment_id(), "demo");
  EXPECT_EQ(order.side(), type::v1::SIDE_BUY);
  EXPECT_EQ(order.type(), type::v1::ORDER_TYPE_MARKET);
  EXPECT_EQ(order.quantity().value(), "9");
  EXPECT_FALSE(order.reduce_only());
  EXPECT_EQ(order.reason(), "signal");
  EXPECT_EQ(order.actor(), "strategy:demo");
  EXPECT_THAT(Decisions(), ElementsAre("enter_long: fast crossed above slow -> accepted"));
  EXPECT_EQ(Now().signals(), 1);
  EXPECT_EQ(Now().orders(), 1);
  Step(5, "111");  // no signal, nothing
  EXPECT_EQ(neighbours_.submitted.size(), 1U);
}

TEST_F(RunnerDecidesTest, ARefusalIsTheDecisionsOutcomeAndNothingIsTriedAtOnce) {
  neighbours_.denies = true;
  Step(4, "110");
  EXPECT_THAT(Decisions(), ElementsAre("enter_long: fast crossed above slow -> too much"));
  // Nothing is under way: the deployment can be stopped.
  EXPECT_EQ(Stop(false)->status(), DEPLOYMENT_STATUS_STOPPED);
}

TEST_F(RunnerDecidesTest, WithoutTheEquityNothingIsEntered) {
  neighbours_.stale = true;
  Step(4, "110");
  EXPECT_THAT(neighbours_.submitted, IsEmpty());
  EXPECT_THAT(Decisions(), ElementsAre(HasSubstr("the account's equity is not known")));
}

TEST_F(RunnerDecidesTest, EachBarAsksForTheEquityOfItsOwnTime) {
  Step(4, "97");
  neighbours_.equity = Decimal::Of("50000");
  Step(5, "110");
  EXPECT_EQ(neighbours_.Count("summary"), 2);
  ASSERT_EQ(neighbours_.submitted.size(), 1U);
  EXPECT_EQ(neighbours_.submitted[0].quantity().value(), "4");
}

TEST_F(RunnerDecidesTest, PausedItHoldsAndStillExits) {
  Enter();
  Ask([&](auto reply) { return runner_->Pause("demo", reply); });
  Step(5, "90");
  ASSERT_EQ(neighbours_.submitted.size(), 2U);
  EXPECT_TRUE(neighbours_.submitted[1].reduce_only());
  EXPECT_EQ(neighbours_.submitted[1].side(), type::v1::SIDE_SELL);
  Filled("demo-2", type::v1::SIDE_SELL);
  Step(6, "120");
  EXPECT_EQ(neighbours_.submitted.size(), 2U);
  EXPECT_THAT(Decisions()[0], HasSubstr("no entries while the deployment is not active"));
}

TEST_F(RunnerDecidesTest, NothingIsSentBeforeItIsStored) {
  store_->FailNext(absl::UnavailableError("gone"));
  Step(4, "110");
  EXPECT_THAT(neighbours_.submitted, IsEmpty());
  EXPECT_THAT(Decisions(), IsEmpty());
  // Nothing is built on it either.
  auto asked = Stop(true);
  EXPECT_FALSE(asked.has_value());
  EXPECT_EQ(neighbours_.Count("cancel"), 0);
  Pass(kSecondNs);
  EXPECT_EQ(neighbours_.submitted.size(), 1U);
  EXPECT_EQ(neighbours_.Count("cancel"), 1);
  EXPECT_THAT(failed_, IsEmpty());
}

TEST_F(RunnerDecidesTest, ALostAnswerOfTheStoreIsNoSecondOrder) {
  store_->FailNext(absl::UnknownError("the connection is lost"), /*applied=*/true);
  Step(4, "110");
  Pass(kSecondNs);
  EXPECT_EQ(neighbours_.submitted.size(), 1U);
  EXPECT_EQ(Decisions().size(), 1U);
}

TEST_F(RunnerDecidesTest, WhatIsRefusedByTheStoreIsNeverSentAndEndsTheProcess) {
  store_->FailNext(absl::FailedPreconditionError("a newer process has taken over"));
  Step(4, "110");
  Pass(10 * kSecondNs);
  EXPECT_THAT(neighbours_.submitted, IsEmpty());
  EXPECT_THAT(failed_, HasSubstr("cannot be stored"));
}

// Warm-up

TEST_F(RunnerDecidesTest, TheBarToBeDecidedOnIsNotPartOfThePast) {
  neighbours_.past.push_back(MakeBar(4, "110"));
  Step(4, "110");
  EXPECT_EQ(neighbours_.submitted.size(), 1U);
  EXPECT_EQ(neighbours_.Count("bars"), 1);
  Step(5, "111");
  EXPECT_EQ(neighbours_.Count("bars"), 1) << "once is enough";
}

TEST_F(RunnerDecidesTest, WithoutItsPastNothingIsDecided) {
  neighbours_.refuse_bars = 1;
  Step(4, "97");
  EXPECT_THAT(Decisions(), IsEmpty());
  neighbours_.past.push_back(MakeBar(4, "97"));
  Step(5, "110");
  EXPECT_EQ(neighbours_.submitted.size(), 1U);
  EXPECT_EQ(neighbours_.Count("bars"), 2);
}

TEST_F(RunnerDecidesTest, AfterALostMarketThePastIsSeenAgain) {
  Step(4, "97");
  EXPECT_EQ(neighbours_.Count("bars"), 1);
  runner_->OnMarketLost();
  // Bars 5 and 6 were missed: with them the averages have crossed already, and 7 is no signal.
  neighbours_.past = {MakeBar(3, "98"), MakeBar(4, "97"), MakeBar(5, "105"), MakeBar(6, "106")};
  Step(7, "107");
  EXPECT_EQ(neighbours_.Count("bars"), 2);
  EXPECT_THAT(neighbours_.submitted, IsEmpty());
}

TEST_F(RunnerDecidesTest, AnAnswerFromBeforeTheMarketWasLostIsNotThePast) {
  neighbours_.silent = {"bars"};
  Step(4, "97");
  runner_->OnMarketLost();
  Step(5, "105");
  ASSERT_EQ(neighbours_.Count("bars"), 2);
  neighbours_.Release("bars");
  Poll();
  // 105 was decided on once, with the past before it.
  EXPECT_EQ(Decisions().size(), 1U);
}

// Stop

TEST_F(RunnerDecidesTest, AStopWaitsForTheOrderUnderWay) {
  Step(4, "110");
  EXPECT_EQ(Stop(false)->status(), DEPLOYMENT_STATUS_STOPPING);
  EXPECT_EQ(neighbours_.Count("cancel demo "), 1);
  Step(5, "90");
  Step(6, "120");
  EXPECT_EQ(neighbours_.submitted.size(), 1U) << "nothing new";
  Cancelled("demo-1");
  EXPECT_EQ(Now().status(), DEPLOYMENT_STATUS_STOPPED);
  EXPECT_EQ(Loaded().row.life.state, strategy::DeploymentState::kStopped);
}

TEST_F(RunnerDecidesTest, AStopClosesWhatIsHeldAndEndsWhenItIsFlat) {
  Enter();
  EXPECT_EQ(Stop(true)->status(), DEPLOYMENT_STATUS_STOPPING);
  ASSERT_EQ(neighbours_.submitted.size(), 2U);
  order::v1::SubmitOrderRequest close = neighbours_.submitted[1];
  EXPECT_EQ(close.side(), type::v1::SIDE_SELL);
  EXPECT_EQ(close.quantity().value(), "9");
  EXPECT_TRUE(close.reduce_only());
  EXPECT_EQ(close.reason(), "emergency_stop");
  EXPECT_THAT(neighbours_.OrderCalls(), ElementsAre("submit demo-1", "cancel demo ", "submit demo-2"));
  EXPECT_EQ(Stop(true)->status(), DEPLOYMENT_STATUS_STOPPING);  // asked again: one close
  EXPECT_EQ(neighbours_.submitted.size(), 2U);
  EXPECT_EQ(neighbours_.Count("cancel"), 1) << "a second one would take the close away";
  Filled(close.request_id(), type::v1::SIDE_SELL);
  EXPECT_EQ(Now().status(), DEPLOYMENT_STATUS_STOPPED);
  EXPECT_EQ(Now().status_reason(), "emergency_stop");
}

TEST_F(RunnerDecidesTest, AStopWithoutClosingKeepsThePositionAndTellsItLater) {
  Enter();
  EXPECT_EQ(Stop(false)->status(), DEPLOYMENT_STATUS_STOPPED);
  EXPECT_EQ(neighbours_.submitted.size(), 1U);
  Step(5, "90");
  EXPECT_EQ(neighbours_.submitted.size(), 1U) << "a stopped one decides nothing";
  // It can be closed afterwards.
  EXPECT_EQ(Stop(true)->status(), DEPLOYMENT_STATUS_STOPPING);
  EXPECT_EQ(neighbours_.submitted.size(), 2U);
}

TEST_F(RunnerDecidesTest, AFillThatComesAfterItWasClosedIsClosedToo) {
  Enter();
  Stop(true);
  Filled("demo-2", type::v1::SIDE_SELL);
  ASSERT_EQ(Now().status(), DEPLOYMENT_STATUS_STOPPED);
  Filled("late", type::v1::SIDE_BUY);
  EXPECT_EQ(Now().status(), DEPLOYMENT_STATUS_STOPPING);
  EXPECT_EQ(neighbours_.submitted.size(), 3U);
}

TEST_F(RunnerDecidesTest, AStopWhileItsStartIsAskedForWins) {
  Stop(false);
  ASSERT_EQ(Now().status(), DEPLOYMENT_STATUS_STOPPED);
  neighbours_.silent = {"limits"};
  std::optional<strategy::v1::StartDeploymentResponse> started;
  ASSERT_TRUE(runner_->StartDeployment(
      "demo", [&](const absl::Status&, const strategy::v1::StartDeploymentResponse& answer) { started = answer; }));
  Poll();
  EXPECT_FALSE(started.has_value());
  Stop(true);
  neighbours_.Release("limits");
  Poll();
  ASSERT_TRUE(started.has_value());
  EXPECT_EQ(started->deployment().status(), DEPLOYMENT_STATUS_STOPPED);
}

}  // namespace
}  // namespace ballast
