#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/backtest/run.h"

namespace ballast::backtest {

// One month of the curve, from the end of the month before.
struct Month {
  int year = 0;
  int month = 0;
  double return_ratio = 0;
};

// What people compare runs by. Figures over time are of doubles; nothing is traded by them. A figure that the data
// does not carry is not there: one return says nothing about a deviation.
struct Statistics {
  double days = 0;
  // Of the whole, and as if it had gone on so for a year of 365 days.
  double return_ratio = 0;
  std::optional<double> annual_return;
  // Of the days' returns, times the root of `periods_per_year`; 0 is the rate without risk.
  std::optional<double> volatility;
  std::optional<double> sharpe;
  // Against days below zero only.
  std::optional<double> sortino;
  // Annual return over the deepest fall.
  std::optional<double> calmar;
  double drawdown_ratio = 0;
  double longest_fall_days = 0;
  // Of the points, those at which something was held.
  double exposure_ratio = 0;

  std::uint64_t trades = 0;
  std::uint64_t wins = 0;
  std::optional<double> win_ratio;
  // What was won over what was lost, after fees.
  std::optional<double> profit_factor;
  std::optional<double> expectancy;
  std::optional<double> average_win;
  std::optional<double> average_loss;
  std::uint64_t longest_losing_row = 0;
  std::optional<double> average_trade_seconds;
  std::vector<Month> months;
};

// `periods_per_year`: 252 for markets with sessions, 365 for those that never close.
Statistics Measure(const Outcome& outcome, Decimal cash, int periods_per_year);

}  // namespace ballast::backtest
