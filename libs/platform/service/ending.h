#pragma once

#include <signal.h>

#include <atomic>
#include <cstdint>
#include <thread>

#include "libs/platform/log/log.h"
#include "libs/platform/thread/mutex.h"

namespace ballast {

// While it lives, one of `signals` (blocked in every thread) ends the process at once with exit code 0: before a
// service serves it may wait for Postgres for a minute, and there is nothing to drain. What a migration or a recovery
// was writing is a transaction of Postgres and rolled back. A signal that comes later stays pending for who asks next.
class EndOnSignal {
 public:
  EndOnSignal(const sigset_t& signals, Logger& log);
  ~EndOnSignal();
  EndOnSignal(const EndOnSignal&) = delete;
  EndOnSignal& operator=(const EndOnSignal&) = delete;

 private:
  int signals_ = -1;
  int done_ = -1;
  std::thread thread_;
};

// Ends the process with exit code 1 when it still lives after `limit_ns`.
class EndInTime {
 public:
  EndInTime(std::int64_t limit_ns, Logger& log);
  ~EndInTime();
  EndInTime(const EndInTime&) = delete;
  EndInTime& operator=(const EndInTime&) = delete;

 private:
  Mutex mutex_;
  CondVar ended_;
  bool done_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace ballast
