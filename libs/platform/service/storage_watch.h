#pragma once

#include <atomic>
#include <thread>

#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/postgres/database.h"
#include "libs/platform/thread/mutex.h"

namespace ballast {

// Whether what a service is told can be stored. Looks only after something could not be: nothing is written for it
// otherwise. A thread of its own, since a Postgres that hangs holds whoever asks it.
class StorageWatch {
 public:
  StorageWatch(Database& database, Logger& log, Metrics& metrics);
  ~StorageWatch() { Stop(); }
  void Start();
  // Waits for a look that is under way.
  void Stop();

  // False from the moment on at which a second look found nothing better. Any thread.
  [[nodiscard]] bool ok() const { return ok_; }
  // One look; the thread's body, public for tests.
  void Look();

 private:
  Database& database_;
  Logger& log_;
  Gauge& gauge_;
  std::atomic<bool> ok_{true};
  Mutex mutex_;
  CondVar wake_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace ballast
