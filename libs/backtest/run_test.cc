#include "libs/backtest/run.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "libs/backtest/bar_feed.h"
#include "libs/backtest/source_feed.h"
#include "libs/backtest/tape.h"
#include "libs/base/rng.h"
#include "libs/market/simulated_source.h"

namespace ballast::backtest {
namespace {

Instrument Coin() {
  return {.symbol = Symbol("C"),
          .asset_class = AssetClass::kCrypto,
          .currency = "USD",
          .tick_size = Decimal::Of("0.01"),
          .lot_size = Decimal::Of("0.001"),
          .taker_fee_ratio = Decimal::Of("0.001"),
          .shortable = true,
          .calendar = TradingCalendar::kAlwaysOpen};
}

std::shared_ptr<BarSeries> Walk(std::size_t bars, std::uint64_t seed) {
  auto series = std::make_shared<BarSeries>();
  series->instrument = Coin();
  series->timeframe = "1m";
  series->length = Duration::Seconds(60);
  Rng rng(seed);
  std::int64_t cents = 10'000;
  auto price = [](std::int64_t at) { return Decimal::FromUnits(static_cast<__int128>(at) * 10'000'000'000'000'000); };
  for (std::size_t i = 0; i < bars; ++i) {
    std::int64_t open = cents;
    cents = std::max<std::int64_t>(cents + rng.Between(-40, 40), 100);
    series->Add(UtcTime{1'704'067'200'000'000'000 + static_cast<std::int64_t>(i) * 60'000'000'000}, price(open),
                price(std::max(open, cents)), price(std::min(open, cents)), price(cents), Decimal::FromInt(500));
  }
  return series;
}

RunOptions Ema(const std::string& symbol = "C") {
  RunOptions setup;
  setup.spec = {.strategy_id = "ema_cross",
                .parameters = {{"fast", "5"}, {"slow", "12"}},
                .symbols = {Symbol(symbol)},
                .timeframe = "1m",
                .position_size_ratio = Decimal::Of("0.015"),
                .stop_loss_ratio = Decimal::Of("0.01"),
                .take_profit_ratio = Decimal::Of("0.02"),
                .allow_short = true};
  return setup;
}

Outcome PlayAll(RunOptions setup, Feed& feed) {
  auto run = Run::Make(std::move(setup), feed.instruments());
  EXPECT_TRUE(run.ok()) << run.status();
  run->Play(feed);
  return std::move(*run).Finish();
}

TEST(RunTest, MoneyIsExactToTheLastDigit) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    BarFeed feed({Walk(2'000, seed)}, {});
    Outcome outcome = PlayAll(Ema(), feed);
    ASSERT_GT(outcome.trades.size(), 20U);
    Decimal cash = Decimal::FromInt(100'000), fees;
    for (const Fill& fill : outcome.all_fills) {
      Decimal notional = Multiply(fill.quantity, fill.price, Rounding::kHalfEven);
      cash += fill.side == Side::kBuy ? -notional : notional;
      cash -= fill.fee;
      fees += fill.fee;
    }
    EXPECT_EQ(outcome.cash, cash);
    EXPECT_EQ(outcome.fees, fees);
    Decimal equity = Decimal::FromInt(100'000);
    for (const Trade& trade : outcome.trades) equity += trade.profit;
    for (const auto& [symbol, open] : outcome.open_trades) equity += open.unrealised + open.realised - open.fees;
    EXPECT_EQ(outcome.curve.last().equity, equity);
  }
}

// A fixed fraction that is said makes the trades of one that is not, as long as no limit cuts it.
TEST(RunTest, AFixedFractionIsWhatItAlwaysWas) {
  auto play = [](bool said) {
    BarFeed feed({Walk(3'000, 5)}, {});
    RunOptions setup = Ema();
    if (said) setup.spec.sizing.emplace();
    return PlayAll(std::move(setup), feed);
  };
  Outcome plain = play(false), said = play(true);
  ASSERT_GT(plain.all_fills.size(), 40U);
  ASSERT_EQ(plain.all_fills.size(), said.all_fills.size());
  for (std::size_t i = 0; i < plain.all_fills.size(); ++i)
    ASSERT_EQ(plain.all_fills[i].quantity, said.all_fills[i].quantity);
  EXPECT_EQ(plain.cash, said.cash);
}

TEST(RunTest, ASizingIsCutToTheLimitsInsteadOfRefused) {
  auto play = [](bool sized) {
    BarFeed feed({Walk(2'000, 6)}, {});
    RunOptions setup = Ema();
    // Far more than the 2 % that the account allows.
    setup.spec.position_size_ratio = Decimal::Of("0.5");
    if (sized) setup.spec.sizing = sizing::Settings{.method = sizing::Method::kRiskPerTrade};
    return PlayAll(std::move(setup), feed);
  };
  EXPECT_EQ(play(false).fills, 0U);
  Outcome sized = play(true);
  EXPECT_GT(sized.trades.size(), 20U);
  EXPECT_EQ(sized.refusals, 0U);
}

TEST(RunTest, SettingsKeepFromEntering) {
  auto trades = [](const std::function<void(strategy::Spec&)>& set) {
    BarFeed feed({Walk(3'000, 7)}, {});
    RunOptions setup = Ema();
    set(setup.spec);
    return PlayAll(std::move(setup), feed).trades;
  };
  std::size_t all = trades([](strategy::Spec&) {}).size();
  ASSERT_GT(all, 30U);
  for (const Trade& trade : trades([](strategy::Spec& spec) { spec.short_only = true; }))
    EXPECT_EQ(trade.side, Side::kSell);
  auto in_hours = trades([](strategy::Spec& spec) {
    spec.schedule = strategy::Schedule{.start_minute = 60, .end_minute = 300, .close_before_end_minutes = 10};
  });
  ASSERT_FALSE(in_hours.empty());
  for (const Trade& trade : in_hours) {
    std::int64_t minute = trade.open_time.nanos / 60'000'000'000 % 1'440;
    EXPECT_TRUE(minute >= 60 && minute < 291) << minute;
    EXPECT_LE(trade.close_time.nanos / 60'000'000'000 % 1'440, 300);
  }
  std::size_t confirmed = trades([](strategy::Spec& spec) {
                            spec.confirmation = strategy::Confirmation{.timeframe = "15m", .periods = 4};
                          }).size();
  EXPECT_GT(confirmed, 0U);
  EXPECT_LT(confirmed, all);
  auto losses = trades([](strategy::Spec& spec) { spec.daily_loss_ratio = Decimal::Of("0.0001"); });
  EXPECT_LT(losses.size(), all);
}

TEST(RunTest, TheSameTwice) {
  auto play = [] {
    market::SimulatedSource source({.seed = 11, .wall_time = false, .start = *UtcTime::Parse("2024-01-02T00:00:00Z")});
    SourceFeed feed(source, 4'000);
    RunOptions setup = Ema("BTC-USD");
    setup.spec.timeframe = "5s";
    setup.limits.drawdown_ratio = setup.limits.daily_loss_ratio = Decimal::FromInt(1);
    return PlayAll(std::move(setup), feed);
  };
  Outcome one = play(), other = play();
  ASSERT_GT(one.fills, 3U);
  EXPECT_EQ(one.all_fills, other.all_fills);
  EXPECT_EQ(one.curve.last().equity, other.curve.last().equity);
}

// What had not happened yet cannot have mattered: a run that ends early is the beginning of one that goes on.
TEST(RunTest, NothingLooksAhead) {
  BarFeed feed({Walk(3'000, 4)}, {});
  auto tape = std::make_shared<const Tape>(feed, "1m");
  TapeFeed all(tape);
  Outcome whole = PlayAll(Ema(), all);
  ASSERT_GT(whole.all_fills.size(), 50U);
  for (std::size_t cut = 100; cut < tape->size(); cut += 271) {
    UtcTime end = tape->At(cut).time;
    TapeFeed part(tape, {}, end);
    Outcome early = PlayAll(Ema(), part);
    std::vector<Fill> expected;
    for (const Fill& fill : whole.all_fills) {
      if (fill.transact_time < end) expected.push_back(fill);
    }
    ASSERT_EQ(early.all_fills, expected) << cut;
  }
}

TEST(RunTest, WhatRiskTripsHoldsEntriesBackAndLetsExitsGo) {
  BarFeed feed({Walk(3'000, 2)}, {});
  RunOptions setup = Ema();
  setup.limits.drawdown_ratio = Decimal::Of("0.0002");
  setup.limits.daily_loss_ratio = Decimal::FromInt(1);
  Outcome outcome = PlayAll(std::move(setup), feed);
  ASSERT_TRUE(outcome.latches.drawdown);
  UtcTime tripped = outcome.latches.drawdown->time;
  ASSERT_FALSE(outcome.first_refusals.empty());
  EXPECT_EQ(outcome.first_refusals.front().why.check, "drawdown");
  EXPECT_GE(outcome.first_refusals.front().time, tripped);
  Decimal held, at_trip;
  for (const Fill& fill : outcome.all_fills) {
    held += fill.side == Side::kBuy ? fill.quantity : -fill.quantity;
    if (fill.transact_time < tripped) at_trip = held;
    // Nothing is larger after it than it was.
    if (fill.transact_time > tripped) EXPECT_LE(held.Abs(), at_trip.Abs());
  }
  EXPECT_TRUE(outcome.open_trades.empty());
}

TEST(RunTest, BeforeItsTimeOnlyTheIndicatorsMove) {
  auto series = Walk(1'000, 9);
  RunOptions setup = Ema();
  setup.trade_from = UtcTime{series->start[500]};
  BarFeed feed({series}, {});
  Outcome outcome = PlayAll(std::move(setup), feed);
  ASSERT_FALSE(outcome.all_fills.empty());
  EXPECT_GE(outcome.all_fills.front().transact_time, UtcTime{series->start[500]});
  // Warm from the first bar on, not 20 bars later.
  EXPECT_LT(outcome.all_fills.front().transact_time, UtcTime{series->start[540]});
}

TEST(RunTest, WhatCannotBeDeployedIsRefused) {
  BarFeed feed({Walk(10, 1)}, {});
  RunOptions other = Ema("X");
  EXPECT_FALSE(Run::Make(other, feed.instruments()).ok());
  RunOptions strategy = Ema();
  strategy.spec.strategy_id = "none";
  EXPECT_FALSE(Run::Make(strategy, feed.instruments()).ok());
  RunOptions parameters = Ema();
  parameters.spec.parameters["fast"] = "30";
  EXPECT_FALSE(Run::Make(parameters, feed.instruments()).ok());
  RunOptions cash = Ema();
  cash.cash = Decimal();
  EXPECT_FALSE(Run::Make(cash, feed.instruments()).ok());
}

}  // namespace
}  // namespace ballast::backtest
