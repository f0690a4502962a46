#pragma once

#include <deque>
#include <functional>
#include <utility>

#include "absl/status/status.h"

namespace ballast::runtime {

// What happens to the next commits of a storage in memory instead of what they ask for. One thread.
class Faults {
 public:
  // The next commit answers `status`; `applied`: it happened all the same, as when only the answer is lost. In the
  // order in which they were asked for.
  void FailNext(absl::Status status, bool applied) { next_.push_back({std::move(status), applied}); }

  // What was to happen to commits that have not come does not.
  void Calm() { next_.clear(); }
  // The process dies in the commit that is then the `commit`th: nothing happens from there on; `applied`: that one
  // still did.
  void DieAt(int commit, bool applied) {
    die_at_ = commit;
    die_applied_ = applied;
  }
  [[nodiscard]] bool dead() const { return dead_; }

  absl::Status Commit(const std::function<absl::Status()>& apply) {
    ++commits;
    if (commits == die_at_) {
      dead_ = true;
      if (die_applied_) (void)apply();
    }
    if (dead_) return absl::UnknownError("the process has died");
    if (next_.empty()) return apply();
    auto [status, applied] = std::move(next_.front());
    next_.pop_front();
    if (!applied) return status;
    absl::Status done = apply();
    return done.ok() ? status : done;
  }

  int commits = 0;

 private:
  std::deque<std::pair<absl::Status, bool>> next_;
  int die_at_ = 0;
  bool die_applied_ = false;
  bool dead_ = false;
};

}  // namespace ballast::runtime
