#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/execution/v1/elsewhere_service.pb.h"

namespace ballast {

// Which accounts' orders may go elsewhere, and where to. Immutable.
class ElsewherePolicies {
 public:
  // Each "account|other,other" or "account@symbol|other,other", at most five others. INVALID_ARGUMENT: it is not, or
  // one is there twice.
  static absl::StatusOr<ElsewherePolicies> Of(const std::vector<std::string>& texts);

  // The symbol's own, or the account's; nullptr: its orders stay.
  [[nodiscard]] const execution::v1::ElsewherePolicy* Find(const std::string& account, const std::string& symbol) const;
  // Accounts that have one, once each.
  [[nodiscard]] std::set<std::string> Accounts() const;
  [[nodiscard]] const std::vector<execution::v1::ElsewherePolicy>& all() const { return policies_; }

 private:
  std::vector<execution::v1::ElsewherePolicy> policies_;
};

}  // namespace ballast
