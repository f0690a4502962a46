#include "services/strategy_runner/spec_codec.h"

#include <algorithm>
#include <set>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/strategy/catalogue.h"
#include "libs/strategy/setting.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/sizing_codec.h"

namespace ballast {
namespace {

constexpr int kSymbolsMax = 50;
constexpr int kOpenPositionsMax = 50;
constexpr std::size_t kNameBytesMax = 100;
constexpr std::size_t kIdBytesMax = 40;

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == separator)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

bool IsZero(const type::v1::Decimal& value) {
  auto read = Decimal::Parse(value.value());
  return read.ok() && read->IsZero();
}

// A fraction in (0, max]; nothing when it is not given.
std::optional<Decimal> Ratio(const type::v1::Decimal& proto, bool given, const char* field, Decimal max,
                             std::vector<FieldError>& errors) {
  if (!given || proto.value().empty()) return std::nullopt;
  auto value = wire::FromProto(proto, field);
  if (!value.ok()) {
    errors.push_back({.field = field, .reason = RejectReason::kBadDecimal, .message = MessageOf(value.status())});
    return std::nullopt;
  }
  if (!value->IsPositive() || *value > max) {
    errors.push_back({.field = field,
                      .reason = RejectReason::kOutOfRange,
                      .message = "above 0 and at most " + max.ToString() + " expected, not " + value->ToString()});
    return std::nullopt;
  }
  return *value;
}

strategy::Schedule ScheduleFromProto(const strategy::v1::DeploymentSchedule& proto, std::vector<FieldError>& errors) {
  strategy::Schedule schedule;
  auto wrong = [&](const char* field, const char* why) {
    errors.push_back({.field = field, .reason = RejectReason::kOutOfRange, .message = why});
  };
  if (auto zone = strategy::ZoneNamed(proto.time_zone().empty() ? "UTC" : proto.time_zone()))
    schedule.zone = *zone;
  else
    wrong("spec.schedule.time_zone", "UTC, America/New_York or INSTRUMENT expected");
  if (proto.days_size() > 0) schedule.days = {};
  for (const std::string& name : proto.days()) {
    auto day = std::find(strategy::kWeekdays.begin(), strategy::kWeekdays.end(), name);
    if (day == strategy::kWeekdays.end())
      wrong("spec.schedule.days", "MON, TUE, WED, THU, FRI, SAT or SUN expected");
    else
      schedule.days.at(static_cast<std::size_t>(day - strategy::kWeekdays.begin())) = true;
  }
  auto minute = [&](const char* field, const std::string& text, int& out) {
    if (text.empty()) return;
    if (auto read = strategy::MinuteOf(text))
      out = *read;
    else
      wrong(field, "a time like 09:30 expected");
  };
  minute("spec.schedule.start_time", proto.start_time(), schedule.start_minute);
  minute("spec.schedule.end_time", proto.end_time(), schedule.end_minute);
  schedule.close_before_end_minutes = proto.close_before_end_minutes();
  return schedule;
}

void ToProto(const strategy::Schedule& schedule, strategy::v1::DeploymentSchedule* out) {
  out->set_time_zone(std::string(strategy::NameOf(schedule.zone)));
  for (std::size_t day = 0; day < schedule.days.size(); ++day) {
    if (schedule.days.at(day)) out->add_days(strategy::kWeekdays.at(day));
  }
  out->set_start_time(strategy::MinuteText(schedule.start_minute));
  out->set_end_time(strategy::MinuteText(schedule.end_minute));
  out->set_close_before_end_minutes(schedule.close_before_end_minutes);
}

// Everything that came after the first settings.
void ReadMore(const strategy::v1::DeploymentSpec& proto, strategy::Spec& spec, std::vector<FieldError>& errors) {
  switch (proto.sides()) {
    case strategy::v1::DEPLOYMENT_SIDES_UNSPECIFIED:
      break;
    case strategy::v1::DEPLOYMENT_SIDES_BOTH:
    case strategy::v1::DEPLOYMENT_SIDES_LONG_ONLY:
    case strategy::v1::DEPLOYMENT_SIDES_SHORT_ONLY:
      spec.allow_short = proto.sides() != strategy::v1::DEPLOYMENT_SIDES_LONG_ONLY;
      spec.short_only = proto.sides() == strategy::v1::DEPLOYMENT_SIDES_SHORT_ONLY;
      break;
    default:
      errors.push_back({.field = "spec.sides", .reason = RejectReason::kOutOfRange, .message = "there are no such"});
  }
  auto ratio = [&](const type::v1::Decimal& value, bool given, const char* field, Decimal most) {
    return Ratio(value, given, field, most, errors);
  };
  const Decimal one = Decimal::FromInt(1);
  spec.trailing_stop_ratio = ratio(proto.trailing_stop_ratio(), proto.has_trailing_stop_ratio(),
                                   "spec.trailing_stop_ratio", Decimal::Of("0.99"));
  // Zero says that there is none, whoever reads it: where one is made, nothing said is the usual limit.
  auto limit = [&](const type::v1::Decimal& value, bool given, const char* field) {
    return IsZero(value) ? std::nullopt : ratio(value, given, field, one);
  };
  spec.daily_loss_ratio = limit(proto.daily_loss_ratio(), proto.has_daily_loss_ratio(), "spec.daily_loss_ratio");
  spec.drawdown_ratio = limit(proto.drawdown_ratio(), proto.has_drawdown_ratio(), "spec.drawdown_ratio");
  spec.capital_ratio = ratio(proto.capital_ratio(), proto.has_capital_ratio(), "spec.capital_ratio", one);
  if (proto.has_schedule()) spec.schedule = ScheduleFromProto(proto.schedule(), errors);
  if (proto.has_confirmation())
    spec.confirmation = strategy::Confirmation{.timeframe = proto.confirmation().timeframe(),
                                               .periods = proto.confirmation().periods()};
  if (proto.has_sizing()) spec.sizing = SettingsFromProto(proto.sizing(), "spec.sizing", errors);
  spec.entries_wait_for_open = proto.entries_wait_for_open();
}

}  // namespace

