// Parent orders in a market that waits for its readers: each step once, and all that it leads to before the next.
#include "gtest/gtest.h"
#include "services/strategy_runner/testing/algo_stage.h"

namespace ballast {
namespace {

namespace algo_pb = execution::v1;

class AlgoLockstepTest : public ::testing::Test {
 protected:
  void SetUp() override { stage.Restart(); }

  // The market moves on by a second, and waits.
  broker::v1::StreamMarketDataResponse Step(std::uint64_t executed = 0) {
    auto step = stage.MakeStep();
    step.set_step(++number);
    step.set_lockstep(true);
    if (executed > 0) (*step.mutable_execution_sequences())["paper"] = executed;
    Bring(step);
    return step;
  }
  void Bring(const broker::v1::StreamMarketDataResponse& step) {
    ASSERT_TRUE(stage.runner->OnStep(step, [this] { ++acknowledged; }));
    stage.Poll();
  }
  void Wait(std::int64_t nanos) {
    stage.clock.nanos += nanos;
    stage.Poll();
  }
  std::string Create(const algo_pb::CreateAlgoOrderRequest& request) {
    auto created = stage.Create(request);
    EXPECT_TRUE(created.ok()) << created.status();
    return created->algo_order().algo_order_id();
  }
  static algo_pb::CreateAlgoOrderRequest Twap() {
    auto request = AlgoStage::Request(algo_pb::ALGO_TYPE_TWAP, "20");
    request.mutable_spec()->set_slices(10);
    return request;
  }

