#pragma once

#include <thread>

#include "services/strategy_runner/runner.h"

namespace ballast {

// Drives the machine in real time: a turn whenever there is something in the inbox, and when it wants to look around.
class RunnerThread {
 public:
  RunnerThread(Runner& runner, const Clock& clock) : runner_(runner), clock_(clock) {}
  ~RunnerThread() { Drain(); }

  void Start() {
    thread_ = std::thread([this] { Loop(); });
  }
  // Whoever waits is answered when it returns.
  void Drain() {
    runner_.inbox()->Close();
    if (thread_.joinable()) thread_.join();
  }
  // The order log's reader thread: waits until the events are durable.
  bool OnEvents(const order::v1::StreamOrderEventsResponse& response);

 private:
  void Loop();

  Runner& runner_;
  const Clock& clock_;
  std::thread thread_;
};

}  // namespace ballast