strategy::Spec SpecFromProto(const strategy::v1::DeploymentSpec& proto, const RuleShelf& shelf,
                             std::vector<FieldError>& errors) {
  auto wrong = [&](const char* field, RejectReason reason, std::string message) {
    errors.push_back({.field = field, .reason = reason, .message = std::move(message)});
  };
  strategy::Spec spec;
  spec.strategy_id = proto.strategy_id();
  for (const auto& [name, value] : proto.parameters()) spec.parameters[name] = value;
  if (auto entry = shelf.FindEntry(spec.strategy_id); !entry) {
    wrong("spec.strategy_id", RejectReason::kOutOfRange, "there is no strategy '" + spec.strategy_id + "'");
  } else if (auto made = entry->make(spec.parameters); !made.ok()) {
    wrong("spec.parameters", RejectReason::kOutOfRange, MessageOf(made.status()));
  }
  spec.account_id = AccountId(proto.account_id());
  if (!IsIdentifier(proto.account_id()))
    wrong("spec.account_id", RejectReason::kBadIdentifier, "an account is expected");
  std::set<std::string> seen;
  for (const std::string& symbol : proto.symbols()) {
    if (!IsIdentifier(symbol))
      wrong("spec.symbols", RejectReason::kBadIdentifier, "'" + Shortened(symbol, 64) + "' is no symbol");
    else if (!seen.insert(symbol).second)
      wrong("spec.symbols", RejectReason::kOutOfRange, symbol + " is named twice");
    else
      spec.symbols.emplace_back(symbol);
  }
  std::sort(spec.symbols.begin(), spec.symbols.end());
  if (proto.symbols_size() < 1 || proto.symbols_size() > kSymbolsMax) {
    wrong("spec.symbols", RejectReason::kOutOfRange, "1 to 50 symbols expected");
  }
  spec.timeframe = proto.timeframe();
  if (strategy::SecondsOf(spec.timeframe) == 0)
    wrong("spec.timeframe", RejectReason::kOutOfRange, "1s, 5s, 15s, 1m, 5m, 15m, 1h or 1d expected");
  spec.position_size_ratio = Ratio(proto.position_size_ratio(), proto.has_position_size_ratio(),
                                   "spec.position_size_ratio", Decimal::FromInt(1), errors)
                                 .value_or(spec.position_size_ratio);
  spec.stop_loss_ratio =
      Ratio(proto.stop_loss_ratio(), proto.has_stop_loss_ratio(), "spec.stop_loss_ratio", Decimal::Of("0.99"), errors);
  spec.take_profit_ratio = Ratio(proto.take_profit_ratio(), proto.has_take_profit_ratio(), "spec.take_profit_ratio",
                                 Decimal::FromInt(10), errors);
  if (proto.max_open_positions() != 0) spec.max_open_positions = proto.max_open_positions();
  if (spec.max_open_positions < 1 || spec.max_open_positions > kOpenPositionsMax) {
    wrong("spec.max_open_positions", RejectReason::kOutOfRange, "1 to 50 expected");
  }
  spec.allow_short = proto.allow_short();
  spec.display_name = proto.display_name();
  if (spec.display_name.size() > kNameBytesMax)
    wrong("spec.display_name", RejectReason::kOutOfRange, "at most 100 bytes");
  ReadMore(proto, spec, errors);
  // What is wrong by itself is named above; here what only shows together.
  if (std::string fault = errors.empty() ? strategy::Fault(spec) : ""; !fault.empty()) {
    std::size_t colon = fault.find(':');
    errors.push_back({.field = "spec." + fault.substr(0, colon),
                      .reason = RejectReason::kOutOfRange,
                      .message = fault.substr(colon + 2)});
  }
  return spec;
}

strategy::v1::DeploymentSpec WithUsualLimits(strategy::v1::DeploymentSpec spec) {
  if (!spec.has_daily_loss_ratio() || spec.daily_loss_ratio().value().empty())
    wire::ToProto(strategy::kUsualDailyLoss, spec.mutable_daily_loss_ratio());
  else if (IsZero(spec.daily_loss_ratio()))
    spec.clear_daily_loss_ratio();
  if (!spec.has_drawdown_ratio() || spec.drawdown_ratio().value().empty())
    wire::ToProto(strategy::kUsualDrawdown, spec.mutable_drawdown_ratio());
  else if (IsZero(spec.drawdown_ratio()))
    spec.clear_drawdown_ratio();
  return spec;
}

