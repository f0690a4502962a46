#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/audit/chain.h"

namespace ballast {

// Where the chain ended, outside of Postgres: who rewrites or empties its tables does not have this file. Mode 600, one
// line, replaced as a whole and on the disk when Save is OK. Blocks.
class AnchorFile {
 public:
  // Without a path nothing is kept.
  explicit AnchorFile(std::string path) : path_(std::move(path)) {}

  // None when there is no file yet. FAILED_PRECONDITION for one that cannot be read: an anchor is never begun anew
  // behind somebody's back.
  [[nodiscard]] absl::StatusOr<std::optional<audit::Head>> Load() const;
  [[nodiscard]] absl::Status Save(const audit::Head& head) const;

 private:
  std::string path_;
};

}  // namespace ballast
