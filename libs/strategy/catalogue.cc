#include "libs/strategy/catalogue.h"

#include <charconv>

#include "libs/base/absl_std.h"
#include "libs/strategy/ema_cross.h"
#include "libs/strategy/volume_breakout.h"
#include "libs/strategy/vwap_cross.h"

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

ParameterSpec Whole(const char* name, const char* description, const char* default_value, const char* minimum,
                    const char* maximum) {
  return {
      .name = name, .description = description, .default_value = default_value, .minimum = minimum, .maximum = maximum};
}

Entry EmaCrossEntry() {
  std::vector<ParameterSpec> specs = {Whole("fast", "periods of the fast average", "12", "1", "500"),
                                      Whole("slow", "periods of the slow average", "26", "2", "1000")};
  return {.strategy_id = "ema_cross",
          .display_name = "EMA cross",
          .description =
              "Follows the trend: long when the fast exponential average of the close crosses above the slow one, "
              "short (or out, when shorts are not allowed) when it crosses below.",
          .parameters = specs,
          .make = [specs](const Parameters& given) -> absl::StatusOr<std::unique_ptr<Strategy>> {
            ASSIGN_OR_RETURN(auto values, ReadIntegers(specs, given));
            if (values["fast"] >= values["slow"]) return Wrong("fast", "must be below slow");
            return std::make_unique<EmaCross>(values["fast"], values["slow"]);
          }};
}

Entry VwapCrossEntry() {
  std::vector<ParameterSpec> specs = {
      Whole("window", "bars that the average is made of", "30", "2", "1000"),
      Whole("band_bps", "how far beyond the average counts, in hundredths of a per cent", "10", "0", "1000"),
      Whole("revert", "1: against the move instead of with it", "0", "0", "1")};
  return {.strategy_id = "vwap_cross",
          .display_name = "VWAP cross",
          .description =
              "Compares the close with the average price by volume of the last bars: long when it comes above by more "
              "than the band, short (or out) when it comes below; or, to revert, the other way round.",
          .parameters = specs,
          .make = [specs](const Parameters& given) -> absl::StatusOr<std::unique_ptr<Strategy>> {
            ASSIGN_OR_RETURN(auto values, ReadIntegers(specs, given));
            return std::make_unique<VwapCross>(values["window"], values["band_bps"], values["revert"] == 1);
          }};
}

Entry VolumeBreakoutEntry() {
  std::vector<ParameterSpec> specs = {
      Whole("window", "bars that the range and the usual volume are of", "20", "2", "500"),
      Whole("volume_percent", "volume of the bar that breaks out, of the usual one", "150", "0", "10000")};
  return {
      .strategy_id = "volume_breakout",
      .display_name = "Volume breakout",
      .description =
          "Long when a bar closes above the highest high of the bars before it on more volume than usual, short (or "
          "out) when one closes below the lowest low.",
      .parameters = specs,
      .make = [specs](const Parameters& given) -> absl::StatusOr<std::unique_ptr<Strategy>> {
        ASSIGN_OR_RETURN(auto values, ReadIntegers(specs, given));
        return std::make_unique<VolumeBreakout>(values["window"], values["volume_percent"]);
      }};
}

std::vector<Entry> MakeCatalogue() { return {EmaCrossEntry(), VwapCrossEntry(), VolumeBreakoutEntry()}; }

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
