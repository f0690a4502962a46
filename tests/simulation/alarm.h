#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "tests/simulation/stage.h"

namespace ballast::simulation {

// When a process makes its next turn: the earliest time that was asked for, and none while it stands still or after it
// has ended.
class Alarm {
 public:
  Alarm(Stage& stage, std::function<void()> turn) : stage_(stage), state_(std::make_shared<State>()) {
    state_->turn = std::move(turn);
  }
  ~Alarm() { state_->turn = nullptr; }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  void Ring() { RingAt(stage_.MonotonicNanos()); }
  void RingAt(std::int64_t at_ns) {
    at_ns = std::max({at_ns, stage_.MonotonicNanos(), state_->still_until_ns});
    if (state_->due_ns != 0 && state_->due_ns <= at_ns) return;
    state_->due_ns = at_ns;
    stage_.After(at_ns - stage_.MonotonicNanos(), [this, state = state_, at_ns] {
      // Another time has taken its place.
      if (!state->turn || state->due_ns != at_ns) return;
      state->due_ns = 0;
      if (stage_.MonotonicNanos() < state->still_until_ns) return RingAt(state->still_until_ns);
      // It may end the process, and this with it.
      std::function<void()> turn = state->turn;
      turn();
    });
  }
  // It stands still until then.
  void StandStill(std::int64_t nanos) {
    state_->still_until_ns = std::max(state_->still_until_ns, stage_.MonotonicNanos() + nanos);
    Ring();
  }
  [[nodiscard]] bool still() const { return stage_.MonotonicNanos() < state_->still_until_ns; }
  [[nodiscard]] std::int64_t still_until_ns() const { return state_->still_until_ns; }

 private:
  struct State {
    std::function<void()> turn;
    std::int64_t due_ns = 0;
    std::int64_t still_until_ns = 0;
  };
  Stage& stage_;
  std::shared_ptr<State> state_;
};

}  // namespace ballast::simulation
