#pragma once

#include <functional>
#include <thread>
#include <vector>

#include "libs/platform/thread/bounded_queue.h"

namespace ballast {

// What follows the answer of another service where it may wait for the disk: run by threads of its own, so that none of
// gRPC's ever does. Any thread.
class Continuations {
 public:
  ~Continuations() { Stop(); }
  void Start();
  // Runs what is queued, then ends; what comes later, or when too many wait, is run by whoever brings it.
  void Stop();
  void Run(const std::function<void()>& work);

 private:
  static constexpr int kThreads = 4;
  static constexpr std::size_t kWaitingMax = 10'000;
  BoundedQueue<std::function<void()>> queue_{kWaitingMax};
  std::vector<std::thread> threads_;
};

}  // namespace ballast
