#include "libs/market/data_set.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "libs/base/absl_std.h"
#include "libs/market/instrument_file.h"

namespace ballast::market {
namespace {

const std::string kTrades = "time_utc,open,high,low,close,volume\n";
const std::string kQuotes =
    "time_utc,bid_open,bid_high,bid_low,bid_close,bid_size,ask_open,ask_high,ask_low,ask_close,ask_size\n";

std::string At(int minute) { return (UtcTime{1'717'426'800'000'000'000} + Duration::Seconds(60 * minute)).ToString(); }
std::string Trade(int minute, const std::string& cells = "100,100.1,99.9,100,10") {
  return At(minute) + "," + cells + "\n";
}
std::string Quote(int minute, const std::string& bid = "100", const std::string& ask = "100.1") {
  return At(minute) + "," + bid + "," + bid + "," + bid + "," + bid + ",50," + ask + "," + ask + "," + ask + "," + ask +
         ",50\n";
}

class DataSetTest : public testing::Test {
 protected:
  DataSetTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~DataSetTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) { std::ofstream(folder_ + "/" + name) << text; }
  void WriteSymbol(const std::string& symbol, const std::string& trades, const std::string& quotes) {
    Write(symbol + "_1m_trades.csv.gz", trades);
    Write(symbol + "_1m_quotes.csv.gz", quotes);
  }
  std::string GoodTrades(int first = 0) {
    std::string text = kTrades;
    for (int i = first; i < first + 6; ++i) text += Trade(i);
    return text;
  }
  std::string GoodQuotes(int first = 0) {
    std::string text = kQuotes;
    for (int i = first; i < first + 6; ++i) text += Quote(i);
    return text;
  }
  absl::StatusOr<DataSet> Load(const std::vector<std::string>& symbols = {"SPY"},
                               const std::vector<std::string>& given = {}) {
    return LoadDataSet(folder_, symbols, given);
  }
  void ExpectRefused(const std::string& why, const std::vector<std::string>& symbols = {"SPY"},
                     const std::vector<std::string>& given = {}) {
    auto set = Load(symbols, given);
    ASSERT_FALSE(set.ok()) << "taken; expected: " << why;
    EXPECT_NE(MessageOf(set.status()).find(why), std::string::npos) << set.status();
  }

