#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/rules/problem.h"

namespace ballast::rules {

// JSON as it was written: numbers stay text, so that none passes through floating point.
struct Json {
  enum class Kind { kNull, kBoolean, kNumber, kText, kArray, kObject };

  Kind kind = Kind::kNull;
  // Of a member of an object.
  std::string key;
  // Of a text or a number; "true" or "false".
  std::string text;
  // Of an array, or the members of an object in the order of the text.
  std::vector<Json> items;

  // Null when there is none.
  [[nodiscard]] const Json* Find(std::string_view name) const;
};

// Nothing, and at least one problem, for text that is no JSON (with line and column), that names a key twice or that is
// nested deeper than 64.
std::optional<Json> ParseJson(std::string_view text, std::vector<Problem>& problems);

}  // namespace ballast::rules
