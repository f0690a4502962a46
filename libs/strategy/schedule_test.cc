#include "libs/strategy/schedule.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ballast::strategy {
namespace {

UtcTime At(const char* text) { return UtcTime::Parse(text).value(); }
constexpr auto kExchange = TradingCalendar::kNewYorkStockExchange;
constexpr auto kAlways = TradingCalendar::kAlwaysOpen;

std::optional<std::int64_t> MinutesLeft(const Schedule& schedule, TradingCalendar calendar, const char* time) {
  auto left = LeftOfWindow(schedule, calendar, At(time));
  return left ? std::optional(left->nanos / 60'000'000'000) : std::nullopt;
}

TEST(Schedule, HoursOfUtc) {
  Schedule schedule{.start_minute = 9 * 60, .end_minute = 17 * 60};
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2024-03-05T08:59:59Z"), std::nullopt);
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2024-03-05T09:00:00Z"), 480);
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2024-03-05T16:59:00Z"), 1);
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2024-03-05T17:00:00Z"), std::nullopt) << "the end is exclusive";
}

TEST(Schedule, NewYorkKeepsItsHoursWhenItsClocksChange) {
  Schedule schedule{.zone = TimeZone::kNewYork, .start_minute = 9 * 60 + 30, .end_minute = 16 * 60};
  // Summer time began on 2024-03-10.
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2024-03-08T14:29:00Z"), std::nullopt);
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2024-03-08T14:30:00Z"), 390);
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2024-03-11T13:30:00Z"), 390);
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2024-03-11T20:00:00Z"), std::nullopt);
}

// At night the clock still shows what it did the day before; the hour that comes twice is inside twice.
TEST(Schedule, NewYorkKeepsItsHoursInTheNightsOfItsClockChanges) {
  Schedule schedule{.zone = TimeZone::kNewYork, .start_minute = 30, .end_minute = 90};
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2026-03-08T05:00:00Z"), std::nullopt);
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2026-03-08T05:30:00Z"), 60);
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2026-03-08T06:29:00Z"), 1);
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2026-03-08T06:30:00Z"), std::nullopt);
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2026-11-01T04:29:00Z"), std::nullopt);
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2026-11-01T04:30:00Z"), 60);
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2026-11-01T05:30:00Z"), std::nullopt);
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2026-11-01T06:00:00Z"), 30) << "01:00 again";
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2026-11-01T06:30:00Z"), std::nullopt);
  // The first second of that Sunday is Sunday's.
  EXPECT_EQ(LocalDay(TimeZone::kNewYork, kAlways, At("2026-11-01T04:00:00Z")), At("2026-11-01T00:00:00Z").DayNumber());
  EXPECT_EQ(LocalDay(TimeZone::kNewYork, kAlways, At("2026-03-08T04:59:59Z")), At("2026-03-07T00:00:00Z").DayNumber());
}

TEST(Schedule, TheInstrumentsZoneIsItsExchanges) {
  Schedule schedule{.zone = TimeZone::kInstrument, .start_minute = 10 * 60, .end_minute = 11 * 60};
  EXPECT_EQ(MinutesLeft(schedule, kExchange, "2024-07-01T14:00:00Z"), 60);
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2024-07-01T14:00:00Z"), std::nullopt);
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2024-07-01T10:00:00Z"), 60);
}

TEST(Schedule, AWindowThroughMidnightIsOfTheDayItBeganOn) {
  // Fridays 22:00 to 02:00.
  Schedule schedule{.days = {false, false, false, false, true, false, false}, .start_minute = 1'320, .end_minute = 120};
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2024-03-08T22:00:00Z"), 240);
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2024-03-09T01:59:00Z"), 1);
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2024-03-08T01:00:00Z"), std::nullopt) << "that was Thursday's";
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2024-03-09T22:30:00Z"), std::nullopt);
}

TEST(Schedule, WithoutHoursADayIsWhole) {
  Schedule schedule{.days = {true, true, true, true, true, false, false}};
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2024-03-08T00:00:00Z"), 1'440);
  EXPECT_EQ(MinutesLeft(schedule, kAlways, "2024-03-09T12:00:00Z"), std::nullopt);
}

TEST(Schedule, DaysOfAZone) {
  EXPECT_EQ(LocalDay(TimeZone::kUtc, kAlways, At("2024-03-09T03:00:00Z")), At("2024-03-09T00:00:00Z").DayNumber());
  EXPECT_EQ(LocalDay(TimeZone::kNewYork, kAlways, At("2024-03-09T03:00:00Z")), At("2024-03-08T00:00:00Z").DayNumber());
}

TEST(Schedule, TimesAreReadAndFaultsNamed) {
  EXPECT_EQ(MinuteOf("09:30"), 570);
  EXPECT_EQ(MinuteText(570), "09:30");
  for (const char* bad : {"9:30", "24:00", "09:60", "0930", "", "ab:cd"}) EXPECT_EQ(MinuteOf(bad), std::nullopt) << bad;
  EXPECT_EQ(Fault(Schedule()), "");
  EXPECT_THAT(Fault({.days = {}}), ::testing::HasSubstr("days"));
  EXPECT_THAT(Fault({.start_minute = 60, .end_minute = 90, .close_before_end_minutes = 30}),
              ::testing::HasSubstr("close_before_end"));
  EXPECT_EQ(ZoneNamed("America/New_York"), TimeZone::kNewYork);
  EXPECT_EQ(ZoneNamed("Mars"), std::nullopt);
}

}  // namespace
}  // namespace ballast::strategy
