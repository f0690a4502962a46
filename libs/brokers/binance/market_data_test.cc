#include "libs/brokers/binance/market_data.h"

#include <gtest/gtest.h>

#include "libs/venue/testing/scripted_transport.h"

namespace ballast::binance {
namespace {

constexpr const char* kRules =
    R"({"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","baseAssetPrecision":8,
    "quotePrecision":8,"isSpotTradingAllowed":true,"filters":[{"filterType":"PRICE_FILTER","tickSize":"0.01"},
    {"filterType":"LOT_SIZE","stepSize":"0.00001"}]}]})";
constexpr const char* kTicker =
    R"({"stream":"btcusdt@bookTicker","data":{"u":7,"s":"BTCUSDT","b":"100.5","B":"1","a":"100.6","A":"2"}})";
constexpr const char* kTrade =
    R"({"stream":"btcusdt@trade","data":{"e":"trade","E":1,"s":"BTCUSDT","t":1,"p":"100.55","q":"0.3","T":1,"m":true}})";

struct World {
  explicit World(std::vector<std::string> symbols = {"BTCUSDT"})
      : net(new venue::ScriptedTransport),
        data({.hosts = {.rest = "https://rest", .stream = "wss://stream", .socket_api = ""},
              .symbols = std::move(symbols)},
             std::unique_ptr<venue::Transport>(net)) {}
  void Turn() { data.Poll(now); }
  void Rules(const char* body) {
    Turn();
    ASSERT_FALSE(net->calls.empty());
    net->says.emplace_back(venue::HttpAnswer{
        .id = net->calls.back().id, .outcome = venue::Outcome::kAnswered, .status = 200, .body = body});
    Turn();
  }
  void Opened() {
    net->says.emplace_back(venue::SocketOpened{.socket = net->opened.back().socket});
    Turn();
  }
  void Says(const char* text) {
    net->says.emplace_back(venue::SocketMessage{.socket = net->opened.back().socket, .payload = text});
    Turn();
  }

  UtcTime now{1'700'000'000'000'000'000};
  venue::ScriptedTransport* net;
  MarketData data;
};

TEST(BinanceMarketDataTest, QuotesAndTradesOfWhatIsConfigured) {
  World world;
  world.Rules(kRules);
  ASSERT_TRUE(world.data.has_rules());
  ASSERT_EQ(world.net->opened.size(), 1U);
  EXPECT_EQ(world.net->opened[0].url, "wss://stream/stream?streams=btcusdt@bookTicker/btcusdt@trade");
  world.Opened();
  EXPECT_TRUE(world.data.Quotes().empty()) << "a trade or nothing is no quote";
  world.Says(kTrade);
  EXPECT_TRUE(world.data.Quotes().empty());
  world.Says(kTicker);
  ASSERT_EQ(world.data.Quotes().size(), 1U);
  const Quote quote = world.data.Quotes()[0];
  EXPECT_EQ(quote.symbol, Symbol("BTC-USDT"));
  EXPECT_EQ(quote.bid_price, Decimal::Of("100.5"));
  EXPECT_EQ(quote.ask_size, Decimal::Of("2"));
  EXPECT_EQ(quote.last_price, Decimal::Of("100.55"));
  EXPECT_FALSE(quote.stale);
  ASSERT_EQ(world.data.TakePrints().size(), 1U);
  EXPECT_TRUE(world.data.TakePrints().empty());
}

TEST(BinanceMarketDataTest, WhatIsLostIsStaleUntilItIsToldAgain) {
  World world;
  world.Rules(kRules);
  world.Opened();
  world.Says(kTicker);
  world.net->says.emplace_back(venue::SocketClosed{.socket = world.net->opened.back().socket, .why = "gone"});
  world.Turn();
  EXPECT_TRUE(world.data.Quotes()[0].stale);
  EXPECT_EQ(world.data.problem(), "gone");
  EXPECT_EQ(world.net->opened.size(), 1U) << "not at once";
  world.now = world.now + Duration::Seconds(1);
  world.Turn();
  ASSERT_EQ(world.net->opened.size(), 2U);
  world.Opened();
  EXPECT_TRUE(world.data.Quotes()[0].stale);
  world.Says(kTicker);
  EXPECT_FALSE(world.data.Quotes()[0].stale);
}

TEST(BinanceMarketDataTest, ABookWithoutASideIsStale) {
  World world;
  world.Rules(kRules);
  world.Opened();
  world.Says(kTicker);
  for (const char* text : {R"({"data":{"u":8,"s":"BTCUSDT","b":"0","B":"0","a":"100.6","A":"2"}})",
                           R"({"data":{"u":8,"s":"BTCUSDT","b":"101","B":"1","a":"100.6","A":"2"}})",
                           R"({"data":{"u":8,"s":"BTCUSDT","b":"x","B":"1","a":"100.6","A":"2"}})"}) {
    world.Says(text);
    EXPECT_TRUE(world.data.Quotes()[0].stale) << text;
    world.Says(kTicker);
    EXPECT_FALSE(world.data.Quotes()[0].stale);
  }
}

TEST(BinanceMarketDataTest, RulesThatDoNotComeAreAskedForAgain) {
  World world({"BTCUSDT", "ETHUSDT"});
  world.Rules(kRules);
  EXPECT_FALSE(world.data.has_rules());
  EXPECT_EQ(world.data.problem(), "the venue has not listed ETHUSDT");
  world.now = world.now + Duration::Seconds(1);
  world.Turn();
  EXPECT_EQ(world.net->calls.size(), 2U);
  world.now = world.now + Duration::Seconds(30);
  world.Turn();
  EXPECT_EQ(world.data.problem(), "the venue has not answered in time");
}

}  // namespace
}  // namespace ballast::binance
