#include "libs/runtime/worker.h"

namespace ballast::runtime {

void Worker::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Worker::Drain() {
  machine_.inbox().Close();
  if (thread_.joinable()) thread_.join();
}

void Worker::Run() {
  while (true) {
    Turn turn = machine_.Poll(clock_.MonotonicNanos());
    if (turn.state == Turn::State::kEnded) return;
    std::int64_t left_ns = turn.next_ns - clock_.MonotonicNanos();
    if (left_ns <= 0) continue;
    if (turn.state == Turn::State::kBlocked)
      machine_.inbox().Rest(left_ns);
    else
      machine_.inbox().Wait(left_ns);
  }
}

}  // namespace ballast::runtime
