#include <gtest/gtest.h>

#include "libs/market/bars.h"
#include "libs/market/simulator.h"

namespace ballast::market {
namespace {

TEST(SimulatorTest, TheSameSeedGivesTheSameMarket) {
  Simulator one(7), two(7), other(8);
  bool differs = false;
  for (int i = 0; i < 500; ++i) {
    auto quotes = one.Step(UtcTime{i});
    EXPECT_EQ(quotes, two.Step(UtcTime{i}));
    differs = differs || quotes != other.Step(UtcTime{i});
  }
  EXPECT_TRUE(differs);
}

TEST(SimulatorTest, ARestartGoesOnWhereItStopped) {
  Simulator whole(7), first(7);
  for (int i = 0; i < 300; ++i) {
    whole.Step(UtcTime{i});
    first.Step(UtcTime{i});
  }
  Simulator second(7);
  for (const auto& [symbol, state] : first.states()) second.Restore(first.step(), symbol, state);
  for (int i = 300; i < 400; ++i) ASSERT_EQ(whole.Step(UtcTime{i}), second.Step(UtcTime{i}));
}

TEST(SimulatorTest, QuotesAreOnTickNeverCrossedAndStayInReach) {
  Simulator simulator(3);
  std::map<Symbol, Instrument> instruments;
  for (const Instrument& instrument : SimulatedInstruments()) instruments[instrument.symbol] = instrument;
  EXPECT_GE(instruments.size(), 12U);
  std::map<Symbol, Decimal> first;
  for (int i = 0; i < 20'000; ++i) {
    for (const Quote& quote : simulator.Step(UtcTime{i})) {
      first.try_emplace(quote.symbol, quote.bid_price);
      ASSERT_LT(quote.bid_price, quote.ask_price);
      ASSERT_TRUE(quote.bid_price.IsMultipleOf(instruments[quote.symbol].tick_size));
      ASSERT_TRUE(quote.bid_size.IsMultipleOf(instruments[quote.symbol].lot_size));
      ASSERT_GT(quote.bid_price + quote.bid_price, first[quote.symbol]) << quote.symbol.value() << " at step " << i;
      ASSERT_LT(quote.bid_price, first[quote.symbol] + first[quote.symbol]) << quote.symbol.value() << " at step " << i;
    }
  }
}

TEST(BarBuilderTest, BarsAreCompleteWhenTheNextOneBegins) {
  BarBuilder builder;
  auto at = [](std::int64_t millis) { return UtcTime{millis * 1'000'000}; };
  Symbol symbol("X");
  EXPECT_TRUE(builder.Add(symbol, at(0), Decimal::Of("10"), Decimal::Of("1")).empty());
  EXPECT_TRUE(builder.Add(symbol, at(500), Decimal::Of("12"), Decimal::Of("1")).empty());
  EXPECT_TRUE(builder.Add(symbol, at(900), Decimal::Of("9"), Decimal::Of("1")).empty());
  auto bars = builder.Add(symbol, at(1000), Decimal::Of("11"), Decimal::Of("1"));
  ASSERT_EQ(bars.size(), 1U);
  Bar expected{symbol,          "1s", at(0), Decimal::Of("10"), Decimal::Of("12"), Decimal::Of("9"), Decimal::Of("9"),
               Decimal::Of("3")};
  EXPECT_EQ(bars[0], expected);
  EXPECT_EQ(builder.Add(symbol, at(5000), Decimal::Of("1"), Decimal()).size(), 2U);
  EXPECT_FALSE(TimeframeLength("7m").has_value());
}

}  // namespace
}  // namespace ballast::market
