// A neighbour that never answers: whatever it is, what gets a deployment out goes on without it.
#include "gmock/gmock.h"
#include "services/strategy_runner/testing/runner_stage.h"

namespace ballast {
namespace {

using strategy::v1::DEPLOYMENT_STATUS_ACTIVE;
using strategy::v1::DEPLOYMENT_STATUS_STOPPING;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Everything but the submits themselves.
const std::set<std::string> kEverythingElse = {"accounts", "bars",   "brokers", "cancel",   "find",   "instruments",
                                               "limits",   "market", "quotes",  "register", "summary"};

class SlowNeighbourTest : public RunnerStage, public ::testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override { StartWithDemo(); }
};

TEST_P(SlowNeighbourTest, AStopLossIsSentAllTheSame) {
  Enter();
  neighbours_.silent = {GetParam()};
  // A new connection and a bar: everything a bar needs is asked for, and this neighbour does not answer.
  runner_->OnMarketLost();
  Step(5, "109");
  Quote(6, "90");
  ASSERT_EQ(neighbours_.submitted.size(), 2U) << "no time has passed at all";
  EXPECT_EQ(neighbours_.submitted[1].reason(), "stop_loss");
}

TEST_P(SlowNeighbourTest, AStopIsAnsweredAtOnce) {
  Enter();
  neighbours_.silent = {GetParam()};
  Step(5, "109");
  auto stopped = Stop(true);
  ASSERT_TRUE(stopped.has_value()) << "no time has passed at all";
  EXPECT_EQ(stopped->status(), DEPLOYMENT_STATUS_STOPPING);
  EXPECT_EQ(neighbours_.Count("cancel demo "), 1);
}

TEST_P(SlowNeighbourTest, AStopThatClosesIsSentAtOnceBehindTheCancel) {
  Enter();
  neighbours_.silent = {GetParam()};
  Step(5, "109");
  Stop(true);
  if (GetParam() == "cancel") {
    // What closes it must not be cancelled by it: not before the cancel is answered or given up.
    ASSERT_EQ(neighbours_.submitted.size(), 1U);
    neighbours_.refuse_cancels = 1;
    neighbours_.Release("cancel");
    Poll();
  }
  ASSERT_EQ(neighbours_.submitted.size(), 2U);
  EXPECT_EQ(neighbours_.submitted[1].reason(), "emergency_stop");
}

INSTANTIATE_TEST_SUITE_P(Each, SlowNeighbourTest, ::testing::ValuesIn(kEverythingElse),
                         [](const auto& info) { return info.param; });

class RunnerWaitsTest : public RunnerStage {
 protected:
  void SetUp() override { StartWithDemo(); }
};

TEST_F(RunnerWaitsTest, AnEntryNobodyAnswersForHoldsUpNoStopOfAnother) {
  StrategyStore::Batch batch;
  DeploymentRow other = DemoRow(strategy::DeploymentState::kActive);
  other.deployment_id = "other";
  other.request_id = "r2";
  batch.rows.push_back(other);
  batch.states.push_back({"other", {{Symbol("SPY"), {.quantity = Decimal::Of("9"), .cost = Decimal::Of("990")}}}});
  Keep(std::move(batch));
  Restart();
  neighbours_.silent = {"submit demo"};
  Step(4, "110");
  ASSERT_EQ(neighbours_.Count("submit demo-1"), 1);
  Quote(5, "90");
  EXPECT_EQ(neighbours_.Count("submit other-"), 1);
}

TEST_F(RunnerWaitsTest, ABarWaitsForTheEquityAndIsDecidedWithIt) {
  neighbours_.silent = {"summary"};
  Step(4, "110");
  EXPECT_THAT(neighbours_.submitted, IsEmpty());
  neighbours_.Release("summary");
  Poll();
  EXPECT_EQ(neighbours_.submitted.size(), 1U);
}

TEST_F(RunnerWaitsTest, ABarOfAStoppedOneIsNotDecidedWhenTheEquityComes) {
  neighbours_.silent = {"summary"};
  Step(4, "110");
  Stop(false);
  neighbours_.Release("summary");
  Poll();
  EXPECT_THAT(neighbours_.submitted, IsEmpty());
  EXPECT_THAT(Decisions(), IsEmpty());
}

TEST_F(RunnerWaitsTest, AStartThatIsNeverAnsweredIsToldWhenTheProcessEnds) {
  Stop(false);
  neighbours_.silent = {"limits"};
  std::optional<absl::Status> told;
  ASSERT_TRUE(runner_->StartDeployment(
      "demo", [&](const absl::Status& status, const strategy::v1::StartDeploymentResponse&) { told = status; }));
  Poll();
  EXPECT_FALSE(told.has_value());
  Finish();
  ASSERT_TRUE(told.has_value());
  EXPECT_TRUE(absl::IsUnavailable(*told));
}

// Whoever presses a stop is told that it opens nothing: the start that was being asked for must not make that untrue.
TEST_F(RunnerWaitsTest, AStartThatIsStillAskedForDoesNotOutliveAPause) {
  Stop(false);
  neighbours_.silent = {"limits"};
  ASSERT_TRUE(
      runner_->StartDeployment("demo", [](const absl::Status&, const strategy::v1::StartDeploymentResponse&) {}));
  Poll();
  std::optional<absl::Status> told;
  ASSERT_TRUE(
      runner_->Pause("demo", [&](const absl::Status& status, const strategy::v1::Deployment&) { told = status; }));
  Poll();
  ASSERT_TRUE(told.has_value());
  EXPECT_TRUE(absl::IsFailedPrecondition(*told)) << "it was not active";
  neighbours_.Release("limits");
  Poll();
  EXPECT_NE(Now().status(), DEPLOYMENT_STATUS_ACTIVE);
}

TEST_F(RunnerWaitsTest, WhoeverAsksAProcessThatCannotStoreIsToldWhenItEnds) {
  store_->FailNext(absl::UnavailableError("gone"));
  auto told = std::make_shared<std::optional<absl::Status>>();
  ASSERT_TRUE(
      runner_->Pause("demo", [told](const absl::Status& status, const strategy::v1::Deployment&) { *told = status; }));
  Poll();
  EXPECT_FALSE(told->has_value());
  for (int i = 0; i < 100; ++i) store_->FailNext(absl::UnavailableError("gone"));
  Finish();
  ASSERT_TRUE(told->has_value());
  EXPECT_TRUE(absl::IsUnavailable(**told));
}

TEST_F(RunnerWaitsTest, AStopGoesBeforeAMarketThatIsAhead) {
  Enter();
  for (int minute = 5; minute < 5 + 1'000; ++minute)
    ASSERT_TRUE(runner_->OnStep(MakeStep(minute, "109", true, false), [] {}));
  std::optional<strategy::v1::Deployment> stopped;
  strategy::v1::StopDeploymentRequest request;
  request.set_deployment_id("demo");
  ASSERT_TRUE(runner_->Stop(request, [&](const absl::Status&, const strategy::v1::Deployment& d) { stopped = d; }));
  ASSERT_EQ(runner_->Poll(clock_.nanos).state, runtime::Turn::State::kReady);
  EXPECT_TRUE(stopped.has_value()) << "in the first turn";
}

// Starting

class ConfiguredTest : public RunnerStage {
 protected:
  void StartConfigured() { Restart({.configured = {*ParseDeployment(kDemo, RuleShelf())}}); }
};

TEST_F(ConfiguredTest, TheMarketIsReadOnceEverybodyIsInPlace) {
  neighbours_.speed = "0";
  neighbours_.silent = {"limits"};
  StartConfigured();
  EXPECT_EQ(settled_, 0) << "a market that waits is waited for";
  neighbours_.Release("limits");
  Poll();
  EXPECT_EQ(settled_, 1);
  EXPECT_EQ(Now().status(), DEPLOYMENT_STATUS_ACTIVE);
  Pass(5 * kSecondNs);
  EXPECT_EQ(settled_, 1);
}

TEST_F(ConfiguredTest, AMarketThatGoesOnIsReadWhileSomebodyDoesNotAnswer) {
  neighbours_.silent = {"limits"};
  StartConfigured();
  EXPECT_EQ(settled_, 1);
}

TEST_F(ConfiguredTest, APrerequisiteThatFailsIsAskedForAgainEverySecond) {
  neighbours_.speed = "0";
  neighbours_.equity = Decimal();
  StartConfigured();
  EXPECT_EQ(settled_, 0);
  neighbours_.equity = Decimal::Of("100000");
  Pass(kSecondNs / 2);
  EXPECT_EQ(settled_, 0);
  Pass(kSecondNs);
  EXPECT_EQ(settled_, 1);
  EXPECT_EQ(Now().status(), DEPLOYMENT_STATUS_ACTIVE);
}

}  // namespace
}  // namespace ballast
