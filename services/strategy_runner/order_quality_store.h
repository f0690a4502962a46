#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/execution/v1/kept_order_quality.pb.h"
#include "libs/base/utc_time.h"

namespace ballast {

// Where it is kept how orders were executed, with how far the order log was read for it. Blocks; never called from a
// gRPC thread. Reading: any thread. Writing: one.
class OrderQualityStore {
 public:
  // By account; whole.
  using Cursors = std::map<std::string, std::uint64_t>;
  struct Row {
    execution::v1::KeptOrderQuality kept;
    // A parent order's child.
    bool child = false;
    bool watched = false;
  };
  struct Batch {
    // Each stands in for what was there of its order.
    std::vector<Row> rows = {};
    std::optional<Cursors> cursors = {};
  };
  // Those that were made within [from, to), without children, the newest `most`. An empty id: any.
  struct Range {
    std::string account_id = {};
    std::string deployment_id = {};
    std::string symbol = {};
    UtcTime from = {};
    UtcTime to = {INT64_MAX};
    int most = 0;
  };

  virtual ~OrderQualityStore() = default;

  // From now on this instance alone may write.
  virtual absl::Status Fence() = 0;
  virtual absl::StatusOr<Cursors> LoadCursors() = 0;
  // The newest `most` that are watched.
  virtual absl::StatusOr<std::vector<Row>> LoadWatched(int most) = 0;
  // Nothing: there is none.
  virtual absl::StatusOr<std::optional<Row>> Find(const std::string& order_id) = 0;
  // Newest first.
  virtual absl::StatusOr<std::vector<Row>> Read(const Range& range) = 0;
  // All of it or nothing; the same batch twice is the same as once. FAILED_PRECONDITION: a newer instance has fenced
  // this one off.
  virtual absl::Status Save(const Batch& batch) = 0;
  // Keeps the newest `most` of those that are not watched. Errors as Save.
  virtual absl::Status Trim(std::int64_t most) = 0;
};

}  // namespace ballast
