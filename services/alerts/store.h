#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/alerts/alert.h"

namespace ballast {

// Where alerts are kept: what their one writer asks of its storage. Blocks. alert_store_test.cc holds whatever
// implements it to the same promises.
class AlertStore {
 public:
  using Cursors = std::map<std::string, std::uint64_t>;
  struct State {
    // The newest ones, oldest first.
    std::vector<alerts::Alert> recent;
    Cursors cursors;
    std::int64_t unacknowledged = 0;
  };
  struct Request {
    std::string request_id;
    std::string fingerprint;
    std::uint64_t alert_id = 0;
  };
  struct Filter {
    alerts::AlertLevel min_level = alerts::AlertLevel::kUnspecified;
    bool unacknowledged_only = false;
    // Only alerts with a lower id; 0: from the newest.
    std::uint64_t before = 0;
    int limit = 100;
    // Only this account's; empty: all.
    std::string account_id = {};
  };

  virtual ~AlertStore() = default;

  // Becomes the one writer: an older process can no longer write.
  virtual absl::Status Fence() = 0;
  virtual absl::StatusOr<State> Load() = 0;
  // Newest system alerts, oldest first: what the health watch knew.
  virtual absl::StatusOr<std::vector<alerts::Alert>> LoadSystem() = 0;
  // New and changed alerts, cursors and the request in one transaction. FAILED_PRECONDITION when a newer writer has
  // taken over.
  virtual absl::Status Save(const std::map<std::uint64_t, alerts::Alert>& changed, const Cursors& cursors,
                            const std::optional<Request>& request) = 0;
  virtual absl::StatusOr<std::optional<Request>> FindRequest(const std::string& request_id) = 0;
  virtual absl::StatusOr<std::optional<alerts::Alert>> Find(std::uint64_t alert_id) = 0;
  // Those that exist, by id.
  virtual absl::StatusOr<std::vector<alerts::Alert>> FindAll(const std::vector<std::uint64_t>& alert_ids) = 0;
  // Newest first; the number of all that are not acknowledged goes into `unacknowledged`.
  virtual absl::StatusOr<std::vector<alerts::Alert>> List(const Filter& filter, std::int64_t* unacknowledged) = 0;
  // Oldest first.
  virtual absl::StatusOr<std::vector<alerts::Alert>> After(std::uint64_t alert_id, int limit) = 0;
};

}  // namespace ballast
