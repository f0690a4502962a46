#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/strategy/strategy.h"

namespace ballast::backtest {

// Every combination of some values of some parameters, in a fixed order: the last one written moves first. A piece of
// a sweep is a range of its numbers, wherever it is worked.
class ParameterGrid {
 public:
  static constexpr std::size_t kCombinationsMax = 1'000'000;

  // With at most so many combinations.
  explicit ParameterGrid(std::size_t most = kCombinationsMax) : most_(most) {}

  // "fast=5..20" (whole numbers, each), "fast=5..50/5" (steps of 5), "ratio=0.1,0.2,0.5". INVALID_ARGUMENT says what is
  // wrong, also where there are too many of them.
  absl::Status Add(const std::string& text);

  // Product of all; 1 without any.
  [[nodiscard]] std::size_t size() const;
  // `base` with what combination `index` says.
  [[nodiscard]] strategy::Parameters At(std::size_t index, strategy::Parameters base = {}) const;

  struct Axis {
    std::string name;
    std::vector<std::string> values;
  };
  [[nodiscard]] const std::vector<Axis>& axes() const { return axes_; }

 private:
  std::size_t most_;
  std::vector<Axis> axes_;
};

}  // namespace ballast::backtest
