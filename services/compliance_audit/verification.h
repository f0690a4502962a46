#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/audit/chain.h"
#include "services/compliance_audit/chain_keeper.h"
#include "services/compliance_audit/store.h"

namespace ballast {

// Reads the chain from its beginning, page by page, and holds it against what was expected when it began.
class Verification {
 public:
  struct Result {
    std::uint64_t records = 0;
    std::optional<audit::Break> broken;
    std::string head_hash;
  };

  Verification(AuditStore& store, ChainKeeper::Expectation expected);

  // The next page; blocks on the storage. True: that was the last, or the first with a break.
  absl::StatusOr<bool> Step();
  // After the last step.
  [[nodiscard]] Result result();

 private:
  AuditStore& store_;
  const ChainKeeper::Expectation expected_;
  audit::Verifier verifier_;
  std::uint64_t after_ = 0;
  std::optional<audit::Break> broken_;
};

}  // namespace ballast
