#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/decimal.h"

namespace ballast {

enum class KnobType { kString, kInt, kDecimal, kBool, kStringList };

// One setting, as data: what --print-config-schema prints and what a file is checked against.
struct Knob {
  std::string name;
  KnobType type = KnobType::kString;
  // Text as it would stand in the file; a list is written with ';' between its items.
  std::string default_value;
  std::string help;
  // Inclusive, for kInt and kDecimal; empty: none.
  std::string minimum;
  std::string maximum;
  // "ms", "s", "ratio" …; empty when it has none.
  std::string unit;
};

// The settings of one service: section `common` and the service's own section of one YAML file, overridden by
// environment variables BALLAST_<SECTION>_<KEY>. Values keep their text: a decimal never passes through a double.
// Immutable after Load; safe to read from any thread. Getters CHECK that the knob was declared with that type.
class Config {
 public:
  // INVALID_ARGUMENT with every violation ("file:line: section.key: why"), one a line. An empty path: defaults only.
  static absl::StatusOr<Config> Load(std::string_view service, const std::vector<Knob>& own, const std::string& path,
                                     const std::map<std::string, std::string>& environment);
  // What every service has.
  static const std::vector<Knob>& CommonKnobs();

  [[nodiscard]] const std::string& GetString(std::string_view name) const;
  [[nodiscard]] std::int64_t GetInt(std::string_view name) const;
  [[nodiscard]] Decimal GetDecimal(std::string_view name) const;
  [[nodiscard]] bool GetBool(std::string_view name) const;
  [[nodiscard]] const std::vector<std::string>& GetStringList(std::string_view name) const;
  [[nodiscard]] const std::string& service() const { return service_; }

 private:
  struct Value {
    KnobType type = KnobType::kString;
    std::string text;
    std::vector<std::string> list;
  };
  const Value& Find(std::string_view name, KnobType type) const;
  static std::string Check(const Knob& knob, const Value& value);

  std::string service_;
  std::map<std::string, Value, std::less<>> values_;
};

// Human-readable table of all knobs of a service.
std::string DescribeKnobs(std::string_view service, const std::vector<Knob>& own);

}  // namespace ballast
