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

// One commit as its storage sees it. Both block.
struct CommitPort {
  //   FAILED_PRECONDITION   a newer writer exists: nothing happened
  //   INTERNAL              refused for good: nothing happened
  //   UNAVAILABLE, ABORTED  nothing happened; may be tried again
  //   UNKNOWN               nobody can say
  //   ALREADY_EXISTS        rows are there already: nothing happened
  std::function<absl::Status()> append;
  std::function<absl::StatusOr<Stored>()> look;
};

// What happens around the tries, all on the thread that commits.
struct CommitTerms {
  // Nobody waits for this commit any more: the process stops.
  std::function<bool()> stopping;
  std::function<void(std::int64_t ns)> pause;
  // A try has failed; `tries` so far.
  std::function<void(const absl::Status&, int tries)> on_failure;
  // How long a process that stops goes on trying.
  std::int64_t drain_ns = 5'000'000'000;
};

// The one policy of every single writer: it goes on until the commit is durable. As the only writer it may repeat the
// same rows; a commit in doubt is looked up, and rows that stand there count only if they are these. OK: durable.
// Otherwise it never will be by this process, which must decide, store and send nothing more:
//   FAILED_PRECONDITION   another writer is at work
//   INTERNAL              refused for good
//   CANCELLED             given up while stopping; nobody was told that it happened
absl::Status CommitUntilDurable(const CommitPort& port, const CommitTerms& terms, const Clock& clock);

}  // namespace ballast::runtime
