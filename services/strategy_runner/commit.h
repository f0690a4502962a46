#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/runtime/commit.h"
#include "services/strategy_runner/deployments.h"

namespace ballast {

// What has changed and is not durable yet, and what may only happen once it is: everything that was done in one turn
// becomes one transaction. While that cannot be stored nothing else may be done: Flush says false and is called again.
// The deciding thread only.
class Commit {
 public:
  // OK: it is durable. Otherwise the process is ending and it never will be by this process.
  using Effect = std::function<void(const absl::Status& durable)>;
  struct Ports {
    // What has become durable, before the effects.
    std::function<void(const StrategyStore::Batch&)> on_durable;
    // It can never be stored: the process must end.
    std::function<void(const std::string&)> fail;
  };

  Commit(StrategyStore& store, const Deployments& deployments, const Clock& clock, Logger& log, Metrics& metrics,
         Ports ports);

  // Its row and state are stored as they are when the turn is over.
  void Touch(const LiveDeployment& live) { touched_.insert(live.row.deployment_id); }
  void Put(StoredDecision decision);
  void Put(const session::v1::DayEndPolicy& policy);
  void Put(const session::v1::DayEnd& day_end);
  void Put(const graduation::v1::KeptGraduation& graduation);
  // Not behind any state that is stored with them. Alone they are reason enough for no transaction.
  void Cursors(std::map<std::string, OrderCursor> cursors) { cursors_ = std::move(cursors); }
  void After(Effect effect) { effects_.push_back(std::move(effect)); }

  // True when nothing is left to store; its effects have happened. `stopping`: nobody waits long for it any more.
  bool Flush(bool stopping);
  // The cursors alone, if they are not stored yet; whether it succeeds matters to nobody.
  void FlushCursors();
  // Something could not be stored: what is in memory is ahead of what is durable, so nothing more is stored or sent.
  [[nodiscard]] bool dead() const { return dead_; }
  // Monotonic time before which a Flush that failed does nothing.
  [[nodiscard]] std::int64_t next_try_ns() const { return committer_.next_try_ns(); }

 private:
  StrategyStore::Batch Collect();
  bool Store(bool stopping);
  void RunEffects(const absl::Status& durable);

  StrategyStore& store_;
  const Deployments& deployments_;
  Logger& log_;
  Ports ports_;
  runtime::Committer committer_;
  Counter& failures_;

  std::set<std::string> touched_;
  std::map<std::pair<std::string, std::uint64_t>, StoredDecision> decisions_;
  // By account and calendar, and by those and the close.
  std::map<std::pair<std::string, int>, session::v1::DayEndPolicy> day_end_policies_;
  std::map<std::tuple<std::string, int, std::int64_t>, session::v1::DayEnd> day_ends_;
  std::map<std::string, graduation::v1::KeptGraduation> graduations_;
  std::optional<std::map<std::string, OrderCursor>> cursors_;
  std::vector<Effect> effects_;
  bool dead_ = false;
};

}  // namespace ballast
