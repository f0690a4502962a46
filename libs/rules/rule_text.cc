#include "libs/rules/rule_text.h"

#include <utility>

#include "libs/base/absl_std.h"
#include "libs/rules/compiler.h"
#include "libs/rules/rule_strategy.h"

namespace ballast::rules {
namespace {

constexpr std::size_t kProblemsMax = 100;
constexpr std::size_t kDisplayNameBytesMax = 100;
constexpr std::size_t kDescriptionBytesMax = 2'000;

absl::Status WrongParameter(const std::string& name, const std::string& why) {
  return absl::InvalidArgumentError(ToAbsl("parameters." + name + ": " + why));
}

}  // namespace

std::optional<RuleText> RuleText::Read(std::string_view text, std::vector<Problem>& problems) {
  std::vector<Problem> found;
  RuleText rules;
  std::optional<Json> json;
  if (text.size() > kTextBytesMax) {
    found.push_back({.message = "65536 bytes at most are expected, not " + std::to_string(text.size())});
  } else {
    json = ParseJson(text, found);
  }
  if (json && json->kind != Json::Kind::kObject) {
    found.push_back({.message = "an object is expected"});
  } else if (json) {
    RefuseUnknownKeys(*json, "", {"version", "name", "description", "parameters", "indicators", "long", "short", "out"},
                      found);
    const Json* version = json->Find("version");
    if (version == nullptr) {
      found.push_back({.message = "version is missing: 1"});
    } else if (version->kind != Json::Kind::kNumber || version->text != "1") {
      found.push_back({.pointer = "/version", .message = "1 is expected"});
    }
    rules.name_ = ReadText(*json, "name", kDisplayNameBytesMax, "", found);
    rules.description_ = ReadText(*json, "description", kDescriptionBytesMax, "", found);
    auto parameters = ReadParameters(json->Find("parameters"), found);
    (void)Compiler(*json, parameters, found).Run();
    rules.text_ = std::make_shared<const Json>(std::move(*json));
    rules.parameters_ = std::make_shared<const std::map<std::string, Parameter>>(std::move(parameters));
  }
  if (found.empty()) return rules;
  if (found.size() > kProblemsMax) found.resize(kProblemsMax);
  problems.insert(problems.end(), found.begin(), found.end());
  return std::nullopt;
}

std::vector<strategy::ParameterSpec> RuleText::parameters() const {
  std::vector<strategy::ParameterSpec> specs;
  for (const auto& [name, parameter] : *parameters_) {
    specs.push_back({.name = name,
                     .description = parameter.description,
                     .default_value = parameter.value.ToString(),
                     .minimum = parameter.minimum.ToString(),
                     .maximum = parameter.maximum.ToString()});
  }
  return specs;
}

absl::StatusOr<std::unique_ptr<strategy::Strategy>> RuleText::Make(const strategy::Parameters& given) const {
  std::map<std::string, Parameter> parameters = *parameters_;
  for (const auto& [name, text] : given) {
    auto found = parameters.find(name);
    if (found == parameters.end()) return WrongParameter(name, "there is no such parameter");
    Parameter& parameter = found->second;
    auto value = Decimal::Parse(text);
    if (!value.ok()) return WrongParameter(name, MessageOf(value.status()));
    if (parameter.integer && !value->IsMultipleOf(Decimal::FromInt(1)))
      return WrongParameter(name, "a whole number is expected");
    if (*value < parameter.minimum || *value > parameter.maximum) {
      return WrongParameter(name, parameter.minimum.ToString() + " to " + parameter.maximum.ToString() +
                                      " expected, not " + value->ToString());
    }
    parameter.value = *value;
  }
  std::vector<Problem> problems;
  Program program = Compiler(*text_, parameters, problems).Run();
  // The text was checked with its defaults; larger periods may need more of the past than there is.
  if (!problems.empty()) return absl::InvalidArgumentError(ToAbsl("parameters: " + ToString(problems.front())));
  return std::make_unique<RuleStrategy>(std::move(program));
}

strategy::Entry RuleText::EntryFor(std::string strategy_id) const {
  return {.strategy_id = std::move(strategy_id),
          .display_name = name_,
          .description = description_,
          .parameters = parameters(),
          .make = [rules = *this](const strategy::Parameters& given) { return rules.Make(given); }};
}

}  // namespace ballast::rules
