#include "services/broker_gateway/lockstep.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

using Due = std::vector<LockstepGate::Connection>;
constexpr LockstepGate::Connection kRisk = 1, kPositions = 2, kStrategies = 3;

// Everybody is there; nothing was stepped yet.
LockstepGate Ready() {
  LockstepGate gate(3);
  gate.SetSession(true);
  gate.Connect(kRisk, "risk", 0);
  gate.Connect(kPositions, "positions", 0);
  gate.Connect(kStrategies, "strategy_runner", 1);
  return gate;
}

// The gate stands on `step` and has everything but the strategies' acknowledgement.
LockstepGate InPhaseOne(std::uint64_t step) {
  LockstepGate gate = Ready();
  gate.Begin(step);
  EXPECT_EQ(gate.TakeDue(), (Due{kPositions, kRisk}));  // by name
  gate.Acknowledge(kRisk, step);
  gate.Acknowledge(kPositions, step);
  EXPECT_EQ(gate.TakeDue(), Due{kStrategies});
  return gate;
}

TEST(LockstepGateTest, StartsWhenEverybodyIsThereAndTheSessionIsOpen) {
  LockstepGate gate(3);
  gate.Connect(kRisk, "risk", 0);
  gate.Connect(kPositions, "positions", 0);
  EXPECT_FALSE(gate.MayStep());
  gate.SetSession(true);
  EXPECT_FALSE(gate.MayStep());
  EXPECT_EQ(gate.WaitsFor(), "1 more participants");
  gate.Connect(kStrategies, "strategy_runner", 1);
  EXPECT_TRUE(gate.MayStep());
  gate.SetSession(false);
  EXPECT_EQ(gate.WaitsFor(), "order management");
  EXPECT_FALSE(gate.Running());
}

TEST(LockstepGateTest, DecidersHearOfAStepWhenStateKeepersHaveIt) {
  LockstepGate gate = Ready();
  gate.Begin(1);
  EXPECT_EQ(gate.TakeDue(), (Due{kPositions, kRisk}));
  EXPECT_TRUE(gate.TakeDue().empty());
  gate.Acknowledge(kRisk, 1);
  EXPECT_TRUE(gate.TakeDue().empty());
  EXPECT_FALSE(gate.MayStep());
  gate.Acknowledge(kPositions, 1);
  EXPECT_EQ(gate.TakeDue(), Due{kStrategies});
  EXPECT_FALSE(gate.MayStep());
  gate.Acknowledge(kStrategies, 1);
  EXPECT_TRUE(gate.MayStep());
  EXPECT_TRUE(gate.TakeDue().empty());
}

TEST(LockstepGateTest, AnAcknowledgementOfAnotherStepSaysNothing) {
  LockstepGate gate = InPhaseOne(5);
  gate.Acknowledge(kStrategies, 4);
  gate.Acknowledge(kStrategies, 6);
  gate.Acknowledge(99, 5);
  EXPECT_FALSE(gate.MayStep());
  gate.Acknowledge(kStrategies, 5);
  EXPECT_TRUE(gate.MayStep());
  gate.Begin(6);
  gate.Acknowledge(kRisk, 6);  // before it was sent
  EXPECT_EQ(gate.TakeDue(), (Due{kPositions, kRisk}));
  EXPECT_EQ(gate.WaitsFor(), "acknowledgement of positions");
}

TEST(LockstepGateTest, EveryReportToldMustBeDurable) {
  LockstepGate gate = InPhaseOne(1);
  gate.Told("paper", 2);
  gate.Acknowledge(kStrategies, 1);
  gate.Durable("paper", 1);
  EXPECT_FALSE(gate.MayStep());
  EXPECT_EQ(gate.WaitsFor(), "reports of paper");
  gate.Durable("paper", 2);
  EXPECT_TRUE(gate.MayStep());
  gate.Durable("paper", 1);  // an older word changes nothing
  EXPECT_TRUE(gate.MayStep());
}

TEST(LockstepGateTest, WhoeverIsGoneStopsTheMarketUntilItIsBackAndHasTheStepAgain) {
  LockstepGate gate = InPhaseOne(7);
  gate.Acknowledge(kStrategies, 7);
  gate.Disconnect(kPositions);
  EXPECT_FALSE(gate.MayStep());
  EXPECT_FALSE(gate.Running());
  EXPECT_EQ(gate.WaitsFor(), "positions");
  EXPECT_FALSE(gate.Connect(12, "positions", 0).has_value());
  EXPECT_FALSE(gate.MayStep());
  EXPECT_EQ(gate.TakeDue(), Due{12});
  gate.Acknowledge(kPositions, 7);  // the old connection's word
  EXPECT_FALSE(gate.MayStep());
  gate.Acknowledge(12, 7);
  EXPECT_TRUE(gate.MayStep());
}

TEST(LockstepGateTest, ANewConnectionTakesTheOldOnesPlace) {
  LockstepGate gate = InPhaseOne(7);
  EXPECT_EQ(gate.Connect(13, "strategy_runner", 1), kStrategies);
  gate.Acknowledge(kStrategies, 7);
  gate.Disconnect(kStrategies);  // noticed late
  EXPECT_EQ(gate.WaitsFor(), "acknowledgement of strategy_runner");
  EXPECT_EQ(gate.TakeDue(), Due{13});
  gate.Acknowledge(13, 7);
  EXPECT_TRUE(gate.MayStep());
}

TEST(LockstepGateTest, AStateKeeperThatIsGoneHoldsBackTheDeciders) {
  LockstepGate gate = Ready();
  gate.Begin(1);
  (void)gate.TakeDue();
  gate.Acknowledge(kRisk, 1);
  gate.Disconnect(kPositions);
  EXPECT_TRUE(gate.TakeDue().empty());
  gate.Connect(12, "positions", 0);
  EXPECT_EQ(gate.TakeDue(), Due{12});
  gate.Acknowledge(12, 1);
  EXPECT_EQ(gate.TakeDue(), Due{kStrategies});
}

// After a restart of the market it stands on a step nobody has acknowledged to it.
TEST(LockstepGateTest, ARestoredStepIsToldAgainWhenEverybodyIsThere) {
  LockstepGate gate(2);
  gate.SetSession(true);
  gate.Begin(40);
  gate.Connect(kRisk, "risk", 0);
  EXPECT_TRUE(gate.TakeDue().empty());
  gate.Connect(kStrategies, "strategy_runner", 1);
  EXPECT_EQ(gate.TakeDue(), Due{kRisk});
  EXPECT_FALSE(gate.MayStep());
}

TEST(LockstepGateTest, MoreThanTheExpectedOnesAreWaitedForToo) {
  LockstepGate gate = InPhaseOne(1);
  gate.Connect(4, "alerts", 0);
  gate.Acknowledge(kStrategies, 1);
  EXPECT_FALSE(gate.MayStep());
  EXPECT_EQ(gate.TakeDue(), Due{4});
  gate.Acknowledge(4, 1);
  EXPECT_TRUE(gate.MayStep());
}

}  // namespace
}  // namespace ballast
