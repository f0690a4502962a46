#pragma once

#include <functional>
#include <utility>

#include "libs/base/clock.h"

namespace ballast {

// Something that must succeed once each time it is asked for, and that may fail: it is tried at once, and then once a
// second until it did. Not thread-safe; `attempt` may block.
class Wanted {
 public:
  Wanted(std::function<bool()> attempt, const Clock& clock) : attempt_(std::move(attempt)), clock_(clock) {}

  // Wanted (anew).
  void Want() {
    wanted_ = true;
    Try();
  }
  // From time to time.
  void Retry() {
    if (wanted_ && clock_.MonotonicNanos() - tried_ns_ >= kAgainNs) Try();
  }
  [[nodiscard]] bool wanted() const { return wanted_; }

 private:
  static constexpr std::int64_t kAgainNs = 1'000'000'000;
  void Try() {
    wanted_ = !attempt_();
    tried_ns_ = clock_.MonotonicNanos();
  }

  const std::function<bool()> attempt_;
  const Clock& clock_;
  bool wanted_ = false;
  std::int64_t tried_ns_ = 0;
};

}  // namespace ballast
