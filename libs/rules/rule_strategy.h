#pragma once

#include "libs/rules/program.h"
#include "libs/rules/window.h"
#include "libs/strategy/strategy.h"

namespace ballast::rules {

// Runs a program. A signal is told on the first bar of those on which it holds; it holds when its condition is true and
// those of the others are false. Out holds when its condition is true, whatever the others are. Memory is taken when it
// is made and when a signal is told.
class RuleStrategy : public strategy::Strategy {
 public:
  explicit RuleStrategy(Program program);

  strategy::Evaluation OnBar(const Bar& bar) override;
  [[nodiscard]] int warmup_bars() const override { return program_.warmup_bars; }

 private:
  // How many bars ago a condition was false, or unknown; 0: on this one. No more than it is asked for.
  struct Run {
    int since_false = 0;
    int since_unknown = 0;
  };

  [[nodiscard]] Value ValueOf(const ValueNode& node, const Value& source);
  [[nodiscard]] Truth TruthOf(const ConditionNode& node);
  [[nodiscard]] Truth Crossed(const ConditionNode& node);
  [[nodiscard]] Truth Lasted(const ConditionNode& node);
  [[nodiscard]] Truth Holds(const std::unique_ptr<SignalRule>& rule) const;

  Program program_;
  // Nothing where the bar's numbers are beyond the bounds.
  std::optional<Prices> prices_;
  std::vector<Value> values_;
  std::vector<Truth> truths_;
  std::vector<Window<Value>> past_;
  // On which side the first of the two was when it last was on any: a touch is no cross.
  std::vector<int> sides_;
  std::vector<Run> runs_;
  strategy::Signal last_ = strategy::Signal::kNone;
};

}  // namespace ballast::rules
