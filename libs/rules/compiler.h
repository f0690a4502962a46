#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/rules/indicator_type.h"
#include "libs/rules/json_text.h"
#include "libs/rules/parameter.h"
#include "libs/rules/program.h"

namespace ballast::rules {

// Makes a program of a text's indicators and conditions, for one set of parameters. Finds every problem, not the first
// one only; the program is good for nothing when there is one.
class Compiler {
 public:
  Compiler(const Json& text, const std::map<std::string, Parameter>& parameters, std::vector<Problem>& problems)
      : text_(text), parameters_(parameters), problems_(problems) {}

  Program Run();

 private:
  // Where something stands in the text, and how deep in its expression.
  struct Place {
    std::string pointer;
    int depth = 1;
    [[nodiscard]] Place Into(const std::string& key) const { return {rules::Below(pointer, key), depth}; }
    [[nodiscard]] Place Into(std::size_t index) const { return {pointer + "/" + std::to_string(index), depth + 1}; }
    // The same, one deeper.
    [[nodiscard]] Place Down() const { return {pointer, depth + 1}; }
  };
  // How much of the past a value needs: until it is known, and until it has settled.
  struct Past {
    int known = 0;
    int settled = 0;
  };
  using Node = std::optional<std::size_t>;

  void Wrong(const Place& place, std::string message);
  // False (and one problem) when it is deeper than an expression may be.
  bool Shallow(const Place& place);
  bool HasRoom(const Place& place);

  Node Number(const Json& json, const Place& place);
  Node Named(const std::string& name, const Place& place);
  Node IndicatorNamed(const std::string& name, const Place& place);
  Node MakeIndicator(const Json& json, const Place& place);
  Node Calculation(const Json& json, const Place& place);
  Node Ago(const Json& json, const Place& place);
  Node AddValue(ValueNode node, Past past, const Place& place);
  std::optional<std::vector<std::size_t>> Numbers(const Json& json, const Place& place, std::size_t least,
                                                  std::size_t most);
  // A whole number from 1 to 1000, or a parameter that can only be one.
  std::optional<int> Periods(const Json& json, const Place& place);
  std::optional<Decimal> Deviations(const Json& json, const Place& place);
  [[nodiscard]] Past PastOf(const std::vector<std::size_t>& operands) const;

  Node Condition(const Json& json, const Place& place);
  Node ForBars(const Json& json, const Place& place);
  Node AddCondition(ConditionNode node, Past past, const Place& place);
  std::unique_ptr<SignalRule> Rule(const char* key);

  const Json& text_;
  const std::map<std::string, Parameter>& parameters_;
  std::vector<Problem>& problems_;
  Program program_;
  std::vector<Past> value_pasts_;
  std::vector<Past> condition_pasts_;
  std::map<std::string, Node> indicators_;
  std::vector<std::string> under_way_;
  std::map<std::string, std::size_t> series_;
  int kept_ = 0;
  bool full_ = false;
};

}  // namespace ballast::rules
