#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/backtest/parameter_grid.h"
#include "libs/backtest/statistics.h"
#include "tools/backtest/market_choice.h"

namespace ballast::backtest {

// What is kept of one run of many.
struct SweepRow {
  std::size_t index = 0;
  strategy::Parameters parameters;
  // Why it could not be run (fast not below slow, …); then nothing else counts.
  std::string refusal;
  Statistics statistics;
  std::string equity;
};

struct SweepPlan {
  RunOptions setup;
  const ParameterGrid& grid;
  const MarketChoice& market;
  // Combinations `first` to before `last`.
  std::size_t first = 0;
  std::size_t last = 0;
  UtcTime from;
  UtcTime before;
  unsigned threads = 1;
};

// Runs every combination, one a thread at a time. `done` hears from any thread how many are through. Rows come in the
// order of their numbers and are the same for any number of threads.
std::vector<SweepRow> Sweep(const SweepPlan& plan, const std::function<void(std::size_t)>& done);

// "return", "sharpe", "sortino", "calmar", "profit_factor", "drawdown" (least first). Rows that have no such figure
// come last. INVALID_ARGUMENT for another word.
absl::Status SortBy(const std::string& figure, std::vector<SweepRow>& rows);

// INVALID_ARGUMENT with the first refusal where every combination was refused.
absl::Status SomethingRan(const std::vector<SweepRow>& rows);

}  // namespace ballast::backtest
