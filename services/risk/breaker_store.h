#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/risk/pre_trade.h"

namespace ballast {

// One rule held against one thing; what is empty is wider than that.
struct BreakerKey {
  std::string rule;
  AccountId account_id;
  DeploymentId deployment_id;
  Symbol symbol;

  friend auto operator<=>(const BreakerKey&, const BreakerKey&) = default;
  friend bool operator==(const BreakerKey&, const BreakerKey&) = default;
};

struct BreakerRuleSet {
  std::uint64_t version = 1;
  std::vector<risk::BreakerRule> rules = risk::DefaultBreakerRules();

  friend bool operator==(const BreakerRuleSet&, const BreakerRuleSet&) = default;
};

// What is kept of each: its rule as it was when it last moved, and its state.
using Breakers = std::map<BreakerKey, risk::BreakerBlock>;
// Nothing: it is kept no longer.
using BreakerChanges = std::map<BreakerKey, std::optional<risk::BreakerBlock>>;

}  // namespace ballast
