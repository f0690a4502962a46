#include "libs/backtest/bar_feed.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "libs/base/absl_std.h"

namespace ballast::backtest {
namespace {

Instrument Coin(const std::string& symbol) {
  return {.symbol = Symbol(symbol),
          .asset_class = AssetClass::kCrypto,
          .currency = "USD",
          .tick_size = Decimal::Of("0.01"),
          .lot_size = Decimal::Of("0.001"),
          .calendar = TradingCalendar::kAlwaysOpen};
}

UtcTime At(const std::string& text) { return *UtcTime::Parse(text); }

std::shared_ptr<BarSeries> Minutes(const Instrument& instrument, const std::vector<std::string>& closes,
                                   UtcTime from = At("2024-01-02T10:00:00Z")) {
  auto series = std::make_shared<BarSeries>();
  series->instrument = instrument;
  series->timeframe = "1m";
  series->length = Duration::Seconds(60);
  for (std::size_t i = 0; i < closes.size(); ++i) {
    Decimal close = Decimal::Of(closes[i]);
    series->Add(from + Duration::Seconds(60 * static_cast<std::int64_t>(i)), close, close, close, close,
                Decimal::FromInt(50));
  }
  return series;
}

TEST(BarFeedTest, WhatWasQuotedIsQuotedAndTheRestIsTheModels) {
  auto series = Minutes(Coin("C"), {"100", "100", "100"});
  series->AddQuote(Decimal::Of("99.505"), Decimal::FromInt(3), Decimal::Of("100.301"), Decimal());
  series->AddQuote(Decimal(), Decimal(), Decimal(), Decimal());
  // Locked: nobody can trade on it.
  series->AddQuote(Decimal::FromInt(100), Decimal::FromInt(3), Decimal::FromInt(100), Decimal::FromInt(3));
  BarFeed feed({series}, {});
  Step step;
  ASSERT_TRUE(feed.Next(step));
  EXPECT_EQ(step.quotes[0].bid_price, Decimal::Of("99.5"));
  EXPECT_EQ(step.quotes[0].ask_price, Decimal::Of("100.31"));
  EXPECT_EQ(step.quotes[0].bid_size, Decimal::FromInt(3));
  EXPECT_EQ(step.quotes[0].ask_size, Decimal::FromInt(5));
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(feed.Next(step));
    EXPECT_EQ(step.quotes[0].bid_price, Decimal::Of("99.99"));
    EXPECT_EQ(step.quotes[0].ask_price, Decimal::Of("100.01"));
  }
}

TEST(BarFeedTest, ABarInWhichNothingWasTradedOffersNothing) {
  auto series = Minutes(Coin("C"), {"100", "100"});
  series->volume[1] = Decimal();
  BarFeed feed({series}, {});
  Step step;
  ASSERT_TRUE(feed.Next(step));
  EXPECT_EQ(step.quotes[0].ask_size, Decimal::FromInt(5));
  ASSERT_TRUE(feed.Next(step));
  EXPECT_EQ(step.quotes[0].bid_size, Decimal());
  EXPECT_EQ(step.quotes[0].ask_size, Decimal());
  EXPECT_EQ(step.quotes[0].last_price, Decimal::FromInt(100)) << "it is still seen";
}

TEST(BarFeedTest, WhereNobodyCountedTheModelsSizeStands) {
  auto series = Minutes(Coin("C"), {"100"});
  series->volume[0] = Decimal();
  series->has_volume = false;
  BarFeed feed({series}, {});
  Step step;
  ASSERT_TRUE(feed.Next(step));
  EXPECT_EQ(step.quotes[0].ask_size, Decimal::FromInt(1'000));
}

TEST(BarFeedTest, QuotesTheModelsSpreadAroundTheCloseAtTheBarsEnd) {
  BarFeed feed({Minutes(Coin("C"), {"100", "33.337"})}, {});
  Step step;
  ASSERT_TRUE(feed.Next(step));
  EXPECT_EQ(step.time, At("2024-01-02T10:01:00Z"));
  ASSERT_EQ(step.quotes.size(), 1U);
  ASSERT_EQ(step.bars.size(), 1U);
  EXPECT_EQ(step.bars[0].start_time, At("2024-01-02T10:00:00Z"));
  EXPECT_EQ(step.bars[0].timeframe, "1m");
  // Two hundredths of a per cent of 100 are two cents.
  EXPECT_EQ(step.quotes[0].bid_price, Decimal::Of("99.99"));
  EXPECT_EQ(step.quotes[0].ask_price, Decimal::Of("100.01"));
  EXPECT_EQ(step.quotes[0].last_price, Decimal::FromInt(100));
  EXPECT_EQ(step.quotes[0].bid_size, Decimal::FromInt(5));
  EXPECT_TRUE(step.quotes[0].session_open);
  ASSERT_TRUE(feed.Next(step));
  // Outwards to the ticks: never narrower than said.
  EXPECT_EQ(step.quotes[0].bid_price, Decimal::Of("33.33"));
  EXPECT_EQ(step.quotes[0].ask_price, Decimal::Of("33.35"));
  EXPECT_EQ(feed.progress(), 1);
  EXPECT_FALSE(feed.Next(step));
}

TEST(BarFeedTest, AClosedSpreadIsATickAndNothingQuotedIsALot) {
  auto series = Minutes(Coin("C"), {"5"});
  series->volume[0] = Decimal::Of("0.001");
  BarFeed feed({series}, {.ratio = Decimal()});
  Step step;
  ASSERT_TRUE(feed.Next(step));
  EXPECT_EQ(step.quotes[0].ask_price - step.quotes[0].bid_price, Decimal::Of("0.01"));
  EXPECT_EQ(step.quotes[0].ask_size, Decimal::Of("0.001"));
}

TEST(BarFeedTest, SeriesAreMergedByTheEndsOfTheirBars) {
  auto late = Minutes(Coin("B"), {"7", "8"}, At("2024-01-02T10:01:00Z"));
  BarFeed feed({Minutes(Coin("A"), {"1", "2", "3"}), late}, {});
  std::vector<std::pair<UtcTime, std::size_t>> seen;
  Step step;
  while (feed.Next(step)) seen.emplace_back(step.time, step.bars.size());
  std::vector<std::pair<UtcTime, std::size_t>> expected = {
      {At("2024-01-02T10:01:00Z"), 1}, {At("2024-01-02T10:02:00Z"), 2}, {At("2024-01-02T10:03:00Z"), 2}};
  EXPECT_EQ(seen, expected);
}

// A day of a market with sessions is over at its close, while it still trades, not at somebody's midnight.
TEST(BarFeedTest, ADayEndsWithItsSession) {
  Instrument share = Coin("S");
  share.asset_class = AssetClass::kEquity;
  share.calendar = TradingCalendar::kNewYorkStockExchange;
  auto series = Minutes(share, {"10"}, At("2024-01-02T00:00:00Z"));
  series->timeframe = "1d";
  series->length = Duration::Seconds(86'400);
  BarFeed feed({series}, {});
  Step step;
  ASSERT_TRUE(feed.Next(step));
  EXPECT_EQ(step.time, At("2024-01-02T21:00:00Z"));
  EXPECT_TRUE(step.quotes[0].session_open);
}

}  // namespace
}  // namespace ballast::backtest
