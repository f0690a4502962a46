#include "libs/runtime/inline_worker.h"

namespace ballast::runtime {

InlineWorker::InlineWorker(Machine& machine, const Clock& clock, Options options)
    : machine_(machine), clock_(clock), options_(options) {
  machine_.inbox().SetBell([this] { OnPosted(); });
}

void InlineWorker::Start() {
  thread_ = std::thread([this] { Run(); });
}

void InlineWorker::Drain() {
  machine_.inbox().Close();
  if (thread_.joinable()) thread_.join();
}

void InlineWorker::OnPosted() {
  {
    MutexLock lock(mutex_);
    if (ended_) return;
    if (driver_ != Driver::kNobody) {
      again_ = true;
      return;
    }
    driver_ = Driver::kPoster;
  }
  RunPosted();
}

void InlineWorker::RunPosted() {
  const std::int64_t started_ns = clock_.MonotonicNanos();
  std::int64_t now_ns = started_ns;
  for (int turns = 1;; ++turns) {
    Turn turn = machine_.Poll(now_ns);
    now_ns = clock_.MonotonicNanos();
    bool idle = turn.state == Turn::State::kReady && turn.next_ns > now_ns;
    if (idle && Leave(turn.next_ns)) return;
    bool over = turns >= options_.turns_max || now_ns - started_ns >= options_.nanos_max;
    if (turn.state == Turn::State::kReady && !over) continue;
    // The end is the thread's to see too, so that Drain has only it to wait for.
    MutexLock lock(mutex_);
    driver_ = Driver::kThread;
    wake_.NotifyAll();
    return;
  }
}

bool InlineWorker::Leave(std::int64_t due_ns) {
  MutexLock lock(mutex_);
  if (again_) {
    again_ = false;
    return false;
  }
  driver_ = Driver::kNobody;
  due_ns_ = due_ns;
  if (due_ns < asleep_until_ns_) wake_.NotifyAll();
  return true;
}

void InlineWorker::Run() {
  do {
    RunPart();
  } while (AwaitPart());
}

bool InlineWorker::AwaitPart() {
  MutexLock lock(mutex_);
  while (!ended_ && driver_ != Driver::kThread) {
    std::int64_t now_ns = clock_.MonotonicNanos();
    if (driver_ == Driver::kNobody && due_ns_ <= now_ns) {
      driver_ = Driver::kThread;
      break;
    }
    // A poster that is at it will say when the next turn is due, or hand over.
    asleep_until_ns_ = driver_ == Driver::kNobody ? due_ns_ : INT64_MAX;
    if (asleep_until_ns_ == INT64_MAX)
      wake_.Wait(mutex_);
    else
      wake_.WaitFor(mutex_, asleep_until_ns_ - now_ns);
  }
  asleep_until_ns_ = 0;
  return !ended_;
}

void InlineWorker::RunPart() {
  while (true) {
    Turn turn = machine_.Poll(clock_.MonotonicNanos());
    if (turn.state == Turn::State::kEnded) {
      MutexLock lock(mutex_);
      ended_ = true;
      return;
    }
    std::int64_t left_ns = turn.next_ns - clock_.MonotonicNanos();
    if (left_ns <= 0) continue;
    if (turn.state == Turn::State::kBlocked)
      machine_.inbox().Rest(left_ns);
    else if (Leave(turn.next_ns))
      return;
  }
}

}  // namespace ballast::runtime