  std::string folder_ =
      testing::TempDir() + "/data_set_" + testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(DataSetTest, GoodDataIsDescribed) {
  WriteSymbol("SPY", GoodTrades(), GoodQuotes());
  auto set = Load();
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_TRUE(set->warnings.empty());
  ASSERT_EQ(set->files.size(), 2U);
  EXPECT_EQ(set->files[0].rows, 6U);
  EXPECT_EQ(set->files[0].last_start - set->files[0].first_start, Duration::Seconds(300));
  EXPECT_EQ(set->files[1].skipped_rows, 0U);
}

TEST_F(DataSetTest, WhatCannotBeReadIsRefusedWithFileAndLine) {
  const std::string head = kTrades + Trade(0) + Trade(1);
  struct Case {
    std::string trades;
    const char* why;
  };
  const Case cases[] = {
      {"", "trades.csv.gz: the file is empty"},
      {kTrades, "trades.csv.gz: there is a header and no row"},
      {"\n\n\n", "trades.csv.gz:"},
      {"Date,Open\n" + Trade(0), ":1: the header"},
      {"open,time_utc,high,low,close,volume\n" + Trade(0), ":1: the header"},
      {head + Trade(2) + kTrades, ":5: time_utc"},
      {head + Trade(2).substr(0, 40) + std::string("\0,9\n", 4), ":4: a NUL byte"},
      {head + "\xC3\xA9,1,1,1,1,1\n", ":4: a byte that is no ASCII text"},
      {head + "\n" + Trade(2), ":4: an empty line between rows"},
      {head + std::string(100'000, '\n'), ":4: more empty lines"},
      {head + Trade(2, "1e2,1e2,1e2,1e2,1"), ":4: open: not a decimal"},
      {head + Trade(2, "nan,nan,nan,nan,0"), ":4: open: not a decimal"},
      {head + Trade(2, "inf,inf,inf,inf,0"), ":4: open: not a decimal"},
      {head + Trade(2, "100,99,101,100,1"), ":4: high 99 is below low 101"},
      {head + Trade(2, "102,101,99,100,1"), ":4: open 102 is outside low 99 to high 101"},
      {head + Trade(2, "100,101,99,98,1"), ":4: close 98 is outside"},
      {head + Trade(2, "-37.63,-37,-40,-37.63,1"), ":4: low: a price above 0"},
      {head + Trade(2, "0,0,0,0,1"), ":4: low: a price above 0"},
      {head + Trade(2, "100,100,100,100,-1"), ":4: volume: at least 0"},
      {head + Trade(2, "100000000000,100000000000,1,1,1"), ":4: open: at most 1000000000"},
      {head + Trade(2, ",,,,"), ":4: open: not a decimal (empty)"},
      {head + Trade(2, "100,100,100,100"), ":4: 6 cells are expected, not 5"},
      {head + Trade(1), ":4: time_utc: '2024-06-03T15:01:00.000000Z' is there twice"},
      {head + Trade(0), "oldest first is expected"},
      {head + "2024-06-03T15:02:30Z,100,100,100,100,1\n", ":4: time_utc: the start of a whole minute"},
      {head + "2024-06-03T15:02:00+02:00,100,100,100,100,1\n", ":4: time_utc: only UTC"},
      {head + "1717426920,100,100,100,100,1\n", ":4: time_utc: not a UTC time like 2013-10-07T13:30:00Z: '1717426920'"},
      {head + "2024-06-03T24:00:00Z,1,1,1,1,1\n", "13:30:00Z: '2024-06-03T24:00:00Z'"},
      {head + "9999-12-31T00:00:00Z,100,100,100,100,1\n", ":4: time_utc: a year from 1970 to 2099"},
      {kTrades + "0001-01-01T00:00:00Z,100,100,100,100,1\n", ":2: time_utc: a year from 1970 to 2099"},
      {head + std::string(100'000, '1') + "\n", ":4: the line is longer than"},
      {std::string("PK\x03\x04zip", 7), "a zip archive"},
      {std::string("\x1F\x8B\x08\x00\x00", 5), "compressed data"},
  };
  for (const Case& item : cases) {
    WriteSymbol("SPY", item.trades, GoodQuotes());
    ExpectRefused(item.why);
  }
}

TEST_F(DataSetTest, WhatOtherProgramsWriteIsTaken) {
  std::string crlf = GoodTrades();
  for (std::size_t at = 0; (at = crlf.find('\n', at)) != std::string::npos; at += 2) crlf.replace(at, 1, "\r\n");
  std::string offset = GoodTrades();
  for (std::size_t at = 0; (at = offset.find(".000000Z", at)) != std::string::npos;) offset.replace(at, 8, "+00:00");
  std::string no_end = GoodTrades();
  no_end.pop_back();
  for (const std::string& trades : {crlf, offset, no_end, GoodTrades() + "\n\r\n\n"}) {
    WriteSymbol("SPY", trades, GoodQuotes());
    EXPECT_TRUE(Load().ok()) << Load().status();
  }
  WriteSymbol("SPY", "\xEF\xBB\xBF" + GoodTrades(), GoodQuotes());
  auto set = Load();
  ASSERT_TRUE(set.ok()) << set.status();
  ASSERT_EQ(set->warnings.size(), 1U);
  EXPECT_NE(set->warnings[0].find("byte order mark"), std::string::npos);
}

TEST_F(DataSetTest, MissingFilesAndUnknownSymbolsAreAllSaid) {
  WriteSymbol("SPY", GoodTrades(), GoodQuotes());
  std::filesystem::remove(folder_ + "/SPY_1m_quotes.csv.gz");
  ExpectRefused("SPY_1m_quotes.csv.gz: there is no such file");
  std::filesystem::create_directory(folder_ + "/SPY_1m_quotes.csv.gz");
  ExpectRefused("SPY_1m_quotes.csv.gz: this is no regular file");
  ExpectRefused("symbol 'GOOG': nothing says what it is", {"GOOG", "../SPY"});
  ExpectRefused("symbol '../SPY': letters", {"GOOG", "../SPY"});
  ExpectRefused("symbol 'SPY' is there twice", {"SPY", "SPY"});
  ExpectRefused("no symbol is chosen", {});
  ExpectRefused("IBM_1m_trades.csv.gz: there is no such file", {"IBM", "BAC"});
  ExpectRefused("BAC_1m_quotes.csv.gz: there is no such file", {"IBM", "BAC"});
}

TEST_F(DataSetTest, QuotesNobodyCanTradeOnAreCountedAndRefusedWhenHardlyAnyOtherIsLeft) {
  const std::pair<const char*, const char*> unusable[] = {
      {"100", "100"}, {"100.1", "100"}, {"0", "100"}, {"-1", "100"}, {"0", "0"}};
  for (const auto& [bid, ask] : unusable) {
    std::string all = kQuotes, some = GoodQuotes();
    for (int i = 0; i < 6; ++i) all += Quote(i, bid, ask);
    for (int i = 6; i < 12; ++i) some += Quote(i, bid, ask);
    WriteSymbol("SPY", GoodTrades(), all);
    ExpectRefused("quotes.csv.gz:2: 6 of 6 quotes cannot be traded on");
    WriteSymbol("SPY", GoodTrades(), some);
    auto set = Load();
    ASSERT_TRUE(set.ok()) << set.status();
    EXPECT_EQ(set->files[1].skipped_rows, 6U);
    ASSERT_EQ(set->warnings.size(), 1U);
    EXPECT_NE(set->warnings[0].find("quotes.csv.gz:8: 6 of 12 quotes are skipped"), std::string::npos)
        << set->warnings[0];
  }
}

TEST_F(DataSetTest, BarsOfSeveralMinutesAreNoMinutes) {
  for (int apart : {2, 5, 15, 60, 1440}) {
    std::string trades = kTrades, quotes = kQuotes, flat = kTrades;
    for (int i = 0; i < 6; ++i) {
      trades += Trade(i * apart);
      flat += Trade(i * apart, "100,100,100,100,1");
      quotes += Quote(i * apart);
    }
    WriteSymbol("SPY", trades, quotes);
    ExpectRefused("trades.csv.gz:3: rows of one minute are expected; these stand " + std::to_string(apart));
    // Single trades: what is taken for one minute tells nothing before its time.
    WriteSymbol("SPY", flat, quotes);
    auto set = Load();
    ASSERT_TRUE(set.ok()) << set.status();
    EXPECT_EQ(set->warnings.size(), 2U);
  }
  // One odd row among them makes them no minutes.
  std::string trades = kTrades, quotes = kQuotes;
  for (int i = 0; i < 40; ++i) {
    trades += Trade(5 * i) + (i == 20 ? Trade(5 * i + 1) : "");
    quotes += Quote(5 * i);
  }
  WriteSymbol("SPY", trades, quotes);
  ExpectRefused("trades.csv.gz:3: rows of one minute are expected; these stand 5");
  // Minutes without a trade are absent.
  WriteSymbol("SPY", kTrades + Trade(0) + Trade(5) + Trade(6) + Trade(20), GoodQuotes());
  EXPECT_TRUE(Load().ok()) << Load().status();
}

TEST_F(DataSetTest, TradesQuotesAndSymbolsBelongToTheSameTime) {
  WriteSymbol("SPY", GoodTrades(), GoodQuotes(1440));
  ExpectRefused("no minute in common with the quotes");
  WriteSymbol("SPY", GoodTrades(), GoodQuotes(6));
  ExpectRefused("no minute in common with the quotes");
  WriteSymbol("SPY", GoodTrades(), GoodQuotes(5));
  auto set = Load();
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->warnings.size(), 1U);
  WriteSymbol("SPY", GoodTrades(), GoodQuotes());
  WriteSymbol("IBM", GoodTrades(3 * 1440), GoodQuotes(3 * 1440));
  ExpectRefused("have no day in common", {"SPY", "IBM"});
}

TEST_F(DataSetTest, TheInstrumentComesWithTheDataOrIsGiven) {
  WriteSymbol("GOOG", GoodTrades(), GoodQuotes());
  ExpectRefused("--instrument GOOG,asset_class=EQUITY", {"GOOG"});
  auto given = Load({"GOOG"}, {"GOOG,asset_class=EQUITY,tick_size=0.01,lot_size=1,fee_per_unit=0.005"});
  ASSERT_TRUE(given.ok()) << given.status();
  EXPECT_EQ(given->instruments[0].fee_per_unit, Decimal::Of("0.005"));
  Write(kInstrumentFile, "tick_size,symbol,asset_class,lot_size,shortable\n0.05,GOOG,EQUITY,10,true\n");
  auto beside = Load({"GOOG"});
  ASSERT_TRUE(beside.ok()) << beside.status();
  EXPECT_EQ(beside->instruments[0].tick_size, Decimal::Of("0.05"));
  EXPECT_TRUE(beside->instruments[0].shortable);
  EXPECT_EQ(beside->instruments[0].currency, "USD");
  EXPECT_EQ(beside->instruments[0].calendar, TradingCalendar::kNewYorkStockExchange);
  // What is given goes before the file.
  given = Load({"GOOG"}, {"GOOG,asset_class=CRYPTO,tick_size=0.01,lot_size=1,day_start_minute=1320"});
  EXPECT_EQ(given->instruments[0].calendar, TradingCalendar::kAlwaysOpen);
  EXPECT_EQ(given->instruments[0].day_start_minute, 1320);
  EXPECT_EQ(given->instruments[0].asset_class, AssetClass::kCrypto);
}

TEST_F(DataSetTest, ABadInstrumentSaysWhichLineAndWhy) {
  WriteSymbol("GOOG", GoodTrades(), GoodQuotes());
  struct Case {
    const char* text;
    const char* why;
  };
  const Case files[] = {
      {"symbol,asset_class,tick_size,lot_size\n", "instruments.csv: there is a header and no instrument"},
      {"symbol,asset_class,tick,lot_size\nGOOG,EQUITY,1,1\n", "instruments.csv:1: there is no column 'tick'"},
      {"symbol,symbol\nGOOG,GOOG\n", ":1: the column 'symbol' is there twice"},
      {"symbol,asset_class,tick_size,lot_size\nGOOG,EQUITY,0,1\n", ":2: tick_size: above 0"},
      {"symbol,asset_class,tick_size,lot_size\nGOOG,EQUITY,-0.01,1\n", ":2: tick_size: above 0"},
      {"symbol,asset_class,tick_size,lot_size\nGOOG,EQUITY,0.01,\n", ":2: lot_size is needed"},
      {"symbol,asset_class,tick_size,lot_size\nGOOG,STOCK,0.01,1\n", ":2: asset_class: EQUITY or CRYPTO"},
      {"symbol,asset_class,tick_size,lot_size,currency\nGOOG,EQUITY,0.01,1,EUR\n", ":2: currency: only USD"},
      {"symbol,asset_class,tick_size,lot_size\nGOOG,EQUITY,1e-2,1\n", ":2: tick_size: not a decimal"},
      {"symbol,asset_class,tick_size,lot_size\nGOOG,EQUITY,1,1\nGOOG,EQUITY,1,1\n", ":3: 'GOOG' is there twice"},
      {"symbol,asset_class,tick_size,lot_size,calendar\nGOOG,EQUITY,1,1,LSE\n", ":2: calendar: NEW_YORK"},
      {"symbol,asset_class,tick_size,lot_size,day_start_minute\nGOOG,EQUITY,1,1,60\n", ":2: day_start_minute: goes"},
      {"symbol,asset_class,tick_size,lot_size,day_start_minute\nEUR,CRYPTO,1,1,1440\n", ":2: day_start_minute: 0 to"},
      {"symbol,asset_class,tick_size,lot_size,taker_fee_ratio\nGOOG,EQUITY,1,1,5\n", ":2: taker_fee_ratio"},
  };
  for (const Case& item : files) {
    Write(kInstrumentFile, item.text);
    ExpectRefused(item.why, {"GOOG"});
  }
  std::filesystem::remove(folder_ + "/" + kInstrumentFile);
  for (const char* text : {"GOOG", "GOOG,tick_size=0.01", "GOOG,ticks=1", "GOOG,EQUITY", "", "=1",
                           "GOOG,asset_class=EQUITY,tick_size=0.01,lot_size=1,lot_size=2"})
    ExpectRefused("instrument '", {"GOOG"}, {text});
}

TEST_F(DataSetTest, OtherRowsHaveAnotherDigest) {
  auto digest = [&](const std::string& trades) {
    WriteSymbol("SPY", trades, GoodQuotes());
    auto set = Load();
    EXPECT_TRUE(set.ok()) << set.status();
    return DigestOf(set->data);
  };
  std::string first = digest(GoodTrades());
  EXPECT_EQ(first.size(), 16U);
  EXPECT_EQ(digest(GoodTrades() + "\n"), first);
  EXPECT_NE(digest(GoodTrades() + Trade(6)), first);
  std::string edited = GoodTrades();
  edited.replace(edited.find("100.1"), 5, "100.2");
  EXPECT_NE(digest(edited), first);
}

}  // namespace
}  // namespace ballast::market
