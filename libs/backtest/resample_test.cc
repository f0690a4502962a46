#include "libs/backtest/resample.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ballast::backtest {
namespace {

std::vector<Trade> Trades(int wins, int losses) {
  std::vector<Trade> trades;
  for (int i = 0; i < wins; ++i) trades.push_back({.profit = Decimal::FromInt(10)});
  for (int i = 0; i < losses; ++i) trades.push_back({.profit = Decimal::FromInt(-10)});
  return trades;
}

TEST(ResampleTest, TooFewTradesSayNothing) {
  EXPECT_FALSE(Resample(Trades(10, 9), Decimal::FromInt(1'000), 100, 1));
  EXPECT_TRUE(Resample(Trades(10, 10), Decimal::FromInt(1'000), 100, 1));
}

TEST(ResampleTest, SameSeedSameFigures) {
  auto one = Resample(Trades(30, 30), Decimal::FromInt(1'000), 500, 7);
  auto same = Resample(Trades(30, 30), Decimal::FromInt(1'000), 500, 7);
  auto other = Resample(Trades(30, 30), Decimal::FromInt(1'000), 500, 8);
  EXPECT_EQ(one->return_ratio, same->return_ratio);
  EXPECT_NE(one->return_ratio, other->return_ratio);
}

// A hundred coins of 10: the deviation of the sum is 100, a tenth of the cash; half of the runs lose, about.
TEST(ResampleTest, ChanceIsAsWideAsItIs) {
  auto resampled = Resample(Trades(50, 50), Decimal::FromInt(1'000), 20'000, 1);
  ASSERT_TRUE(resampled);
  EXPECT_NEAR(resampled->return_ratio[2], 0, 0.011);
  EXPECT_NEAR(resampled->return_ratio[0], -0.1645, 0.011);
  EXPECT_NEAR(resampled->return_ratio[4], 0.1645, 0.011);
  EXPECT_NEAR(resampled->loss_share, 0.46, 0.02);  // 8 % of the runs end at nothing
  EXPECT_TRUE(std::is_sorted(resampled->drawdown_ratio.begin(), resampled->drawdown_ratio.end()));
}

TEST(ResampleTest, TheBandGoesFromNothingToTheEnd) {
  auto resampled = Resample(Trades(80, 50), Decimal::FromInt(1'000), 300, 3);
  ASSERT_EQ(resampled->band.size(), 61U);
  EXPECT_EQ(resampled->band.front().trades, 0U);
  EXPECT_EQ(resampled->band.front().return_ratio, std::vector<double>(5, 0.0));
  EXPECT_EQ(resampled->band.back().trades, 130U);
  EXPECT_EQ(resampled->band.back().return_ratio, resampled->return_ratio);
  for (std::size_t i = 1; i < resampled->band.size(); ++i) {
    EXPECT_GT(resampled->band[i].trades, resampled->band[i - 1].trades);
    EXPECT_TRUE(std::is_sorted(resampled->band[i].return_ratio.begin(), resampled->band[i].return_ratio.end()));
  }
}

TEST(ResampleTest, OnlyWinsNeverFall) {
  auto resampled = Resample(Trades(25, 0), Decimal::FromInt(1'000), 50, 1);
  EXPECT_EQ(resampled->loss_share, 0);
  EXPECT_EQ(resampled->drawdown_ratio.back(), 0);
  EXPECT_DOUBLE_EQ(resampled->return_ratio.front(), 0.25);
}

}  // namespace
}  // namespace ballast::backtest
