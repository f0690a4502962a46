#include "services/strategy_runner/elsewhere_policy.h"

#include <utility>

#include "absl/strings/str_split.h"
#include "libs/base/absl_std.h"
#include "libs/model/ids.h"
#include "libs/orders/elsewhere.h"
#include "libs/platform/grpc/fields.h"

namespace ballast {
namespace {

bool IsElsewhereId(const std::string& text) {
  FieldCheck check;
  return check.Id("elsewhere", text).ok();
}

absl::Status BadElsewhere(const std::string& text, const std::string& why) {
  return absl::InvalidArgumentError(
      ToAbsl("elsewhere: account|other,… or account@symbol|other,… expected, not " + text + ": " + why));
}

}  // namespace

absl::StatusOr<ElsewherePolicies> ElsewherePolicies::Of(const std::vector<std::string>& texts) {
  ElsewherePolicies policies;
  std::set<std::pair<std::string, std::string>> seen;
  for (const std::string& text : texts) {
    if (text.empty()) continue;
    const std::vector<std::string> parts = absl::StrSplit(text, '|');
    if (parts.size() != 2) return BadElsewhere(text, "one | is expected");
    const std::vector<std::string> whose = absl::StrSplit(parts[0], '@');
    execution::v1::ElsewherePolicy policy;
    policy.set_account_id(whose[0]);
    if (whose.size() == 2) policy.set_symbol(whose[1]);
    if (whose.size() > 2 || !IsElsewhereId(whose[0]) || (whose.size() == 2 && !IsElsewhereId(whose[1])))
      return BadElsewhere(text, "whose orders?");
    std::set<std::string> others = {whose[0]};
    for (const std::string& other : std::vector<std::string>(absl::StrSplit(parts[1], ','))) {
      if (!IsElsewhereId(other)) return BadElsewhere(text, "'" + other + "' is no account");
      if (!others.insert(other).second) return BadElsewhere(text, other + " is there twice");
      policy.add_alternatives(other);
    }
    if (policy.alternatives_size() > orders::kElsewhereMost) return BadElsewhere(text, "at most 5 others");
    if (!seen.insert({policy.account_id(), policy.symbol()}).second)
      return BadElsewhere(text, "it has a policy already");
    policies.policies_.push_back(std::move(policy));
  }
  return policies;
}

const execution::v1::ElsewherePolicy* ElsewherePolicies::Find(const std::string& account,
                                                              const std::string& symbol) const {
  const execution::v1::ElsewherePolicy* found = nullptr;
  for (const execution::v1::ElsewherePolicy& policy : policies_) {
    if (policy.account_id() != account) continue;
    if (policy.symbol() == symbol) return &policy;
    if (policy.symbol().empty()) found = &policy;
  }
  return found;
}

std::set<std::string> ElsewherePolicies::Accounts() const {
  std::set<std::string> accounts;
  for (const execution::v1::ElsewherePolicy& policy : policies_) accounts.insert(policy.account_id());
  return accounts;
}

}  // namespace ballast
