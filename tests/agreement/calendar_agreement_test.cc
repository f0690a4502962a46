// libs/calendar against what the Python package exchange_calendars says (tools/calendar_days.py wrote the table): every
// day of 2015 to 2030.
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "gtest/gtest.h"
#include "libs/base/civil_day.h"
#include "libs/calendar/new_york.h"

namespace ballast::calendar {
namespace {

struct TableRow {
  std::string open, close;
  bool half_day = false;
};

std::map<std::string, TableRow> ReadTable() {
  std::map<std::string, TableRow> rows;
  std::ifstream file(BALLAST_CALENDAR_TABLE);
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream cells(line);
    std::string date, half;
    TableRow row;
    std::getline(cells, date, ',');
    std::getline(cells, row.open, ',');
    std::getline(cells, row.close, ',');
    std::getline(cells, half, ',');
    row.half_day = half == "1";
    rows[date] = row;
  }
  return rows;
}

std::string Seconds(UtcTime time) { return time.ToString().substr(0, 19) + "Z"; }

TEST(CalendarAgreement, EveryDayOf2015To2030) {
  std::map<std::string, TableRow> table = ReadTable();
  ASSERT_GT(table.size(), 4'000U) << BALLAST_CALENDAR_TABLE;
  std::size_t sessions = 0, half_days = 0;
  for (std::int64_t day = DaysFromCivil({2015, 1, 1}); day <= DaysFromCivil({2030, 12, 31}); ++day) {
    const std::string date = UtcTime{day * 86'400'000'000'000}.ToString().substr(0, 10);
    std::optional<RegularSession> ours = RegularSessionOf(CivilFromDays(day));
    auto theirs = table.find(date);
    ASSERT_EQ(ours.has_value(), theirs != table.end()) << date;
    if (!ours) continue;
    ++sessions;
    EXPECT_EQ(Seconds(ours->open), theirs->second.open) << date;
    EXPECT_EQ(Seconds(ours->close), theirs->second.close) << date;
    EXPECT_EQ(IsHalfDay(CivilFromDays(day)), theirs->second.half_day) << date;
    half_days += IsHalfDay(CivilFromDays(day)) ? 1 : 0;
  }
  EXPECT_EQ(sessions, table.size());
  EXPECT_GT(half_days, 30U);
}

}  // namespace
}  // namespace ballast::calendar
