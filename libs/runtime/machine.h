#pragma once

#include <cstdint>

#include "libs/runtime/inbox.h"

namespace ballast::runtime {

// How a machine stands after a turn.
struct Turn {
  enum class State {
    // It goes on when something is posted, at `next_ns` at the latest.
    kReady,
    // It waits for its storage: nothing is done before `next_ns`, whatever is posted.
    kBlocked,
    // It has ended, and does nothing more.
    kEnded,
  };
  State state = State::kReady;
  // Monotonic; not later than now: there is more to do at once.
  std::int64_t next_ns = 0;
};

// A single writer. It has no thread, sleep or wall clock of its own: clock, storage, neighbours and randomness are its
// ports, and whoever drives it (a Worker, or a test that also moves the clock) decides where and when its turns are
// made. Other threads put what they ask into its inbox.
class Machine {
 public:
  virtual ~Machine() = default;
  // One turn at that monotonic time, without waiting: what has been asked, what is due, and the commits that come of
  // it. One thread at a time. After its inbox is closed it finishes what it has taken in, and ends.
  virtual Turn Poll(std::int64_t now_ns) = 0;
  // Any thread.
  virtual Inbox& inbox() = 0;
};

}  // namespace ballast::runtime
