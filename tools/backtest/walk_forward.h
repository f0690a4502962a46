#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/backtest/sweep.h"

namespace ballast::backtest {

// One fold: the best of the grid in the part that was known, and what it did in the part that followed.
struct Fold {
  UtcTime train_from, train_before, test_before;
  strategy::Parameters best;
  double train_return = 0;
  Statistics test;
  std::string equity;
};

// Cuts the time in `folds` + 1 equal parts; fold i is chosen on part i by `figure` and played on part i + 1, which it
// has not seen. INVALID_ARGUMENT where the data is too short or no combination runs. `done` hears from any thread how
// many of how many runs are through.
absl::StatusOr<std::vector<Fold>> WalkForward(const SweepPlan& plan, int folds, const std::string& figure,
                                              const std::function<void(std::size_t, std::size_t)>& done);

}  // namespace ballast::backtest
