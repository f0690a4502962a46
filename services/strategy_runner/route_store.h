#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/execution/v1/routing_service.pb.h"

namespace ballast {

// Where routes are kept. Blocks; never called from a gRPC thread.
class RouteStore {
 public:
  // Of a reading, the newest first; an empty id: from the newest on.
  struct Range {
    bool active_only = false;
    std::int64_t before_nanos = 0;
    std::string before_id = {};
    int most = 0;
  };

  virtual ~RouteStore() = default;

  // From now on this instance alone may write.
  virtual absl::Status Fence() = 0;
  virtual absl::StatusOr<std::optional<execution::v1::Route>> Find(const std::string& request_id) = 0;
  virtual absl::StatusOr<std::vector<execution::v1::Route>> Read(const Range& range) = 0;
  // The row that stands there, if one of this request id does; else this one.
  // FAILED_PRECONDITION: a newer instance has fenced this one off.
  virtual absl::StatusOr<execution::v1::Route> Insert(const execution::v1::Route& route) = 0;
  // The row of this request id from now on. Errors as Insert.
  virtual absl::Status Save(const execution::v1::Route& route) = 0;
};

inline bool IsActive(execution::v1::RouteState state) { return state <= execution::v1::ROUTE_STATE_WORKING; }

}  // namespace ballast
