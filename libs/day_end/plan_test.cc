#include "libs/day_end/plan.h"

#include "gtest/gtest.h"
#include "libs/base/civil_day.h"

namespace ballast::day_end {
namespace {

UtcTime At(CivilDay day, int hour, int minute, int second = 0) {
  return UtcTime{(DaysFromCivil(day) * 86'400 + hour * 3'600 + minute * 60 + second) * 1'000'000'000};
}

Policy NewYork() { return {.calendar = TradingCalendar::kNewYorkStockExchange}; }

TEST(DayEndPlan, BeginsFiveMinutesBeforeTheCloseInSummerAndWinterAndOnAHalfDay) {
  struct Case {
    CivilDay day;
    int hour;
    bool half;
  };
  for (const Case& one : {Case{{2018, 4, 6}, 19, false}, Case{{2026, 12, 1}, 20, false}, Case{{2026, 11, 27}, 17, true},
                          Case{{2026, 12, 24}, 17, true}, Case{{2025, 7, 3}, 16, true}}) {
    UtcTime morning = At(one.day, 12, 0);
    EXPECT_FALSE(DueAt(NewYork(), morning, At(one.day, one.hour, 54, 59))) << one.day.month;
    std::optional<Due> due = DueAt(NewYork(), morning, At(one.day, one.hour, 55));
    ASSERT_TRUE(due) << one.day.month;
    EXPECT_EQ(due->session.close, At(one.day, one.hour + 1, 0));
    EXPECT_EQ(due->half_day, one.half);
    EXPECT_EQ(due->day, DaysFromCivil(one.day));
    EXPECT_FALSE(due->late);
    // The very close is not late; what comes after it is, up to the end of the next day.
    EXPECT_FALSE(DueAt(NewYork(), morning, At(one.day, one.hour + 1, 0))->late);
    EXPECT_TRUE(DueAt(NewYork(), morning, At(one.day, one.hour + 1, 0, 1))->late);
  }
}

TEST(DayEndPlan, AHolidayAndAWeekendHaveNoEndOfTheirOwn) {
  // From Thanksgiving's eve on: only that day's end is due on the holiday.
  std::optional<Due> due = DueAt(NewYork(), At({2026, 11, 25}, 15, 0), At({2026, 11, 26}, 20, 55));
  ASSERT_TRUE(due);
  EXPECT_EQ(due->day, DaysFromCivil({2026, 11, 25}));
  EXPECT_TRUE(due->late);
  due = DueAt(NewYork(), At({2026, 11, 27}, 15, 0), At({2026, 11, 29}, 20, 0));
  ASSERT_TRUE(due);
  EXPECT_EQ(due->day, DaysFromCivil({2026, 11, 27}));
}

TEST(DayEndPlan, WhatBeganBeforeThePolicyHeldIsNotItsBusiness) {
  EXPECT_FALSE(DueAt(NewYork(), At({2018, 4, 6}, 19, 55), At({2018, 4, 6}, 19, 56)));
  EXPECT_FALSE(DueAt(NewYork(), At({2018, 4, 6}, 21, 0), At({2018, 4, 9}, 19, 54)));
  EXPECT_TRUE(DueAt(NewYork(), At({2018, 4, 6}, 21, 0), At({2018, 4, 9}, 19, 55)));
  Policy off = NewYork();
  off.enabled = false;
  EXPECT_FALSE(DueAt(off, {}, At({2018, 4, 6}, 19, 56)));
}

TEST(DayEndPlan, WhereTheMarketNeverClosesADayEndsWhereThePolicySays) {
  Policy policy{.calendar = TradingCalendar::kAlwaysOpen, .day_start_minute = 17 * 60};
  UtcTime since = At({2026, 2, 1}, 0, 0);
  // A Sunday.
  EXPECT_FALSE(DueAt(policy, since, At({2026, 2, 1}, 16, 54)));
  std::optional<Due> due = DueAt(policy, since, At({2026, 2, 1}, 16, 55));
  ASSERT_TRUE(due);
  EXPECT_EQ(due->session.open, At({2026, 1, 31}, 17, 0));
  EXPECT_EQ(due->session.close, At({2026, 2, 1}, 17, 0));
  policy.day_start_minute = 0;
  due = DueAt(policy, since, At({2026, 2, 1}, 23, 56));
  ASSERT_TRUE(due);
  EXPECT_EQ(due->session.close, At({2026, 2, 2}, 0, 0));
}

TEST(DayEndPlan, AFaultIsNamed) {
  EXPECT_EQ(Fault(NewYork()), "");
  auto fault = [](auto change) {
    Policy policy = NewYork();
    change(policy);
    return Fault(policy).substr(0, Fault(policy).find(':'));
  };
  EXPECT_EQ(fault([](Policy& p) { p.calendar = TradingCalendar::kUnspecified; }), "calendar");
  EXPECT_EQ(fault([](Policy& p) { p.minutes_before_close = 0; }), "minutes_before_close");
  EXPECT_EQ(fault([](Policy& p) { p.minutes_before_close = 241; }), "minutes_before_close");
  EXPECT_EQ(fault([](Policy& p) { p.alert_minutes_before_close = 5; }), "alert_minutes_before_close");
  EXPECT_EQ(fault([](Policy& p) { p.day_start_minute = 1; }), "day_start_minute");
}

class DayEndSteps : public ::testing::Test {
 protected:
  static constexpr CivilDay kDay{2018, 4, 6};
  calendar::Session session_{At(kDay, 13, 30), At(kDay, 20, 0)};
  Policy policy_ = NewYork();

  static Sight Look(int hour, int minute, int second = 0) {
    return {.time = At(kDay, hour, minute, second), .current = true};
  }
  Next Do(Step at, const Sight& sight) { return Decide(policy_, session_, at, sight); }
};

TEST_F(DayEndSteps, CancelsThenClosesThenVerifiesThenReports) {
  Sight sight = Look(19, 55);
  sight.working = 2;
  sight.held = sight.held_open = 1;
  Next next = Do(Step::kEntriesStopped, sight);
  EXPECT_EQ(next.step, Step::kCanceling);
  EXPECT_EQ(next.act, Act::kCancel);
  EXPECT_EQ(next.waits_for, "2 working orders to end");
  EXPECT_FALSE(next.alert);

  sight.working = 0;
  next = Do(next.step, sight);
  EXPECT_EQ(next.step, Step::kClosing);
  EXPECT_EQ(next.act, Act::kClose);

  sight.closes_open = 1;
  sight.held_open = 0;
  next = Do(next.step, sight);
  EXPECT_EQ(next.act, Act::kNothing) << "a second order for the same position";
  EXPECT_EQ(next.waits_for, "1 closing order to end");

  sight = Look(19, 56);
  sight.current = false;
  next = Do(next.step, sight);
  EXPECT_EQ(next.step, Step::kVerifying);
  EXPECT_EQ(next.act, Act::kNothing) << "flat by a view that lags";

  next = Do(next.step, Look(19, 57, 59));
  EXPECT_EQ(next.step, Step::kVerifying) << "an order may be on its way";
  EXPECT_EQ(next.act, Act::kNothing);
  EXPECT_EQ(next.waits_for, "19:58:00 UTC: what is opened until then is closed too");

  next = Do(next.step, Look(19, 58));
  EXPECT_EQ(next.step, Step::kDone);
  EXPECT_EQ(next.act, Act::kReport);
  EXPECT_EQ(next.waits_for, "");
}

TEST_F(DayEndSteps, WhatIsOpenedAfterTheFirstFlatLookIsClosedToo) {
  Sight sight = Look(19, 56);
  EXPECT_EQ(Do(Step::kClosing, sight).act, Act::kNothing);
  sight.held = sight.held_open = 1;
  EXPECT_EQ(Do(Step::kVerifying, sight).act, Act::kClose);
}

TEST_F(DayEndSteps, OneOrderThatDoesNotEndKeepsNobodyElsesPositionOpen) {
  Sight sight = Look(19, 55);
  sight.working = 1;
  sight.held = sight.held_open = 2;
  sight.held_free = 1;
  EXPECT_EQ(Do(Step::kEntriesStopped, sight).act, Act::kCancel) << "it may end at once";
  Next next = Do(Step::kCanceling, sight);
  EXPECT_EQ(next.act, Act::kCancelAndClose);
  EXPECT_EQ(next.step, Step::kCanceling);
  sight.current = false;
  EXPECT_EQ(Do(Step::kCanceling, sight).act, Act::kCancel);
  sight.current = true;
  sight.held_free = 0;
  EXPECT_EQ(Do(Step::kCanceling, sight).act, Act::kCancel) << "its own position waits for it";
}

TEST_F(DayEndSteps, AClosingOrderThatDoesNotEndKeepsNobodyElsesPositionOpen) {
  Sight sight = Look(19, 56);
  sight.closes_open = 1;
  sight.held = 2;
  sight.held_open = 1;
  EXPECT_EQ(Do(Step::kClosing, sight).act, Act::kClose);
}

TEST_F(DayEndSteps, WhatNobodyKnowsIsHeldAndNamed) {
  Sight sight = Look(19, 58);
  sight.held = 2;
  sight.unknown = {"XYZ", "ABC"};
  Next next = Do(Step::kVerifying, sight);
  EXPECT_EQ(next.act, Act::kNothing);
  EXPECT_TRUE(next.alert);
  EXPECT_EQ(next.waits_for, "what to do with XYZ, ABC, which nobody knows as an instrument");
}

TEST_F(DayEndSteps, WhatIsNotKnownToBeHeldIsNotClosed) {
  Sight sight = Look(19, 55);
  sight.held = sight.held_open = 1;
  sight.current = false;
  EXPECT_EQ(Do(Step::kEntriesStopped, sight).act, Act::kNothing);
}

TEST_F(DayEndSteps, TheWatchdogSpeaksAndItGoesOn) {
  Sight sight = Look(19, 58);
  sight.held = sight.held_open = 1;
  Next next = Do(Step::kClosing, sight);
  EXPECT_TRUE(next.alert);
  EXPECT_EQ(next.act, Act::kClose);
  sight.time = At(kDay, 19, 57, 59);
  EXPECT_FALSE(Do(Step::kClosing, sight).alert);
  sight = Look(19, 58);
  EXPECT_FALSE(Do(Step::kVerifying, sight).alert) << "all is done";
}

TEST_F(DayEndSteps, AHaltedInstrumentIsWaitedForAndLeftAtTheClose) {
  Sight sight = Look(19, 59);
  sight.held = 1;
  Next next = Do(Step::kClosing, sight);
  EXPECT_EQ(next.act, Act::kNothing);
  EXPECT_EQ(next.waits_for, "1 position whose market is not open");
  sight.time = At(kDay, 20, 0, 1);
  next = Do(Step::kClosing, sight);
  EXPECT_EQ(next.act, Act::kReport);
  EXPECT_EQ(next.step, Step::kDone);
  EXPECT_TRUE(next.alert);
}

TEST_F(DayEndSteps, WithoutNightsWhatIsLeftIsClosedAtTheNextOpenWithoutASecondReport) {
  policy_.no_overnight = true;
  Sight sight = Look(20, 30);
  sight.held = 1;
  sight.working = 1;
  Next next = Do(Step::kClosing, sight);
  EXPECT_EQ(next.step, Step::kOvernight);
  EXPECT_EQ(next.act, Act::kReport);

  EXPECT_EQ(Do(Step::kOvernight, sight).act, Act::kNothing) << "the market is closed";
  sight.held_open = 1;
  next = Do(Step::kOvernight, sight);
  EXPECT_EQ(next.act, Act::kClose) << "whatever works belongs to the new day";
  EXPECT_EQ(next.step, Step::kOvernight);
  sight.closes_open = 1;
  sight.held_open = 0;
  EXPECT_EQ(Do(Step::kOvernight, sight).act, Act::kNothing);
  next = Do(Step::kOvernight, Look(20, 40));
  EXPECT_EQ(next.step, Step::kDone);
  EXPECT_EQ(next.act, Act::kNothing);
}

TEST_F(DayEndSteps, TooLateThereIsAReportAndNothingElse) {
  Sight sight = Look(21, 0);
  sight.working = 1;
  sight.held = 1;
  Next next = Do(Step::kEntriesStopped, sight);
  EXPECT_EQ(next.act, Act::kReport);
  EXPECT_EQ(next.step, Step::kDone);
}

}  // namespace
}  // namespace ballast::day_end
