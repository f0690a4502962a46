#include "libs/market/replay.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdio>
#include <fstream>

#include "libs/base/absl_std.h"
#include "libs/market/simulated_source.h"

namespace ballast::market {
namespace {

const std::string kData = BALLAST_DATA_DIRECTORY;

UtcTime At(const char* text) { return *UtcTime::Parse(text); }

std::unique_ptr<Replay> OpenReplay(const std::vector<std::string>& symbols) {
  auto replay = Replay::Open(kData, symbols);
  EXPECT_TRUE(replay.ok()) << replay.status();
  return std::move(*replay);
}

MarketStep StepTo(Replay& replay, UtcTime time) {
  while (true) {
    std::optional<MarketStep> step = replay.Step(UtcTime());
    if (!step) ADD_FAILURE() << "no step at " << time.ToString();
    if (!step || step->time == time) return step.value_or(MarketStep());
  }
}

const Quote* QuoteOf(const MarketStep& step, const char* symbol) {
  for (const Quote& quote : step.quotes) {
    if (quote.symbol.value() == symbol) return &quote;
  }
  return nullptr;
}

const Bar* BarOf(const MarketStep& step, const char* symbol, const char* timeframe) {
  for (const Bar& bar : step.bars) {
    if (bar.symbol.value() == symbol && bar.timeframe == timeframe) return &bar;
  }
  return nullptr;
}

// The numbers below were read from the files with zcat.
TEST(ReplayDataTest, AStepPerMinuteAnyOfTheSymbolsHas) {
  EXPECT_EQ(OpenReplay({"SPY"})->step_count(), 4583U);
  EXPECT_EQ(OpenReplay({"BTC-USD", "ETH-USD"})->step_count(), 2879U);
  auto replay = OpenReplay({"SPY", "IBM", "BAC"});
  EXPECT_EQ(replay->step_count(), 4666U);
  EXPECT_EQ(replay->instruments().size(), 3U);
  EXPECT_FALSE(replay->UntilNext().has_value());
  EXPECT_EQ(replay->progress(), 0);
  std::optional<MarketStep> step = replay->Step(UtcTime());
  EXPECT_EQ(step->number, 1U);
  EXPECT_EQ(step->time, At("2013-10-07T08:01:00Z"));
  UtcTime last = step->time;
  std::uint64_t number = 1;
  while ((step = replay->Step(UtcTime()))) {
    EXPECT_EQ(step->number, ++number);
    ASSERT_LT(last, step->time);
    last = step->time;
    for (const Quote& quote : step->quotes) {
      ASSERT_LT(quote.bid_price, quote.ask_price);
      ASSERT_TRUE(quote.last_price.IsPositive());
    }
  }
  EXPECT_EQ(last, At("2013-10-12T00:01:00Z"));
  EXPECT_EQ(replay->progress(), 1);
  // All of them locked, none crossed: SPY 93, IBM 3, BAC 66.
  EXPECT_EQ(replay->skipped_quotes(), 162U);
  EXPECT_FALSE(replay->Step(UtcTime()).has_value());
}

TEST(ReplayDataTest, QuotesAndBarsAreTheRecordedOnes) {
  auto replay = OpenReplay({"SPY"});
  MarketStep step = StepTo(*replay, At("2013-10-07T13:31:00Z"));
  const Quote* quote = QuoteOf(step, "SPY");
  ASSERT_NE(quote, nullptr);
  EXPECT_EQ(quote->bid_price, Decimal::Of("167.44"));
  EXPECT_EQ(quote->bid_size, Decimal::Of("4400"));
  EXPECT_EQ(quote->ask_price, Decimal::Of("167.45"));
  EXPECT_EQ(quote->ask_size, Decimal::Of("1400"));
  EXPECT_EQ(quote->last_price, Decimal::Of("167.44"));
  EXPECT_EQ(quote->quote_time, step.time);
  EXPECT_TRUE(quote->session_open);
  Bar minute{Symbol("SPY"),
             "1m",
             At("2013-10-07T13:30:00Z"),
             Decimal::Of("167.43"),
             Decimal::Of("167.52"),
             Decimal::Of("167.41"),
             Decimal::Of("167.44"),
             Decimal::Of("816453")};
  ASSERT_NE(BarOf(step, "SPY", "1m"), nullptr);
  EXPECT_EQ(*BarOf(step, "SPY", "1m"), minute);
  EXPECT_EQ(BarOf(step, "SPY", "5m"), nullptr);

  step = StepTo(*replay, At("2013-10-07T13:35:00Z"));
  Bar five{Symbol("SPY"),
           "5m",
           At("2013-10-07T13:30:00Z"),
           Decimal::Of("167.43"),
           Decimal::Of("167.53"),
           Decimal::Of("167.25"),
           Decimal::Of("167.5"),
           Decimal::Of("3677862")};
  ASSERT_NE(BarOf(step, "SPY", "5m"), nullptr);
  EXPECT_EQ(*BarOf(step, "SPY", "5m"), five);
  EXPECT_EQ(BarOf(step, "SPY", "15m"), nullptr);
}

TEST(ReplayDataTest, SizesOfCryptoAreExactAndItsSessionNeverCloses) {
  auto replay = OpenReplay({"BTC-USD"});
  MarketStep step = StepTo(*replay, At("2018-04-04T00:01:00Z"));
  const Quote* quote = QuoteOf(step, "BTC-USD");
  ASSERT_NE(quote, nullptr);
  EXPECT_EQ(quote->ask_size.ToString(), "33.35399601000002");
  EXPECT_EQ(quote->last_price.ToString(), "7422");
  EXPECT_TRUE(quote->session_open);
  step = StepTo(*replay, At("2018-04-04T01:57:00Z"));  // recorded as 0.0038217599999999996: 19 places
  EXPECT_EQ(QuoteOf(step, "BTC-USD")->ask_size.ToString(), "0.003821759999999999");
}

TEST(ReplayDataTest, ALockedQuoteIsSkippedAndTheFormerStands) {
  auto replay = OpenReplay({"SPY"});
  MarketStep before = StepTo(*replay, At("2013-10-07T10:35:00Z"));
  std::uint64_t skipped = replay->skipped_quotes();
  MarketStep step = StepTo(*replay, At("2013-10-07T10:36:00Z"));  // recorded as 167.34 / 167.34
  EXPECT_EQ(replay->skipped_quotes(), skipped + 1);
  for (const Quote& quote : replay->quotes()) EXPECT_LT(quote.bid_price, quote.ask_price);
  ASSERT_EQ(step.skipped.size(), 1U);
  EXPECT_EQ(step.skipped[0].fault, QuoteFault::kLocked);
  EXPECT_EQ(step.skipped[0].ask_price, Decimal::Of("167.34"));
  const Quote* stands = QuoteOf(step, "SPY");
  ASSERT_NE(stands, nullptr);
  EXPECT_TRUE(stands->stale);
  EXPECT_EQ(stands->quote_time, QuoteOf(before, "SPY")->quote_time);
}

TEST(ReplayDataTest, TheSessionIsTheRegularOne) {
  auto replay = OpenReplay({"SPY"});
  EXPECT_FALSE(QuoteOf(StepTo(*replay, At("2013-10-07T13:30:00Z")), "SPY")->session_open);
  EXPECT_TRUE(QuoteOf(StepTo(*replay, At("2013-10-07T13:31:00Z")), "SPY")->session_open);
  EXPECT_TRUE(QuoteOf(StepTo(*replay, At("2013-10-07T20:00:00Z")), "SPY")->session_open);
  EXPECT_FALSE(QuoteOf(StepTo(*replay, At("2013-10-07T20:01:00Z")), "SPY")->session_open);
}

TEST(ReplayDataTest, ARestartGoesOnWithTheNextStepAndKnowsTheLast) {
  auto whole = OpenReplay({"SPY", "IBM"}), first = OpenReplay({"SPY", "IBM"}), second = OpenReplay({"SPY", "IBM"});
  MarketStep last;
  for (int i = 0; i < 1234; ++i) {
    whole->Step(UtcTime());
    last = *first->Step(UtcTime());
  }
  EXPECT_EQ(first->state().key, second->state().key);
  std::optional<MarketStep> again = second->Restore(first->state());
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->number, last.number);
  EXPECT_EQ(again->bars, last.bars);
  EXPECT_EQ(again->quotes, last.quotes);
  EXPECT_EQ(second->quotes(), first->quotes());
  for (int i = 0; i < 500; ++i) {
    MarketStep expected = *whole->Step(UtcTime()), step = *second->Step(UtcTime());
    ASSERT_EQ(step.quotes, expected.quotes);
    ASSERT_EQ(step.bars, expected.bars);
  }
  EXPECT_NE(OpenReplay({"SPY"})->state().key, second->state().key);
}

TEST(ReplayDataTest, AGapOfMinutesClosesTheBarsItEnds) {
  auto replay = OpenReplay({"BAC"});  // 08:00, then 08:05
  ASSERT_EQ(replay->Step(UtcTime())->time, At("2013-10-07T08:01:00Z"));
  EXPECT_EQ(replay->UntilNext(), Duration::Seconds(300));
  MarketStep step = *replay->Step(UtcTime());
  EXPECT_EQ(step.time, At("2013-10-07T08:06:00Z"));
  ASSERT_NE(BarOf(step, "BAC", "5m"), nullptr);
  EXPECT_EQ(BarOf(step, "BAC", "5m")->start_time, At("2013-10-07T08:00:00Z"));
  EXPECT_EQ(BarOf(step, "BAC", "1m"), nullptr);
}

Instrument Listed(const char* symbol, TradingCalendar calendar) {
  Instrument instrument;
  instrument.symbol = Symbol(symbol);
  instrument.tick_size = Decimal::Of("0.01");
  instrument.calendar = calendar;
  return instrument;
}

TradeBar Traded(UtcTime end, const char* price) {
  Decimal value = Decimal::Of(price);
  return {end - Duration::Seconds(60), value, value, value, value, Decimal::Of("1")};
}

QuoteBar Quoted(UtcTime end, const char* bid, const char* ask) {
  return {end - Duration::Seconds(60), Decimal::Of(bid), Decimal::Of("1"), Decimal::Of(ask), Decimal::Of("1")};
}

TEST(ReplayTest, AGapClosesNothingItsQuoteGrowsStale) {
  Instrument coin = Listed("BTC-USD", TradingCalendar::kAlwaysOpen);
  Instrument other = Listed("ETH-USD", TradingCalendar::kAlwaysOpen);
  Replay::SymbolData short_data, long_data;
  UtcTime start = At("2024-06-03T23:50:00Z");
  short_data.trades = {Traded(start, "1")};
  short_data.quotes = {Quoted(start, "1", "2")};
  for (int i = 0; i < 20; ++i) {
    UtcTime end = start + Duration::Seconds(60 * i);
    long_data.trades.push_back(Traded(end, "1"));
    long_data.quotes.push_back(Quoted(end, "1", "2"));
  }
  long_data.quotes[3].bid_close.reset();
  Replay replay({coin, other}, {{coin.symbol, short_data}, {other.symbol, long_data}});
  EXPECT_FALSE(QuoteOf(*replay.Step(UtcTime()), "BTC-USD")->stale);
  for (int i = 1; i < 16; ++i) EXPECT_EQ(QuoteOf(*replay.Step(UtcTime()), "BTC-USD"), nullptr);
  MarketStep step = *replay.Step(UtcTime());
  const Quote* quote = QuoteOf(step, "BTC-USD");
  ASSERT_NE(quote, nullptr);
  EXPECT_TRUE(quote->session_open);
  EXPECT_TRUE(quote->stale);
  EXPECT_EQ(quote->quote_time, start);
  EXPECT_FALSE(QuoteOf(step, "ETH-USD")->stale);
  EXPECT_EQ(replay.skipped_quotes(), 0U);  // the empty cell kept its former value
}

TEST(ReplayTest, SessionsAreThoseOfNewYorkWinterAndHolidays) {
  Instrument share = Listed("SPY", TradingCalendar::kNewYorkStockExchange);
  const std::pair<const char*, bool> kTimes[] = {
      {"2023-12-25T15:00:00Z", false}, {"2024-01-02T13:41:00Z", false}, {"2024-01-02T14:30:00Z", false},
      {"2024-01-02T14:31:00Z", true},  {"2024-01-02T21:00:00Z", true},  {"2024-01-02T21:01:00Z", false},
      {"2024-07-03T16:59:00Z", true},  {"2024-07-03T17:01:00Z", false}, {"2025-01-09T15:00:00Z", false}};
  Replay::SymbolData data;
  for (const auto& [time, open] : kTimes) {
    data.trades.push_back(Traded(At(time), "100"));
    data.quotes.push_back(Quoted(At(time), "100", "100.02"));
  }
  Replay replay({share}, {{share.symbol, data}});
  for (const auto& [time, open] : kTimes) {
    MarketStep step = *replay.Step(UtcTime());
    ASSERT_EQ(step.time, At(time));
    EXPECT_EQ(QuoteOf(step, "SPY")->session_open, open) << time;
  }
}

TEST(ReplayTest, AQuoteFromBeforeTheOpenIsStaleInTheSession) {
  Instrument share = Listed("SPY", TradingCalendar::kNewYorkStockExchange);
  Instrument coin = Listed("BTC-USD", TradingCalendar::kAlwaysOpen);
  Replay::SymbolData data, other;
  for (const char* time : {"2024-01-02T14:29:00Z", "2024-01-02T14:33:00Z"}) {
    data.trades.push_back(Traded(At(time), "100"));
    data.quotes.push_back(Quoted(At(time), "100", "100.02"));
  }
  for (int i = 0; i < 5; ++i)
    other.trades.push_back(Traded(At("2024-01-02T14:29:00Z") + Duration::Seconds(60 * i), "1"));
  Replay replay({share, coin}, {{share.symbol, data}, {coin.symbol, other}});
  EXPECT_FALSE(QuoteOf(*replay.Step(UtcTime()), "SPY")->stale);
  EXPECT_EQ(QuoteOf(*replay.Step(UtcTime()), "SPY"), nullptr);
  MarketStep opening = *replay.Step(UtcTime());  // halted at the open
  ASSERT_NE(QuoteOf(opening, "SPY"), nullptr);
  EXPECT_TRUE(QuoteOf(opening, "SPY")->session_open);
  EXPECT_TRUE(QuoteOf(opening, "SPY")->stale);
  (void)replay.Step(UtcTime());
  EXPECT_FALSE(QuoteOf(*replay.Step(UtcTime()), "SPY")->stale);
}

TEST(ReplayTest, UnusableQuotesAreSkippedCountedAndToldAndKeepTheFormersTime) {
  Instrument share = Listed("SPY", TradingCalendar::kAlwaysOpen);
  struct Case {
    const char* bid;
    const char* ask;
    QuoteFault fault;
  };
  for (const Case& item : {Case{"80", "80", QuoteFault::kLocked}, Case{"81", "80", QuoteFault::kCrossed},
                           Case{"0", "80", QuoteFault::kOneSided}, Case{"80", "0", QuoteFault::kOneSided},
                           Case{"-1", "80", QuoteFault::kNegative}}) {
    Replay::SymbolData data;
    UtcTime start = At("2024-06-03T15:00:00Z");
    for (int i = 0; i < 4; ++i) {
      UtcTime end = start + Duration::Seconds(60 * i);
      bool bad = i == 1 || i == 2;
      data.trades.push_back(Traded(end, bad ? "80" : "100"));
      data.quotes.push_back(bad ? Quoted(end, item.bid, item.ask) : Quoted(end, "100", "100.1"));
    }
    Replay replay({share}, {{share.symbol, data}});
    (void)replay.Step(UtcTime());
    for (int i = 1; i < 3; ++i) {
      MarketStep step = *replay.Step(UtcTime());
      ASSERT_EQ(step.skipped.size(), 1U);
      EXPECT_EQ(step.skipped[0].fault, item.fault);
      const Quote* quote = QuoteOf(step, "SPY");
      ASSERT_NE(quote, nullptr);
      EXPECT_TRUE(quote->stale);
      EXPECT_EQ(quote->ask_price, Decimal::Of("100.1"));
      EXPECT_EQ(quote->last_price, Decimal::Of("80"));  // what was traded is known
      EXPECT_EQ(quote->quote_time, start);
    }
    EXPECT_FALSE(QuoteOf(*replay.Step(UtcTime()), "SPY")->stale);
    EXPECT_EQ(replay.skipped_quotes(), 2U);
  }
}

TEST(ReplayTest, TheTickIsTheOneTheRecordedPricesAreMadeOf) {
  struct Case {
    const char* bid;
    const char* ask;
    const char* tick;
  };
  for (const Case& item : {Case{"100", "100.1", "0.01"}, Case{"0.00000888", "0.00000889", "0.00000001"},
                           Case{"1.2345", "1.235", "0.0001"}, Case{"1.0000000000000001", "1.2", "0.01"}}) {
    Replay::SymbolData data;
    data.quotes = {Quoted(At("2024-06-03T15:00:00Z"), item.bid, item.ask)};
    Replay replay({Listed("SPY", TradingCalendar::kAlwaysOpen)}, {{Symbol("SPY"), data}});
    EXPECT_EQ(replay.instruments()[0].tick_size, Decimal::Of(item.tick)) << item.bid;
  }
  for (const char* recorded : {"SPY", "BTC-USD"}) {
    EXPECT_EQ(OpenReplay({recorded})->instruments()[0].tick_size, Decimal::Of("0.01")) << recorded;
  }
}

class FileTest : public testing::Test {
 protected:
  void TearDown() override { std::remove(path_.c_str()); }
  std::string Write(const std::string& text) {
    std::ofstream(path_) << text;
    return path_;
  }
  std::string path_ =
      testing::TempDir() + "/replay_" + testing::UnitTest::GetInstance()->current_test_info()->name() + ".csv";
};

TEST_F(FileTest, ErrorsNameFileAndLine) {
  const std::string head = "time_utc,open,high,low,close,volume\n", good = "2013-10-07T08:00:00Z,1,2,1,2,5\n";
  ASSERT_TRUE(ReadTradeBars(Write(head + good)).ok());
  struct Case {
    std::string text;
    const char* line;
    const char* why;
  };
  const Case cases[] = {
      {"", ": ", "empty"},
      {"time,open\n", ":1:", "header"},
      {head + good + "2013-10-07T08:01:00Z,1,2,1\n", ":3:", "6 cells"},
      {head + good + good, ":3:", "twice"},
      {head + "2013-10-07T08:00:30Z,1,2,1,2,5\n", ":2:", "whole minute"},
      {head + "2013-10-07T08:00:00Z,1,2,x,2,5\n", ":2:", "low"},
      {head + "2013-10-07T08:00:00Z,1e2,2,1,2,5\n", ":2:", "open"},
      {head + "2013-10-07T08:00:00Z,3,2,1,2,5\n", ":2:", "high"},
      {head + "2013-10-07T08:00:00Z,1,2,1,2,-5\n", ":2:", "volume"},
  };
  for (const Case& item : cases) {
    auto rows = ReadTradeBars(Write(item.text));
    ASSERT_FALSE(rows.ok()) << item.text;
    EXPECT_NE(MessageOf(rows.status()).find(path_ + item.line), std::string::npos) << rows.status();
    EXPECT_NE(MessageOf(rows.status()).find(item.why), std::string::npos) << rows.status();
  }
  EXPECT_TRUE(absl::IsNotFound(ReadTradeBars(path_ + ".absent").status()));
}

TEST_F(FileTest, ACompressedFileThatBreaksOffIsAnError) {
  std::ifstream whole(kData + "/SPY_1m_trades.csv.gz", std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(whole)), std::istreambuf_iterator<char>());
  EXPECT_FALSE(ReadTradeBars(Write(bytes.substr(0, bytes.size() / 2))).ok());
  EXPECT_TRUE(ReadTradeBars(Write(bytes)).ok());
}

