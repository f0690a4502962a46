#include "libs/external/registration.h"

#include <algorithm>
#include <set>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/strategy/setting.h"

namespace ballast::external {
namespace {

// A deployment's id is made of both, and an order's id of that.
constexpr std::size_t kNameBytesMax = 20;
constexpr std::size_t kVersionBytesMax = 10;
constexpr std::size_t kParameterNameBytesMax = 40;
constexpr std::size_t kDisplayNameBytesMax = 100;
constexpr std::size_t kDescriptionBytesMax = 2'000;
constexpr std::size_t kParameterDescriptionBytesMax = 500;
constexpr int kParametersMax = 64;
constexpr int kWarmupBarsMax = 5'000;

absl::Status WrongValue(const std::string& name, const std::string& why) {
  return absl::InvalidArgumentError(ToAbsl("parameters." + name + ": " + why));
}

bool IsWord(const std::string& text, std::size_t bytes_max, const char* letters) {
  return !text.empty() && text.size() <= bytes_max && text[0] >= 'a' && text[0] <= 'z' &&
         text.find_first_not_of(letters) == std::string::npos;
}

bool IsSetting(const std::string& name) {
  strategy::Spec spec;
  auto set = strategy::SetSetting(spec, name, "");
  return !set.ok() || *set;
}

Parameter ReadParameter(const v1::Parameter& proto, const std::string& field, std::vector<Problem>& problems) {
  auto wrong = [&](const char* part, std::string why) { problems.push_back({field + "." + part, std::move(why)}); };
  Parameter out;
  out.spec.name = proto.name();
  if (!IsWord(proto.name(), kParameterNameBytesMax, "abcdefghijklmnopqrstuvwxyz0123456789_"))
    wrong("name", "a to z first, then a to z, 0 to 9 and _; at most 40");
  else if (IsSetting(proto.name()))
    wrong("name", "'" + proto.name() + "' is a setting of every deployment; another name is expected");
  out.spec.description = proto.description();
  if (proto.description().size() > kParameterDescriptionBytesMax) wrong("description", "500 bytes at most");
  if (proto.type() != v1::PARAMETER_TYPE_INTEGER && proto.type() != v1::PARAMETER_TYPE_DECIMAL)
    wrong("type", "PARAMETER_TYPE_INTEGER or PARAMETER_TYPE_DECIMAL expected");
  out.integer = proto.type() == v1::PARAMETER_TYPE_INTEGER;
  bool numbers = true;
  auto number = [&](const char* part, const std::string& text, Decimal& value) {
    auto read = Decimal::Parse(text);
    if (!read.ok()) {
      numbers = false;
      return wrong(part, MessageOf(read.status()));
    }
    value = *read;
    if (out.integer && !value.IsMultipleOf(Decimal::FromInt(1))) wrong(part, "a whole number is expected");
  };
  number("default_value", proto.default_value(), out.value);
  number("minimum", proto.minimum(), out.minimum);
  number("maximum", proto.maximum(), out.maximum);
  if (numbers && out.minimum > out.maximum) wrong("minimum", "is above the maximum");
  if (numbers && out.minimum <= out.maximum && (out.value < out.minimum || out.value > out.maximum))
    wrong("default_value", out.minimum.ToString() + " to " + out.maximum.ToString() + " expected");
  out.spec.default_value = out.value.ToString();
  out.spec.minimum = out.minimum.ToString();
  out.spec.maximum = out.maximum.ToString();
  return out;
}

}  // namespace

Registration ReadRegistration(const v1::Registration& proto, std::vector<Problem>& problems) {
  auto wrong = [&](const char* field, const char* why) { problems.push_back({field, why}); };
  if (!IsWord(proto.name(), kNameBytesMax, "abcdefghijklmnopqrstuvwxyz0123456789_-"))
    wrong("name", "a to z first, then a to z, 0 to 9, _ and -; at most 20");
  if (proto.version().empty() || proto.version().size() > kVersionBytesMax ||
      proto.version().find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-") !=
          std::string::npos)
    wrong("version", "1 to 10 of A to Z, a to z, 0 to 9, . and -");
  if (proto.display_name().size() > kDisplayNameBytesMax) wrong("display_name", "100 bytes at most");
  if (proto.description().size() > kDescriptionBytesMax) wrong("description", "2000 bytes at most");
  if (proto.warmup_bars() < 0 || proto.warmup_bars() > kWarmupBarsMax) wrong("warmup_bars", "0 to 5000 expected");
  Registration out{.name = proto.name(),
                   .version = proto.version(),
                   .display_name = proto.display_name().empty() ? proto.name() : proto.display_name(),
                   .description = proto.description(),
                   .parameters = {},
                   .warmup_bars = proto.warmup_bars(),
                   .quotes = proto.quotes()};
  if (proto.parameters_size() > kParametersMax) {
    wrong("parameters", "64 at most");
    return out;
  }
  std::set<std::string> seen;
  for (int i = 0; i < proto.parameters_size(); ++i) {
    std::string field = "parameters[" + std::to_string(i) + "]";
    out.parameters.push_back(ReadParameter(proto.parameters(i), field, problems));
    if (!seen.insert(proto.parameters(i).name()).second) problems.push_back({field + ".name", "is there twice"});
  }
  return out;
}

absl::StatusOr<strategy::Parameters> Registration::Complete(const strategy::Parameters& given) const {
  strategy::Parameters complete;
  for (const Parameter& parameter : parameters) complete[parameter.spec.name] = parameter.spec.default_value;
  for (const auto& [given_name, text] : given) {
    auto found = std::find_if(parameters.begin(), parameters.end(),
                              [&wanted = given_name](const Parameter& one) { return one.spec.name == wanted; });
    if (found == parameters.end()) return WrongValue(given_name, "there is no such parameter");
    auto value = Decimal::Parse(text);
    if (!value.ok()) return WrongValue(given_name, MessageOf(value.status()));
    if (found->integer && !value->IsMultipleOf(Decimal::FromInt(1)))
      return WrongValue(given_name, "a whole number is expected");
    if (*value < found->minimum || *value > found->maximum)
      return WrongValue(given_name, found->spec.minimum + " to " + found->spec.maximum + " expected, not " + text);
    complete[given_name] = value->ToString();
  }
  return complete;
}

strategy::Entry Registration::EntryWith(Make make) const {
  strategy::Entry entry{.strategy_id = strategy_id(),
                        .display_name = display_name,
                        .description = description,
                        .parameters = {},
                        .make = {}};
  for (const Parameter& parameter : parameters) entry.parameters.push_back(parameter.spec);
  entry.make = [self = *this, make = std::move(make)](
                   const strategy::Parameters& given) -> absl::StatusOr<std::unique_ptr<strategy::Strategy>> {
    ASSIGN_OR_RETURN(strategy::Parameters complete, self.Complete(given));
    return make(complete);
  };
  return entry;
}

}  // namespace ballast::external
