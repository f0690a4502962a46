#include "tools/backtest/supervised.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

namespace ballast::backtest {
namespace {

absl::Status Limit(__rlimit_resource resource, std::int64_t most) {
  if (most == 0) return absl::OkStatus();
  rlimit limit{.rlim_cur = static_cast<rlim_t>(most), .rlim_max = static_cast<rlim_t>(most)};
  return setrlimit(resource, &limit) == 0 ? absl::OkStatus() : absl::InternalError("a limit cannot be set");
}

// A sanitizer maps terabytes that it never touches.
constexpr bool kSanitized =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    true;
#else
    false;
#endif
#else
    false;
#endif

}  // namespace

absl::Status Obey(const Supervision& supervision) {
  if (supervision.parent != 0) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return absl::InternalError("the parent cannot be watched");
    // It may have ended before the line above.
    if (getppid() != supervision.parent) return absl::FailedPreconditionError("the parent is gone");
  }
  if (supervision.nice != 0 && setpriority(PRIO_PROCESS, 0, supervision.nice) != 0)
    return absl::InternalError("the priority cannot be set");
  if (auto status = Limit(RLIMIT_CPU, supervision.cpu_seconds); !status.ok()) return status;
  return kSanitized ? absl::OkStatus() : Limit(RLIMIT_AS, supervision.memory_mb << 20);
}

}  // namespace ballast::backtest
