#include "libs/brokers/ibkr/requests.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ballast::ibkr {
namespace {

// The lines marked "recorded" are what an unrelated client (@stoqey/ib 1.6.10) sent to a server of version 176.

// NUL as '|'.
std::string Seen(absl::StatusOr<std::string> payload) {
  EXPECT_TRUE(payload.ok()) << payload.status();
  std::string text = payload.value_or("");
  std::replace(text.begin(), text.end(), '\0', '|');
  return text;
}

Contract Apple() { return {.symbol = "AAPL", .security_type = "STK", .exchange = "SMART", .currency = "USD"}; }

TEST(RequestsTest, PlainOnesAreAsRecorded) {
  EXPECT_EQ(Seen(StartApi(7)), "71|2|7||");
  EXPECT_EQ(Seen(CancelOrder(1, 176)), "4|1|1||");
  EXPECT_EQ(Seen(RequestOpenOrders()), "5|1|");
  EXPECT_EQ(Seen(RequestAllOpenOrders()), "16|1|");
  EXPECT_EQ(Seen(RequestPositions()), "61|1|");
  EXPECT_EQ(Seen(RequestCompletedOrders()), "99|0|");
  EXPECT_EQ(Seen(CancelAllOrders()), "58|1|");
  EXPECT_EQ(Seen(RequestIds()), "8|1|1|");
}

TEST(RequestsTest, ACancelHasATimeFrom169On) {
  EXPECT_EQ(Seen(CancelOrder(12, 168)), "4|1|12|");
  EXPECT_EQ(Seen(CancelOrder(12, 169)), "4|1|12||");
}

TEST(RequestsTest, ExecutionsAreAskedForByAccountTimeAndSymbol) {
  EXPECT_EQ(Seen(RequestExecutions(11, {})), "7|3|11||||||||");  // recorded
  EXPECT_EQ(Seen(RequestExecutions(
                11, {.account = "DU1", .symbol = "AAPL", .since = UtcTime::Parse("2026-11-05T10:00:00Z").value()})),
            "7|3|11||DU1|20261105-10:00:00|AAPL||||");
}

TEST(RequestsTest, TheAccountIsAskedForByTags) {
  EXPECT_EQ(Seen(RequestAccountSummary(12, {"NetLiquidation", "BuyingPower"})),
            "62|1|12|All|NetLiquidation,BuyingPower|");  // recorded
}

TEST(RequestsTest, AContractIsAskedForAsRecorded) {
  EXPECT_EQ(Seen(RequestContractDetails(10, Apple(), 176)), "9|8|10||AAPL|STK|||||SMART||USD|||||||");  // recorded
  EXPECT_EQ(Seen(RequestContractDetails(10, Apple(), 175)), "9|8|10||AAPL|STK|||||SMART||USD||||||");
  Contract option{.con_id = 9,
                  .symbol = "AAPL",
                  .security_type = "OPT",
                  .last_trade_date = "20261218",
                  .strike = Decimal::Of("250.5"),
                  .right = "C",
                  .multiplier = "100",
                  .exchange = "SMART",
                  .primary_exchange = "NASDAQ",
                  .currency = "USD",
                  .local_symbol = "L",
                  .trading_class = "T"};
  EXPECT_EQ(Seen(RequestContractDetails(10, option, 178)),
            "9|8|10|9|AAPL|OPT|20261218|250.5|C|100|SMART|NASDAQ|USD|L|T|||||");
}

TEST(RequestsTest, MarketDataAreAskedForAsRecorded) {
  EXPECT_EQ(Seen(RequestMarketData(13, Apple(), false)), "1|11|13||AAPL|STK|||||SMART||USD|||0||0|0||");  // recorded
  EXPECT_EQ(Seen(RequestMarketData(13, Apple(), true)), "1|11|13||AAPL|STK|||||SMART||USD|||0||1|0||");
}

TEST(RequestsTest, HistoryIsAskedForAsRecorded) {
  HistoryRange range{.bar_size = "1 min", .duration = "1 D", .epoch_times = false};
  EXPECT_EQ(Seen(RequestHistoricalData(14, Apple(), range)),
            "20|14||AAPL|STK|||||SMART||USD|||0||1 min|1 D|1|TRADES|1|0||");  // recorded
  HistoryRange other{.end = UtcTime::Parse("2026-11-05T10:00:00Z").value(),
                     .bar_size = "1 day",
                     .duration = "2 W",
                     .regular_hours_only = false,
                     .what = "MIDPOINT"};
  EXPECT_EQ(Seen(RequestHistoricalData(14, Apple(), other)),
            "20|14||AAPL|STK|||||SMART||USD|||0|20261105-10:00:00|1 day|2 W|0|MIDPOINT|2|0||");
}

TEST(RequestsTest, WhatCannotBeWrittenIsRefused) {
  Contract bag = Apple();
  bag.security_type = "BAG";
  EXPECT_FALSE(RequestMarketData(13, bag, false).ok());
  EXPECT_FALSE(RequestHistoricalData(14, bag, {}).ok());
  Contract broken = Apple();
  broken.symbol = std::string("AAPL\0MSFT", 9);
  EXPECT_FALSE(RequestContractDetails(10, broken, 176).ok());
  EXPECT_FALSE(RequestExecutions(11, {.account = std::string("\0", 1)}).ok());
  EXPECT_FALSE(RequestAccountSummary(12, {std::string("a\0b", 3)}).ok());
}

}  // namespace
}  // namespace ballast::ibkr
