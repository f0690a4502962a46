#pragma once

#include <thread>

#include "libs/base/clock.h"
#include "libs/runtime/machine.h"

namespace ballast::runtime {

// Drives a machine in real time on a thread of its own.
class Worker {
 public:
  // The machine outlives the worker.
  Worker(Machine& machine, const Clock& clock) : machine_(machine), clock_(clock) {}
  ~Worker() { Drain(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void Start();
  // Closes the machine's inbox and waits until it has finished what was in it.
  void Drain();

 private:
  void Run();

  Machine& machine_;
  const Clock& clock_;
  std::thread thread_;
};

}  // namespace ballast::runtime
