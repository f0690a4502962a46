#include "libs/backtest/look_ahead.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/backtest/bar_feed.h"
#include "libs/base/rng.h"

namespace ballast::backtest {
namespace {

using ::testing::IsEmpty;

std::shared_ptr<BarSeries> Walk(std::size_t bars) {
  auto series = std::make_shared<BarSeries>();
  series->instrument = {.symbol = Symbol("C"),
                        .asset_class = AssetClass::kCrypto,
                        .currency = "USD",
                        .tick_size = Decimal::Of("0.01"),
                        .lot_size = Decimal::Of("0.001"),
                        .shortable = true,
                        .calendar = TradingCalendar::kAlwaysOpen};
  series->timeframe = "1m";
  series->length = Duration::Seconds(60);
  Rng rng(11);
  std::int64_t price = 1'000;
  for (std::size_t i = 0; i < bars; ++i) {
    std::int64_t open = price;
    price = std::max<std::int64_t>(price + rng.Between(-9, 9), 100);
    series->Add(UtcTime{1'704'067'200'000'000'000 + static_cast<std::int64_t>(i) * 60'000'000'000},
                Decimal::FromInt(open), Decimal::FromInt(std::max(open, price)),
                Decimal::FromInt(std::min(open, price)), Decimal::FromInt(price), Decimal::FromInt(500));
  }
  return series;
}

// The bars that are played, as somebody who "normalises by all the data" would hold them.
std::shared_ptr<const BarSeries> all_that_is_played;

// Long while a bar is above the mean of everything, the future included: the usual mistake.
class MeanOfEverything : public strategy::Strategy {
 public:
  strategy::Evaluation OnBar(const Bar& bar) override {
    Decimal sum;
    for (Decimal close : all_that_is_played->close) sum += close;
    Decimal mean =
        Divide(sum, Decimal::FromInt(static_cast<std::int64_t>(all_that_is_played->size())), Rounding::kHalfEven);
    bool above = bar.close > mean;
    if (above == above_) return {};
    above_ = above;
    return {.signal = above ? strategy::Signal::kLong : strategy::Signal::kOut, .reason = "the mean was crossed"};
  }
  [[nodiscard]] int warmup_bars() const override { return 0; }

 private:
  bool above_ = false;
};

RunOptions EmaOnC() {
  RunOptions setup;
  setup.spec = {.strategy_id = "ema_cross",
                .parameters = {{"fast", "3"}, {"slow", "8"}},
                .symbols = {Symbol("C")},
                .timeframe = "1m",
                .position_size_ratio = Decimal::Of("0.01"),
                .allow_short = true};
  return setup;
}

// The first bars of a series, those that are complete at `last`.
std::shared_ptr<const BarSeries> Until(const std::shared_ptr<const BarSeries>& all, UtcTime last) {
  auto part = std::make_shared<BarSeries>();
  part->instrument = all->instrument;
  part->timeframe = all->timeframe;
  part->length = all->length;
  for (std::size_t i = 0; i < all->size() && all->start[i] + all->length.nanos <= last.nanos; ++i)
    part->Add(UtcTime{all->start[i]}, all->open[i], all->high[i], all->low[i], all->close[i], all->volume[i]);
  return part;
}

absl::StatusOr<LookAheadReport> Check(RunOptions setup, std::size_t checks) {
  std::shared_ptr<const BarSeries> all = Walk(400);
  auto play = [&](UtcTime last) -> std::unique_ptr<Feed> {
    all_that_is_played = Until(all, last);
    return std::make_unique<BarFeed>(std::vector{all_that_is_played}, SpreadModel{});
  };
  UtcTime last = UtcTime{all->start.back()} + all->length;
  std::size_t told = 0;
  auto report =
      CheckLookAhead(std::move(setup), {all->instrument}, play, last, checks, [&](std::size_t done, std::size_t of) {
        EXPECT_EQ(done, told + 1);
        EXPECT_LE(done, of);
        told = done;
      });
  if (report.ok()) {
    EXPECT_EQ(told, report->checked + 1);
  }
  return report;
}

TEST(LookAheadTest, AStrategyOfThePastIsTheSameWhereverTheDataEnds) {
  auto report = Check(EmaOnC(), 1'000);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_GT(report->signals, 20U);
  EXPECT_GT(report->checked, 20U);
  EXPECT_THAT(report->differences, IsEmpty());
}

TEST(LookAheadTest, FewChecksAreSpreadAndEndWithTheLastSignal) {
  auto report = Check(EmaOnC(), 5);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->checked, 5U);
}

TEST(LookAheadTest, OneThatKnowsTheFutureIsFound) {
  RunOptions setup = EmaOnC();
  setup.entry =
      strategy::Entry{.strategy_id = "mean_of_everything",
                      .display_name = "Mean of everything",
                      .make = [](const strategy::Parameters&) -> absl::StatusOr<std::unique_ptr<strategy::Strategy>> {
                        return std::make_unique<MeanOfEverything>();
                      }};
  setup.spec.parameters.clear();
  auto report = Check(std::move(setup), 1'000);
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_FALSE(report->differences.empty());
  EXPECT_NE(report->differences.front().with_all, report->differences.front().with_past);
}

TEST(LookAheadTest, WhatCannotBeDeployedIsRefused) {
  RunOptions setup = EmaOnC();
  setup.spec.parameters["fast"] = "20";
  EXPECT_TRUE(absl::IsInvalidArgument(Check(std::move(setup), 5).status()));
}

}  // namespace
}  // namespace ballast::backtest
