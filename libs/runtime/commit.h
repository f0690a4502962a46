#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"

namespace ballast::runtime {

// What the storage holds where a commit's rows would be.
enum class Stored {
  kNothing,
  // These very rows.
  kThis,
  // Rows of somebody who must not write there.
  kAnother,
};

// One commit as its storage sees it. All on the thread that commits.
struct CommitPort {
  // Blocks.
  //   FAILED_PRECONDITION   a newer writer exists: nothing happened
  //   INTERNAL              refused for good: nothing happened
  //   UNAVAILABLE, ABORTED  nothing happened; may be tried again
  //   UNKNOWN               nobody can say
  //   ALREADY_EXISTS        rows are there already: nothing happened
  std::function<absl::Status()> append;
  // Blocks. Empty: the same rows written twice are the same as once, so there is nothing to look for.
  std::function<absl::StatusOr<Stored>()> look = {};
  // A try has failed; `tries` so far.
  std::function<void(const absl::Status&, int tries)> on_failure = {};
};

// The one policy of every single writer for what it must make durable: it goes on with a commit until that is done. As
// the only writer it may repeat the same rows; a commit in doubt is looked up, and rows that stand there count only if
// they are these. It neither sleeps nor waits: it says when the next try is due. One thread.
class Committer {
 public:
  enum class Outcome {
    kDurable,
    // Not yet: nothing may be decided on it, answered or sent. Again at next_try_ns().
    kLater,
    // It never will be by this process, which must decide, store and send nothing more; status() says why:
    //   FAILED_PRECONDITION  another writer is at work
    //   INTERNAL             refused for good
    //   ALREADY_EXISTS       other rows are there, and nobody can say whose
    //   CANCELLED            given up while stopping; nobody was told that it happened
    kNever,
  };
  // How long a process that stops goes on trying, from the first try on.
  static constexpr std::int64_t kDrainNs = 5'000'000'000;

  explicit Committer(const Clock& clock) : clock_(clock) {}

  // The next try of the commit under way, or the first of the next one; no try before next_try_ns(). `stopping`: nobody
  // waits for it any more.
  Outcome Try(const CommitPort& port, bool stopping);
  // Monotonic.
  [[nodiscard]] std::int64_t next_try_ns() const { return next_try_ns_; }
  [[nodiscard]] const absl::Status& status() const { return status_; }

 private:
  Outcome Durable();
  Outcome Never(absl::Status why);

  const Clock& clock_;
  // Of the commit under way.
  int tries_ = 0;
  bool in_doubt_ = false;
  std::int64_t started_ns_ = 0;
  std::int64_t next_try_ns_ = 0;
  std::int64_t pause_ns_ = 0;
  absl::Status status_;
};

}  // namespace ballast::runtime
