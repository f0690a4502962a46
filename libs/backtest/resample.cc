#include "libs/backtest/resample.h"

#include <algorithm>
#include <cstdlib>

#include "libs/base/rng.h"

namespace ballast::backtest {
namespace {

constexpr std::size_t kTradesMin = 20;
constexpr std::size_t kBandPoints = 60;

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
  // Trades at which the way is looked at: rising, the last is all of them.
  const std::size_t points = std::min(kBandPoints, profits.size());
  auto trades_at = [&](std::size_t point) { return profits.size() * point / points; };
  std::vector<std::vector<double>> ways(points + 1);
  std::size_t losses = 0, ruins = 0;
  for (std::size_t run = 0; run < runs; ++run) {
    double equity = start, peak = start, fall = 0;
    std::size_t point = 0;
    ways[point++].push_back(0);
    for (std::size_t i = 0; i < profits.size(); ++i) {
      equity += profits[rng.Below(profits.size())];
      peak = std::max(peak, equity);
      fall = std::max(fall, 1 - equity / peak);
      if (i + 1 == trades_at(point)) ways[point++].push_back(equity / start - 1);
    }
    returns.push_back(equity / start - 1);
    falls.push_back(fall);
    if (equity < start) ++losses;
    if (fall >= 0.5) ++ruins;
  }
  std::vector<Resampled::Point> band;
  for (std::size_t point = 0; point <= points; ++point)
    band.push_back({.trades = trades_at(point), .return_ratio = Percentiles(std::move(ways[point]))});
  return Resampled{.runs = runs,
                   .trades = trades.size(),
                   .return_ratio = Percentiles(std::move(returns)),
                   .drawdown_ratio = Percentiles(std::move(falls)),
                   .loss_share = static_cast<double>(losses) / static_cast<double>(runs),
                   .ruin_share = static_cast<double>(ruins) / static_cast<double>(runs),
                   .band = std::move(band)};
}

}  // namespace ballast::backtest
