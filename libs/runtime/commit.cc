#include "libs/runtime/commit.h"

#include <algorithm>
#include <utility>

namespace ballast::runtime {
namespace {

constexpr std::int64_t kFirstPauseNs = 20'000'000;
constexpr std::int64_t kLastPauseNs = 500'000'000;

}  // namespace

Committer::Outcome Committer::Durable() {
  tries_ = 0;
  in_doubt_ = false;
  next_try_ns_ = 0;
  status_ = absl::OkStatus();
  return Outcome::kDurable;
}

Committer::Outcome Committer::Never(absl::Status why) {
  status_ = std::move(why);
  return Outcome::kNever;
}

Committer::Outcome Committer::Try(const CommitPort& port, bool stopping) {
  std::int64_t now_ns = clock_.MonotonicNanos();
  if (tries_ == 0) {
    started_ns_ = now_ns;
    pause_ns_ = kFirstPauseNs;
  } else if (now_ns < next_try_ns_) {
    return Outcome::kLater;
  }
  ++tries_;
  absl::Status status = port.append();
  if (status.ok()) return Durable();
  if (port.on_failure) port.on_failure(status, tries_);
  if (absl::IsFailedPrecondition(status) || absl::IsInternal(status)) return Never(std::move(status));
  if (port.look) {
    // Rows that are there already came from a try whose answer was lost, or from another writer.
    if (absl::IsUnknown(status) || absl::IsAlreadyExists(status)) in_doubt_ = true;
    if (in_doubt_) {
      absl::StatusOr<Stored> stored = port.look();
      if (stored.ok() && *stored == Stored::kThis) return Durable();
      if (stored.ok() && *stored == Stored::kAnother) {
        return Never(absl::FailedPreconditionError("another writer's rows stand where these would be"));
      }
      if (stored.ok()) in_doubt_ = false;
    }
  } else if (absl::IsAlreadyExists(status)) {
    return Never(std::move(status));
  }
  now_ns = clock_.MonotonicNanos();
  if (stopping && now_ns - started_ns_ > kDrainNs) return Never(absl::CancelledError("stopping without storage"));
  status_ = std::move(status);
  next_try_ns_ = now_ns + pause_ns_;
  pause_ns_ = std::min(pause_ns_ * 2, kLastPauseNs);
  return Outcome::kLater;
}

}  // namespace ballast::runtime
