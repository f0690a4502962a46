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

// A day of 2,000 steps with some ten halts and gaps of each symbol.
Simulator::Events Eventful(bool auction) {
  return {.halts_per_day = 10,
          .gaps_per_day = 10,
          .steps_per_day = 2'000,
          .halt_steps = 20,
          .auction = auction,
          .gap_ppm = 50'000};
}

TEST(SimulatorTest, HaltsAndGapsFollowFromTheSeedAndGoOnAfterARestart) {
  Simulator one(7, Eventful(true)), two(7, Eventful(true));
  int halted = 0, largest_ppm = 0;
  std::map<Symbol, std::int64_t> before;
  for (int step = 1; step <= 2'000; ++step) {
    if (step % 97 == 0) {
      Simulator again(7, Eventful(true));
      for (const auto& [symbol, state] : two.states()) again.Restore(two.step(), symbol, state);
      two = again;
    }
    std::vector<Quote> left = one.Step(UtcTime{step}), right = two.Step(UtcTime{step});
    ASSERT_EQ(left, right);
    for (const Quote& quote : left) {
      halted += quote.halted ? 1 : 0;
      EXPECT_EQ(quote.halted, !quote.halt_reason.empty());
      const std::int64_t mid = one.states().at(quote.symbol).mid / 1'000'000;
      if (before.contains(quote.symbol)) {
        const auto ppm = static_cast<int>(std::abs(mid - before[quote.symbol]) * 1'000'000 / before[quote.symbol]);
        largest_ppm = std::max(largest_ppm, ppm);
      }
      before[quote.symbol] = mid;
    }
  }
  // 13 symbols, some ten halts of twenty steps each.
  EXPECT_GT(halted, 13 * 10 * 20 / 2);
  EXPECT_LT(halted, 13 * 10 * 20 * 2);
  EXPECT_GT(largest_ppm, 25'000);
  EXPECT_LT(largest_ppm, 55'000);
}

TEST(SimulatorTest, AHaltKeepsThePriceAndResumesByAnAuctionOrWhereItStopped) {
  for (bool auction : {true, false}) {
    Simulator::Events events = Eventful(auction);
    events.gaps_per_day = 0;
    Simulator simulator(7, events);
    std::map<Symbol, Quote> stood;
    int resumed = 0, moved = 0;
    for (int step = 1; step <= 2'000; ++step) {
      for (const Quote& quote : simulator.Step(UtcTime{step})) {
        auto before = stood.find(quote.symbol);
        if (quote.halted) {
          if (before == stood.end()) {
            stood.emplace(quote.symbol, quote);
          } else {
            EXPECT_EQ(quote.bid_price, before->second.bid_price);
            EXPECT_EQ(quote.last_price, before->second.last_price);
            EXPECT_GT(quote.sequence, before->second.sequence);
          }
        } else if (before != stood.end()) {
          ++resumed;
          moved += quote.bid_price != before->second.bid_price ? 1 : 0;
          stood.erase(before);
        }
      }
    }
    EXPECT_GT(resumed, 40);
    if (auction) {
      EXPECT_GT(moved, 0);
    } else {
      EXPECT_EQ(moved, 0);
    }
  }
}

TEST(SimulatorTest, NothingHappensInAMarketWithoutEvents) {
  Simulator plain(7), quiet(7, Simulator::Events());
  for (int step = 1; step <= 300; ++step) {
    std::vector<Quote> quotes = plain.Step(UtcTime{step});
    EXPECT_EQ(quotes, quiet.Step(UtcTime{step}));
    for (const Quote& quote : quotes) EXPECT_FALSE(quote.halted);
  }
  EXPECT_FALSE(plain.Jump(Symbol("NONE"), Decimal::Of("0.1")));
  const std::int64_t before = plain.states().at(Symbol("SPY")).mid;
  EXPECT_TRUE(plain.Jump(Symbol("SPY"), Decimal::Of("-0.1")));
  EXPECT_NEAR(static_cast<double>(plain.states().at(Symbol("SPY")).mid), static_cast<double>(before) * 0.9, 2e6);
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
