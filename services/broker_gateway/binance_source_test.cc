#include "services/broker_gateway/binance_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/venue/testing/scripted_transport.h"

namespace ballast {
namespace {

constexpr const char* kRules =
    R"({"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","baseAssetPrecision":8,
    "quotePrecision":8,"isSpotTradingAllowed":true,"filters":[{"filterType":"PRICE_FILTER","tickSize":"0.01"},
    {"filterType":"LOT_SIZE","stepSize":"0.00001"}]}]})";

struct World {
  World() {
    auto data = std::make_unique<binance::MarketData>(
        binance::MarketData::Options{.hosts = {.rest = "https://r", .stream = "wss://s", .socket_api = ""},
                                     .symbols = {"BTCUSDT"}},
        std::unique_ptr<venue::Transport>(net));
    data->Poll(now);
    net->says.emplace_back(venue::HttpAnswer{
        .id = net->calls.back().id, .outcome = venue::Outcome::kAnswered, .status = 200, .body = kRules});
    data->Poll(now);
    net->says.emplace_back(venue::SocketOpened{.socket = net->opened.back().socket});
    source = std::make_unique<BinanceSource>(std::move(data), Duration::Millis(250));
  }
  void Says(const char* text) {
    net->says.emplace_back(venue::SocketMessage{.socket = net->opened.back().socket, .payload = text});
  }
  market::MarketStep Step(Duration later) {
    now = now + later;
    return *source->Step(now);
  }

  UtcTime now{1'700'000'000'000'000'000};
  venue::ScriptedTransport* net = new venue::ScriptedTransport;
  std::unique_ptr<BinanceSource> source;
};
constexpr const char* kTicker = R"({"data":{"u":7,"s":"BTCUSDT","b":"100.5","B":"1","a":"100.6","A":"2"}})";

TEST(BinanceSourceTest, AStepIsWhatStandsAndBarsAreWhatTraded) {
  World world;
  ASSERT_EQ(world.source->instruments().size(), 1U);
  EXPECT_EQ(world.source->instruments()[0].symbol, Symbol("BTC-USDT"));
  EXPECT_TRUE(world.Step(Duration::Millis(250)).quotes.empty());
  world.Says(kTicker);
  world.Says(R"({"data":{"e":"trade","s":"BTCUSDT","p":"100.55","q":"0.3"}})");
  world.Says(R"({"data":{"e":"trade","s":"BTCUSDT","p":"100.52","q":"0.2"}})");
  market::MarketStep step = world.Step(Duration::Millis(250));
  ASSERT_EQ(step.quotes.size(), 1U);
  EXPECT_EQ(step.quotes[0].quote_time, step.time);
  EXPECT_EQ(step.number, 2U);
  // Nothing trades any more, and the second's bar ends all the same.
  std::vector<Bar> bars = world.Step(Duration::Seconds(1)).bars;
  ASSERT_FALSE(bars.empty());
  EXPECT_EQ(bars[0].timeframe, "1s");
  EXPECT_EQ(bars[0].open, Decimal::Of("100.55"));
  EXPECT_EQ(bars[0].close, Decimal::Of("100.52"));
  EXPECT_EQ(bars[0].volume, Decimal::Of("0.5"));
}

TEST(BinanceSourceTest, QuotesOfALostConnectionAreStaleAndGrowOld) {
  World world;
  world.Says(kTicker);
  const UtcTime told = world.Step(Duration::Millis(250)).time;
  world.net->says.emplace_back(venue::SocketClosed{.socket = world.net->opened.back().socket, .why = "gone"});
  market::MarketStep step = world.Step(Duration::Millis(250));
  ASSERT_EQ(step.quotes.size(), 1U);
  EXPECT_TRUE(step.quotes[0].stale);
  EXPECT_EQ(step.quotes[0].quote_time, told);
}

TEST(BinanceSourceTest, TimeAndStepsGoOnAfterARestartAndNeverBack) {
  World world;
  market::SourceState state = world.source->state();
  EXPECT_EQ(state.key, "binance");
  state.step = 41;
  state.time = world.now + Duration::Seconds(100);
  EXPECT_FALSE(world.source->Restore(state).has_value());
  market::MarketStep step = world.Step(Duration::Millis(250));
  EXPECT_EQ(step.number, 42U);
  EXPECT_GT(step.time, state.time);
}

}  // namespace
}  // namespace ballast
