#pragma once

#include <memory>

namespace ballast {

// While it lives, one thread of this process does what gRPC's callbacks ask for, and polls.
//
// gRPC (1.51) has half as many such threads as cores and at least two: whichever finds something wakes the other to
// poll in its place before it acts on what it found. On a machine of few cores that hand-over costs more than what is
// done, several times for each message. What holds the second thread is a callback that does not return.
//
// Made where the machine has few cores, after the first server or channel with callbacks; end it while they are still
// there. Nothing that runs in a callback may wait for another callback (it may not with two threads either).
class OnePoller {
 public:
  // Returns at once; what is held is held when gRPC comes to it.
  OnePoller();
  // Lets the thread go and waits until it went.
  ~OnePoller();
  OnePoller(const OnePoller&) = delete;
  OnePoller& operator=(const OnePoller&) = delete;

  // Whether more threads than one would be in each other's way here.
  static bool Serves(unsigned cores);

 private:
  struct Held;
  std::unique_ptr<Held> held_;
};

}  // namespace ballast
