#include "libs/backtest/resample.h"

#include <algorithm>
#include <cstdlib>

#include "libs/base/rng.h"

namespace ballast::backtest {
namespace {

constexpr std::size_t kTradesMin = 20;

std::vector<double> Percentiles(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  std::vector<double> out;
  for (int percent : {5, 25, 50, 75, 95}) {
    // The nearest rank.
    std::size_t rank = (values.size() * static_cast<std::size_t>(percent) + 99) / 100;
    out.push_back(values[std::max<std::size_t>(rank, 1) - 1]);
  }
  return out;
}

}  // namespace

std::optional<Resampled> Resample(const std::vector<Trade>& trades, Decimal cash, std::size_t runs,
                                  std::uint64_t seed) {
  if (trades.size() < kTradesMin || runs == 0) return std::nullopt;
  double start = std::strtod(cash.ToString().c_str(), nullptr);
  std::vector<double> profits;
  profits.reserve(trades.size());
  for (const Trade& trade : trades) profits.push_back(std::strtod(trade.profit.ToString().c_str(), nullptr));
  Rng rng(seed);
  std::vector<double> returns, falls;
  std::size_t losses = 0, ruins = 0;
  for (std::size_t run = 0; run < runs; ++run) {
    double equity = start, peak = start, fall = 0;
    for (std::size_t i = 0; i < profits.size(); ++i) {
      equity += profits[rng.Below(profits.size())];
      peak = std::max(peak, equity);
      fall = std::max(fall, 1 - equity / peak);
    }
    returns.push_back(equity / start - 1);
    falls.push_back(fall);
    if (equity < start) ++losses;
    if (fall >= 0.5) ++ruins;
  }
  return Resampled{.runs = runs,
                   .trades = trades.size(),
                   .return_ratio = Percentiles(std::move(returns)),
                   .drawdown_ratio = Percentiles(std::move(falls)),
                   .loss_share = static_cast<double>(losses) / static_cast<double>(runs),
                   .ruin_share = static_cast<double>(ruins) / static_cast<double>(runs)};
}

}  // namespace ballast::backtest
