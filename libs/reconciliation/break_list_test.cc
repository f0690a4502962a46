#include "libs/reconciliation/break_list.h"

#include <gtest/gtest.h>

namespace ballast::reconciliation {
namespace {

const std::set<BreakType> kAll = {BreakType::kPosition, BreakType::kCash, BreakType::kMissedExecution};

UtcTime At(std::int64_t seconds) { return UtcTime{seconds * 1'000'000'000}; }

Difference Position(const char* left, const char* ours = "1") {
  return {.type = BreakType::kPosition, .symbol = Symbol("SPY"), .ours = ours, .gist = left};
}

Difference Missed() { return {.type = BreakType::kMissedExecution, .execution_id = ExecutionId("e"), .gist = "x"}; }

TEST(BreakListTest, ADifferenceIsABreakOnceItHasLastedLongerThanTheGrace) {
  BreakList list;
  EXPECT_TRUE(list.Look({Position("2")}, kAll, At(100)).empty());
  EXPECT_EQ(list.pending(), 1);
  EXPECT_EQ(list.NextDue(), At(105));
  EXPECT_TRUE(list.Look({Position("2")}, kAll, At(104)).empty());
  auto changes = list.Look({Position("2")}, kAll, At(105));
  ASSERT_EQ(changes.opened.size(), 1U);
  EXPECT_EQ(changes.opened[0].number, 1U);
  EXPECT_EQ(changes.opened[0].first_time, At(100));
  EXPECT_TRUE(changes.opened[0].halts);
  EXPECT_EQ(list.pending(), 0);
  EXPECT_EQ(list.halting(), 1);
}

TEST(BreakListTest, WhatIsGoneWithinTheGraceNeverWasABreak) {
  BreakList list;
  (void)list.Look({Position("2")}, kAll, At(100));
  (void)list.Look({}, kAll, At(102));
  // It is counted anew.
  EXPECT_TRUE(list.Look({Position("2")}, kAll, At(106)).empty());
  EXPECT_EQ(list.Count(BreakState::kOpen), 0);
}

TEST(BreakListTest, ABreakIsResolvedOnlyByALookAtItsKind) {
  BreakList list;
  (void)list.Look({Position("2")}, kAll, At(100));
  (void)list.Look({Position("2")}, kAll, At(110));
  // Orders alone were looked at, or the venue could not be asked for its positions.
  EXPECT_TRUE(list.Look({}, {BreakType::kMissedExecution}, At(120)).empty());
  EXPECT_EQ(list.halting(), 1);
  auto changes = list.Look({}, kAll, At(130));
  ASSERT_EQ(changes.resolved.size(), 1U);
  EXPECT_EQ(changes.resolved[0].resolve_time, At(130));
  EXPECT_EQ(list.halting(), 0);
  // The next one has a number of its own.
  (void)list.Look({Position("2")}, kAll, At(140));
  EXPECT_EQ(list.Look({Position("2")}, kAll, At(150)).opened[0].number, 2U);
}

TEST(BreakListTest, WhatHealsByItselfHoldsNothingBackUntilItTakesTooLong) {
  BreakList list;
  (void)list.Look({Missed()}, kAll, At(100));
  EXPECT_FALSE(list.Look({Missed()}, kAll, At(105)).opened[0].halts);
  EXPECT_TRUE(list.Look({Missed()}, kAll, At(129)).changed.empty());
  auto changes = list.Look({Missed()}, kAll, At(130));
  ASSERT_EQ(changes.changed.size(), 1U);
  EXPECT_TRUE(changes.changed[0].halts);
}

TEST(BreakListTest, AnAcknowledgedBreakHoldsNothingBackUntilItsDifferenceChanges) {
  BreakList list;
  (void)list.Look({Position("2")}, kAll, At(100));
  (void)list.Look({Position("2")}, kAll, At(110));
  auto acknowledged = list.Acknowledge(1, "ann", "known", At(111));
  ASSERT_TRUE(acknowledged);
  EXPECT_EQ(acknowledged->acknowledged_by, "ann");
  EXPECT_EQ(list.halting(), 0);
  EXPECT_EQ(list.Count(BreakState::kAcknowledged), 1);
  // The position moves, the difference stays.
  (void)list.Look({Position("2", "7")}, kAll, At(120));
  EXPECT_EQ(list.Count(BreakState::kAcknowledged), 1);
  (void)list.Look({Position("3")}, kAll, At(130));
  EXPECT_EQ(list.Count(BreakState::kOpen), 1);
  EXPECT_EQ(list.halting(), 1);
  EXPECT_FALSE(list.Acknowledge(9, "ann", "none", At(131)));
}

TEST(BreakListTest, ARestartGoesOnWithWhatWasOpen) {
  BreakList list;
  (void)list.Look({Position("2")}, kAll, At(100));
  (void)list.Look({Position("2")}, kAll, At(110));
  BreakList again;
  for (const Break& one : list.All()) again.Restore(one);
  EXPECT_EQ(again.All(), list.All());
  EXPECT_TRUE(again.Look({Position("2")}, kAll, At(111)).opened.empty());
  EXPECT_EQ(again.halting(), 1);
  EXPECT_EQ(again.last_number(), 1U);
}

}  // namespace
}  // namespace ballast::reconciliation
