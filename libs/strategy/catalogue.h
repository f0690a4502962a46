#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/strategy/strategy.h"

namespace ballast::strategy {

struct ParameterSpec {
  std::string name;
  std::string description;
  std::string default_value;
  std::string minimum;
  std::string maximum;
};

// One strategy people can deploy.
struct Entry {
  std::string strategy_id;
  std::string display_name;
  std::string description;
  std::vector<ParameterSpec> parameters;
  // INVALID_ARGUMENT, naming the parameter, for unknown, unreadable, out-of-range or contradicting values.
  std::function<absl::StatusOr<std::unique_ptr<Strategy>>(const Parameters&)> make;
};

const std::vector<Entry>& Catalogue();
// Null when there is none.
const Entry* Find(const std::string& strategy_id);

}  // namespace ballast::strategy
