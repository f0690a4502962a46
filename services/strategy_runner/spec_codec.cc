#include "services/strategy_runner/spec_codec.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/strategy/catalogue.h"
#include "libs/wire/wire.h"

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
  static const std::set<std::string> kTimeframes = {"1s", "5s", "15s", "1m", "5m", "15m", "1h", "1d"};
  if (!kTimeframes.contains(spec.timeframe))
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
  strategy::v1::DeploymentSpec& spec = configured.spec;
  spec.set_strategy_id(parts[1]);
  spec.set_account_id(parts[2]);
  for (const std::string& symbol : Split(parts[3], ',')) spec.add_symbols(symbol);
  spec.set_timeframe(parts[4]);
  spec.set_display_name(parts[0]);
  for (const std::string& setting : Split(parts[5], ',')) {
    if (setting.empty()) continue;
    std::size_t equals = setting.find('=');
    if (equals == std::string::npos)
      return absl::InvalidArgumentError(ToAbsl("deployments: " + parts[0] + ": name=value expected, not " + setting));
    std::string name = setting.substr(0, equals);
    std::string value = setting.substr(equals + 1);
    if (name == "position_size_ratio") {
      spec.mutable_position_size_ratio()->set_value(value);
    } else if (name == "stop_loss_ratio") {
      spec.mutable_stop_loss_ratio()->set_value(value);
    } else if (name == "take_profit_ratio") {
      spec.mutable_take_profit_ratio()->set_value(value);
    } else if (name == "allow_short") {
      if (value != "true" && value != "false")
        return absl::InvalidArgumentError("deployments: allow_short: true or false expected");
      spec.set_allow_short(value == "true");
    } else if (name == "max_open_positions") {
      int count = 0;
      auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
      if (error != std::errc() || end != value.data() + value.size() || count < 1) {
        return absl::InvalidArgumentError("deployments: max_open_positions: a whole number above 0 expected");
      }
      spec.set_max_open_positions(count);
    } else {
      (*spec.mutable_parameters())[name] = value;
    }
  }
  std::vector<FieldError> errors;
  (void)SpecFromProto(spec, shelf, errors);
  if (!errors.empty()) {
    return absl::InvalidArgumentError(
        ToAbsl("deployments: " + parts[0] + ": " + errors.front().field + ": " + errors.front().message));
  }
  return configured;
}

}  // namespace ballast
