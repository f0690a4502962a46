#include "tools/backtest/request.h"

#include <fstream>
#include <iterator>
#include <optional>
#include <set>

#include "libs/base/absl_std.h"
#include "libs/risk/limit_field.h"
#include "libs/rules/rule_text.h"
#include "libs/strategy/setting.h"

namespace ballast::backtest {
namespace {

constexpr int kSlippageTicksMax = 1'000;

absl::Status Wrong(const std::string& option, const std::string& why) {
  return absl::InvalidArgumentError(ToAbsl("--" + option + ": " + why));
}

absl::StatusOr<Decimal> Number(const std::string& option, const std::string& text, Decimal low, Decimal high) {
  auto value = Decimal::Parse(text);
  if (!value.ok()) return Wrong(option, MessageOf(value.status()));
  if (*value < low || *value > high)
    return Wrong(option, low.ToString() + " to " + high.ToString() + " expected, not " + text);
  return *value;
}

// Whichever of two were meant: none is taken.
absl::Status NoneTwice(const std::string& option, const std::vector<std::string>& texts) {
  std::set<std::string> names;
  for (const std::string& text : texts) {
    const std::string name = text.substr(0, text.find('='));
    if (!names.insert(name).second) return Wrong(option, name + " is given twice");
  }
  return absl::OkStatus();
}

// "0" or empty: none.
absl::StatusOr<std::optional<Decimal>> Ratio(const std::string& option, const std::string& text) {
  if (text.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(Decimal value, Number(option, text, Decimal(), Decimal::FromInt(1)));
  return value.IsZero() ? std::nullopt : std::optional(value);
}

absl::Status SetLimit(const std::string& text, risk::Limits& limits) {
  std::size_t equals = text.find('=');
  if (equals == std::string::npos) return Wrong("limit", "NAME=VALUE expected, not " + text);
  std::string name = text.substr(0, equals);
  const risk::LimitField* field = risk::FindLimitField(name);
  if (field == nullptr) return Wrong("limit", "there is no limit '" + name + "'");
  ASSIGN_OR_RETURN(Decimal value, Number("limit", text.substr(equals + 1), Decimal(), field->maximum));
  if (field->whole && !value.IsMultipleOf(Decimal::FromInt(1))) return Wrong("limit", name + " is a whole number");
  field->set(limits, value);
  return absl::OkStatus();
}

absl::StatusOr<strategy::Entry> ReadRules(const std::string& path, const std::string& id) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad()) return Wrong("rules", path + " cannot be read");
  std::vector<rules::Problem> problems;
  auto rules = rules::RuleText::Read(text, problems);
  if (!rules) return Wrong("rules", path + "\n" + rules::ToString(problems));
  return rules->EntryFor(id.empty() ? "rules:" + path : id);
}

}  // namespace

absl::StatusOr<UtcTime> ReadTime(const std::string& option, const std::string& text) {
  if (text.empty()) return UtcTime{};
  auto time = UtcTime::Parse(text.size() == 10 ? text + "T00:00:00Z" : text);
  if (!time.ok()) return Wrong(option, "a day (2018-04-04) or a time (2018-04-04T14:30:00Z) expected, not " + text);
  // UtcTime{} says that nothing was given; no bar begins in the nanosecond before it.
  return time->nanos == 0 ? *time - Duration{1} : *time;
}

absl::StatusOr<strategy::Parameters> ReadParameters(const std::vector<std::string>& texts) {
  strategy::Parameters parameters;
  for (const std::string& text : texts) {
    std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) return Wrong("param", "NAME=VALUE expected, not " + text);
    if (!parameters.emplace(text.substr(0, equals), text.substr(equals + 1)).second)
      return Wrong("param", text.substr(0, equals) + " is given twice");
  }
  return parameters;
}

absl::StatusOr<SpreadModel> ReadSpread(const Request& request) {
  SpreadModel model;
  ASSIGN_OR_RETURN(model.ratio, Number("spread", request.spread, Decimal(), Decimal::Of("0.5")));
  return model;
}

absl::StatusOr<RunOptions> ReadRunOptions(const Request& request) {
  RunOptions setup;
  setup.spec.strategy_id = request.strategy;
  if (!request.rules.empty()) {
    ASSIGN_OR_RETURN(setup.entry, ReadRules(request.rules, request.rules_id));
    setup.spec.strategy_id = setup.entry->strategy_id;
  }
  setup.spec.timeframe = request.timeframe;
  setup.spec.max_open_positions = request.positions_max;
  setup.spec.allow_short = request.allow_short;
  for (const std::string& symbol : request.symbols) setup.spec.symbols.emplace_back(symbol);
  ASSIGN_OR_RETURN(setup.spec.parameters, ReadParameters(request.parameters));
  ASSIGN_OR_RETURN(setup.spec.position_size_ratio,
                   Number("size", request.size, Decimal::Of("0.000001"), Decimal::FromInt(1)));
  ASSIGN_OR_RETURN(setup.spec.stop_loss_ratio, Ratio("stop", request.stop));
  ASSIGN_OR_RETURN(setup.spec.take_profit_ratio, Ratio("target", request.target));
  setup.settings = request.settings;
  RETURN_IF_ERROR(NoneTwice("set", request.settings));
  RETURN_IF_ERROR(NoneTwice("limit", request.limits));
  for (const std::string& text : request.settings) {
    std::size_t equals = text.find('=');
    if (equals == std::string::npos) return Wrong("set", "NAME=VALUE expected, not " + text);
    auto set = strategy::SetSetting(setup.spec, text.substr(0, equals), text.substr(equals + 1));
    if (!set.ok()) return Wrong("set", MessageOf(set.status()));
    if (!*set) return Wrong("set", "there is no setting '" + text.substr(0, equals) + "'");
  }
  if (std::string fault = strategy::Fault(setup.spec); !fault.empty()) return Wrong("set", fault);
  ASSIGN_OR_RETURN(setup.cash, Number("cash", request.cash, Decimal::Of("0.01"), Decimal::FromInt(1'000'000'000'000)));
  // As a suite's backtests: what is below zero would be a gift.
  if (request.slippage_ticks < 0 || request.slippage_ticks > kSlippageTicksMax)
    return Wrong("slippage-ticks", "0 to " + std::to_string(kSlippageTicksMax) + " expected, not " +
                                       std::to_string(request.slippage_ticks));
  setup.venue.slippage_ticks = request.slippage_ticks;
  setup.venue.depth = request.depth;
  ASSIGN_OR_RETURN(setup.trade_from, ReadTime("from", request.from));
  for (const std::string& limit : request.limits) RETURN_IF_ERROR(SetLimit(limit, setup.limits));
  return setup;
}

}  // namespace ballast::backtest
