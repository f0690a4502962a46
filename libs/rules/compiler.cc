#include "libs/rules/compiler.h"

#include <algorithm>
#include <utility>

namespace ballast::rules {
namespace {

constexpr int kDepthMax = 16;
constexpr std::size_t kNodesMax = 500;
constexpr std::size_t kIndicatorsMax = 64;
constexpr std::size_t kOperandsMax = 16;
// The market's history answers with no more bars.
constexpr int kWarmupMax = 5'000;
constexpr std::size_t kRuleTextBytesMax = 200;

// How a condition reads, for people.
void Describe(const Json& json, std::string& text) {
  if (text.size() > kRuleTextBytesMax) return;
  if (json.kind != Json::Kind::kObject || json.items.size() != 1) {
    text += json.text;
    return;
  }
  const Json& body = json.items.front();
  if (body.kind == Json::Kind::kArray && body.items.size() == 2 && body.key != "all" && body.key != "any") {
    Describe(body.items[0], text);
    text += " " + body.key + " ";
    Describe(body.items[1], text);
    return;
  }
  text += body.key + "(";
  for (std::size_t i = 0; i < body.items.size(); ++i) {
    if (i > 0) text += ", ";
    Describe(body.items[i], text);
  }
  if (body.items.empty()) text += body.text;
  text += ")";
}

}  // namespace

void Compiler::Wrong(const Place& place, std::string message) {
  problems_.push_back({.pointer = place.pointer, .message = std::move(message)});
}

bool Compiler::Shallow(const Place& place) {
  if (place.depth <= kDepthMax) return true;
  Wrong(place, "nested deeper than 16");
  return false;
}

bool Compiler::HasRoom(const Place& place) {
  if (program_.values.size() + program_.conditions.size() < kNodesMax) return true;
  if (!full_) Wrong(place, "more than 500 numbers and conditions");
  full_ = true;
  return false;
}

Compiler::Node Compiler::AddCondition(ConditionNode node, Past past, const Place& place) {
  if (!HasRoom(place)) return std::nullopt;
  program_.conditions.push_back(std::move(node));
  condition_pasts_.push_back(past);
  return program_.conditions.size() - 1;
}

Compiler::Node Compiler::ForBars(const Json& json, const Place& place) {
  if (json.kind != Json::Kind::kObject) {
    Wrong(place, "an object with condition and bars is expected");
    return std::nullopt;
  }
  RefuseUnknownKeys(json, place.pointer, {"condition", "bars"}, problems_);
  const Json* inner = json.Find("condition");
  const Json* bars = json.Find("bars");
  if (inner == nullptr) Wrong(place, "condition is missing");
  if (bars == nullptr) Wrong(place, "bars is missing");
  Node condition = inner != nullptr ? Condition(*inner, place.Into("condition").Down()) : std::nullopt;
  std::optional<int> count = bars != nullptr ? Periods(*bars, place.Into("bars")) : std::nullopt;
  if (!condition || !count) return std::nullopt;
  Past past = condition_pasts_[*condition];
  return AddCondition(
      {.kind = ConditionNode::Kind::kForBars, .operands = {*condition}, .bars = *count, .place = program_.runs++},
      {past.known + *count - 1, past.settled + *count - 1}, place);
}

Compiler::Node Compiler::Condition(const Json& json, const Place& place) {
  using Kind = ConditionNode::Kind;
  static const std::map<std::string, Kind> kKinds = {{"above", Kind::kAbove},
                                                     {"below", Kind::kBelow},
                                                     {"at_least", Kind::kAtLeast},
                                                     {"at_most", Kind::kAtMost},
                                                     {"equals", Kind::kEquals},
                                                     {"crosses_above", Kind::kCrossesAbove},
                                                     {"crosses_below", Kind::kCrossesBelow},
                                                     {"all", Kind::kAll},
                                                     {"any", Kind::kAny},
                                                     {"not", Kind::kNot},
                                                     {"for_bars", Kind::kForBars}};
  if (!Shallow(place)) return std::nullopt;
  auto kind =
      json.kind == Json::Kind::kObject && json.items.size() == 1 ? kKinds.find(json.items[0].key) : kKinds.end();
  if (kind == kKinds.end()) {
    Wrong(place,
          "a condition is an object with one key: above, below, at_least, at_most, equals, crosses_above, "
          "crosses_below, all, any, not or for_bars");
    return std::nullopt;
  }
  const Json& body = json.items[0];
  Place inside = place.Into(body.key);
  ConditionNode node{.kind = kind->second};
  switch (node.kind) {
    case Kind::kForBars:
      return ForBars(body, inside);
    case Kind::kNot: {
      Node inner = Condition(body, inside.Down());
      if (!inner) return std::nullopt;
      node.operands = {*inner};
      return AddCondition(std::move(node), condition_pasts_[*inner], place);
    }
    case Kind::kAll:
    case Kind::kAny: {
      if (body.kind != Json::Kind::kArray || body.items.empty() || body.items.size() > kOperandsMax) {
        Wrong(inside, "1 to 16 conditions are expected");
        return std::nullopt;
      }
      Past past;
      for (std::size_t i = 0; i < body.items.size(); ++i) {
        Node each = Condition(body.items[i], inside.Into(i));
        if (!each) continue;
        node.operands.push_back(*each);
        past.known = std::max(past.known, condition_pasts_[*each].known);
        past.settled = std::max(past.settled, condition_pasts_[*each].settled);
      }
      if (node.operands.size() < body.items.size()) return std::nullopt;
      return AddCondition(std::move(node), past, place);
    }
    default: {
      auto operands = Numbers(body, inside, 2, 2);
      if (!operands) return std::nullopt;
      node.operands = std::move(*operands);
      Past past = PastOf(node.operands);
      if (node.kind == Kind::kCrossesAbove || node.kind == Kind::kCrossesBelow) {
        node.place = program_.crosses++;
        ++past.known;
        ++past.settled;
      }
      return AddCondition(std::move(node), past, place);
    }
  }
}

std::unique_ptr<SignalRule> Compiler::Rule(const char* key) {
  const Json* json = text_.Find(key);
  if (json == nullptr) return nullptr;
  Node node = Condition(*json, {std::string("/") + key});
  if (!node) return nullptr;
  auto rule = std::make_unique<SignalRule>(SignalRule{.node = *node});
  Describe(*json, rule->text);
  if (rule->text.size() > kRuleTextBytesMax) rule->text = rule->text.substr(0, kRuleTextBytesMax) + "...";
  return rule;
}

Program Compiler::Run() {
  if (const Json* indicators = text_.Find("indicators"); indicators != nullptr) {
    Place place{"/indicators"};
    if (indicators->kind != Json::Kind::kObject) {
      Wrong(place, "an object is expected");
    } else if (indicators->items.size() > kIndicatorsMax) {
      Wrong(place, "at most 64 indicators are expected");
      return {};
    } else {
      for (const Json& item : indicators->items) {
        if (!IsName(item.key)) {
          Wrong(place.Into(item.key), "no name: a to z first, then a to z, 0 to 9 and _, at most 40");
        } else if (parameters_.contains(item.key)) {
          Wrong(place.Into(item.key), "there is a parameter of that name");
        } else if (Node node = IndicatorNamed(item.key, place.Into(item.key)); node) {
          program_.shown.push_back({item.key, *node});
        }
      }
    }
  }
  if (text_.Find("long") == nullptr && text_.Find("short") == nullptr)
    Wrong({""}, "long or short is missing: it would never trade");
  program_.long_rule = Rule("long");
  program_.short_rule = Rule("short");
  program_.out_rule = Rule("out");
  Past past;
  for (const auto* rule : {&program_.long_rule, &program_.short_rule, &program_.out_rule}) {
    if (!*rule) continue;
    past.known = std::max(past.known, condition_pasts_[(*rule)->node].known);
    past.settled = std::max(past.settled, condition_pasts_[(*rule)->node].settled);
  }
  if (past.known > kWarmupMax)
    Wrong({""}, "it would need " + std::to_string(past.known) + " bars before its first signal; 5000 at most");
  // One more, so that the first bar that is decided on has one before it.
  program_.warmup_bars = std::min(past.settled + 1, kWarmupMax);
  return std::move(program_);
}

}  // namespace ballast::rules
