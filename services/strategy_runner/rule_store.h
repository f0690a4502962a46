#pragma once

#include "libs/platform/postgres/database.h"
#include "services/strategy_runner/rule_shelf.h"

namespace ballast {

// Where strategies written as rules are kept: the only SQL of them. Blocks; one thread.
class RuleStore {
 public:
  explicit RuleStore(Database& database) : database_(database) {}

  // From now on this instance alone may write.
  absl::Status Fence();
  absl::StatusOr<std::vector<RuleRow>> Load();
  // The next version of the name; `version` is set. When the request id is there already, the row that is.
  // FAILED_PRECONDITION: fenced off.
  absl::StatusOr<RuleRow> Insert(RuleRow row);
  // NOT_FOUND. The same again changes nothing.
  absl::Status Archive(const std::string& name, int version);

 private:
  Database& database_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