void ToProto(const strategy::Spec& spec, strategy::v1::DeploymentSpec* out) {
  out->set_strategy_id(spec.strategy_id);
  for (const auto& [name, value] : spec.parameters) (*out->mutable_parameters())[name] = value;
  out->set_account_id(spec.account_id.value());
  for (const Symbol& symbol : spec.symbols) out->add_symbols(symbol.value());
  out->set_timeframe(spec.timeframe);
  wire::ToProto(spec.position_size_ratio, out->mutable_position_size_ratio());
  if (spec.stop_loss_ratio) wire::ToProto(*spec.stop_loss_ratio, out->mutable_stop_loss_ratio());
  if (spec.take_profit_ratio) wire::ToProto(*spec.take_profit_ratio, out->mutable_take_profit_ratio());
  out->set_max_open_positions(spec.max_open_positions);
  out->set_allow_short(spec.allow_short);
  out->set_display_name(spec.display_name);
  if (spec.sizing) ToProto(*spec.sizing, out->mutable_sizing());
  if (spec.short_only) out->set_sides(strategy::v1::DEPLOYMENT_SIDES_SHORT_ONLY);
  if (spec.trailing_stop_ratio) wire::ToProto(*spec.trailing_stop_ratio, out->mutable_trailing_stop_ratio());
  if (spec.daily_loss_ratio) wire::ToProto(*spec.daily_loss_ratio, out->mutable_daily_loss_ratio());
  if (spec.drawdown_ratio) wire::ToProto(*spec.drawdown_ratio, out->mutable_drawdown_ratio());
  if (spec.schedule) ToProto(*spec.schedule, out->mutable_schedule());
  if (spec.confirmation) {
    out->mutable_confirmation()->set_timeframe(spec.confirmation->timeframe);
    out->mutable_confirmation()->set_periods(spec.confirmation->periods);
  }
  if (spec.capital_ratio) wire::ToProto(*spec.capital_ratio, out->mutable_capital_ratio());
  out->set_entries_wait_for_open(spec.entries_wait_for_open);
}

void ToProto(const strategy::Decision& decision, const DeploymentId& id, strategy::v1::Decision* out) {
  out->set_sequence(decision.sequence);
  out->set_deployment_id(id.value());
  out->set_symbol(decision.symbol.value());
  wire::ToProto(decision.time, out->mutable_bar_time());
  out->set_action(decision.action);
  out->set_reason(decision.reason);
  for (const auto& [name, value] : decision.inputs) (*out->mutable_inputs())[name] = value;
}

absl::StatusOr<ConfiguredDeployment> ParseDeployment(const std::string& text, const RuleShelf& shelf) {
  std::vector<std::string> parts = Split(text, '|');
  if (parts.size() != 6) {
    return absl::InvalidArgumentError(
        ToAbsl("deployments: id|strategy|account|symbols|timeframe|settings expected, not " + text));
  }
  ConfiguredDeployment configured;
  configured.deployment_id = parts[0];
  // Order ids are made of it and a number.
  if (!IsIdentifier(parts[0]) || parts[0].size() > kIdBytesMax)
    return absl::InvalidArgumentError(
        ToAbsl("deployments: '" + parts[0] + "' is no id: 1 to 40 of [A-Za-z0-9._:-] expected"));
  strategy::Spec read;
  read.strategy_id = parts[1];
  read.account_id = AccountId(parts[2]);
  for (const std::string& symbol : Split(parts[3], ',')) read.symbols.emplace_back(symbol);
  read.timeframe = parts[4];
  read.display_name = parts[0];
  read.daily_loss_ratio = strategy::kUsualDailyLoss;
  read.drawdown_ratio = strategy::kUsualDrawdown;
  for (const std::string& setting : Split(parts[5], ',')) {
    if (setting.empty()) continue;
    std::size_t equals = setting.find('=');
    if (equals == std::string::npos)
      return absl::InvalidArgumentError(ToAbsl("deployments: " + parts[0] + ": name=value expected, not " + setting));
    std::string name = setting.substr(0, equals);
    std::string value = setting.substr(equals + 1);
    auto set = strategy::SetSetting(read, name, value);
    if (!set.ok())
      return absl::InvalidArgumentError(ToAbsl("deployments: " + parts[0] + ": " + MessageOf(set.status())));
    if (!*set) read.parameters[name] = value;
  }
  strategy::v1::DeploymentSpec& spec = configured.spec;
  ToProto(read, &spec);
  std::vector<FieldError> errors;
  (void)SpecFromProto(spec, shelf, errors);
  if (!errors.empty()) {
    return absl::InvalidArgumentError(
        ToAbsl("deployments: " + parts[0] + ": " + errors.front().field + ": " + errors.front().message));
  }
  return configured;
}

}  // namespace ballast
