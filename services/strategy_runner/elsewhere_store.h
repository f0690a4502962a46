#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/execution/v1/elsewhere_service.pb.h"

namespace ballast {

// Where orders that may go elsewhere are kept, with how far the order log was read for them. Blocks; never called from
// a gRPC thread.
class ElsewhereStore {
 public:
  // By account; whole: an account that is not in it has none.
  using Cursors = std::map<std::string, std::uint64_t>;
  struct Batch {
    // A row that is there already stays as it is.
    std::vector<execution::v1::ElsewhereOrder> made = {};
    // The row of its order from now on.
    std::vector<execution::v1::ElsewhereOrder> changed = {};
    std::optional<Cursors> cursors = {};
  };
  struct Range {
    bool active_only = false;
    std::int64_t before_nanos = 0;
    // Empty: from the newest on.
    std::string before_id = {};
    int most = 0;
  };

  virtual ~ElsewhereStore() = default;

  // From now on this instance alone may write.
  virtual absl::Status Fence() = 0;
  virtual absl::StatusOr<Cursors> LoadCursors() = 0;
  virtual absl::StatusOr<std::vector<execution::v1::ElsewhereOrder>> Read(const Range& range) = 0;
  // All of it or nothing. FAILED_PRECONDITION: a newer instance has fenced this one off.
  virtual absl::Status Save(const Batch& batch) = 0;
};

inline bool IsActive(execution::v1::ElsewhereState state) { return state <= execution::v1::ELSEWHERE_STATE_WORKING; }

}  // namespace ballast
