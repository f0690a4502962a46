#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "libs/base/clock.h"

namespace ballast::runtime {

// The one policy of every follower for a commit in doubt. What a follower stores can be made again of what it reads, so
// it repeats nothing by itself: after any commit that failed it builds on nothing that is in memory before what is
// stored has been read back. That is tried at once, then with growing pauses; whoever asks meanwhile is told so and
// asks again. What exists nowhere else is a Committer's. One thread.
class ReadBack {
 public:
  explicit ReadBack(const Clock& clock) : clock_(clock) {}

  // What became of a commit.
  void After(const absl::Status& commit) {
    if (!commit.ok()) current_ = false;
  }
  // OK: memory is what is stored; `read` has been called if it had to be, and blocks. Otherwise why `read` said no, now
  // or when it was last asked: it is not asked again before its pause is over.
  absl::Status Current(const std::function<absl::Status()>& read);
  [[nodiscard]] bool current() const { return current_; }

 private:
  const Clock& clock_;
  // Nothing has been read before the first time.
  bool current_ = false;
  std::int64_t pause_ns_ = 0;
  std::int64_t next_try_ns_ = 0;
  absl::Status status_;
};

}  // namespace ballast::runtime