TEST(ReplayTest, SymbolsAreChecked) {
  EXPECT_FALSE(Replay::Open(kData, {}).ok());
  EXPECT_FALSE(Replay::Open(kData, {"NOPE"}).ok());
  EXPECT_FALSE(Replay::Open(kData, {"SPY", "SPY"}).ok());
  EXPECT_FALSE(Replay::Open(kData, {"TSLA"}).ok());
}

TEST(SimulatedSourceTest, WithoutWallTimeTheSameSeedGivesTheSameMarket) {
  SimulatedSource::Options options{.wall_time = false, .start = At("2024-01-01T00:00:00Z")};
  SimulatedSource one(options), two(options);
  one.MakePast(UtcTime{1}, 50);
  two.MakePast(UtcTime{2}, 50);
  for (int i = 0; i < 100; ++i) {
    MarketStep left = *one.Step(UtcTime{i}), right = *two.Step(UtcTime{-i});
    ASSERT_EQ(left.quotes, right.quotes);
    ASSERT_EQ(left.bars, right.bars);
    ASSERT_EQ(left.time, right.time);
  }
  EXPECT_EQ(one.state().time, options.start + Duration::Millis(-250 + 100 * 250));
}

TEST(SimulatedSourceTest, KeepsTheHoursOfTheExchangeWhenAsked) {
  for (bool exchange_hours : {false, true}) {
    SimulatedSource source(
        {.wall_time = false, .start = At("2024-01-01T15:00:00Z"), .exchange_hours = exchange_hours});  // a holiday
    MarketStep step = *source.Step(UtcTime());
    EXPECT_EQ(QuoteOf(step, "SPY")->session_open, !exchange_hours);
    EXPECT_TRUE(QuoteOf(step, "BTC-USD")->session_open);
    EXPECT_EQ(source.instruments()[0].calendar,
              exchange_hours ? TradingCalendar::kNewYorkStockExchange : TradingCalendar::kAlwaysOpen);
  }
}

