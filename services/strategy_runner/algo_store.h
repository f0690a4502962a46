#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/execution/v1/algo_service.pb.h"
#include "ballast/execution/v1/kept_algo.pb.h"
#include "libs/base/utc_time.h"

namespace ballast {

// Where parent orders and their children are kept. Blocks; never called from a gRPC thread.
class AlgoStore {
 public:
  static constexpr int kPageMax = 500;
  static constexpr int kPageDefault = 100;

  // A parent with its children, in the order of their numbers.
  struct Row {
    execution::v1::KeptAlgoOrder kept;
    std::vector<execution::v1::ChildOrder> children;
  };
  // Those that were created within [from, to), the newest `most`. An empty id: any.
  struct Range {
    std::string account_id = {};
    std::string deployment_id = {};
    std::string symbol = {};
    UtcTime from = {};
    UtcTime to = {INT64_MAX};
    int most = kPageMax;
  };
  // What becomes durable together. A row has those of its children that have changed.
  struct Batch {
    std::vector<Row> rows;
  };

  virtual ~AlgoStore() = default;

  // From now on this instance alone may save.
  virtual absl::Status Fence() = 0;
  // Those that have not ended, are watched, or have stopped and nobody has been told.
  virtual absl::StatusOr<std::vector<Row>> LoadActive() = 0;
  // There has ever been one.
  virtual absl::StatusOr<bool> Any() = 0;
  // Nothing: there is none.
  virtual absl::StatusOr<std::optional<Row>> Find(const std::string& algo_order_id) = 0;
  // Newest first, with their children.
  virtual absl::StatusOr<std::vector<Row>> Read(const Range& range) = 0;
  // All of it or nothing. Rows are written over what is there: the same batch twice is the same as once, so one whose
  // outcome is not known (UNAVAILABLE, ABORTED, UNKNOWN) is simply saved again.
  // FAILED_PRECONDITION: a newer instance has fenced this one off.
  virtual absl::Status Save(const Batch& batch) = 0;
  // Newest first, without children. INVALID_ARGUMENT for a page that cannot be.
  virtual absl::StatusOr<execution::v1::ListAlgoOrdersResponse> List(
      const execution::v1::ListAlgoOrdersRequest& request) = 0;
};

// The part of the parents that one request asks for: those behind (create time, id), which its token names.
struct AlgoPage {
  int size = 0;
  // Empty id: from the newest on.
  std::int64_t before_nanos = 0;
  std::string before_id = {};

  // INVALID_ARGUMENT, naming the field.
  static absl::StatusOr<AlgoPage> Of(const execution::v1::ListAlgoOrdersRequest& request);
  // Sets the token of the next page, if there may be one.
  void Close(execution::v1::ListAlgoOrdersResponse& response) const;
};

inline bool IsActive(execution::v1::AlgoStatus status) { return status <= execution::v1::ALGO_STATUS_CANCELING; }

}  // namespace ballast
