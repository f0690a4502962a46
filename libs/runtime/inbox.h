#pragma once

#include <cstdint>
#include <functional>

namespace ballast::runtime {

// The door of a machine: what its driver waits at, and who ends it closes.
class Inbox {
 public:
  virtual ~Inbox() = default;
  // The driver's thread. Until there is something to take, the inbox is closed or woken, or the time is over.
  virtual void Wait(std::int64_t timeout_ns) = 0;
  // The driver's thread. The same whatever there is to take, for a machine that can do nothing with it before that
  // time.
  virtual void Rest(std::int64_t timeout_ns) = 0;
  // Before it is used: called after each post, wake and Close, on the thread that did it, which holds no lock of the
  // inbox.
  virtual void SetBell(std::function<void()> bell) = 0;
  // Any thread. Nothing more is taken in; what is there can still be taken out.
  virtual void Close() = 0;
};

}  // namespace ballast::runtime