  AlgoStage stage;
  std::uint64_t number = 0;
  int acknowledged = 0;
};

TEST_F(AlgoLockstepTest, AStepIsOverWhenItsChildrenAreAnsweredFor) {
  std::string id = Create(Twap());
  stage.orders.lose_answers = 1;
  Step();
  EXPECT_EQ(stage.Calls("submit"), 1);
  EXPECT_EQ(acknowledged, 0);
  Wait(400'000'000);
  EXPECT_EQ(stage.Calls("submit"), 2) << "the same child again";
  EXPECT_EQ(acknowledged, 1);
  for (int i = 0; i < 101; ++i) Step();
  EXPECT_EQ(acknowledged, 102);
  EXPECT_EQ(stage.Get(id)->status(), algo_pb::ALGO_STATUS_FILLED);
}

TEST_F(AlgoLockstepTest, OneAfterTheOther) {
  Create(Twap());
  auto second = Twap();
  second.set_request_id("r2");
  Create(second);
  stage.orders.lose_answers = 1;
  Step();
  EXPECT_EQ(stage.orders.by_request.size(), 1U) << "the second waits for the first one's answer";
  Wait(400'000'000);
  EXPECT_EQ(stage.orders.by_request.size(), 2U);
  EXPECT_EQ(acknowledged, 1);
}

TEST_F(AlgoLockstepTest, NoChildIsOnItsWayToTheVenueWhenTheMarketMoves) {
  std::string id = Create(Twap());
  stage.orders.pends = true;
  Step();
  EXPECT_EQ(acknowledged, 0);
  auto& child = stage.orders.by_request.begin()->second;
  stage.orders.Change(child, order::v1::ORDER_STATUS_NEW, "0");
  ASSERT_TRUE(stage.runner->OnOrder(child));
  Wait(0);
  EXPECT_EQ(acknowledged, 1);
  EXPECT_EQ(stage.Get(id)->working_quantity().value(), "2");
}

TEST_F(AlgoLockstepTest, WhatNobodyAnswersDoesNotHoldItForEver) {
  Create(Twap());
  stage.orders.lose_requests = 1'000;
  Step();
  Wait(29'000'000'000);
  EXPECT_EQ(acknowledged, 0);
  Wait(2'000'000'000);
  EXPECT_EQ(acknowledged, 1);
}

TEST_F(AlgoLockstepTest, NothingIsDecidedBeforeWhatWasExecutedHasBeenTold) {
  Create(Twap());
  Step(5);
  EXPECT_EQ(stage.Calls("submit"), 0);
  stage.runner->OnExecuted({{"paper", 4}});
  Wait(0);
  EXPECT_EQ(acknowledged, 0);
  stage.runner->OnExecuted({{"paper", 5}});
  Wait(0);
  EXPECT_EQ(stage.Calls("submit"), 1);
  EXPECT_EQ(acknowledged, 1);
}

TEST_F(AlgoLockstepTest, NothingIsDecidedBetweenTwoSteps) {
  auto request = AlgoStage::Request(algo_pb::ALGO_TYPE_ICEBERG, "10");
  request.mutable_spec()->clear_duration_seconds();
  request.mutable_spec()->mutable_limit_price()->set_value("100");
  request.mutable_spec()->mutable_display_quantity()->set_value("4");
  stage.orders.fills = false;
  std::string id = Create(request);
  for (int i = 0; i < 3; ++i) Step();
  ASSERT_EQ(stage.Calls("submit"), 1);
  // It fills as the market moves; whether that is heard before the step or after it makes no difference.
  auto& resting = stage.orders.by_request.begin()->second;
  stage.orders.Change(resting, order::v1::ORDER_STATUS_FILLED, "4");
  ASSERT_TRUE(stage.runner->OnOrder(resting));
  Wait(300'000'000);
  EXPECT_EQ(stage.Calls("submit"), 1);
  Step();
  EXPECT_EQ(stage.Calls("submit"), 2);
  EXPECT_EQ(stage.Get(id)->children(0).fills(0).time().seconds(), stage.seconds);
}

TEST_F(AlgoLockstepTest, AMarketThatHasEndedLeavesNothingUntold) {
  std::string id = Create(Twap());
  stage.orders.fills = false;
  Step();
  auto& last = stage.orders.by_request.begin()->second;
  stage.orders.Change(last, order::v1::ORDER_STATUS_FILLED, last.quantity().value());
  ASSERT_TRUE(stage.runner->OnOrder(last));
  Wait(1'200'000'000);
  EXPECT_EQ(stage.Get(id)->filled_quantity().value(), "2");
  EXPECT_TRUE(stage.Ask([&](auto reply) { return stage.runner->Cancel(id, "user:me", reply); }).ok());
  Wait(200'000'000);
  EXPECT_EQ(stage.Get(id)->status(), algo_pb::ALGO_STATUS_CANCELED);
}

TEST_F(AlgoLockstepTest, AStepThatComesAgainIsNotDecidedAgain) {
  Create(Twap());
  stage.orders.lose_answers = 1;
  auto step = Step();
  stage.runner->OnMarketLost();
  Bring(step);
  EXPECT_EQ(acknowledged, 0);
  Wait(400'000'000);
  EXPECT_EQ(acknowledged, 1);
  EXPECT_EQ(stage.orders.by_request.size(), 1U);
}

TEST_F(AlgoLockstepTest, WhatWasMissedByTheProcessBeforeIsLookedForBeforeAnythingIsDecided) {
  auto request = Twap();
  stage.orders.fills = false;
  std::string id = Create(request);
  auto step = Step();
  // It fills, and the process that would have heard of it is gone.
  auto& child = stage.orders.by_request.begin()->second;
  stage.orders.Change(child, order::v1::ORDER_STATUS_FILLED, child.quantity().value());
  stage.Restart();
  Bring(step);
  EXPECT_EQ(acknowledged, 2);
  EXPECT_EQ(stage.Get(id)->filled_quantity().value(), "2");
  EXPECT_EQ(stage.orders.by_request.size(), 1U);
}

TEST_F(AlgoLockstepTest, AMarketThatHasSeenItSeesItAgainAfterARestart) {
  EXPECT_FALSE(stage.follows);
  std::string id = Create(Twap());
  for (int i = 0; i < 101; ++i) Step();
  ASSERT_EQ(stage.Get(id)->status(), algo_pb::ALGO_STATUS_FILLED);
  for (int i = 0; i < 400; ++i) Step();
  stage.Restart();
  EXPECT_TRUE(stage.follows) << "the market would wait for it for ever";
  Step();
  EXPECT_EQ(acknowledged, 502);
}

}  // namespace
}  // namespace ballast
