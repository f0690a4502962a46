#include <algorithm>
#include <utility>

#include "libs/rules/compiler.h"

namespace ballast::rules {
namespace {

constexpr int kPeriodsMax = 1000;
constexpr std::size_t kNumbersMax = 16;
// Of all windows together: some megabytes.
constexpr int kKeptMax = 65'536;
// A sum of pasts stays far from overflow; the compiler refuses long before.
constexpr int kPastMax = 1'000'000;

const std::map<std::string, ValueNode::Kind>& Series() {
  using Kind = ValueNode::Kind;
  static const std::map<std::string, Kind> kSeries = {{"open", Kind::kOpen},     {"high", Kind::kHigh},
                                                      {"low", Kind::kLow},       {"close", Kind::kClose},
                                                      {"volume", Kind::kVolume}, {"typical", Kind::kTypical}};
  return kSeries;
}

}  // namespace

Compiler::Past Compiler::PastOf(const std::vector<std::size_t>& operands) const {
  Past past;
  for (std::size_t each : operands) {
    past.known = std::max(past.known, value_pasts_[each].known);
    past.settled = std::max(past.settled, value_pasts_[each].settled);
  }
  return past;
}

Compiler::Node Compiler::AddValue(ValueNode node, Past past, const Place& place) {
  if (!HasRoom(place)) return std::nullopt;
  program_.values.push_back(std::move(node));
  value_pasts_.push_back({std::min(past.known, kPastMax), std::min(past.settled, kPastMax)});
  return program_.values.size() - 1;
}

std::optional<int> Compiler::Periods(const Json& json, const Place& place) {
  int value = 0;
  if (json.kind == Json::Kind::kText) {
    auto found = parameters_.find(json.text);
    if (found == parameters_.end()) {
      Wrong(place, "there is no parameter " + Quoted(json.text));
      return std::nullopt;
    }
    const Parameter& parameter = found->second;
    if (!parameter.integer || parameter.minimum < Decimal::FromInt(1) ||
        parameter.maximum > Decimal::FromInt(kPeriodsMax)) {
      Wrong(place, "the parameter " + Quoted(json.text) + " is not of type integer from 1 to 1000");
      return std::nullopt;
    }
    // Its own default is beyond its bounds: a problem that has been told.
    if (parameter.value < parameter.minimum || parameter.value > parameter.maximum) return std::nullopt;
    value = static_cast<int>(parameter.value.units() / Decimal::FromInt(1).units());
  } else {
    auto number = ReadNumber(json, place.pointer, problems_);
    if (!number) return std::nullopt;
    if (!number->IsMultipleOf(Decimal::FromInt(1)) || *number < Decimal::FromInt(1) ||
        *number > Decimal::FromInt(kPeriodsMax)) {
      Wrong(place, "a whole number from 1 to 1000 is expected, not " + number->ToString());
      return std::nullopt;
    }
    value = static_cast<int>(number->units() / Decimal::FromInt(1).units());
  }
  bool fitted = kept_ <= kKeptMax;
  kept_ += value;
  if (fitted && kept_ > kKeptMax) Wrong(place, "all periods together are more than 65536 bars");
  if (kept_ > kKeptMax) return std::nullopt;
  return value;
}

std::optional<Decimal> Compiler::Deviations(const Json& json, const Place& place) {
  Decimal least, most, value;
  if (json.kind == Json::Kind::kText) {
    auto found = parameters_.find(json.text);
    if (found == parameters_.end()) {
      Wrong(place, "there is no parameter " + Quoted(json.text));
      return std::nullopt;
    }
    least = found->second.minimum;
    most = found->second.maximum;
    value = found->second.value;
  } else {
    auto number = ReadNumber(json, place.pointer, problems_);
    if (!number) return std::nullopt;
    least = most = value = *number;
  }
  if (!least.IsNegative() && most <= Decimal::FromInt(100)) return value;
  Wrong(place, "0 to 100 is expected");
  return std::nullopt;
}

Compiler::Node Compiler::MakeIndicator(const Json& json, const Place& place) {
  if (json.kind != Json::Kind::kObject) {
    Wrong(place, "an object with a type is expected");
    return std::nullopt;
  }
  const Json* named = json.Find("type");
  const IndicatorType* type =
      named != nullptr && named->kind == Json::Kind::kText ? FindIndicatorType(named->text) : nullptr;
  if (type == nullptr) {
    std::string all = "; there are: " + IndicatorTypeNames();
    if (named == nullptr) {
      Wrong(place, "type is missing" + all);
    } else {
      Wrong(place.Into("type"), "there is no indicator " + Quoted(named->text) + all);
    }
    return std::nullopt;
  }
  std::vector<std::string_view> known = {"type"};
  if (type->source_can_be_said) known.push_back("of");
  known.insert(known.end(), type->periods.begin(), type->periods.end());
  if (type->deviations) known.push_back("deviations");
  RefuseUnknownKeys(json, place.pointer, known, problems_);
  std::vector<int> periods;
  for (std::string_view key : type->periods) {
    const Json* found = json.Find(key);
    if (found == nullptr) {
      Wrong(place, std::string(key) + " is missing");
    } else if (auto value = Periods(*found, place.Into(found->key)); value) {
      periods.push_back(*value);
    }
  }
  std::optional<Decimal> deviations = Decimal();
  if (type->deviations) {
    const Json* found = json.Find("deviations");
    if (found == nullptr) Wrong(place, "deviations is missing");
    deviations = found != nullptr ? Deviations(*found, place.Into("deviations")) : std::nullopt;
  }
  const Json* of = type->source_can_be_said ? json.Find("of") : nullptr;
  Node source = of != nullptr ? Number(*of, Place{place.pointer + "/of"}) : Named(std::string(type->source), place);
  if (!source || !deviations || periods.size() < type->periods.size()) return std::nullopt;
  Past past = value_pasts_[*source];
  program_.indicators.push_back(type->make(periods, *deviations));
  return AddValue({.kind = ValueNode::Kind::kIndicator, .operands = {*source}, .place = program_.indicators.size() - 1},
                  {past.known + type->known_after(periods) - 1, past.settled + type->settled_after(periods) - 1},
                  place);
}

Compiler::Node Compiler::IndicatorNamed(const std::string& name, const Place& place) {
  if (auto found = indicators_.find(name); found != indicators_.end()) return found->second;
  if (auto start = std::find(under_way_.begin(), under_way_.end(), name); start != under_way_.end()) {
    std::string circle;
    for (; start != under_way_.end(); ++start) circle += *start + " -> ";
    Wrong(place, "indicators in a circle: " + circle + name);
    return std::nullopt;
  }
  under_way_.push_back(name);
  Node made = MakeIndicator(*text_.Find("indicators")->Find(name), {Below("/indicators", name)});
  under_way_.pop_back();
  indicators_[name] = made;
  return made;
}

Compiler::Node Compiler::Named(const std::string& name, const Place& place) {
  if (auto series = Series().find(name); series != Series().end()) {
    if (auto made = series_.find(name); made != series_.end()) return made->second;
    Node node = AddValue({.kind = series->second}, {1, 1}, place);
    if (node) series_[name] = *node;
    return node;
  }
  if (auto found = parameters_.find(name); found != parameters_.end())
    return AddValue({.kind = ValueNode::Kind::kConstant, .constant = found->second.value}, {}, place);
  const Json* indicators = text_.Find("indicators");
  if (indicators != nullptr && indicators->Find(name) != nullptr) return IndicatorNamed(name, place);
  Wrong(place, "there is no series, parameter or indicator " + Quoted(name));
  return std::nullopt;
}

std::optional<std::vector<std::size_t>> Compiler::Numbers(const Json& json, const Place& place, std::size_t least,
                                                          std::size_t most) {
  if (json.kind != Json::Kind::kArray || json.items.size() < least || json.items.size() > most) {
    Wrong(place, least == most
                     ? "an array of " + std::to_string(least) + " numbers is expected"
                     : "an array of " + std::to_string(least) + " to " + std::to_string(most) + " numbers is expected");
    return std::nullopt;
  }
  std::vector<std::size_t> nodes;
  for (std::size_t i = 0; i < json.items.size(); ++i) {
    if (Node each = Number(json.items[i], place.Into(i)); each) nodes.push_back(*each);
  }
  if (nodes.size() < json.items.size()) return std::nullopt;
  return nodes;
}

Compiler::Node Compiler::Ago(const Json& json, const Place& place) {
  if (json.kind != Json::Kind::kObject) {
    Wrong(place, "an object with of and bars is expected");
    return std::nullopt;
  }
  RefuseUnknownKeys(json, place.pointer, {"of", "bars"}, problems_);
  const Json* of = json.Find("of");
  const Json* bars = json.Find("bars");
  if (of == nullptr) Wrong(place, "of is missing");
  if (bars == nullptr) Wrong(place, "bars is missing");
  Node source = of != nullptr ? Number(*of, place.Into("of").Down()) : std::nullopt;
  std::optional<int> count = bars != nullptr ? Periods(*bars, place.Into("bars")) : std::nullopt;
  if (!source || !count) return std::nullopt;
  program_.bars_ago.push_back(*count);
  Past past = value_pasts_[*source];
  return AddValue({.kind = ValueNode::Kind::kAgo, .operands = {*source}, .place = program_.bars_ago.size() - 1},
                  {past.known + *count, past.settled + *count}, place);
}

Compiler::Node Compiler::Calculation(const Json& json, const Place& place) {
  using Kind = ValueNode::Kind;
  struct Shape {
    Kind kind;
    std::size_t least;
    std::size_t most;
  };
  static const std::map<std::string, Shape> kShapes = {
      {"add", {Kind::kAdd, 2, kNumbersMax}},           {"subtract", {Kind::kSubtract, 2, 2}},
      {"multiply", {Kind::kMultiply, 2, kNumbersMax}}, {"divide", {Kind::kDivide, 2, 2}},
      {"absolute", {Kind::kAbsolute, 1, 1}},           {"least", {Kind::kLeast, 2, kNumbersMax}},
      {"greatest", {Kind::kGreatest, 2, kNumbersMax}}};
  const Json& body = json.items[0];
  if (body.key == "ago") return Ago(body, place.Into("ago"));
  auto shape = kShapes.find(body.key);
  if (shape == kShapes.end()) {
    Wrong(place.Into(body.key),
          "no calculation; there are: add, subtract, multiply, divide, absolute, least, greatest, ago");
    return std::nullopt;
  }
  auto operands = Numbers(body, place.Into(body.key), shape->second.least, shape->second.most);
  if (!operands) return std::nullopt;
  Past past = PastOf(*operands);
  return AddValue({.kind = shape->second.kind, .operands = std::move(*operands)}, past, place);
}

Compiler::Node Compiler::Number(const Json& json, const Place& place) {
  if (!Shallow(place)) return std::nullopt;
  if (json.kind == Json::Kind::kText) return Named(json.text, place);
  if (json.kind == Json::Kind::kObject && json.items.size() == 1) return Calculation(json, place);
  if (json.kind == Json::Kind::kNumber) {
    auto number = ReadNumber(json, place.pointer, problems_);
    if (!number) return std::nullopt;
    return AddValue({.kind = ValueNode::Kind::kConstant, .constant = *number}, {}, place);
  }
  Wrong(place, "a number, a name or an object with one calculation is expected");
  return std::nullopt;
}

}  // namespace ballast::rules
