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

// Step by step over years, and back and forth, it finds the day that one look alone finds.
TEST(DayFinderTest, IsTradingDayForTimesInAnyOrder) {
  for (DayBoundary boundary : {DayBoundary::kNewYork, DayBoundary::kUtc}) {
    DayFinder finder(boundary);
    std::int64_t from = UtcTime::Parse("2006-12-30T00:00:00Z")->nanos;
    for (std::int64_t quarter = 0; quarter < 3 * 365 * 96; ++quarter) {
      for (std::int64_t off : {std::int64_t{-1}, std::int64_t{0}, std::int64_t{1}}) {
        UtcTime time{from + quarter * 900'000'000'000 + off};
        ASSERT_EQ(finder.DayOf(time), TradingDay(time, boundary)) << time.ToString();
      }
    }
    for (std::int64_t nanos :
         {std::int64_t{-1}, std::int64_t{0}, std::int64_t{-3'600'000'000'001}, std::int64_t{3'600'000'000'000}})
      EXPECT_EQ(finder.DayOf(UtcTime{nanos}), TradingDay(UtcTime{nanos}, boundary)) << nanos;
  }
}

}  // namespace
}  // namespace ballast::ledger
