#include "libs/calendar/sessions.h"

#include <gtest/gtest.h>

namespace ballast::calendar {
namespace {

UtcTime At(const char* text) { return *UtcTime::Parse(text); }

Instrument Of(TradingCalendar calendar, int day_start_minute = 0) {
  Instrument instrument;
  instrument.calendar = calendar;
  instrument.day_start_minute = day_start_minute;
  return instrument;
}

TEST(SessionsTest, AShareIsOpenInTheRegularSession) {
  Instrument share = Of(TradingCalendar::kNewYorkStockExchange);
  EXPECT_FALSE(IsOpen(share, At("2024-01-02T14:30:00Z")));
  EXPECT_TRUE(IsOpen(share, At("2024-01-02T14:31:00Z")));
  EXPECT_TRUE(IsOpen(share, At("2024-01-02T21:00:00Z")));
  EXPECT_FALSE(IsOpen(share, At("2024-01-02T21:00:01Z")));
  EXPECT_TRUE(IsOpen(share, At("2013-10-07T13:31:00Z")));
  EXPECT_FALSE(IsOpen(share, At("2023-12-25T16:00:00Z")));
  EXPECT_FALSE(IsOpen(share, At("2013-10-12T15:00:00Z")));  // a Saturday
  EXPECT_FALSE(IsOpen(share, At("2024-07-03T17:01:00Z")));  // a half-day
  EXPECT_FALSE(IsOpen(share, UtcTime{-1}));
  EXPECT_FALSE(IsOpen(Of(TradingCalendar::kUnspecified), At("2024-01-02T15:00:00Z")));
}

TEST(SessionsTest, ADayOrderEndsWithTheRunningOrTheComingSession) {
  Instrument share = Of(TradingCalendar::kNewYorkStockExchange);
  struct Case {
    const char* time;
    const char* end;
  };
  const Case cases[] = {
      {"2024-06-03T15:00:00Z", "2024-06-03T20:00:00Z"},      // in the session
      {"2024-06-03T08:00:00Z", "2024-06-03T20:00:00Z"},      // before the open
      {"2024-06-03T19:59:59.999Z", "2024-06-03T20:00:00Z"},  // just before the close
      {"2024-06-03T20:00:00Z", "2024-06-04T20:00:00Z"},      // at the close: too late
      {"2024-06-07T21:00:00Z", "2024-06-10T20:00:00Z"},      // Friday evening
      {"2024-03-08T22:00:00Z", "2024-03-11T20:00:00Z"},      // over the change to summer time
      {"2024-07-02T21:00:00Z", "2024-07-03T17:00:00Z"},      // a half-day is coming
      {"2024-07-03T18:00:00Z", "2024-07-05T20:00:00Z"},      // a half-day is over, then a holiday
      {"2026-11-26T15:00:00Z", "2026-11-27T18:00:00Z"},      // Thanksgiving, then a half-day
      {"2027-12-31T22:00:00Z", "2028-01-03T21:00:00Z"},      // a New Year's Day nobody keeps
      {"2025-01-08T22:00:00Z", "2025-01-10T21:00:00Z"},      // a day of mourning
  };
  for (const Case& each : cases) EXPECT_EQ(DayEnd(share, At(each.time)), At(each.end)) << each.time;
  EXPECT_EQ(SessionFor(share, At("2024-06-03T08:00:00Z")).open, At("2024-06-03T13:30:00Z"));
  EXPECT_GT(DayEnd(Of(TradingCalendar::kUnspecified), At("2024-06-03T15:00:00Z")), At("2100-01-01T00:00:00Z"));
}

TEST(SessionsTest, AMarketThatNeverClosesHasDays) {
  Instrument coin = Of(TradingCalendar::kAlwaysOpen);
  EXPECT_TRUE(IsOpen(coin, At("2013-10-12T15:00:00Z")));
  EXPECT_EQ(DayEnd(coin, At("2024-06-03T23:59:59Z")), At("2024-06-04T00:00:00Z"));
  EXPECT_EQ(DayEnd(coin, At("2024-06-04T00:00:00Z")), At("2024-06-05T00:00:00Z"));
  Instrument other = Of(TradingCalendar::kAlwaysOpen, 21 * 60);
  EXPECT_EQ(DayEnd(other, At("2024-06-03T20:59:59Z")), At("2024-06-03T21:00:00Z"));
  EXPECT_EQ(DayEnd(other, At("2024-06-03T21:00:00Z")), At("2024-06-04T21:00:00Z"));
  EXPECT_EQ(SessionFor(other, At("2024-06-04T03:00:00Z")).open, At("2024-06-03T21:00:00Z"));
}

}  // namespace
}  // namespace ballast::calendar
