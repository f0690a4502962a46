#include "libs/brokers/kraken/instruments.h"

#include "gtest/gtest.h"
#include "libs/brokers/kraken/symbol.h"

namespace ballast::kraken {
namespace {

std::string Bitcoin(const std::string& status, const std::string& decimals) {
  return R"({"altname":"XBTUSD","wsname":"XBT/USD","base":"XXBT","quote":"ZUSD","pair_decimals":)" + decimals +
         R"(,"lot_decimals":8,"cost_decimals":5,"lot_multiplier":1,"fees":[[0,0.4],[10000,0.35]],)"
         R"("fees_maker":[[0,0.25],[10000,0.2]],"ordermin":"0.00005","costmin":"0.5","tick_size":"0.1","status":")" +
         status + R"("})";
}

TEST(KrakenInstruments, AssetPairsGiveStepsLimitsAndFees) {
  PairList list = ReadAssetPairs(venue::Json::Parse(R"({"XXBTZUSD":)" + Bitcoin("online", "1") + "}").value());
  ASSERT_EQ(list.pairs.size(), 1u);
  const Pair& pair = list.pairs[0];
  EXPECT_EQ(pair.instrument.symbol, Symbol("BTC-USD"));
  EXPECT_EQ(pair.instrument.currency, "USD");
  EXPECT_EQ(pair.instrument.asset_class, AssetClass::kCrypto);
  EXPECT_EQ(pair.instrument.calendar, TradingCalendar::kAlwaysOpen);
  EXPECT_EQ(pair.instrument.tick_size, Decimal::Of("0.1"));
  EXPECT_EQ(pair.instrument.lot_size, Decimal::Of("0.00000001"));
  EXPECT_EQ(pair.instrument.min_notional, Decimal::Of("0.5"));
  EXPECT_EQ(pair.instrument.taker_fee_ratio, Decimal::Of("0.004"));
  EXPECT_EQ(pair.instrument.maker_fee_ratio, Decimal::Of("0.0025"));
  EXPECT_EQ(pair.ws_name, "BTC/USD");
  EXPECT_EQ(pair.rest_name, "XXBTZUSD");
  EXPECT_EQ(pair.alternative_name, "XBTUSD");
  EXPECT_EQ(pair.precision.price, 1);
  EXPECT_EQ(pair.precision.quantity, 8);
  EXPECT_EQ(pair.min_quantity, Decimal::Of("0.00005"));
  EXPECT_EQ(pair.status, PairStatus::kOnline);
}

TEST(KrakenInstruments, OnePairThatCannotBeReadDoesNotTakeTheOthersWithIt) {
  PairList list = ReadAssetPairs(venue::Json::Parse(R"({"BAD":)" + Bitcoin("online", "19") + R"(,"NONE":{},"GOOD":)" +
                                                    Bitcoin("sleeping", "1") + "}")
                                     .value());
  ASSERT_EQ(list.pairs.size(), 1u);
  EXPECT_EQ(list.pairs[0].rest_name, "GOOD");
  EXPECT_EQ(list.pairs[0].status, PairStatus::kUnknown);
  ASSERT_EQ(list.unreadable.size(), 2u);
  EXPECT_TRUE(list.unreadable[0].starts_with("BAD: ")) << list.unreadable[0];
}

TEST(KrakenInstruments, TheChannelTellsTheSamePair) {
  PairList list = ReadInstruments(
      venue::Json::Parse(
          R"({"channel":"instrument","type":"snapshot","data":{"assets":[],"pairs":[{"symbol":"BTC/USD","base":"BTC",)"
          R"("quote":"USD","status":"cancel_only","qty_precision":8,"qty_increment":0.00000001,"price_precision":1,)"
          R"("cost_min":0.5,"price_increment":0.1,"qty_min":0.00005}]}})")
          .value());
  ASSERT_EQ(list.pairs.size(), 1u);
  EXPECT_EQ(list.pairs[0].instrument.symbol, Symbol("BTC-USD"));
  EXPECT_EQ(list.pairs[0].instrument.lot_size, Decimal::Of("0.00000001"));
  EXPECT_EQ(list.pairs[0].instrument.tick_size, Decimal::Of("0.1"));
  EXPECT_EQ(list.pairs[0].min_quantity, Decimal::Of("0.00005"));
  EXPECT_EQ(list.pairs[0].status, PairStatus::kCancelOnly);
}

TEST(KrakenSymbol, TheVenuesOldNamesAreNotOurs) {
  EXPECT_EQ(SymbolOf("XDG/XBT"), Symbol("DOGE-BTC"));
  EXPECT_EQ(SymbolOf("ETH/USD"), Symbol("ETH-USD"));
  EXPECT_EQ(WsNameOf(Symbol("DOGE-BTC")), "DOGE/BTC");
}

}  // namespace
}  // namespace ballast::kraken
