#include "libs/calendar/new_york.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace ballast::calendar {
namespace {

std::string Text(CivilDay day) {
  char text[16];
  std::snprintf(text, sizeof text, "%02d-%02d", day.month, day.day);
  return text;
}

// As the exchange publishes them (2023 to 2028), and by the same rules to 2030; 2018 to 2022 as they were.
const std::map<int, std::vector<const char*>> kHolidays = {
    {2018, {"01-01", "01-15", "02-19", "03-30", "05-28", "07-04", "09-03", "11-22", "12-05", "12-25"}},
    {2019, {"01-01", "01-21", "02-18", "04-19", "05-27", "07-04", "09-02", "11-28", "12-25"}},
    {2020, {"01-01", "01-20", "02-17", "04-10", "05-25", "07-03", "09-07", "11-26", "12-25"}},
    {2021, {"01-01", "01-18", "02-15", "04-02", "05-31", "07-05", "09-06", "11-25", "12-24"}},
    {2022, {"01-17", "02-21", "04-15", "05-30", "06-20", "07-04", "09-05", "11-24", "12-26"}},
    {2023, {"01-02", "01-16", "02-20", "04-07", "05-29", "06-19", "07-04", "09-04", "11-23", "12-25"}},
    {2024, {"01-01", "01-15", "02-19", "03-29", "05-27", "06-19", "07-04", "09-02", "11-28", "12-25"}},
    {2025, {"01-01", "01-09", "01-20", "02-17", "04-18", "05-26", "06-19", "07-04", "09-01", "11-27", "12-25"}},
    {2026, {"01-01", "01-19", "02-16", "04-03", "05-25", "06-19", "07-03", "09-07", "11-26", "12-25"}},
    {2027, {"01-01", "01-18", "02-15", "03-26", "05-31", "06-18", "07-05", "09-06", "11-25", "12-24"}},
    {2028, {"01-17", "02-21", "04-14", "05-29", "06-19", "07-04", "09-04", "11-23", "12-25"}},
    {2029, {"01-01", "01-15", "02-19", "03-30", "05-28", "06-19", "07-04", "09-03", "11-22", "12-25"}},
    {2030, {"01-01", "01-21", "02-18", "04-19", "05-27", "06-19", "07-04", "09-02", "11-28", "12-25"}}};

const std::map<int, std::vector<const char*>> kHalfDays = {{2018, {"07-03", "11-23", "12-24"}},
                                                           {2019, {"07-03", "11-29", "12-24"}},
                                                           {2020, {"11-27", "12-24"}},
                                                           {2021, {"11-26"}},
                                                           {2022, {"11-25"}},
                                                           {2023, {"07-03", "11-24"}},
                                                           {2024, {"07-03", "11-29", "12-24"}},
                                                           {2025, {"07-03", "11-28", "12-24"}},
                                                           {2026, {"11-27", "12-24"}},
                                                           {2027, {"11-26"}},
                                                           {2028, {"07-03", "11-24"}},
                                                           {2029, {"07-03", "11-23", "12-24"}},
                                                           {2030, {"07-03", "11-29", "12-24"}}};

TEST(NewYorkTest, EveryDayFrom2018To2030IsWhatTheExchangePublished) {
  for (const auto& [year, holidays] : kHolidays) {
    std::vector<std::string> closed, half;
    for (std::int64_t day = DaysFromCivil({year, 1, 1}); day < DaysFromCivil({year + 1, 1, 1}); ++day) {
      CivilDay civil = CivilFromDays(day);
      if (Weekday(day) >= 5) {
        EXPECT_FALSE(IsTradingDay(civil));
      } else if (!IsTradingDay(civil)) {
        closed.push_back(Text(civil));
      }
      if (IsHalfDay(civil)) half.push_back(Text(civil));
    }
    EXPECT_EQ(closed, std::vector<std::string>(holidays.begin(), holidays.end())) << year;
    EXPECT_EQ(half, std::vector<std::string>(kHalfDays.at(year).begin(), kHalfDays.at(year).end())) << year;
  }
}

TEST(NewYorkTest, TheHoursAreThoseOfNewYorkOnBothSidesOfEachChange) {
  struct Case {
    CivilDay day;
    const char* open;
    const char* close;
  };
  const Case cases[] = {
      {{2024, 3, 8}, "2024-03-08T14:30:00Z", "2024-03-08T21:00:00Z"},
      {{2024, 3, 11}, "2024-03-11T13:30:00Z", "2024-03-11T20:00:00Z"},
      {{2024, 11, 1}, "2024-11-01T13:30:00Z", "2024-11-01T20:00:00Z"},
      {{2024, 11, 4}, "2024-11-04T14:30:00Z", "2024-11-04T21:00:00Z"},
      {{2026, 3, 6}, "2026-03-06T14:30:00Z", "2026-03-06T21:00:00Z"},
      {{2026, 3, 9}, "2026-03-09T13:30:00Z", "2026-03-09T20:00:00Z"},
      {{2026, 10, 30}, "2026-10-30T13:30:00Z", "2026-10-30T20:00:00Z"},
      {{2026, 11, 2}, "2026-11-02T14:30:00Z", "2026-11-02T21:00:00Z"},
      {{2026, 11, 27}, "2026-11-27T14:30:00Z", "2026-11-27T18:00:00Z"},
      {{2024, 7, 3}, "2024-07-03T13:30:00Z", "2024-07-03T17:00:00Z"},
      {{2013, 10, 7}, "2013-10-07T13:30:00Z", "2013-10-07T20:00:00Z"},
  };
  for (const Case& each : cases) {
    std::optional<RegularSession> session = RegularSessionOf(each.day);
    ASSERT_TRUE(session.has_value()) << each.open;
    EXPECT_EQ(session->open, *UtcTime::Parse(each.open));
    EXPECT_EQ(session->close, *UtcTime::Parse(each.close));
  }
  EXPECT_FALSE(RegularSessionOf({2025, 1, 9}).has_value());
  EXPECT_FALSE(RegularSessionOf({2026, 11, 28}).has_value());
}

// The Sundays of the changes, as published for these years.
TEST(NewYorkTest, DaylightSavingTimeBeginsAndEndsOnItsSundays) {
  const std::map<int, std::pair<int, int>> kChanges = {
      {2018, {11, 4}}, {2019, {10, 3}}, {2020, {8, 1}}, {2021, {14, 7}}, {2022, {13, 6}},
      {2023, {12, 5}}, {2024, {10, 3}}, {2025, {9, 2}}, {2026, {8, 1}},  {2027, {14, 7}},
      {2028, {12, 5}}, {2029, {11, 4}}, {2030, {10, 3}}};
  constexpr Duration kSummer = Duration::Seconds(4 * 3'600), kWinter = Duration::Seconds(5 * 3'600);
  for (const auto& [year, change] : kChanges) {
    EXPECT_EQ(BehindUtc({year, 3, change.first - 1}), kWinter) << year;
    EXPECT_EQ(BehindUtc({year, 3, change.first}), kSummer) << year;
    EXPECT_EQ(BehindUtc({year, 11, change.second}), kWinter) << year;
    EXPECT_EQ(BehindUtc(CivilFromDays(DaysFromCivil({year, 11, change.second}) - 1)), kSummer) << year;
  }
}

// 02:00 by the clock that is put on, and by the one that is put back.
TEST(NewYorkTest, ClocksChangeAtTwoOClock) {
  constexpr Duration kSummer = Duration::Seconds(4 * 3'600), kWinter = Duration::Seconds(5 * 3'600);
  auto behind = [](const char* time) { return BehindUtcAt(*UtcTime::Parse(time)); };
  EXPECT_EQ(behind("2026-03-08T06:59:59Z"), kWinter);
  EXPECT_EQ(behind("2026-03-08T07:00:00Z"), kSummer);
  EXPECT_EQ(behind("2026-11-01T05:59:59Z"), kSummer);
  EXPECT_EQ(behind("2026-11-01T06:00:00Z"), kWinter);
  EXPECT_EQ(behind("2026-12-31T23:59:59Z"), kWinter);
  EXPECT_EQ(behind("2027-01-01T00:00:00Z"), kWinter);
}

}  // namespace
}  // namespace ballast::calendar
