#pragma once

#include <functional>
#include <thread>

#include "libs/platform/thread/bounded_queue.h"

namespace ballast {

// A thread for reads of stored history: they wait for Postgres, the market does not wait for them.
class HistoryReader {
 public:
  ~HistoryReader() { Stop(); }
  void Start();
  // Runs what is queued, then ends.
  void Stop();
  // Any thread. False: too many are waiting, or it has stopped.
  bool Run(std::function<void()> read) { return queue_.TryPush(std::move(read)); }

 private:
  BoundedQueue<std::function<void()>> queue_{200};
  std::thread thread_;
};

}  // namespace ballast
