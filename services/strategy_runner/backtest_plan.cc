#include "services/strategy_runner/backtest_plan.h"

#include <algorithm>

#include "libs/backtest/parameter_grid.h"
#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/risk/limit_field.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/spec_codec.h"
#include "services/strategy_runner/time_field.h"

namespace ballast {
namespace {

namespace bt = backtest::v1;

// A report of so many rows still fits a message.
constexpr std::size_t kCombinationsMax = 10'000;
// It is stored with the run, and read with every list of runs.
constexpr std::size_t kSpecBytesMax = 64 << 10;
constexpr std::size_t kAxesMax = 6;
constexpr std::size_t kLimitsMax = 100;
constexpr std::size_t kLabelBytesMax = 100;
constexpr int kSlippageTicksMax = 1'000;

class Planner {
 public:
  Planner(const bt::BacktestSpec& spec, const RuleShelf& shelf, std::vector<FieldError>& errors)
      : spec_(spec), shelf_(shelf), errors_(errors) {}

  BacktestPlan Make() {
    BacktestPlan plan;
    plan.arguments.push_back(Command());
    Deployment(plan);
    Data();
    Money();
    Limits();
    Grid();
    if (spec_.folds() < 0 || spec_.folds() > 100) Wrong("spec.folds", "1 to 100 expected");
    if (spec_.checks() < 0 || spec_.checks() > 10'000) Wrong("spec.checks", "1 to 10000 expected");
    if (spec_.label().size() > kLabelBytesMax) Wrong("spec.label", "at most 100 bytes");
    plan.arguments.insert(plan.arguments.end(), options_.begin(), options_.end());
    return plan;
  }

 private:
  void Wrong(const char* field, std::string why, RejectReason reason = RejectReason::kOutOfRange) {
    errors_.push_back({.field = field, .reason = reason, .message = std::move(why)});
  }
  // One word: whatever the value is, it is no option of its own.
  void Option(const std::string& name, const std::string& value) { options_.push_back(name + "=" + value); }

  std::string Command() {
    switch (spec_.kind()) {
      case bt::BACKTEST_KIND_UNSPECIFIED:
      case bt::BACKTEST_KIND_RUN:
        return "run";
      case bt::BACKTEST_KIND_SWEEP:
        return "sweep";
      case bt::BACKTEST_KIND_WALK_FORWARD:
        return "walk-forward";
      case bt::BACKTEST_KIND_LOOK_AHEAD:
        return "look-ahead";
      default:
        Wrong("spec.kind", "there is no such kind", RejectReason::kBadEnum);
        return "";
    }
  }
  [[nodiscard]] bool has_grid() const {
    return spec_.kind() == bt::BACKTEST_KIND_SWEEP || spec_.kind() == bt::BACKTEST_KIND_WALK_FORWARD;
  }

  void Deployment(BacktestPlan& plan) {
    strategy::v1::DeploymentSpec asked = spec_.deployment();
    asked.set_account_id("backtest");
    std::vector<FieldError> faults;
    strategy::Spec read = SpecFromProto(asked, shelf_, faults);
    for (FieldError& fault : faults) {
      // "spec.symbols" is ours at "spec.deployment.symbols".
      fault.field = "spec.deployment" + fault.field.substr(std::min<std::size_t>(4, fault.field.size()));
      // A grid may say what the base leaves open, and each combination is checked by itself.
      if (has_grid() && fault.field == "spec.deployment.parameters") continue;
      errors_.push_back(std::move(fault));
    }
    if (shelf_.external().Find(read.strategy_id))
      Wrong("spec.deployment.strategy_id",
            "an external strategy is played by its own process: ballast-backtest run --external");
    plan.strategy_id = read.strategy_id;
    plan.fingerprint = FingerprintOf(read.strategy_id, read.parameters, shelf_);
    if (auto rules = shelf_.Find(read.strategy_id))
      plan.rules = rules->row.text;
    else
      Option("--strategy", read.strategy_id);
    for (const auto& [name, value] : read.parameters) Option("--param", name + "=" + value);
    for (const Symbol& symbol : read.symbols) Option("--symbols", symbol.value());
    Option("--timeframe", read.timeframe);
    for (const std::string& setting : SettingTexts(read)) Option("--set", setting);
    if (!spec_.data_set().empty() && read.symbols.size() > 1)
      Wrong("spec.deployment.symbols", "a data set is of one symbol");
  }

  void Data() {
    if (!spec_.data_set().empty()) {
      if (spec_.data_set().size() > 120 ||
          spec_.data_set().find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-@") !=
              std::string::npos)
        Wrong("spec.data_set", "NAME@VERSION is expected", RejectReason::kBadIdentifier);
      Option("--data-set", spec_.data_set());
    }
    UtcTime start, end;
    if (spec_.has_start_time()) {
      start = TimeFromProto(spec_.start_time(), "spec.start_time", errors_);
      Option("--from", start.ToString());
    }
    if (spec_.has_end_time()) {
      end = TimeFromProto(spec_.end_time(), "spec.end_time", errors_);
      Option("--to", end.ToString());
    }
    if (start != UtcTime{} && end != UtcTime{} && end <= start) Wrong("spec.end_time", "after start_time is expected");
  }

  void Money() {
    Number("spec.cash", "--cash", spec_.cash(), Decimal::Of("0.01"), Decimal::FromInt(1'000'000'000'000));
    Number("spec.spread_ratio", "--spread", spec_.spread_ratio(), Decimal(), Decimal::Of("0.5"));
    if (spec_.slippage_ticks() < 0 || spec_.slippage_ticks() > kSlippageTicksMax)
      Wrong("spec.slippage_ticks", "0 to 1000 expected");
    else if (spec_.slippage_ticks() > 0)
      Option("--slippage-ticks", std::to_string(spec_.slippage_ticks()));
  }
  void Number(const char* field, const char* option, const type::v1::Decimal& proto, Decimal least, Decimal most) {
    if (proto.value().empty()) return;
    auto value = wire::FromProto(proto, field);
    if (!value.ok())
      Wrong(field, MessageOf(value.status()), RejectReason::kBadDecimal);
    else if (*value < least || *value > most)
      Wrong(field, least.ToString() + " to " + most.ToString() + " expected, not " + value->ToString());
    else
      Option(option, value->ToString());
  }

  void Limits() {
    if (spec_.limits_size() > static_cast<int>(kLimitsMax)) return Wrong("spec.limits", "at most 100 are expected");
    std::vector<std::pair<std::string, std::string>> sorted(spec_.limits().begin(), spec_.limits().end());
    std::sort(sorted.begin(), sorted.end());
    for (const auto& [name, text] : sorted) {
      const risk::LimitField* field = risk::FindLimitField(name);
      auto value = Decimal::Parse(text);
      if (field == nullptr)
        Wrong("spec.limits", "there is no limit '" + Shortened(name, 64) + "'");
      else if (!value.ok())
        Wrong("spec.limits", name + ": " + MessageOf(value.status()), RejectReason::kBadDecimal);
      else if (value->IsNegative() || *value > field->maximum)
        Wrong("spec.limits", name + ": 0 to " + field->maximum.ToString() + " expected, not " + value->ToString());
      else
        Option("--limit", name + "=" + value->ToString());
    }
  }

  void Grid() {
    if (!has_grid()) {
      if (spec_.grid_size() > 0) Wrong("spec.grid", "only a sweep and a walk-forward have one");
      return;
    }
    if (spec_.grid_size() < 1 || spec_.grid_size() > static_cast<int>(kAxesMax))
      return Wrong("spec.grid", "1 to 6 axes expected");
    auto entry = shelf_.FindEntry(spec_.deployment().strategy_id());
    backtest::ParameterGrid grid(kCombinationsMax);
    for (const bt::GridAxis& axis : spec_.grid()) {
      bool known = entry && std::any_of(entry->parameters.begin(), entry->parameters.end(),
                                        [&](const auto& parameter) { return parameter.name == axis.name(); });
      if (entry && !known) {
        Wrong("spec.grid", "the strategy has no parameter '" + Shortened(axis.name(), 64) + "'");
        continue;
      }
      std::string text = axis.name() + "=" + axis.values();
      if (absl::Status added = grid.Add(text); !added.ok())
        Wrong("spec.grid", Shortened(MessageOf(added), 200));
      else
        Option("--grid", text);
    }
    if (grid.size() > kCombinationsMax)
      Wrong("spec.grid", "at most 10000 combinations expected, not " + std::to_string(grid.size()));
    static const std::vector<std::string> kFigures = {"",       "sharpe",        "return",  "sortino",
                                                      "calmar", "profit_factor", "drawdown"};
    if (std::find(kFigures.begin(), kFigures.end(), spec_.by()) == kFigures.end())
      Wrong("spec.by", "sharpe, return, sortino, calmar, profit_factor or drawdown expected");
    else if (!spec_.by().empty())
      Option("--by", spec_.by());
    if (spec_.kind() == bt::BACKTEST_KIND_WALK_FORWARD && spec_.folds() > 0)
      Option("--folds", std::to_string(spec_.folds()));
  }

  const bt::BacktestSpec& spec_;
  const RuleShelf& shelf_;
  std::vector<FieldError>& errors_;
  std::vector<std::string> options_;
};

void AddSizing(const sizing::Settings& settings, std::vector<std::string>& texts) {
  auto add = [&](const char* name, std::string value) { texts.push_back("sizing." + std::string(name) + "=" + value); };
  add("method", std::string(sizing::NameOf(settings.method)));
  add("risk_ratio", settings.risk_ratio.ToString());
  add("kelly_fraction", settings.kelly_fraction.ToString());
  add("kelly_cap_ratio", settings.kelly_cap_ratio.ToString());
  add("kelly_prior_trades", std::to_string(settings.kelly_prior_trades));
  add("kelly_minimum_trades", std::to_string(settings.kelly_minimum_trades));
  add("volatility_ratio", settings.volatility_ratio.ToString());
  add("volatility_measure", std::string(sizing::NameOf(settings.volatility_measure)));
  add("volatility_decay", settings.volatility_decay.ToString());
  add("volatility_periods", std::to_string(settings.volatility_periods));
  add("consensus", std::string(sizing::NameOf(settings.consensus)));
  std::string members;
  for (sizing::Method member : settings.members)
    members += (members.empty() ? "" : "+") + std::string(sizing::NameOf(member));
  if (!members.empty()) add("members", members);
}

void AddSchedule(const strategy::Schedule& schedule, std::vector<std::string>& texts) {
  std::string days;
  for (std::size_t day = 0; day < schedule.days.size(); ++day) {
    if (schedule.days.at(day)) days += (days.empty() ? "" : "+") + std::string(strategy::kWeekdays.at(day));
  }
  texts.push_back("time_zone=" + std::string(strategy::NameOf(schedule.zone)));
  texts.push_back("days=" + days);
  texts.push_back("hours=" + strategy::MinuteText(schedule.start_minute) + "-" +
                  strategy::MinuteText(schedule.end_minute));
  texts.push_back("close_before_end_minutes=" + std::to_string(schedule.close_before_end_minutes));
}

}  // namespace

BacktestPlan PlanOf(const bt::BacktestSpec& spec, const RuleShelf& shelf, std::vector<FieldError>& errors) {
  if (spec.ByteSizeLong() > kSpecBytesMax) {
    errors.push_back({.field = "spec",
                      .reason = RejectReason::kOutOfRange,
                      .message = "at most " + std::to_string(kSpecBytesMax) + " bytes expected"});
    return {};
  }
  return Planner(spec, shelf, errors).Make();
}

std::string FingerprintOf(const std::string& strategy_id, const strategy::Parameters& parameters,
                          const RuleShelf& shelf) {
  strategy::Parameters all = parameters;
  if (auto entry = shelf.FindEntry(strategy_id)) {
    for (const strategy::ParameterSpec& parameter : entry->parameters)
      all.emplace(parameter.name, parameter.default_value);
  }
  std::string text = strategy_id;
  for (const auto& [name, value] : all) {
    auto number = Decimal::Parse(value);
    text += "|" + name + "=" + (number.ok() ? number->ToString() : value);
  }
  return text;
}

std::vector<std::string> SettingTexts(const strategy::Spec& spec) {
  std::vector<std::string> texts;
  auto ratio = [&](const char* name, const std::optional<Decimal>& value) {
    // 0: none.
    texts.push_back(std::string(name) + "=" + (value ? value->ToString() : "0"));
  };
  ratio("position_size_ratio", spec.position_size_ratio);
  ratio("stop_loss_ratio", spec.stop_loss_ratio);
  ratio("take_profit_ratio", spec.take_profit_ratio);
  ratio("trailing_stop_ratio", spec.trailing_stop_ratio);
  ratio("daily_loss_ratio", spec.daily_loss_ratio);
  ratio("drawdown_ratio", spec.drawdown_ratio);
  ratio("capital_ratio", spec.capital_ratio);
  texts.push_back("max_open_positions=" + std::to_string(spec.max_open_positions));
  texts.push_back(std::string("sides=") + (spec.short_only ? "short_only" : spec.allow_short ? "both" : "long_only"));
  texts.push_back(std::string("entries_wait_for_open=") + (spec.entries_wait_for_open ? "true" : "false"));
  if (spec.confirmation)
    texts.push_back("confirmation=" + spec.confirmation->timeframe + ":" + std::to_string(spec.confirmation->periods));
  if (spec.schedule) AddSchedule(*spec.schedule, texts);
  if (spec.sizing) AddSizing(*spec.sizing, texts);
  return texts;
}

}  // namespace ballast
