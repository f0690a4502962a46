#include "libs/strategy/catalogue.h"

#include <charconv>

#include "libs/base/absl_std.h"
#include "libs/strategy/ema_cross.h"

namespace ballast::strategy {
namespace {

absl::Status Wrong(const std::string& name, const std::string& why) {
  return absl::InvalidArgumentError(ToAbsl("parameters." + name + ": " + why));
}

absl::StatusOr<std::map<std::string, int>> ReadIntegers(const std::vector<ParameterSpec>& specs,
                                                        const Parameters& given) {
  std::map<std::string, int> values;
  for (const ParameterSpec& spec : specs) {
    auto found = given.find(spec.name);
    const std::string& text = found == given.end() ? spec.default_value : found->second;
    int value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return Wrong(spec.name, "a whole number is expected");
    if (value < std::stoi(spec.minimum) || value > std::stoi(spec.maximum)) {
      return Wrong(spec.name, spec.minimum + " to " + spec.maximum + " expected, not " + text);
    }
    values[spec.name] = value;
  }
  for (const auto& [name, unused] : given) {
    if (!values.contains(name)) return Wrong(name, "there is no such parameter");
  }
  return values;
}

std::vector<Entry> MakeCatalogue() {
  std::vector<ParameterSpec> ema = {{.name = "fast",
                                     .description = "periods of the fast average",
                                     .default_value = "12",
                                     .minimum = "1",
                                     .maximum = "500"},
                                    {.name = "slow",
                                     .description = "periods of the slow average",
                                     .default_value = "26",
                                     .minimum = "2",
                                     .maximum = "1000"}};
  return {{.strategy_id = "ema_cross",
           .display_name = "EMA cross",
           .description =
               "Follows the trend: long when the fast exponential average of the close crosses above the slow one, "
               "short (or out, when shorts are not allowed) when it crosses below.",
           .parameters = ema,
           .make = [ema](const Parameters& given) -> absl::StatusOr<std::unique_ptr<Strategy>> {
             ASSIGN_OR_RETURN(auto values, ReadIntegers(ema, given));
             if (values["fast"] >= values["slow"]) return Wrong("fast", "must be below slow");
             return std::make_unique<EmaCross>(values["fast"], values["slow"]);
           }}};
}

}  // namespace

const std::vector<Entry>& Catalogue() {
  static const std::vector<Entry> kCatalogue = MakeCatalogue();
  return kCatalogue;
}

const Entry* Find(const std::string& strategy_id) {
  for (const Entry& entry : Catalogue()) {
    if (entry.strategy_id == strategy_id) return &entry;
  }
  return nullptr;
}

}  // namespace ballast::strategy
