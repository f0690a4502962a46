#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/audit/chain.h"

namespace ballast {

// Where the chain is kept: what its one writer asks of its storage. Blocks. audit_store_test.cc holds whatever
// implements it to the same promises.
class AuditStore {
 public:
  using Cursors = std::map<std::string, std::uint64_t>;
  struct State {
    // As last written, not as last found: see last_sequence.
    audit::Head head;
    Cursors cursors;
    // Of the newest record there is.
    std::uint64_t last_sequence = 0;
  };
  struct Filter {
    std::string account_id;
    std::string action_prefix;
    std::string subject;
    // Only records with a lower sequence; 0: from the newest.
    std::uint64_t before = 0;
    int limit = 100;
  };

  virtual ~AuditStore() = default;

  // Becomes the one writer: an older process can no longer append.
  virtual absl::Status Fence() = 0;
  virtual absl::StatusOr<State> Load() = 0;
  // Records, head and cursors in one transaction; `request_id` (may be empty) is bound to the last record.
  // FAILED_PRECONDITION when a newer writer has taken over.
  virtual absl::Status Append(const std::vector<audit::Record>& records, const audit::Head& head,
                              const Cursors& cursors, const std::string& request_id) = 0;
  virtual absl::StatusOr<std::optional<audit::Record>> FindRequest(const std::string& request_id) = 0;
  // Newest first.
  virtual absl::StatusOr<std::vector<audit::Record>> List(const Filter& filter) = 0;
  // Oldest first, up to and with `last`.
  virtual absl::StatusOr<std::vector<audit::Record>> Page(std::uint64_t after, std::uint64_t last, int limit) = 0;
};

}  // namespace ballast
