#pragma once

#include <functional>

#include "absl/status/status.h"
#include "tests/simulation/stage.h"

namespace ballast::simulation {

// What happens to one commit of a process: it may be slow, refused for now, in doubt (done or not), or the last thing
// the process does (done or not). `die`: the process ends with this turn.
inline absl::Status Commit(Stage& stage, const std::function<absl::Status()>& apply, const std::function<void()>& die) {
  const Faults& faults = stage.faults();
  if (stage.Chance(faults.slow)) {
    stage.Count("storage: slow commits");
    stage.Stall(stage.Between(kMilli, 400 * kMilli));
  }
  if (stage.Chance(faults.refused)) {
    stage.Count("storage: refused commits");
    return absl::UnavailableError("the storage is away");
  }
  bool dies = stage.Chance(faults.crash_in_commit);
  bool doubt = stage.Chance(faults.doubt);
  bool done = !(dies || doubt) || stage.Below(2) == 0;
  absl::Status status = done ? apply() : absl::OkStatus();
  if (!status.ok()) return status;
  if (dies) {
    stage.Count(done ? "storage: crashes after a commit" : "storage: crashes before a commit");
    die();
    return absl::InternalError("the process dies here");
  }
  if (!doubt) return status;
  stage.Count("storage: commits in doubt");
  if (stage.Has(Bug::kDoubtIsDone)) return absl::OkStatus();
  return absl::UnknownError("the answer was lost");
}

}  // namespace ballast::simulation
