#include "libs/market/bar_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "libs/base/absl_std.h"
#include "libs/market/bar_time.h"

namespace ballast::market {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kGoog[] = "GOOG,asset_class=EQUITY,tick_size=0.01,lot_size=1";
constexpr char kBtc[] = "BTC-USD,asset_class=CRYPTO,tick_size=0.01,lot_size=0.0001";

// In pieces, as a network brings it.
ByteReader Pieces(std::string text, std::size_t piece = 7) {
  return [text = std::move(text), at = std::size_t{0}, piece](std::size_t size,
                                                              std::string& out) mutable -> absl::StatusOr<std::size_t> {
    std::size_t taken = std::min({size, piece, text.size() - at});
    out.append(text, at, taken);
    at += taken;
    return taken;
  };
}

BarImport Import(const std::string& text, const std::string& instrument, BarImportSettings settings = {}) {
  settings.file_name = "own.csv";
  settings.instrument = instrument;
  return ImportBars(Pieces(text), settings);
}

std::string Text(const BarImport& import) { return ProblemText(import, "own.csv"); }

std::vector<std::string> Starts(const BarImport& import) {
  std::vector<std::string> starts;
  for (const ImportedBar& row : import.rows) starts.push_back(row.start.ToString().substr(0, 16));
  return starts;
}

struct Shape {
  std::string name;
  std::string text;
  std::string instrument;
  std::string format;
  std::string timeframe;
  std::string first_start;
};

class ShapesTest : public testing::TestWithParam<Shape> {};

TEST_P(ShapesTest, IsRecognisedAndRead) {
  BarImport import = Import(GetParam().text, GetParam().instrument);
  EXPECT_EQ(Text(import), "");
  ASSERT_TRUE(import.acceptable);
  EXPECT_THAT(import.format, HasSubstr(GetParam().format));
  EXPECT_EQ(import.timeframe, GetParam().timeframe);
  ASSERT_EQ(import.rows.size(), 3U);
  EXPECT_EQ(import.rows[0].start.ToString().substr(0, 19), GetParam().first_start);
  EXPECT_EQ(import.rows[0].open, Decimal::Of("100.5"));
  EXPECT_EQ(import.rows[0].high, Decimal::Of("102.25"));
  EXPECT_EQ(import.rows[0].low, Decimal::Of("99"));
  EXPECT_EQ(import.rows[0].close, Decimal::Of("101"));
  EXPECT_EQ(import.rows[0].volume, Decimal::Of("1500"));
  EXPECT_THAT(import.gaps, IsEmpty());
}

// One minute of each; behind it two more of the same shape.
INSTANTIATE_TEST_SUITE_P(
    All, ShapesTest,
    testing::Values(
        Shape{"ballast",
              "time_utc,open,high,low,close,volume\n2024-01-02T15:00:00Z,100.5,102.25,99,101,1500\n"
              "2024-01-02T15:01:00Z,101,101,101,101,0\n2024-01-02T15:02:00Z,101,101,101,101,0\n",
              kGoog, "Ballast", "1m", "2024-01-02T15:00:00"},
        Shape{"any_order_and_case",
              "CLOSE,Volume,LOW,High,Open,DateTime\n101,1500,99,102.25,100.5,2024-01-02 15:00\n"
              "101,0,101,101,101,2024-01-02 15:05\n101,0,101,101,101,2024-01-02 15:10\n",
              kGoog, "a header: close", "5m", "2024-01-02T15:00:00"},
        Shape{"yahoo",
              "Date,Open,High,Low,Close,Adj Close,Volume\r\n2024-01-02,100.5,102.25,99,101,98.7654321,1500\r\n"
              "2024-01-03,101,101,101,101,99,0\r\n2024-01-04,101,101,101,101,99,0\r\n",
              kGoog, "Yahoo", "1d", "2024-01-02T00:00:00"},
        Shape{"stooq",
              "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
              "GOOG.US,5,20240102,150000,100.5,102.25,99,101,1500,0\nGOOG.US,5,20240102,150500,101,101,101,101,0,0\n"
              "GOOG.US,5,20240102,151000,101,101,101,101,0,0\n",
              kGoog, "Stooq", "5m", "2024-01-02T15:00:00"},
        Shape{"binance",
              "1704207600000,100.50,102.25,99.0,101.00,1500.0,1704207659999,1,2,3,4,0\n"
              "1704207660000,101,101,101,101,0,1704207719999,1,2,3,4,0\n"
              "1704207720000,101,101,101,101,0,1704207779999,1,2,3,4,0\n",
              kBtc, "Binance klines; times as milliseconds", "1m", "2024-01-02T15:00:00"},
        Shape{"binance_micros",
              "1704207600000000,100.50,102.25,99.0,101.00,1500.0,1704207659999999,1,2,3,4,0\n"
              "1704211200000000,101,101,101,101,0,1704207719999999,1,2,3,4,0\n"
              "1704214800000000,101,101,101,101,0,1704207779999999,1,2,3,4,0\n",
              kBtc, "microseconds", "1h", "2024-01-02T15:00:00"},
        Shape{"alpaca",
              "t,o,h,l,c,v,n,vw\n2024-01-02T15:00:00Z,100.5,102.25,99,101,1500,12,100.123456\n"
              "2024-01-02T15:01:00Z,101,101,101,101,0,0,0\n2024-01-02T15:02:00Z,101,101,101,101,0,0,0\n",
              kGoog, "Alpaca bars", "1m", "2024-01-02T15:00:00"},
        Shape{"alpha_vantage",
              "timestamp,1. open,2. high,3. low,4. close,5. volume\n2024-01-02,100.5,102.25,99,101,1500\n"
              "2024-01-03,101,101,101,101,0\n2024-01-04,101,101,101,101,0\n",
              kGoog, "Alpha Vantage", "1d", "2024-01-02T00:00:00"},
        Shape{"epoch_seconds_and_semicolons",
              "time;open;high;low;close;volume\n1704207600;100.5;102.25;99;101;1500\n1704208500;101;101;101;101;0\n"
              "1704209400;101;101;101;101;0\n",
              kBtc, "seconds since 1970", "15m", "2024-01-02T15:00:00"},
        Shape{"no_header_compact",
              "20240102 150000;100.5;102.25;99;101;1500\n20240102 150100;101;101;101;101;0\n"
              "20240102 150200;101;101;101;101;0\n",
              kBtc, "no header: time, open", "1m", "2024-01-02T15:00:00"},
        Shape{"no_header_two_cells",
              "2024.01.02,15:00,100.5,102.25,99,101,1500\n2024.01.02,19:00,101,101,101,101,0\n"
              "2024.01.02,23:00,101,101,101,101,0\n",
              kBtc, "no header: date, time", "4h", "2024-01-02T15:00:00"},
        Shape{"newest_first",
              "unix,date,symbol,open,high,low,close,Volume BTC,Volume USD\n"
              "1704207720,2024-01-02 15:02:00,BTC/USD,101,101,101,101,0,1\n"
              "1704207660,2024-01-02 15:01:00,BTC/USD,101,101,101,101,0,1\n"
              "1704207600,2024-01-02 15:00:00,BTC/USD,100.5,102.25,99,101,1500,1\n",
              kBtc, "a header: unix", "1m", "2024-01-02T15:00:00"},
        Shape{"quoted_with_zone",
              "\"\",\"open\",\"high\",\"low\",\"close\",\"volume\"\n"
              "\"2024-01-02 10:00:00-05:00\",100.5,102.25,99,101,1500\n"
              "\"2024-01-02 10:01:00-05:00\",101,101,101,101,0\n\"2024-01-02 10:02:00-05:00\",101,101,101,101,0\n",
              kGoog, "YYYY-MM-DD HH:MM:SS", "1m", "2024-01-02T15:00:00"}),
    [](const auto& shape) { return shape.param.name; });

std::string Day(const std::string& day, const std::string& prices = "100,101,99,100,5") {
  return "2024-01-" + day + "," + prices + "\n";
}
constexpr char kHeader[] = "date,open,high,low,close,volume\n";

TEST(BarImportTest, TellsEveryRowThatIsWrongWithItsLine) {
  BarImport import = Import(std::string(kHeader) + Day("02") + Day("03", "100,98,99,100,5") + Day("04", "nan,1,1,1,1") +
                                Day("05", "100,101,99,102,5") + Day("08", "0,1,0,1,1") + Day("09", "1e2,1,1,1,1") +
                                Day("10", "100,101,99,100") + Day("11", "100.1234567890123456789,101,99,100,5") +
                                Day("12", "100,101,99,100,-1"),
                            kGoog);
  EXPECT_FALSE(import.acceptable);
  std::string text = Text(import);
  EXPECT_THAT(text, HasSubstr("own.csv:3: price: high 98 is below low 99"));
  EXPECT_THAT(text, HasSubstr("own.csv:4: number: open: not a decimal"));
  EXPECT_THAT(text, HasSubstr("own.csv:5: price: close 102 is outside low 99 to high 101"));
  EXPECT_THAT(text, HasSubstr("own.csv:6: price: open: a price above 0 is expected, not 0"));
  EXPECT_THAT(text, HasSubstr("own.csv:7: number: open: not a decimal"));
  EXPECT_THAT(text, HasSubstr("own.csv:8: columns: 6 cells are expected, not 5"));
  EXPECT_THAT(text, HasSubstr("own.csv:9: number: open: not a decimal (more than 18 decimal places)"));
  EXPECT_THAT(text, HasSubstr("own.csv:10: number: volume: at least 0 is expected, not -1"));
}

std::string ManyDays() {
  std::string text = kHeader;
  for (const char* day : {"02", "03", "04", "05", "08", "09", "10", "11", "12", "16", "17", "18", "19", "22", "23"})
    text += Day(day);
  return text;
}

TEST(BarImportTest, KnowsTheExchangesDays) {
  // Neither the weekend nor Martin Luther King's day (the 15th) is a gap; the 24th is.
  BarImport import = Import(ManyDays() + Day("25"), kGoog);
  EXPECT_EQ(Text(import), "own.csv:17: gap: 1 bar is missing before this one, from 2024-01-24T00:00:00Z");
  EXPECT_FALSE(import.acceptable);
  import = Import(ManyDays() + Day("24") + Day("27"), kGoog);
  EXPECT_THAT(Text(import), HasSubstr("own.csv:18: time: 2024-01-27 is no day of the exchange"));
}

TEST(BarImportTest, GapsMayBeAllowedAndAreListed) {
  BarImport import = Import(ManyDays() + Day("26"), kGoog, {.allow_gaps = true});
  EXPECT_TRUE(import.acceptable);
  ASSERT_EQ(import.gaps.size(), 1U);
  EXPECT_EQ(import.gaps[0].bars, 2U);
  EXPECT_EQ(import.gaps[0].last_missing.ToString().substr(0, 10), "2024-01-25");
  EXPECT_EQ(import.missing_bars, 2U);
  EXPECT_THAT(import.notes, Contains(HasSubstr("1 gaps, 2 bars are missing")));
}

TEST(BarImportTest, MinutesAreMissingInTheSessionOnly) {
  std::string text = kHeader;
  auto minutes = [&](const std::string& day, const std::vector<std::string>& times) {
    for (const std::string& time : times) text += "2024-01-" + day + " " + time + ",100,101,99,100,5\n";
  };
  minutes("02", {"20:56", "20:57", "20:58", "20:59"});
  minutes("03", {"14:32", "14:33", "14:34", "14:35"});
  BarImport import = Import(text, kGoog);
  // 14:30 and 14:31; not the night.
  EXPECT_EQ(Text(import),
            "own.csv:6: gap: 2 bars are missing before this one, from 2024-01-03T14:30:00Z to 2024-01-03T14:31:00Z");
  import = Import(text, kBtc);
  EXPECT_EQ(import.missing_bars, 17U * 60U + 32U);
}

TEST(BarImportTest, RepairsByLeavingOutAndSortingAndSaysSo) {
  std::string text = ManyDays() + Day("23") + Day("24", "1,2,3") + Day("26") + Day("25");
  BarImport refused = Import(text, kGoog);
  EXPECT_FALSE(refused.acceptable);
  for (const DataProblem& problem : refused.problems) EXPECT_EQ(problem.repair, "");
  BarImport import = Import(text, kGoog, {.repair = true});
  EXPECT_EQ(Text(import),
            "own.csv:17: duplicate: 2024-01-23T00:00:00Z is there already in line 16 with the same values "
            "(left out; line 16 stays)\n"
            "own.csv:18: columns: 6 cells are expected, not 4 (left out)\n"
            "own.csv:20: unordered: 2024-01-25T00:00:00Z is earlier than 2024-01-26T00:00:00Z of line 19 (sorted in)\n"
            "own.csv:20: gap: 1 bar is missing before this one, from 2024-01-24T00:00:00Z (stays a gap)");
  ASSERT_TRUE(import.acceptable);
  EXPECT_EQ(import.rows.size(), 17U);
  EXPECT_EQ(import.left_out, 2U);
  EXPECT_EQ(import.rows.back().start.ToString().substr(0, 10), "2024-01-26");
}

TEST(BarImportTest, NoRepairMakesAFileOfAnother) {
  std::string text = ManyDays();
  for (int i = 0; i < 4; ++i) text += "note\n";
  BarImport import = Import(text, kGoog, {.repair = true});
  EXPECT_FALSE(import.acceptable);
  EXPECT_THAT(Text(import), HasSubstr("4 of 19 rows are wrong"));
}

TEST(BarImportTest, DuplicatesWithOtherValuesAreTold) {
  BarImport import = Import(ManyDays() + Day("23", "100,101,99,101,5"), kGoog);
  EXPECT_THAT(Text(import),
              HasSubstr("own.csv:17: duplicate: 2024-01-23T00:00:00Z is there already in line 16 with other"));
}

TEST(BarImportTest, WallTimesOfAZoneAndItsChangesOfClocks) {
  auto zone = ReadTimeZone("America/New_York");
  ASSERT_TRUE(zone.ok());
  std::string text = kHeader;
  for (const char* time : {"2024-03-08 15:59", "2024-03-11 09:30", "2024-03-11 09:31"})
    text += std::string(time) + ",100,101,99,100,5\n";
  BarImport import = Import(text, kGoog, {.timeframe = "1m", .zone = *zone});
  EXPECT_EQ(Text(import), "");
  EXPECT_THAT(Starts(import), ElementsAre("2024-03-08T20:59", "2024-03-11T13:30", "2024-03-11T13:31"));
  text = std::string(kHeader) + "2024-03-10 02:30,1,1,1,1,1\n2024-11-03 01:30,1,1,1,1,1\n";
  import = Import(text, kBtc, {.timeframe = "1m", .zone = *zone});
  EXPECT_THAT(Text(import), AllOf(HasSubstr("own.csv:2: time: the clocks of America/New_York leave this time out"),
                                  HasSubstr("own.csv:3: time: the clocks of America/New_York have this time twice")));
  EXPECT_FALSE(ReadTimeZone("../etc/passwd").ok());
  EXPECT_FALSE(ReadTimeZone("Middle/Earth").ok());
  EXPECT_TRUE(ReadTimeZone("-05:00").ok());
}

TEST(BarImportTest, TimesThatMayBeTwoThingsAreRefused) {
  auto refusal = [](const std::string& time) {
    return Text(Import(std::string(kHeader) + time + ",100,101,99,100,5\n", kBtc, {.timeframe = "1d"}));
  };
  EXPECT_THAT(refusal("01/02/2024"), HasSubstr("which is the month"));
  EXPECT_THAT(refusal("2024-02-30"), HasSubstr("there is no such day"));
  EXPECT_THAT(refusal("2024-01-02 25:00"), HasSubstr("there is no such time of day"));
  EXPECT_THAT(refusal("2024-01-02 10:00 PST"), HasSubstr("no zone that is known"));
  EXPECT_THAT(refusal("12345678901"), HasSubstr("neither YYYYMMDD nor seconds"));
  EXPECT_THAT(refusal("20241301"), HasSubstr("there is no such day"));
  EXPECT_THAT(refusal("4102444800"), HasSubstr("a year from 1970 to 2099"));
  EXPECT_THAT(
      Text(Import(std::string(kHeader) + "1704207600,1,1,1,1,1\n1704207660000,1,1,1,1,1\n", kBtc, {.timeframe = "1m"})),
      HasSubstr("own.csv:3: time: the time is written as milliseconds since 1970, those before as seconds"));
}

TEST(BarImportTest, BarsOfAnotherLengthAreRefused) {
  std::string text = kHeader;
  for (int i = 0; i < 10; ++i) text += std::to_string(1'704'207'600 + 300 * i) + ",100,101,99,100,5\n";
  EXPECT_THAT(Text(Import(text, kBtc, {.timeframe = "1m"})),
              HasSubstr("the rows stand 5m apart: they are no bars of 1m"));
  EXPECT_THAT(Text(Import(text, kBtc, {.timeframe = "5 min"})), HasSubstr("a length like 1m"));
  EXPECT_THAT(Text(Import(text + "1704210630,100,101,99,100,5\n", kBtc)),
              HasSubstr("own.csv:12: time: 2024-01-02T15:50:30Z is no start of a bar of 5m beside the others"));
  EXPECT_THAT(Text(Import(std::string(kHeader) + Day("02"), kGoog)), HasSubstr("cannot be told from one row"));
}

std::string Rows(const std::vector<std::string>& times) {
  std::string text = "time,open,high,low,close,volume\n";
  for (const std::string& time : times) text += time + ",100,101,99,100,5\n";
  return text;
}

// Each minute would be a whole day.
TEST(BarImportTest, BarsFinerThanADayAreNoBarsOfADayOrAWeek) {
  std::vector<std::string> minutes, days, hours;
  for (int i = 0; i < 9; ++i) {
    minutes.push_back("2024-06-03T14:3" + std::to_string(i) + ":00Z");
    days.push_back("2024-06-0" + std::to_string(i + 1));
    hours.push_back("2024-06-03T0" + std::to_string(i) + ":00:00Z");
  }
  for (const char* instrument : {kBtc, kGoog}) {
    for (const char* length : {"1d", "1w", "3d"}) {
      BarImport import = Import(Rows(minutes), instrument, {.timeframe = length});
      EXPECT_FALSE(import.acceptable) << instrument << length;
      EXPECT_THAT(Text(import), HasSubstr("own.csv:3:")) << length;
      EXPECT_THAT(Text(import), HasSubstr("bars of 1 minute are no bars of ")) << length;
      EXPECT_FALSE(Import(Rows(minutes), instrument, {.timeframe = length, .repair = true}).acceptable) << length;
    }
  }
  EXPECT_THAT(Text(Import(Rows(minutes), kBtc, {.timeframe = "1d"})), HasSubstr("no bars of 1 day"));
  EXPECT_THAT(Text(Import(Rows(days), kBtc, {.timeframe = "1w"})), HasSubstr("bars of 1 day are no bars of 7 days"));
  EXPECT_THAT(Text(Import(Rows(hours), kGoog, {.timeframe = "4h"})),
              HasSubstr("bars of 1 hour are no bars of 4 hours"));
  EXPECT_TRUE(Import(Rows(days), kBtc, {.timeframe = "1d"}).acceptable);
}

// One that lies within the day before is no day of its own, and a weekend makes no bar of three days.
TEST(BarImportTest, DaysDoNotOverlap) {
  std::vector<std::string> times;
  for (const char* day : {"01T00", "02T00", "03T00", "03T06", "04T00", "05T00", "06T00"})
    times.push_back("2024-06-" + std::string(day) + ":00:00Z");
  BarImport stray = Import(Rows(times), kBtc, {.timeframe = "1d"});
  EXPECT_FALSE(stray.acceptable);
  EXPECT_THAT(Text(stray), AllOf(HasSubstr("own.csv:5:"), HasSubstr("bars of 6 hours are no bars of 1 day")));
  // 25 November is missing, and the 26th is Thanksgiving.
  for (const auto& days : std::vector<std::vector<std::string>>{
           {"2026-11-23", "2026-11-24", "2026-11-27", "2026-11-30"}, {"2026-11-20", "2026-11-23"}}) {
    BarImport import = Import(Rows(days), kGoog);
    EXPECT_FALSE(import.acceptable);
    EXPECT_THAT(Text(import), HasSubstr("--timeframe says it"));
  }
  EXPECT_FALSE(Import(Rows({"2026-11-23", "2026-11-24", "2026-11-27", "2026-11-30"}), kBtc).acceptable);
}

TEST(BarImportTest, SymbolsAndInstruments) {
  std::string text = "symbol,date,open,high,low,close\nGOOG,2024-01-02,1,1,1,1\nAAPL,2024-01-03,1,1,1,1\n";
  EXPECT_THAT(Text(Import(text, kGoog, {.timeframe = "1d"})),
              HasSubstr("own.csv:3: symbol: the row is of 'AAPL', not of GOOG"));
  EXPECT_THAT(Text(Import(text, "", {.timeframe = "1d"})), HasSubstr("nothing says what 'GOOG' is"));
  EXPECT_THAT(Text(Import(std::string(kHeader) + Day("02"), "")), HasSubstr("nothing says which symbol this is"));
  BarImport import = Import(std::string(kHeader) + Day("02", "1.25,1.5,1.125,1.25,7"),
                            "X,asset_class=EQUITY,lot_size=1", {.timeframe = "1d", .guess_tick = true});
  EXPECT_EQ(import.instrument.tick_size, Decimal::Of("0.001"));
  EXPECT_THAT(import.notes, Contains(HasSubstr("the tick is guessed: 0.001")));
  import = Import(std::string(kHeader) + Day("02", "1.25,1.5,1.125,1.25,7"), kGoog, {.timeframe = "1d"});
  EXPECT_TRUE(import.acceptable);
  EXPECT_EQ(import.rows[0].low, Decimal::Of("1.125"));
  EXPECT_THAT(import.notes, Contains(HasSubstr("1 prices are no multiples of the tick 0.01")));
}

TEST(BarImportTest, Quotes) {
  std::string head = "time,open,high,low,close,volume,bid,bid_size,ask,ask_size\n";
  BarImport import = Import(head + "1704207600,1,1,1,1,1,0.99,5,1.01,6\n1704207660,1,1,1,1,1,,,,\n", kBtc);
  ASSERT_TRUE(import.acceptable) << Text(import);
  ASSERT_EQ(import.quotes.size(), 2U);
  EXPECT_EQ(import.quotes[0].bid, Decimal::Of("0.99"));
  EXPECT_EQ(import.quotes[0].ask_size, Decimal::Of("6"));
  EXPECT_FALSE(import.quotes[1].bid.has_value());
  EXPECT_THAT(Text(Import(head + "1704207600,1,1,1,1,1,1.02,5,1.01,6\n", kBtc, {.timeframe = "1m"})),
              HasSubstr("own.csv:2: price: bid 1.02 is above ask 1.01"));
}

TEST(BarImportTest, HeadersThatAreNone) {
  EXPECT_THAT(Text(Import("a,b,c\n1,2,3\n", kBtc)),
              HasSubstr("own.csv:1: columns: the header has no column of time, open"));
  EXPECT_THAT(Text(Import("date,open,open,high,low,close\n", kBtc)), HasSubstr("'open' is there twice"));
  EXPECT_THAT(Text(Import("1704207600,1,1\n", kBtc)), HasSubstr("what 3 columns are is not known"));
  EXPECT_THAT(Text(Import(kHeader, kBtc)), HasSubstr("there is a header and no row"));
  EXPECT_THAT(Text(Import("", kBtc)), HasSubstr("the file is empty"));
  EXPECT_THAT(Text(Import("PK\x03\x04zzzzzzzzzz", kBtc)), HasSubstr("zip archive"));
  EXPECT_THAT(Text(Import(std::string(kHeader) + "2024-01-02,1,1,1,1,1\xC3\xA9\n", kBtc)),
              HasSubstr("own.csv:2: file: a byte"));
  EXPECT_THAT(Text(Import(std::string("\x1F\x8B\x08\0\0\0\0\0\0\xFFxxxx", 14), kBtc)), HasSubstr("compressed data"));
}

TEST(BarImportTest, TellsSoManyAndCountsAll) {
  std::string text = kHeader;
  for (std::size_t i = 0; i < kProblemsMax + 50; ++i) text += "x\n";
  BarImport import = Import(text, kBtc);
  EXPECT_EQ(import.problems.size(), kProblemsMax);
  EXPECT_GE(import.problem_count, kProblemsMax + 50);
  EXPECT_THAT(Text(import), HasSubstr(" more"));
}

TEST(BarLengthTest, TextsAndBack) {
  for (const char* text : {"1s", "90s", "5m", "1h", "4h", "1d", "1w"}) {
    ASSERT_TRUE(ParseBarLength(text).has_value()) << text;
    EXPECT_EQ(BarLengthText(*ParseBarLength(text)), text);
  }
  for (const char* text : {"", "m", "0m", "1000m", "1y", "-1m", "1.5h"}) EXPECT_FALSE(ParseBarLength(text)) << text;
  EXPECT_EQ(BarLengthText(Duration::Seconds(300)), "5m");
}

}  // namespace
}  // namespace ballast::market
