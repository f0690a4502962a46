#include "libs/platform/service/ending.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "libs/base/check.h"

namespace ballast {

EndOnSignal::EndOnSignal(const sigset_t& signals, Logger& log)
    : signals_(signalfd(-1, &signals, SFD_CLOEXEC)), done_(eventfd(0, EFD_CLOEXEC)) {
  CHECK(signals_ >= 0 && done_ >= 0, "no file descriptor is left at the start");
  thread_ = std::thread([this, &log] {
    pollfd watched[] = {{.fd = done_, .events = POLLIN, .revents = 0},
                        {.fd = signals_, .events = POLLIN, .revents = 0}};
    while (poll(watched, 2, -1) < 0) continue;
    if (watched[0].revents != 0) return;
    log.Info("service.stopped", {{"why", "a signal before it served"}});
    log.Flush();
    _exit(0);
  });
}

EndOnSignal::~EndOnSignal() {
  std::uint64_t one = 1;
  CHECK(write(done_, &one, sizeof(one)) == sizeof(one), "an event counter takes one");
  thread_.join();
  close(signals_);
  close(done_);
}

EndInTime::EndInTime(std::int64_t limit_ns, Logger& log) {
  thread_ = std::thread([this, limit_ns, &log] {
    auto deadline = std::chrono::steady_clock::now() + std::chrono::nanoseconds(limit_ns);
    MutexLock lock(mutex_);
    while (!done_) {
      std::int64_t left = (deadline - std::chrono::steady_clock::now()).count();
      if (left <= 0) {
        log.Critical("service.drain_too_long", {{"limit_ms", std::to_string(limit_ns / 1'000'000)}});
        log.Flush();
        _exit(1);
      }
      ended_.WaitFor(mutex_, left);
    }
  });
}

EndInTime::~EndInTime() {
  {
    MutexLock lock(mutex_);
    done_ = true;
  }
  ended_.NotifyAll();
  thread_.join();
}

}  // namespace ballast
