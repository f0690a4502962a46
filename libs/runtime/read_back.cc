#include "libs/runtime/read_back.h"

#include <algorithm>

namespace ballast::runtime {
namespace {

constexpr std::int64_t kFirstReadPauseNs = 20'000'000;
constexpr std::int64_t kLastReadPauseNs = 500'000'000;

}  // namespace

absl::Status ReadBack::Current(const std::function<absl::Status()>& read) {
  if (current_) return absl::OkStatus();
  if (!status_.ok() && clock_.MonotonicNanos() < next_try_ns_) return status_;
  status_ = read();
  current_ = status_.ok();
  pause_ns_ = current_ ? 0 : std::clamp(pause_ns_ * 2, kFirstReadPauseNs, kLastReadPauseNs);
  next_try_ns_ = clock_.MonotonicNanos() + pause_ns_;
  return status_;
}

}  // namespace ballast::runtime
