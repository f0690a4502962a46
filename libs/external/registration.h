#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ballast/external/v1/external_strategy_service.pb.h"
#include "libs/strategy/catalogue.h"

namespace ballast::external {

// What is wrong with one field of a message.
struct Problem {
  // As in the proto, e.g. "parameters[1].minimum".
  std::string field;
  std::string message;

  friend bool operator==(const Problem&, const Problem&) = default;
};

struct Parameter {
  strategy::ParameterSpec spec;
  bool integer = false;
  Decimal value;
  Decimal minimum;
  Decimal maximum;
};

// A strategy that runs in a process of its own, as that has described it.
struct Registration {
  std::string name;
  std::string version;
  std::string display_name;
  std::string description;
  std::vector<Parameter> parameters;
  int warmup_bars = 0;
  bool quotes = false;

  // "external:NAME@VERSION"
  [[nodiscard]] std::string strategy_id() const { return "external:" + name + "@" + version; }
  // Every parameter with its value, defaults too. INVALID_ARGUMENT, naming the parameter, as the catalogue's entries.
  [[nodiscard]] absl::StatusOr<strategy::Parameters> Complete(const strategy::Parameters& given) const;
  // `make` gets the complete parameters and is not called with others.
  using Make = std::function<absl::StatusOr<std::unique_ptr<strategy::Strategy>>(const strategy::Parameters&)>;
  [[nodiscard]] strategy::Entry EntryWith(Make make) const;
};

// All problems are told at once; without any the result is whole. `take_over` is nobody's here.
Registration ReadRegistration(const v1::Registration& proto, std::vector<Problem>& problems);

}  // namespace ballast::external
