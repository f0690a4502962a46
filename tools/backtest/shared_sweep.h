#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/platform/postgres/database.h"
#include "tools/backtest/sweep.h"

namespace ballast::backtest {

// Where the items of a sweep are kept, and which one this process does.
struct SharedSweep {
  // Empty: nothing is shared.
  std::string name;
  int items = 1;
  // Below `items`; -1: as JOB_COMPLETION_INDEX says.
  int index = -1;
  Database::Options database = {.user = "ballast_sweeps", .schema = "sweeps"};
  std::string password_file;
};

// INVALID_ARGUMENT for options that say nothing, UNAVAILABLE where Postgres does not answer. Reads the password's file.
absl::StatusOr<std::unique_ptr<Database>> OpenSweepDatabase(const SharedSweep& shared);
// The index, from the options or from `job_completion_index` (empty: not set).
absl::StatusOr<int> IndexOf(const SharedSweep& shared, const std::string& job_completion_index);

// Does an item, unless it is there: `work` makes the rows of the combinations from the first to before the last.
// True: it was done now.
absl::StatusOr<bool> DoItem(
    Database& database, const SharedSweep& shared, int index, std::size_t combinations, const std::string& head,
    const std::string& worker,
    const std::function<absl::StatusOr<std::vector<SweepRow>>(std::size_t first, std::size_t last)>& work);
// The table as one process would have made it. FAILED_PRECONDITION naming the items that are missing.
absl::StatusOr<std::string> CollectSweep(Database& database, const std::string& name);

}  // namespace ballast::backtest
