#include "libs/rules/parameter.h"

#include <algorithm>

#include "libs/base/absl_std.h"
#include "libs/rules/number.h"

namespace ballast::rules {
namespace {

constexpr std::size_t kParametersMax = 64;
constexpr std::size_t kParameterTextBytesMax = 300;

bool IsWhole(Decimal number) { return number.IsMultipleOf(Decimal::FromInt(1)); }

Parameter ReadParameter(const Json& json, const std::string& pointer, std::vector<Problem>& problems) {
  Parameter parameter{.name = json.key};
  if (json.kind != Json::Kind::kObject) {
    problems.push_back({.pointer = pointer, .message = "an object with default, minimum and maximum is expected"});
    return parameter;
  }
  RefuseUnknownKeys(json, pointer, {"type", "default", "minimum", "maximum", "description"}, problems);
  parameter.description = ReadText(json, "description", kParameterTextBytesMax, pointer, problems);
  std::string type = ReadText(json, "type", kParameterTextBytesMax, pointer, problems);
  parameter.integer = type == "integer";
  if (!type.empty() && type != "integer" && type != "decimal")
    problems.push_back(
        {.pointer = pointer + "/type", .message = "integer or decimal is expected, not " + Quoted(type)});
  auto number = [&](const char* key, Decimal& into) {
    const Json* found = json.Find(key);
    if (found == nullptr) {
      problems.push_back({.pointer = pointer, .message = std::string(key) + " is missing"});
      return false;
    }
    auto value = ReadNumber(*found, Below(pointer, key), problems);
    if (!value) return false;
    into = *value;
    if (!parameter.integer || IsWhole(into)) return true;
    problems.push_back({.pointer = Below(pointer, key), .message = "a whole number is expected"});
    return false;
  };
  bool all = number("minimum", parameter.minimum);
  all = number("maximum", parameter.maximum) && all;
  all = number("default", parameter.value) && all;
  if (!all) return parameter;
  if (parameter.minimum > parameter.maximum) {
    problems.push_back({.pointer = pointer + "/maximum", .message = "below the minimum"});
  } else if (parameter.value < parameter.minimum || parameter.value > parameter.maximum) {
    problems.push_back({.pointer = pointer + "/default",
                        .message = parameter.minimum.ToString() + " to " + parameter.maximum.ToString() +
                                   " is expected, not " + parameter.value.ToString()});
  }
  return parameter;
}

}  // namespace

std::optional<Decimal> ReadNumber(const Json& json, const std::string& pointer, std::vector<Problem>& problems) {
  if (json.kind != Json::Kind::kNumber) {
    problems.push_back({.pointer = pointer, .message = "a number is expected"});
    return std::nullopt;
  }
  auto number = Decimal::Parse(json.text);
  if (!number.ok()) {
    problems.push_back({.pointer = pointer, .message = Quoted(json.text) + ": " + MessageOf(number.status())});
    return std::nullopt;
  }
  if (!Bounded(*number)) {
    problems.push_back({.pointer = pointer, .message = "10^14 or more"});
    return std::nullopt;
  }
  return *number;
}

void RefuseUnknownKeys(const Json& json, const std::string& pointer, const std::vector<std::string_view>& known,
                       std::vector<Problem>& problems) {
  for (const Json& item : json.items) {
    if (std::find(known.begin(), known.end(), item.key) != known.end()) continue;
    std::string names;
    for (std::string_view name : known) names += (names.empty() ? "" : ", ") + std::string(name);
    problems.push_back(
        {.pointer = Below(pointer, item.key), .message = "there is no such key here; there are: " + names});
  }
}

std::string ReadText(const Json& object, std::string_view key, std::size_t bytes_max, const std::string& pointer,
                     std::vector<Problem>& problems) {
  const Json* found = object.Find(key);
  if (found == nullptr) return {};
  if (found->kind != Json::Kind::kText || found->text.size() > bytes_max) {
    problems.push_back({.pointer = Below(pointer, std::string(key)),
                        .message = "a text of at most " + std::to_string(bytes_max) + " bytes is expected"});
    return {};
  }
  return found->text;
}

bool IsName(const std::string& text) {
  constexpr std::size_t kNameBytesMax = 40;
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz", kOthers = "abcdefghijklmnopqrstuvwxyz0123456789_";
  if (text.empty() || text.size() > kNameBytesMax || kLetters.find(text[0]) == std::string_view::npos ||
      text.find_first_not_of(kOthers) != std::string::npos)
    return false;
  for (const char* series : {"open", "high", "low", "close", "volume", "typical"}) {
    if (text == series) return false;
  }
  return true;
}

std::map<std::string, Parameter> ReadParameters(const Json* json, std::vector<Problem>& problems) {
  std::map<std::string, Parameter> parameters;
  if (json == nullptr) return parameters;
  if (json->kind != Json::Kind::kObject) {
    problems.push_back({.pointer = "/parameters", .message = "an object is expected"});
    return parameters;
  }
  if (json->items.size() > kParametersMax)
    problems.push_back({.pointer = "/parameters", .message = "at most 64 parameters are expected"});
  for (const Json& item : json->items) {
    std::string pointer = Below("/parameters", item.key);
    if (!IsName(item.key)) {
      problems.push_back(
          {.pointer = pointer, .message = "no name: a to z first, then a to z, 0 to 9 and _, at most 40"});
    } else {
      parameters[item.key] = ReadParameter(item, pointer, problems);
    }
  }
  return parameters;
}

}  // namespace ballast::rules
