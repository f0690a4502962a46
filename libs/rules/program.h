#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/rules/indicator.h"

namespace ballast::rules {

// What is true, what is false, and what cannot be said because a number in it is not known.
enum class Truth { kFalse, kTrue, kUnknown };

// One number a bar. Nodes stand in the order in which they are worked out: an operand is an earlier node.
struct ValueNode {
  enum class Kind {
    kOpen,
    kHigh,
    kLow,
    kClose,
    kVolume,
    kTypical,
    kConstant,
    kIndicator,
    kAgo,
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kAbsolute,
    kLeast,
    kGreatest,
  };
  Kind kind = Kind::kConstant;
  // kIndicator and kAgo have one; its source.
  std::vector<std::size_t> operands;
  Decimal constant;
  // Of kIndicator, kAgo: the place in Program::indicators, Program::bars_ago.
  std::size_t place = 0;
};

struct ConditionNode {
  enum class Kind {
    kAbove,
    kBelow,
    kAtLeast,
    kAtMost,
    kEquals,
    kCrossesAbove,
    kCrossesBelow,
    kAll,
    kAny,
    kNot,
    kForBars,
  };
  Kind kind = Kind::kAll;
  // Of a comparison two values, otherwise conditions; earlier nodes.
  std::vector<std::size_t> operands;
  // Of kForBars.
  int bars = 0;
  // Of a cross and of kForBars: its place among the memories of its kind.
  std::size_t place = 0;
};

struct NamedValue {
  std::string name;
  std::size_t node = 0;
};

// A condition for one of the signals, and how it reads: "fast crosses_above slow".
struct SignalRule {
  std::size_t node = 0;
  std::string text;
};

// A text of rules with its parameters filled in, checked: running it cannot go wrong.
struct Program {
  std::vector<ValueNode> values;
  std::vector<ConditionNode> conditions;
  std::vector<std::unique_ptr<Indicator>> indicators;
  // How far back each kAgo looks.
  std::vector<int> bars_ago;
  std::size_t crosses = 0;
  // Of kForBars.
  std::size_t runs = 0;
  // What a signal is told with.
  std::vector<NamedValue> shown;
  std::unique_ptr<SignalRule> long_rule;
  std::unique_ptr<SignalRule> short_rule;
  std::unique_ptr<SignalRule> out_rule;
  int warmup_bars = 1;
};

}  // namespace ballast::rules
