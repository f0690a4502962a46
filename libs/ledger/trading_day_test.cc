#include "libs/ledger/trading_day.h"

#include <gtest/gtest.h>

namespace ballast::ledger {
namespace {

UtcTime At(const char* text) { return *UtcTime::Parse(text); }
std::int64_t NewYork(const char* text) { return TradingDay(At(text), DayBoundary::kNewYork); }
std::int64_t Date(const char* text) { return At(text).DayNumber(); }

TEST(TradingDayTest, ADayEndsAtMidnightInNewYorkInSummerAndInWinter) {
  EXPECT_EQ(NewYork("2024-06-04T03:59:59Z"), Date("2024-06-03T00:00:00Z"));
  EXPECT_EQ(NewYork("2024-06-04T04:00:00Z"), Date("2024-06-04T00:00:00Z"));
  EXPECT_EQ(NewYork("2024-12-04T04:59:59Z"), Date("2024-12-03T00:00:00Z"));
  EXPECT_EQ(NewYork("2024-12-04T05:00:00Z"), Date("2024-12-04T00:00:00Z"));
}

TEST(TradingDayTest, TheClockIsPutForwardAndBackOnTheRightSundays) {
  // 2024: 10 March and 3 November.
  EXPECT_EQ(NewYork("2024-03-10T04:59:59Z"), Date("2024-03-09T00:00:00Z"));
  EXPECT_EQ(NewYork("2024-03-11T04:00:00Z"), Date("2024-03-11T00:00:00Z"));
  EXPECT_EQ(NewYork("2024-11-03T04:00:00Z"), Date("2024-11-03T00:00:00Z"));
  EXPECT_EQ(NewYork("2024-11-04T04:30:00Z"), Date("2024-11-03T00:00:00Z"));
  // 2006, by the older rule: 2 April and 29 October.
  EXPECT_EQ(NewYork("2006-03-20T04:30:00Z"), Date("2006-03-19T00:00:00Z"));
  EXPECT_EQ(NewYork("2006-04-03T04:30:00Z"), Date("2006-04-03T00:00:00Z"));
  EXPECT_EQ(NewYork("2030-12-31T23:00:00Z"), Date("2030-12-31T00:00:00Z"));
  EXPECT_EQ(NewYork("2031-01-01T04:00:00Z"), Date("2030-12-31T00:00:00Z"));
}

TEST(TradingDayTest, UtcIsTheOtherChoice) {
  EXPECT_EQ(TradingDay(At("2024-06-04T03:00:00Z"), DayBoundary::kUtc), Date("2024-06-04T00:00:00Z"));
}

TEST(MarketCalendarTest, AMomentBackIsTheSameDayAndARecordingBegunAgainIsNot) {
  MarketCalendar calendar(DayBoundary::kUtc);
  std::int64_t day = calendar.Advance(At("2024-06-04T00:00:01Z"));
  EXPECT_EQ(calendar.Advance(At("2024-06-03T23:59:59Z")), day);
  EXPECT_EQ(calendar.Advance(At("2024-06-03T14:00:00Z")), day - 1);
}

}  // namespace
}  // namespace ballast::ledger
