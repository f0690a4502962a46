#include "tools/backtest/walk_forward.h"

#include <utility>

#include "libs/base/absl_std.h"

namespace ballast::backtest {

absl::StatusOr<std::vector<Fold>> WalkForward(const SweepPlan& plan, int folds, const std::string& figure,
                                              const std::function<void(std::size_t, std::size_t)>& done) {
  constexpr int kFoldsMax = 100;
  if (folds < 1 || folds > kFoldsMax) return absl::InvalidArgumentError("--folds: 1 to 100 expected");
  Duration part{(plan.market.last - plan.market.first).nanos / (folds + 1)};
  if (part < Duration::Seconds(60)) return absl::InvalidArgumentError("--folds: the data is too short for so many");
  std::vector<Fold> all;
  const std::size_t a_fold = plan.last - plan.first + 1, runs = a_fold * static_cast<std::size_t>(folds);
  for (int i = 0; i < folds; ++i) {
    Fold fold;
    fold.train_from = plan.market.first + Duration{part.nanos * i};
    fold.train_before = fold.train_from + part;
    fold.test_before = fold.train_before + part;
    if (i == folds - 1) fold.test_before = plan.market.last + Duration{1};
    SweepPlan train = plan;
    train.from = fold.train_from;
    train.before = fold.train_before;
    std::vector<SweepRow> rows =
        Sweep(train, [&](std::size_t through) { done(a_fold * static_cast<std::size_t>(i) + through, runs); });
    RETURN_IF_ERROR(SortBy(figure, rows));
    RETURN_IF_ERROR(SomethingRan(rows));
    fold.best = rows.front().parameters;
    fold.train_return = rows.front().statistics.return_ratio;
    SweepPlan test = plan;
    test.first = rows.front().index;
    test.last = test.first + 1;
    // The part before warms the averages; nothing is traded in it.
    test.from = fold.train_from;
    test.before = fold.test_before;
    test.setup.trade_from = fold.train_before;
    SweepRow row = Sweep(test, [](std::size_t) {}).front();
    fold.test = row.statistics;
    fold.equity = row.equity;
    all.push_back(std::move(fold));
    done(a_fold * static_cast<std::size_t>(i + 1), runs);
  }
  return all;
}

}  // namespace ballast::backtest
