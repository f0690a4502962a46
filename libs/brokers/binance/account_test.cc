#include "libs/brokers/binance/account.h"

#include <gtest/gtest.h>

namespace ballast::binance {
namespace {

Listing Of(const char* symbol, const char* currency) {
  Listing listing;
  listing.instrument.symbol = Symbol(symbol);
  listing.instrument.currency = currency;
  return listing;
}

TEST(BinanceAccountTest, AStatementIsWhatTheVenueHolds) {
  auto account = ReadAccount(R"({"canTrade":true,"balances":[{"asset":"USDT","free":"100.5","locked":"9.5"},
      {"asset":"BTC","free":"0.00000001","locked":"1"},{"asset":"ETH","free":"0","locked":"0.0"},
      {"asset":"BNB","free":"3","locked":"0"}]})");
  ASSERT_TRUE(account.ok());
  EXPECT_TRUE(account->may_trade);
  broker::Statement statement =
      StatementOf(AccountId("a"), "USDT", *account,
                  {Of("BTC-USDT", "USDT"), Of("ETH-USDT", "USDT"), Of("BTC-EUR", "EUR")}, {}, UtcTime{5});
  EXPECT_EQ(statement.cash, Decimal::Of("110"));
  // Nothing that is flat, and nothing that no instrument in this currency stands for.
  EXPECT_EQ(statement.positions, (std::map<Symbol, Decimal>{{Symbol("BTC-USDT"), Decimal::Of("1.00000001")}}));
  EXPECT_EQ(statement.as_of, UtcTime{5});
}

TEST(BinanceAccountTest, ASumThatLeavesSomethingOutIsNone) {
  EXPECT_FALSE(ReadAccount("{}").ok());
  EXPECT_FALSE(ReadAccount("[").ok());
  EXPECT_FALSE(ReadAccount(R"({"balances":[{"asset":"BTC","free":"1"}]})").ok());
  EXPECT_FALSE(ReadAccount(R"({"balances":[{"free":"1","locked":"1"}]})").ok());
  EXPECT_FALSE(ReadAccount(R"({"balances":[]})")->may_trade) << "what is not said is not allowed";
}

TEST(BinanceAccountTest, OpenOrdersAreOursOrOnesMadeElsewhere) {
  Symbols symbols;
  symbols.Add(Symbol("BTC-USDT"), "BTCUSDT");
  auto orders = ReadOpenOrders(
      R"([{"symbol":"BTCUSDT","orderId":28,"clientOrderId":"bl-o0123456789abcdefghijklmnop","price":"10.5",
      "origQty":"2","executedQty":"0.5","status":"PARTIALLY_FILLED","timeInForce":"GTC","type":"LIMIT","side":"BUY",
      "stopPrice":"0.0","time":1499827319559,"updateTime":1499827319560},
      {"symbol":"LTCBTC","orderId":1,"clientOrderId":"web_1","price":"0","origQty":"1","executedQty":"0",
      "status":"NEW","timeInForce":"GTC","type":"STOP_LOSS","side":"SELL","stopPrice":"0.1"}])",
      symbols);
  ASSERT_TRUE(orders.ok());
  ASSERT_EQ(orders->size(), 2U);
  const Order& ours = (*orders)[0];
  EXPECT_EQ(ours.order_id, OrderId("o0123456789abcdefghijklmnop"));
  EXPECT_EQ(ours.symbol, Symbol("BTC-USDT"));
  EXPECT_EQ(ours.limit_price, Decimal::Of("10.5"));
  EXPECT_FALSE(ours.stop_price);
  EXPECT_EQ(ours.leaves_quantity, Decimal::Of("1.5"));
  EXPECT_EQ(ours.broker_order_id, "28");
  const Order& other = (*orders)[1];
  EXPECT_EQ(other.order_id, OrderId("LTCBTC:1"));
  EXPECT_EQ(other.symbol, Symbol("LTCBTC"));
  EXPECT_EQ(other.type, OrderType::kStop);
  EXPECT_FALSE(other.limit_price);
}

TEST(BinanceAccountTest, AnOpenOrderThatCannotBeReadIsNotLeftOut) {
  Symbols symbols;
  EXPECT_FALSE(ReadOpenOrders("{}", symbols).ok());
  EXPECT_FALSE(ReadOpenOrders(R"([{"symbol":"BTCUSDT","orderId":28}])", symbols).ok());
  EXPECT_FALSE(ReadOpenOrders(R"([{"symbol":"BTCUSDT","orderId":28,"origQty":"1","executedQty":"0","side":"BUY",
      "status":"PONDERING"}])",
                              symbols)
                   .ok());
}

}  // namespace
}  // namespace ballast::binance
