#include "libs/runtime/commit.h"

#include <algorithm>

namespace ballast::runtime {
namespace {

constexpr std::int64_t kFirstPauseNs = 20'000'000;
constexpr std::int64_t kLastPauseNs = 500'000'000;

}  // namespace

absl::Status CommitUntilDurable(const CommitPort& port, const CommitTerms& terms, const Clock& clock) {
  std::int64_t started = clock.MonotonicNanos();
  std::int64_t pause = kFirstPauseNs;
  bool in_doubt = false;
  for (int tries = 1;; ++tries) {
    absl::Status status = port.append();
    if (status.ok()) return status;
    terms.on_failure(status, tries);
    if (absl::IsFailedPrecondition(status) || absl::IsInternal(status)) return status;
    // Rows that are there already came from a try whose answer was lost, or from another writer.
    if (absl::IsUnknown(status) || absl::IsAlreadyExists(status)) in_doubt = true;
    if (in_doubt) {
      absl::StatusOr<Stored> stored = port.look();
      if (stored.ok() && *stored == Stored::kThis) return absl::OkStatus();
      if (stored.ok() && *stored == Stored::kAnother) {
        return absl::FailedPreconditionError("rows of another writer stand where these would be");
      }
      if (stored.ok()) in_doubt = false;
    }
    if (terms.stopping() && clock.MonotonicNanos() - started > terms.drain_ns) {
      return absl::CancelledError("stopping without storage");
    }
    terms.pause(pause);
    pause = std::min(pause * 2, kLastPauseNs);
  }
}

}  // namespace ballast::runtime
