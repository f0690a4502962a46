#pragma once

#include <cstdint>
#include <thread>

namespace ballast::runtime {

// A single writer without a thread of its own: whoever drives it decides where its turns are made, a Worker's thread or
// a test that also moves the clock.
class Machine {
 public:
  virtual ~Machine() = default;
  // One turn: all that has been asked, what is due by the clock, and the commits that come of it. Waits up to `wait_ns`
  // for something to do. False: it has ended, and no turn may follow.
  virtual bool Turn(std::int64_t wait_ns) = 0;
};

// Drives a machine on a thread until it ends.
class Worker {
 public:
  // `tick_ns`: how long it waits at most before it looks at the clock. The machine outlives the worker.
  Worker(Machine& machine, std::int64_t tick_ns) : machine_(machine), tick_ns_(tick_ns) {}
  ~Worker() { Join(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void Start();
  // Waits until the machine has ended: whoever calls has asked it to.
  void Join();

 private:
  Machine& machine_;
  const std::int64_t tick_ns_;
  std::thread thread_;
};

}  // namespace ballast::runtime
