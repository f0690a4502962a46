#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/base/decimal.h"
#include "libs/rules/json_text.h"

namespace ballast::rules {

struct Parameter {
  std::string name;
  std::string description;
  // Whole numbers only; the only ones that can be periods.
  bool integer = false;
  Decimal minimum;
  Decimal maximum;
  // The default of the text, or what was given instead.
  Decimal value;
};

// A number as the text has it: below 10^14, at most 18 places, no exponent. A problem at `pointer` otherwise.
std::optional<Decimal> ReadNumber(const Json& json, const std::string& pointer, std::vector<Problem>& problems);
// Members of `json` that are not in `known`, each a problem.
void RefuseUnknownKeys(const Json& json, const std::string& pointer, const std::vector<std::string_view>& known,
                       std::vector<Problem>& problems);
// A text of at most `bytes_max`; empty when it is not there or a problem.
std::string ReadText(const Json& object, std::string_view key, std::size_t bytes_max, const std::string& pointer,
                     std::vector<Problem>& problems);
// A name of a parameter or of an indicator: a-z, then a-z, 0-9 and _, at most 40, none of the series' names.
bool IsName(const std::string& text);

// What "parameters" says (64 at most); `json` may be null.
std::map<std::string, Parameter> ReadParameters(const Json* json, std::vector<Problem>& problems);

}  // namespace ballast::rules
