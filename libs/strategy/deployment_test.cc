// Every cell of a deployment's life-cycle, one by one.
#include "libs/strategy/deployment.h"

#include <map>
#include <tuple>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ballast::strategy {
namespace {

using enum DeploymentState;
using enum DeploymentEvent;
using ::testing::HasSubstr;

constexpr UtcTime kNow{77};

struct Expected {
  DeploymentState next;
  bool changed = true;
  const char* refusal = "";
};

const std::map<std::pair<DeploymentState, DeploymentEvent>, Expected>& Cells() {
  static const std::map<std::pair<DeploymentState, DeploymentEvent>, Expected> kCells = {
      {{kCreated, kStart}, {kActive}},
      {{kCreated, kPause}, {kCreated, false, "only an active"}},
      {{kCreated, kResume}, {kCreated, false, "only a paused"}},
      {{kCreated, kStop}, {kStopping}},
      {{kCreated, kStopAndClose}, {kStopping}},
      {{kCreated, kDone}, {kCreated, false}},
      {{kCreated, kLateFill}, {kCreated, false}},
      {{kCreated, kEmergencyStop}, {kCreated, false}},
      {{kActive, kStart}, {kActive, false}},
      {{kActive, kPause}, {kPaused}},
      {{kActive, kResume}, {kActive, false}},
      {{kActive, kStop}, {kStopping}},
      {{kActive, kStopAndClose}, {kStopping}},
      {{kActive, kDone}, {kActive, false}},
      {{kActive, kLateFill}, {kActive, false}},
      {{kActive, kEmergencyStop}, {kStopped}},
      {{kPaused, kStart}, {kPaused, false, "resume it"}},
      {{kPaused, kPause}, {kPaused, false}},
      {{kPaused, kResume}, {kActive}},
      {{kPaused, kStop}, {kStopping}},
      {{kPaused, kStopAndClose}, {kStopping}},
      {{kPaused, kDone}, {kPaused, false}},
      {{kPaused, kLateFill}, {kPaused, false}},
      {{kPaused, kEmergencyStop}, {kStopped}},
      {{kStopping, kStart}, {kStopping, false, "being stopped"}},
      {{kStopping, kPause}, {kStopping, false, "only an active"}},
      {{kStopping, kResume}, {kStopping, false, "only a paused"}},
      {{kStopping, kStop}, {kStopping}},
      {{kStopping, kStopAndClose}, {kStopping}},
      {{kStopping, kDone}, {kStopped}},
      {{kStopping, kLateFill}, {kStopping, false}},
      {{kStopping, kEmergencyStop}, {kStopped}},
      {{kStopped, kStart}, {kActive}},
      {{kStopped, kPause}, {kStopped, false, "only an active"}},
      {{kStopped, kResume}, {kStopped, false, "only a paused"}},
      {{kStopped, kStop}, {kStopped, false}},
      {{kStopped, kStopAndClose}, {kStopping}},
      {{kStopped, kDone}, {kStopped, false}},
      {{kStopped, kLateFill}, {kStopping}},
      {{kStopped, kEmergencyStop}, {kStopped, false}},
  };
  return kCells;
}

class DeploymentCellTest : public ::testing::TestWithParam<std::tuple<DeploymentState, DeploymentEvent>> {};

TEST_P(DeploymentCellTest, LeadsWhereTheTableSays) {
  auto [state, event] = GetParam();
  const Expected& expected = Cells().at({state, event});
  // One that was to be closed: a late fill counts.
  DeploymentLife life{.state = state, .close_positions = true};
  DeploymentLife before = life;
  DeploymentChange change = Apply(life, event, "why", kNow);
  EXPECT_EQ(life.state, expected.next);
  EXPECT_EQ(change.changed, expected.changed);
  EXPECT_EQ(change.refused(), *expected.refusal != '\0');
  EXPECT_THAT(change.refusal, HasSubstr(expected.refusal));
  if (!expected.changed) {
    EXPECT_EQ(life, before) << "what is not stored has not changed";
  }
}

INSTANTIATE_TEST_SUITE_P(EveryCell, DeploymentCellTest,
                         ::testing::Combine(::testing::ValuesIn(kDeploymentStates),
                                            ::testing::ValuesIn(kDeploymentEvents)));

TEST(DeploymentTest, AStartForgetsTheStopBefore) {
  DeploymentLife life{.state = kStopped,
                      .status_reason = "manual",
                      .stop_reason = "manual",
                      .close_positions = true,
                      .start_pending = true,
                      .stop_time = UtcTime{5}};
  EXPECT_TRUE(Apply(life, kStart, "", kNow).changed);
  EXPECT_EQ(life, (DeploymentLife{.state = kActive, .start_time = kNow}));
}

TEST(DeploymentTest, AStopSaysWhyAndTakesAPendingStartBack) {
  DeploymentLife life{.state = kCreated, .start_pending = true};
  EXPECT_TRUE(Apply(life, kStop, "", kNow).changed);
  EXPECT_EQ(life.stop_reason, "manual");
  EXPECT_EQ(life.status_reason, "manual");
  EXPECT_FALSE(life.start_pending);
  EXPECT_FALSE(life.close_positions);
}

TEST(DeploymentTest, AStopDoesNotTakeBackThatItCloses) {
  DeploymentLife life{.state = kActive};
  EXPECT_TRUE(Apply(life, kStopAndClose, "emergency_stop", kNow).changed);
  EXPECT_TRUE(Apply(life, kStop, "manual", kNow).changed);
  EXPECT_TRUE(life.close_positions);
  EXPECT_EQ(life.stop_reason, "manual");
}

TEST(DeploymentTest, WhatKeptItsPositionIsLeftAloneByALateFill) {
  DeploymentLife life{.state = kStopped};
  EXPECT_FALSE(Apply(life, kLateFill, "", kNow).changed);
  EXPECT_EQ(life.state, kStopped);
}

TEST(DeploymentTest, AnEmergencyStopSaysWhoStoppedIt) {
  DeploymentLife life{.state = kActive, .start_pending = true};
  EXPECT_TRUE(Apply(life, kEmergencyStop, "the emergency stop has stopped it", kNow).changed);
  EXPECT_EQ(life.status_reason, "the emergency stop has stopped it");
  EXPECT_EQ(life.stop_time, kNow);
  EXPECT_FALSE(life.start_pending);
}

TEST(DeploymentTest, OnlyTheThreeInTheMiddleRun) {
  for (DeploymentState state : kDeploymentStates) {
    DeploymentLife life{.state = state};
    EXPECT_EQ(life.running(), state == kActive || state == kPaused || state == kStopping);
  }
}

}  // namespace
}  // namespace ballast::strategy
