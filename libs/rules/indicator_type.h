#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "libs/rules/indicator.h"

namespace ballast::rules {

// How one kind of indicator is written.
struct IndicatorType {
  std::string_view name;
  // What it is of when the text does not say; empty: of the bar, and nothing else can be said.
  std::string_view source;
  bool source_can_be_said = true;
  // Keys of its periods, in the order in which `make` takes them.
  std::vector<std::string_view> periods;
  // Has "deviations".
  bool deviations = false;
  std::unique_ptr<Indicator> (*make)(const std::vector<int>& periods, Decimal deviations) = nullptr;
  // Bars of its source until it is known.
  int (*known_after)(const std::vector<int>& periods) = nullptr;
  // Bars of its source until what was before them weighs less than e^-16.
  int (*settled_after)(const std::vector<int>& periods) = nullptr;
};

// Null when there is none.
const IndicatorType* FindIndicatorType(std::string_view name);
// "sma, ema, …"
std::string IndicatorTypeNames();

}  // namespace ballast::rules
