#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "ballast/execution/v1/kept_route.pb.h"

namespace ballast {

// Where routes are kept. Blocks; never called from a gRPC thread.
class RouteStore {
 public:
  virtual ~RouteStore() = default;

  // From now on this instance alone may write.
  virtual absl::Status Fence() = 0;
  virtual absl::StatusOr<std::optional<execution::v1::KeptRoute>> Find(const std::string& request_id) = 0;
  // The row that stands there, if one of this request id does; else this one.
  // FAILED_PRECONDITION: a newer instance has fenced this one off.
  virtual absl::StatusOr<execution::v1::KeptRoute> Insert(const execution::v1::KeptRoute& route) = 0;
};

}  // namespace ballast
