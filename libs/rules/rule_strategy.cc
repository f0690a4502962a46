#include "libs/rules/rule_strategy.h"

#include <algorithm>
#include <utility>

namespace ballast::rules {
namespace {

using strategy::Evaluation;
using strategy::Signal;

std::optional<Prices> PricesOf(const Bar& bar) {
  for (Decimal each : {bar.open, bar.high, bar.low, bar.close, bar.volume}) {
    if (!Bounded(each)) return std::nullopt;
  }
  return Prices{.open = bar.open,
                .high = bar.high,
                .low = bar.low,
                .close = bar.close,
                .volume = bar.volume,
                .typical = Rounded(Divide(bar.high + bar.low + bar.close, Decimal::FromInt(3), Rounding::kHalfEven))};
}

Truth Of(bool is) { return is ? Truth::kTrue : Truth::kFalse; }

const std::unique_ptr<SignalRule>& RuleOf(const Program& program, Signal signal) {
  if (signal == Signal::kLong) return program.long_rule;
  return signal == Signal::kShort ? program.short_rule : program.out_rule;
}

const char* NameOf(Signal signal) {
  if (signal == Signal::kLong) return "long: ";
  return signal == Signal::kShort ? "short: " : "out: ";
}

}  // namespace

RuleStrategy::RuleStrategy(Program program)
    : program_(std::move(program)),
      values_(program_.values.size()),
      truths_(program_.conditions.size(), Truth::kUnknown),
      sides_(program_.crosses),
      runs_(program_.runs) {
  for (int bars : program_.bars_ago) past_.emplace_back(bars);
  for (const ConditionNode& node : program_.conditions) {
    // Nobody saw the bars before the first one: they count as unknown, not as false.
    if (node.kind == ConditionNode::Kind::kForBars) runs_[node.place].since_false = node.bars;
  }
}

Value RuleStrategy::ValueOf(const ValueNode& node, const Value& source) {
  auto operand = [&](std::size_t at) -> const Value& { return values_[node.operands[at]]; };
  auto fold = [&](auto step) {
    Value result = operand(0);
    for (std::size_t i = 1; i < node.operands.size() && result; ++i) {
      result = operand(i) ? step(*result, *operand(i)) : std::nullopt;
    }
    return result;
  };
  using Kind = ValueNode::Kind;
  switch (node.kind) {
    case Kind::kOpen:
      return prices_ ? Value(prices_->open) : std::nullopt;
    case Kind::kHigh:
      return prices_ ? Value(prices_->high) : std::nullopt;
    case Kind::kLow:
      return prices_ ? Value(prices_->low) : std::nullopt;
    case Kind::kClose:
      return prices_ ? Value(prices_->close) : std::nullopt;
    case Kind::kVolume:
      return prices_ ? Value(prices_->volume) : std::nullopt;
    case Kind::kTypical:
      return prices_ ? Value(prices_->typical) : std::nullopt;
    case Kind::kConstant:
      return node.constant;
    case Kind::kIndicator:
      // Without prices every series is unknown, but not a number in its place.
      return program_.indicators[node.place]->Next(prices_.value_or(Prices{}), prices_ ? source : std::nullopt);
    case Kind::kAgo: {
      Window<Value>& past = past_[node.place];
      Value before = past.full() ? past.oldest() : std::nullopt;
      past.Push(source);
      return before;
    }
    case Kind::kAdd:
      return fold([](Decimal left, Decimal right) { return Bounded(left + right); });
    case Kind::kSubtract:
      return fold([](Decimal left, Decimal right) { return Bounded(left - right); });
    case Kind::kMultiply:
      return fold([](Decimal left, Decimal right) { return Product(left, right); });
    case Kind::kDivide:
      return fold([](Decimal left, Decimal right) { return Quotient(left, right); });
    case Kind::kAbsolute:
      return source ? Value(source->Abs()) : std::nullopt;
    case Kind::kLeast:
      return fold([](Decimal left, Decimal right) { return Value(std::min(left, right)); });
    case Kind::kGreatest:
      return fold([](Decimal left, Decimal right) { return Value(std::max(left, right)); });
  }
  return std::nullopt;
}

Truth RuleStrategy::Crossed(const ConditionNode& node) {
  const Value& left = values_[node.operands[0]];
  const Value& right = values_[node.operands[1]];
  int& side = sides_[node.place];
  int before = side;
  if (!left || !right) {
    side = 0;
    return Truth::kUnknown;
  }
  int now = (*left - *right).Sign();
  if (now != 0) side = now;
  if (now != (node.kind == ConditionNode::Kind::kCrossesAbove ? 1 : -1)) return Truth::kFalse;
  return before == 0 ? Truth::kUnknown : Of(before != now);
}

Truth RuleStrategy::Lasted(const ConditionNode& node) {
  Run& run = runs_[node.place];
  Truth now = truths_[node.operands[0]];
  run.since_false = now == Truth::kFalse ? 0 : std::min(run.since_false + 1, node.bars);
  run.since_unknown = now == Truth::kUnknown ? 0 : std::min(run.since_unknown + 1, node.bars);
  if (run.since_false < node.bars) return Truth::kFalse;
  return run.since_unknown < node.bars ? Truth::kUnknown : Truth::kTrue;
}

Truth RuleStrategy::TruthOf(const ConditionNode& node) {
  using Kind = ConditionNode::Kind;
  auto compare = [&](auto holds) {
    const Value& left = values_[node.operands[0]];
    const Value& right = values_[node.operands[1]];
    return left && right ? Of(holds(*left, *right)) : Truth::kUnknown;
  };
  auto has = [&](Truth wanted) {
    return std::any_of(node.operands.begin(), node.operands.end(),
                       [&](std::size_t each) { return truths_[each] == wanted; });
  };
  switch (node.kind) {
    case Kind::kAbove:
      return compare([](Decimal left, Decimal right) { return left > right; });
    case Kind::kBelow:
      return compare([](Decimal left, Decimal right) { return left < right; });
    case Kind::kAtLeast:
      return compare([](Decimal left, Decimal right) { return left >= right; });
    case Kind::kAtMost:
      return compare([](Decimal left, Decimal right) { return left <= right; });
    case Kind::kEquals:
      return compare([](Decimal left, Decimal right) { return left == right; });
    case Kind::kCrossesAbove:
    case Kind::kCrossesBelow:
      return Crossed(node);
    case Kind::kAll:
      if (has(Truth::kFalse)) return Truth::kFalse;
      return has(Truth::kUnknown) ? Truth::kUnknown : Truth::kTrue;
    case Kind::kAny:
      if (has(Truth::kTrue)) return Truth::kTrue;
      return has(Truth::kUnknown) ? Truth::kUnknown : Truth::kFalse;
    case Kind::kNot: {
      Truth inner = truths_[node.operands[0]];
      return inner == Truth::kUnknown ? inner : Of(inner == Truth::kFalse);
    }
    case Kind::kForBars:
      return Lasted(node);
  }
  return Truth::kUnknown;
}

Truth RuleStrategy::Holds(const std::unique_ptr<SignalRule>& rule) const {
  return rule ? truths_[rule->node] : Truth::kFalse;
}

Evaluation RuleStrategy::OnBar(const Bar& bar) {
  prices_ = PricesOf(bar);
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const ValueNode& node = program_.values[i];
    values_[i] = ValueOf(node, node.operands.empty() ? std::nullopt : values_[node.operands[0]]);
  }
  // Every one on every bar: those that remember must not miss any.
  for (std::size_t i = 0; i < truths_.size(); ++i) truths_[i] = TruthOf(program_.conditions[i]);
  Truth goes_long = Holds(program_.long_rule), goes_short = Holds(program_.short_rule),
        goes_out = Holds(program_.out_rule);
  Signal now = Signal::kNone;
  if (goes_out == Truth::kTrue) {
    now = Signal::kOut;
  } else if (goes_out == Truth::kFalse && goes_long == Truth::kTrue && goes_short == Truth::kFalse) {
    now = Signal::kLong;
  } else if (goes_out == Truth::kFalse && goes_short == Truth::kTrue && goes_long == Truth::kFalse) {
    now = Signal::kShort;
  }
  Evaluation evaluation;
  if (now != Signal::kNone && now != last_) {
    evaluation.signal = now;
    evaluation.reason = NameOf(now) + RuleOf(program_, now)->text;
    for (const NamedValue& each : program_.shown) {
      evaluation.inputs[each.name] = values_[each.node] ? values_[each.node]->ToString() : "unknown";
    }
    evaluation.inputs["close"] = bar.close.ToString();
  }
  last_ = now;
  return evaluation;
}

}  // namespace ballast::rules
