#include "libs/backtest/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ballast::backtest {
namespace {

constexpr std::int64_t kDayNanos = 86'400'000'000'000;

Outcome Of(const std::vector<const char*>& days, const std::string& from = "2024-01-29T12:00:00Z") {
  Outcome outcome;
  UtcTime time = *UtcTime::Parse(from);
  outcome.first_time = time;
  for (const char* equity : days) {
    outcome.curve.Add(time, time.DayNumber(), Decimal::Of(equity), true);
    outcome.last_time = time;
    time = time + Duration{kDayNanos};
  }
  return outcome;
}

// The figures of Python's statistics module for the same returns.
TEST(StatisticsTest, AgreesWithAnotherImplementation) {
  Statistics s = Measure(Of({"1010", "1005", "1025.5", "1000", "1040"}), Decimal::FromInt(1'000), 252);
  EXPECT_NEAR(s.return_ratio, 0.04, 1e-12);
  EXPECT_NEAR(*s.sharpe, 5.227915048365123, 1e-9);
  EXPECT_NEAR(*s.sortino, 11.363163334542797, 1e-9);
  EXPECT_NEAR(*s.volatility, 0.3912290867882389, 1e-12);
  EXPECT_NEAR(s.drawdown_ratio, 0.024865919063871256, 1e-12);
  EXPECT_NEAR(*s.annual_return, std::pow(1.04, 365.0 / 4) - 1, 1e-12);
  EXPECT_NEAR(*s.calmar, *s.annual_return / 0.024865919063871256, 1e-6);
}

TEST(StatisticsTest, MonthsMultiplyToTheWhole) {
  Statistics s = Measure(Of({"1100", "1210", "1210", "605", "605", "1000"}), Decimal::FromInt(1'000), 365);
  ASSERT_EQ(s.months.size(), 2U);
  EXPECT_EQ(s.months[0].year, 2024);
  EXPECT_EQ(s.months[0].month, 1);
  EXPECT_NEAR(s.months[0].return_ratio, 0.21, 1e-12);
  EXPECT_EQ(s.months[1].month, 2);
  EXPECT_NEAR((1 + s.months[0].return_ratio) * (1 + s.months[1].return_ratio), 1 + s.return_ratio, 1e-12);
}

TEST(StatisticsTest, WhatTheDataDoesNotCarryIsNotThere) {
  Statistics one = Measure(Of({"1000"}), Decimal::FromInt(1'000), 252);
  EXPECT_FALSE(one.sharpe);
  EXPECT_FALSE(one.annual_return);
  EXPECT_FALSE(one.win_ratio);
  Statistics flat = Measure(Of({"1000", "1000", "1000"}), Decimal::FromInt(1'000), 252);
  EXPECT_FALSE(flat.sharpe);
  EXPECT_FALSE(flat.sortino);
  EXPECT_FALSE(flat.calmar);
  Statistics none = Measure(Outcome(), Decimal::FromInt(1'000), 252);
  EXPECT_EQ(none.trades, 0U);
}

TEST(StatisticsTest, TradesAreCountedAfterFees) {
  Outcome outcome = Of({"1000"});
  for (int profit : {30, -10, -20, 0, 50})
    outcome.trades.push_back(
        {.open_time = {}, .close_time = UtcTime{60'000'000'000}, .profit = Decimal::FromInt(profit)});
  Statistics s = Measure(outcome, Decimal::FromInt(1'000), 252);
  EXPECT_EQ(s.trades, 5U);
  EXPECT_EQ(s.wins, 2U);
  EXPECT_DOUBLE_EQ(*s.win_ratio, 0.4);
  EXPECT_DOUBLE_EQ(*s.profit_factor, 80.0 / 30);
  EXPECT_DOUBLE_EQ(*s.expectancy, 10);
  EXPECT_DOUBLE_EQ(*s.average_win, 40);
  EXPECT_DOUBLE_EQ(*s.average_loss, -10);
  EXPECT_EQ(s.longest_losing_row, 3U);
  EXPECT_DOUBLE_EQ(*s.average_trade_seconds, 60);
}

}  // namespace
}  // namespace ballast::backtest
