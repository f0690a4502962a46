#pragma once

#include "libs/platform/postgres/database.h"
#include "services/strategy_runner/external_shelf.h"

namespace ballast {

// Where the descriptions of external strategies are kept: the only SQL of them. Blocks; one thread.
class ExternalStore {
 public:
  static constexpr int kVersionsMax = 1'000;

  explicit ExternalStore(Database& database) : database_(database) {}

  // From now on this instance alone may write.
  absl::Status Fence();
  absl::StatusOr<std::vector<ExternalRow>> Load();
  // The row as it is stored: what is there already is not changed. RESOURCE_EXHAUSTED when there are kVersionsMax.
  // FAILED_PRECONDITION: fenced off.
  absl::StatusOr<ExternalRow> Insert(ExternalRow row);

 private:
  Database& database_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
