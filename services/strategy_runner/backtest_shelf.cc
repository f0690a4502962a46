#include "services/strategy_runner/backtest_shelf.h"

#include "services/strategy_runner/backtest_plan.h"

namespace ballast {
namespace {

std::string TextOf(const BacktestRow& row) {
  std::string text = row.id() + " of " + row.end_time.ToString().substr(0, 10);
  const char* between = ": ";
  for (const auto& [name, words] :
       {std::pair("return_percent", "return "), std::pair("drawdown_percent", "deepest fall "),
        std::pair("sharpe", "Sharpe "), std::pair("trades", "trades ")}) {
    auto found = row.figures.find(name);
    if (found == row.figures.end()) continue;
    text += between + std::string(words) + found->second;
    if (std::string_view(name).ends_with("percent")) text += " %";
    between = ", ";
  }
  return text;
}

// One that traded nothing says nothing of what it would have earned or lost.
bool HasTraded(const BacktestRow& row) {
  auto trades = row.figures.find("trades");
  return trades != row.figures.end() && trades->second != "0";
}

}  // namespace

void BacktestShelf::Put(const BacktestRow& row) {
  if (!HasTraded(row)) return;
  MutexLock lock(mutex_);
  OnFile& there = newest_[row.fingerprint];
  if (row.number > there.number) there = {.number = row.number, .text = TextOf(row)};
}

void BacktestShelf::Replace(const std::vector<BacktestRow>& rows) {
  MutexLock lock(mutex_);
  newest_.clear();
  for (const BacktestRow& row : rows) {
    if (HasTraded(row)) newest_[row.fingerprint] = {.number = row.number, .text = TextOf(row)};
  }
}

std::optional<std::string> BacktestShelf::Find(const std::string& strategy_id,
                                               const strategy::Parameters& parameters) const {
  std::string fingerprint = FingerprintOf(strategy_id, parameters, rules_);
  MutexLock lock(mutex_);
  auto found = newest_.find(fingerprint);
  return found == newest_.end() ? std::nullopt : std::optional(found->second.text);
}

}  // namespace ballast
