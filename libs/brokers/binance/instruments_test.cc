#include "libs/brokers/binance/instruments.h"

#include <gtest/gtest.h>

namespace ballast::binance {
namespace {

const std::string kPrice =
    R"({"filterType":"PRICE_FILTER","minPrice":"0.01000000","maxPrice":"1000000.00000000","tickSize":"0.01000000"})";
const std::string kLot =
    R"({"filterType":"LOT_SIZE","minQty":"0.00001000","maxQty":"9000.00000000","stepSize":"0.00001000"})";
const std::string kMarketLot =
    R"({"filterType":"MARKET_LOT_SIZE","minQty":"0.00000000","maxQty":"120.5","stepSize":"0.00000000"})";
const std::string kNotional =
    R"({"filterType":"NOTIONAL","minNotional":"5.00000000","applyMinToMarket":true,"maxNotional":"9000000.00000000"})";
const std::string kOrders = R"({"filterType":"MAX_NUM_ORDERS","maxNumOrders":200})";

std::string SymbolOf(const std::string& base, const std::string& filters, const std::string& more = "") {
  return R"({"symbol":")" + base + R"(USDT","status":"TRADING","baseAsset":")" + base +
         R"(","baseAssetPrecision":8,"quoteAsset":"USDT","quotePrecision":6,"icebergAllowed":true)" + more +
         R"(,"filters":[)" + filters + "]}";
}
Listings Read(const std::string& symbols) {
  auto read = ReadExchangeInfo(R"({"timezone":"UTC","symbols":[)" + symbols + "]}");
  EXPECT_TRUE(read.ok()) << read.status();
  return read.ok() ? *std::move(read) : Listings();
}

TEST(BinanceInstrumentsTest, ASymbolIsAnInstrument) {
  Listings read = Read(SymbolOf("BTC", kPrice + "," + kLot + "," + kMarketLot + "," + kNotional + "," + kOrders));
  ASSERT_EQ(read.listings.size(), 1U);
  EXPECT_TRUE(read.left_out.empty());
  const Listing& btc = read.listings[0];
  EXPECT_EQ(btc.instrument.symbol, Symbol("BTC-USDT"));
  EXPECT_EQ(btc.instrument.currency, "USDT");
  EXPECT_EQ(btc.instrument.asset_class, AssetClass::kCrypto);
  EXPECT_EQ(btc.instrument.calendar, TradingCalendar::kAlwaysOpen);
  EXPECT_FALSE(btc.instrument.shortable);
  EXPECT_EQ(btc.instrument.tick_size, Decimal::Of("0.01"));
  EXPECT_EQ(btc.instrument.lot_size, Decimal::Of("0.00001"));
  EXPECT_EQ(btc.instrument.min_notional, Decimal::FromInt(5));
  EXPECT_EQ(btc.instrument.taker_fee_ratio, Decimal::Of("0.001"));
  EXPECT_TRUE(btc.min_notional_holds_for_market && btc.iceberg);
  EXPECT_EQ(btc.venue_symbol, "BTCUSDT");
  EXPECT_EQ(btc.status, ListingStatus::kTrading);
  EXPECT_EQ(btc.min_quantity, Decimal::Of("0.00001"));
  EXPECT_EQ(btc.max_quantity, Decimal::FromInt(9000));
  EXPECT_EQ(btc.max_notional, Decimal::FromInt(9'000'000));
  EXPECT_EQ(btc.market_max_quantity, Decimal::Of("120.5"));
  EXPECT_EQ(btc.max_orders, 200);
  EXPECT_EQ(read.symbols.VenueName(Symbol("BTC-USDT")), "BTCUSDT");
  EXPECT_EQ(read.symbols.Ours("BTCUSDT"), Symbol("BTC-USDT"));
}

TEST(BinanceInstrumentsTest, APartOfZeroIsOff) {
  Listings read =
      Read(SymbolOf("BTC", R"({"filterType":"PRICE_FILTER","minPrice":"0","maxPrice":"0.00","tickSize":"0.00000000"},)"
                           R"({"filterType":"LOT_SIZE","minQty":"0","maxQty":"0","stepSize":"0"},)" +
                               kMarketLot));
  ASSERT_EQ(read.listings.size(), 1U);
  const Listing& btc = read.listings[0];
  // Then the places that the venue keeps of each asset are the steps.
  EXPECT_EQ(btc.instrument.tick_size, Decimal::Of("0.000001"));
  EXPECT_EQ(btc.instrument.lot_size, Decimal::Of("0.00000001"));
  EXPECT_FALSE(btc.min_price || btc.max_price || btc.min_quantity || btc.max_quantity);
  EXPECT_FALSE(btc.market_lot_size || btc.market_min_quantity || btc.max_notional);
  EXPECT_EQ(btc.max_orders, 0);
  EXPECT_TRUE(btc.instrument.min_notional.IsZero());
}

