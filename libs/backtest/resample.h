#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "libs/backtest/trade_log.h"

namespace ballast::backtest {

// What luck of order and choice could have made of the same trades.
struct Resampled {
  std::size_t runs = 0;
  std::size_t trades = 0;
  // 5th, 25th, 50th, 75th and 95th of a hundred.
  std::vector<double> return_ratio;
  std::vector<double> drawdown_ratio;
  // Runs that ended below what they began with.
  double loss_share = 0;
  // Runs that fell by half or more on their way.
  double ruin_share = 0;
  // On the way: after so many trades, the same percentiles of the return. From 0 to all, at most 61 points.
  struct Point {
    std::size_t trades = 0;
    std::vector<double> return_ratio;
  };
  std::vector<Point> band;
};

// Monte Carlo: trades drawn with replacement, as many as there were, `runs` times; each one's profit is taken as it was
// in money. Nothing below 20 trades: it would say nothing. Same seed, same figures.
std::optional<Resampled> Resample(const std::vector<Trade>& trades, Decimal cash, std::size_t runs, std::uint64_t seed);

}  // namespace ballast::backtest