TEST(SimulatedSourceTest, ASessionMayOpenFarFromWhereItClosed) {
  // A Friday afternoon in New York, a quarter of an hour a step, until Monday's open.
  SimulatedSource source({.tick = Duration::Seconds(900),
                          .wall_time = false,
                          .start = At("2024-01-05T20:30:00Z"),
                          .exchange_hours = true,
                          .events = {.open_gap_ppm = 100'000}});
  std::map<Symbol, Quote> before;
  Decimal largest;
  for (int i = 0; i < 4 * 70; ++i) {
    MarketStep step = *source.Step(UtcTime());
    for (const Quote& quote : step.quotes) {
      auto former = before.find(quote.symbol);
      if (former != before.end() && quote.session_open && !former->second.session_open)
        largest = std::max(largest, Divide((quote.bid_price - former->second.bid_price).Abs(), former->second.bid_price,
                                           Rounding::kDown));
      before[quote.symbol] = quote;
    }
  }
  EXPECT_GT(largest, Decimal::Of("0.02"));
  EXPECT_LT(largest, Decimal::Of("0.101"));
}

TEST(SimulatedSourceTest, TimeNeverGoesBack) {
  SimulatedSource source({});
  source.Restore({.key = "simulated", .step = 1, .time = UtcTime{100'000'000'000}});
  EXPECT_EQ(source.Step(UtcTime{1})->time, UtcTime{100'250'000'000});
  EXPECT_EQ(source.Step(UtcTime{200'000'000'000})->time, UtcTime{200'000'000'000});
  EXPECT_EQ(source.Step(UtcTime{199'999'999'999})->time, UtcTime{200'000'000'001});
}

}  // namespace
}  // namespace ballast::market
