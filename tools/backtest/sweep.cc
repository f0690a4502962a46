#include "tools/backtest/sweep.h"

#include <algorithm>
#include <limits>
#include <thread>
#include <utility>

#include "libs/base/absl_std.h"

namespace ballast::backtest {
namespace {

SweepRow RunOne(const SweepPlan& plan, std::size_t index) {
  SweepRow row{.index = index};
  RunOptions setup = plan.setup;
  setup.decisions_max = 0;
  setup.curve_points_max = 2;
  setup.keep_fills = false;
  row.parameters = setup.spec.parameters = plan.grid.At(index, setup.spec.parameters);
  Decimal cash = setup.cash;
  auto run = Run::Make(std::move(setup), plan.market.instruments);
  if (!run.ok()) {
    row.refusal = MessageOf(run.status());
    return row;
  }
  run->Play(*plan.market.play(plan.from, plan.before));
  Outcome outcome = std::move(*run).Finish();
  row.statistics = Measure(outcome, cash, plan.market.periods_per_year);
  if (outcome.curve.count() != 0) row.equity = outcome.curve.last().equity.ToString();
  return row;
}

}  // namespace

std::vector<SweepRow> Sweep(const SweepPlan& plan, const std::function<void(std::size_t)>& done) {
  std::vector<SweepRow> rows(plan.last - plan.first);
  std::atomic<std::size_t> next = 0, through = 0;
  auto work = [&] {
    for (std::size_t i = next++; i < rows.size(); i = next++) {
      rows[i] = RunOne(plan, plan.first + i);
      done(++through);
    }
  };
  std::vector<std::jthread> threads;
  for (unsigned i = 1; i < std::max(plan.threads, 1U); ++i) threads.emplace_back(work);
  work();
  threads.clear();
  return rows;
}

absl::Status SortBy(const std::string& figure, std::vector<SweepRow>& rows) {
  std::function<std::optional<double>(const Statistics&)> of;
  if (figure == "return")
    of = [](const Statistics& s) { return std::optional(s.return_ratio); };
  else if (figure == "sharpe")
    of = [](const Statistics& s) { return s.sharpe; };
  else if (figure == "sortino")
    of = [](const Statistics& s) { return s.sortino; };
  else if (figure == "calmar")
    of = [](const Statistics& s) { return s.calmar; };
  else if (figure == "profit_factor")
    of = [](const Statistics& s) { return s.profit_factor; };
  else if (figure == "drawdown")
    of = [](const Statistics& s) { return std::optional(-s.drawdown_ratio); };
  else
    return absl::InvalidArgumentError("--by: return, sharpe, sortino, calmar, profit_factor or drawdown expected");
  auto worth = [&](const SweepRow& row) {
    constexpr double kLast = -std::numeric_limits<double>::infinity();
    return row.refusal.empty() ? of(row.statistics).value_or(kLast) : kLast;
  };
  std::stable_sort(rows.begin(), rows.end(), [&](const SweepRow& one, const SweepRow& other) {
    if (one.refusal.empty() != other.refusal.empty()) return one.refusal.empty();
    return worth(one) > worth(other);
  });
  return absl::OkStatus();
}

absl::Status SomethingRan(const std::vector<SweepRow>& rows) {
  auto ran = std::find_if(rows.begin(), rows.end(), [](const SweepRow& row) { return row.refusal.empty(); });
  if (ran != rows.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(ToAbsl("no combination runs: " + (rows.empty() ? "" : rows.front().refusal)));
}

}  // namespace ballast::backtest
