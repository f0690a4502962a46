#pragma once

#include <map>
#include <optional>
#include <string>

#include "libs/platform/thread/mutex.h"
#include "services/strategy_runner/backtest_store.h"
#include "services/strategy_runner/rule_shelf.h"

namespace ballast {

// The newest run that has succeeded and closed a trade, of each strategy, version and parameters: what a deployment is
// asked for before it trades real money. Any thread.
class BacktestShelf {
 public:
  explicit BacktestShelf(const RuleShelf& rules) : rules_(rules) {}

  // A run that has succeeded; an older one than is there counts for nothing.
  void Put(const BacktestRow& row) EXCLUDES(mutex_);
  // Everything anew, after one was deleted.
  void Replace(const std::vector<BacktestRow>& rows) EXCLUDES(mutex_);
  // "B-12 of 2026-11-27: return 1.20 %, …"; nothing where there is none.
  [[nodiscard]] std::optional<std::string> Find(const std::string& strategy_id,
                                                const strategy::Parameters& parameters) const EXCLUDES(mutex_);

 private:
  struct OnFile {
    std::int64_t number = 0;
    std::string text;
  };
  const RuleShelf& rules_;
  mutable Mutex mutex_;
  std::map<std::string, OnFile> newest_ GUARDED_BY(mutex_);
};

}  // namespace ballast
