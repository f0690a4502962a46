#pragma once

#include <cstdint>
#include <thread>

#include "libs/base/clock.h"
#include "libs/platform/thread/mutex.h"
#include "libs/runtime/machine.h"

namespace ballast::runtime {

// Drives a machine whose turns are short and wait for nothing: whoever posts while nobody drives it makes the turns
// itself, and pays no hop to another thread; what is posted meanwhile is done by who is at it. Nobody is kept longer
// than Options says: then, and for what is due by time, and while the machine is blocked, a thread of its own goes on.
class InlineWorker {
 public:
  struct Options {
    // Of one who posts. The turn under way is finished.
    int turns_max = 8;
    std::int64_t nanos_max = 500'000;
  };

  // The machine outlives the worker, and the worker whoever posts. Before the inbox is used.
  InlineWorker(Machine& machine, const Clock& clock) : InlineWorker(machine, clock, Options()) {}
  InlineWorker(Machine& machine, const Clock& clock, Options options);
  ~InlineWorker() { Drain(); }
  InlineWorker(const InlineWorker&) = delete;
  InlineWorker& operator=(const InlineWorker&) = delete;

  // What was posted before waits until then.
  void Start();
  // Closes the machine's inbox and waits until it has finished what was in it. Not from a turn.
  void Drain();

 private:
  enum class Driver { kNobody, kPoster, kThread };

  // The inbox's bell: any thread, also one that is in a turn.
  void OnPosted() EXCLUDES(mutex_);
  // The posting thread's turns; the machine is its own until then.
  void RunPosted() EXCLUDES(mutex_);
  // Ends a driver's part unless something came meanwhile: false then.
  bool Leave(std::int64_t due_ns) EXCLUDES(mutex_);
  void Run() EXCLUDES(mutex_);
  // Until the thread has something to do. False: the machine has ended.
  bool AwaitPart() EXCLUDES(mutex_);
  // The thread's turns, until there is nothing to do or the machine has ended.
  void RunPart() EXCLUDES(mutex_);

  Machine& machine_;
  const Clock& clock_;
  const Options options_;
  Mutex mutex_;
  CondVar wake_;
  Driver driver_ GUARDED_BY(mutex_) = Driver::kThread;
  // Something was posted since the last turn began.
  bool again_ GUARDED_BY(mutex_) = false;
  bool ended_ GUARDED_BY(mutex_) = false;
  // While nobody drives: when the next turn is due, and until when the thread sleeps.
  std::int64_t due_ns_ GUARDED_BY(mutex_) = 0;
  std::int64_t asleep_until_ns_ GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

}  // namespace ballast::runtime
