#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/rules/problem.h"
#include "libs/strategy/catalogue.h"

namespace ballast::rules {

struct Json;
struct Parameter;

constexpr std::size_t kTextBytesMax = 65'536;

// A strategy written as JSON (docs/reference/rules.md), checked. No code: what it can do is what RuleStrategy does.
// Cheap to copy; may be used by several threads.
class RuleText {
 public:
  // Nothing, and every problem with its place (100 at most), when the text is no strategy.
  static std::optional<RuleText> Read(std::string_view text, std::vector<Problem>& problems);

  // As the text says; may be empty.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& description() const { return description_; }
  // In the order of their names.
  [[nodiscard]] std::vector<strategy::ParameterSpec> parameters() const;

  // INVALID_ARGUMENT, naming the parameter, for unknown, unreadable or out-of-range values.
  [[nodiscard]] absl::StatusOr<std::unique_ptr<strategy::Strategy>> Make(const strategy::Parameters& given) const;
  // To deploy it under that id.
  [[nodiscard]] strategy::Entry EntryFor(std::string strategy_id) const;

 private:
  RuleText() = default;

  std::string name_;
  std::string description_;
  std::shared_ptr<const Json> text_;
  std::shared_ptr<const std::map<std::string, Parameter>> parameters_;
};

}  // namespace ballast::rules