TEST(BinanceInstrumentsTest, TheOlderNotionalFilterCountsToo) {
  const std::string older = R"({"filterType":"MIN_NOTIONAL","minNotional":"10","applyToMarket":true,"avgPriceMins":5})";
  EXPECT_EQ(Read(SymbolOf("BTC", kPrice + "," + kLot + "," + older)).listings.at(0).instrument.min_notional,
            Decimal::FromInt(10));
  EXPECT_EQ(
      Read(SymbolOf("BTC", kPrice + "," + kLot + "," + kNotional + "," + older)).listings.at(0).instrument.min_notional,
      Decimal::FromInt(10));
}

TEST(BinanceInstrumentsTest, WhatCannotBeReadIsReportedAndLeftOut) {
  const std::string good = SymbolOf("BTC", kPrice + "," + kLot);
  Listings read = Read(SymbolOf("ETH", kPrice) + "," + SymbolOf("XRP", kLot) + "," + good + "," + good + "," +
                       SymbolOf("A-B", kPrice + "," + kLot) + ",7," +
                       SymbolOf("LTC", kPrice + R"(,{"filterType":"LOT_SIZE","stepSize":"small"})") + "," +
                       SymbolOf("BNB", kPrice + R"(,{"filterType":"LOT_SIZE","stepSize":"-1"})"));
  ASSERT_EQ(read.listings.size(), 1U);
  EXPECT_EQ(read.listings[0].venue_symbol, "BTCUSDT");
  ASSERT_EQ(read.left_out.size(), 7U);
  EXPECT_EQ(read.left_out[0], "ETHUSDT: no LOT_SIZE");
  EXPECT_EQ(read.left_out[1], "XRPUSDT: no PRICE_FILTER");
  EXPECT_EQ(read.left_out[2], "BTCUSDT: it is there twice");
  EXPECT_EQ(read.left_out[3], "A-BUSDT: its assets cannot be read");
  EXPECT_EQ(read.left_out[4], "?: it has no symbol");
  EXPECT_TRUE(read.symbols.VenueName(Symbol("ETH-USDT")).empty());
}

TEST(BinanceInstrumentsTest, WordsAndFiltersNobodyKnowsBreakNothing) {
  std::string symbol = SymbolOf("BTC", kPrice + "," + kLot + R"(,{"filterType":"SOMETHING_NEW","x":[1]})");
  symbol.replace(symbol.find("TRADING"), 7, "DREAMING");
  Listings read = Read(symbol);
  ASSERT_EQ(read.listings.size(), 1U);
  EXPECT_EQ(read.listings[0].status, ListingStatus::kUnknown);
  EXPECT_EQ(read.listings[0].status_name, "DREAMING");
  symbol.replace(symbol.find("DREAMING"), 8, "CANCEL_ONLY");
  EXPECT_EQ(Read(symbol).listings.at(0).status, ListingStatus::kCancelOnly);
}

TEST(BinanceInstrumentsTest, WhatSpotDoesNotTradeIsNoListing) {
  Listings read = Read(SymbolOf("BTC", kPrice + "," + kLot, R"(,"isSpotTradingAllowed":false)") + "," +
                       SymbolOf("ETH", kPrice + "," + kLot, R"(,"isSpotTradingAllowed":true)"));
  ASSERT_EQ(read.listings.size(), 1U);
  EXPECT_EQ(read.listings[0].venue_symbol, "ETHUSDT");
  EXPECT_TRUE(read.left_out.empty());
}

TEST(BinanceInstrumentsTest, AnotherAnswerIsNone) {
  for (const char* body : {"", "[]", "{}", R"({"symbols":{}})", R"({"code":-1003,"msg":"x"})"})
    EXPECT_EQ(ReadExchangeInfo(body).status().code(), absl::StatusCode::kInvalidArgument) << body;
}

}  // namespace
}  // namespace ballast::binance
