#include "libs/strategy/setting.h"

#include <array>
#include <charconv>
#include <functional>
#include <map>

#include "libs/base/absl_std.h"

namespace ballast::strategy {
namespace {

constexpr std::array<std::pair<std::string_view, std::int64_t>, 8> kTimeframes = {
    {{"1s", 1}, {"5s", 5}, {"15s", 15}, {"1m", 60}, {"5m", 300}, {"15m", 900}, {"1h", 3'600}, {"1d", 86'400}}};

absl::Status NotSo(const std::string& name, const std::string& why) {
  return absl::InvalidArgumentError(ToAbsl(name + ": " + why));
}

absl::Status SetRatio(const std::string& name, const std::string& value, Decimal& out) {
  auto read = Decimal::Parse(value);
  if (!read.ok()) return NotSo(name, MessageOf(read.status()));
  out = *read;
  return absl::OkStatus();
}

absl::Status SetOptionalRatio(const std::string& name, const std::string& value, std::optional<Decimal>& out) {
  Decimal read;
  RETURN_IF_ERROR(SetRatio(name, value, read));
  out = read.IsZero() ? std::nullopt : std::optional(read);
  return absl::OkStatus();
}

absl::Status SetCount(const std::string& name, const std::string& value, int& out) {
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out);
  if (error != std::errc() || end != value.data() + value.size() || out < 0)
    return NotSo(name, "a whole number expected, not " + value);
  return absl::OkStatus();
}

absl::Status SetFlag(const std::string& name, const std::string& value, bool& out) {
  if (value != "true" && value != "false") return NotSo(name, "true or false expected");
  out = value == "true";
  return absl::OkStatus();
}

std::vector<std::string> Parts(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == separator)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

template <typename T>
absl::Status SetNamed(const std::string& name, const std::string& value, const std::optional<T>& found, T& out) {
  if (!found) return NotSo(name, "there is no '" + value + "'");
  out = *found;
  return absl::OkStatus();
}

absl::Status SetSides(const std::string& name, const std::string& value, Spec& spec) {
  if (value != "both" && value != "long_only" && value != "short_only")
    return NotSo(name, "both, long_only or short_only expected");
  spec.allow_short = value != "long_only";
  spec.short_only = value == "short_only";
  return absl::OkStatus();
}

absl::Status SetDays(const std::string& name, const std::string& value, Schedule& schedule) {
  schedule.days = {};
  for (const std::string& part : Parts(value, '+')) {
    std::size_t day = 0;
    while (day < kWeekdays.size() && part != kWeekdays.at(day)) ++day;
    if (day == kWeekdays.size()) return NotSo(name, "MON+TUE+… expected, not " + value);
    schedule.days.at(day) = true;
  }
  return absl::OkStatus();
}

absl::Status SetHours(const std::string& name, const std::string& value, Schedule& schedule) {
  std::vector<std::string> parts = Parts(value, '-');
  std::optional<int> start, end;
  if (parts.size() == 2) {
    start = MinuteOf(parts[0]);
    end = MinuteOf(parts[1]);
  }
  if (!start || !end) return NotSo(name, "09:30-16:00 expected, not " + value);
  schedule.start_minute = *start;
  schedule.end_minute = *end;
  return absl::OkStatus();
}

absl::Status SetConfirmation(const std::string& name, const std::string& value, Spec& spec) {
  std::vector<std::string> parts = Parts(value, ':');
  if (parts.size() != 2) return NotSo(name, "a timeframe and periods, 1h:20, expected, not " + value);
  spec.confirmation = Confirmation{.timeframe = parts[0]};
  return SetCount(name, parts[1], spec.confirmation->periods);
}

absl::Status SetMembers(const std::string& name, const std::string& value, sizing::Settings& settings) {
  settings.members.clear();
  for (const std::string& part : Parts(value, '+')) {
    sizing::Method member{};
    RETURN_IF_ERROR(SetNamed(name, part, sizing::MethodNamed(part), member));
    settings.members.push_back(member);
  }
  return absl::OkStatus();
}

Schedule& ScheduleOf(Spec& spec) { return spec.schedule ? *spec.schedule : spec.schedule.emplace(); }
sizing::Settings& SizingOf(Spec& spec) { return spec.sizing ? *spec.sizing : spec.sizing.emplace(); }

using Setter = std::function<absl::Status(Spec&, const std::string& name, const std::string& value)>;

Setter Ratio(Decimal& (*of)(Spec&)) {
  return
      [of](Spec& spec, const std::string& name, const std::string& value) { return SetRatio(name, value, of(spec)); };
}
Setter OptionalRatio(std::optional<Decimal> Spec::*field) {
  return [field](Spec& spec, const std::string& name, const std::string& value) {
    return SetOptionalRatio(name, value, spec.*field);
  };
}
Setter Flag(bool Spec::*field) {
  return [field](Spec& spec, const std::string& name, const std::string& value) {
    return SetFlag(name, value, spec.*field);
  };
}
Setter Count(int& (*of)(Spec&)) {
  return
      [of](Spec& spec, const std::string& name, const std::string& value) { return SetCount(name, value, of(spec)); };
}

using Text = const std::string&;

std::map<std::string, Setter> MakeSetters() {
  std::map<std::string, Setter> setters = {
      {"position_size_ratio", Ratio([](Spec& spec) -> Decimal& { return spec.position_size_ratio; })},
      {"stop_loss_ratio", OptionalRatio(&Spec::stop_loss_ratio)},
      {"take_profit_ratio", OptionalRatio(&Spec::take_profit_ratio)},
      {"trailing_stop_ratio", OptionalRatio(&Spec::trailing_stop_ratio)},
      {"daily_loss_ratio", OptionalRatio(&Spec::daily_loss_ratio)},
      {"drawdown_ratio", OptionalRatio(&Spec::drawdown_ratio)},
      {"capital_ratio", OptionalRatio(&Spec::capital_ratio)},
      {"max_open_positions", Count([](Spec& spec) -> int& { return spec.max_open_positions; })},
      {"allow_short", Flag(&Spec::allow_short)},
      {"entries_wait_for_open", Flag(&Spec::entries_wait_for_open)},
      {"sides", [](Spec& spec, Text name, Text value) { return SetSides(name, value, spec); }},
      {"days", [](Spec& spec, Text name, Text value) { return SetDays(name, value, ScheduleOf(spec)); }},
      {"hours", [](Spec& spec, Text name, Text value) { return SetHours(name, value, ScheduleOf(spec)); }},
      {"time_zone", [](Spec& spec, Text name,
                       Text value) { return SetNamed(name, value, ZoneNamed(value), ScheduleOf(spec).zone); }},
      {"close_before_end_minutes", Count([](Spec& spec) -> int& { return ScheduleOf(spec).close_before_end_minutes; })},
      {"confirmation", [](Spec& spec, Text name, Text value) { return SetConfirmation(name, value, spec); }}};
  auto sized = [&](const char* name, Setter setter) { setters["sizing." + std::string(name)] = std::move(setter); };
  sized("method", [](Spec& spec, Text name, Text value) {
    return SetNamed(name, value, sizing::MethodNamed(value), SizingOf(spec).method);
  });
  sized("consensus", [](Spec& spec, Text name, Text value) {
    return SetNamed(name, value, sizing::ConsensusNamed(value), SizingOf(spec).consensus);
  });
  sized("volatility_measure", [](Spec& spec, Text name, Text value) {
    return SetNamed(name, value, sizing::MeasureNamed(value), SizingOf(spec).volatility_measure);
  });
  sized("members", [](Spec& spec, Text name, Text value) { return SetMembers(name, value, SizingOf(spec)); });
  sized("risk_ratio", Ratio([](Spec& spec) -> Decimal& { return SizingOf(spec).risk_ratio; }));
  sized("kelly_fraction", Ratio([](Spec& spec) -> Decimal& { return SizingOf(spec).kelly_fraction; }));
  sized("kelly_cap_ratio", Ratio([](Spec& spec) -> Decimal& { return SizingOf(spec).kelly_cap_ratio; }));
  sized("kelly_prior_trades", Count([](Spec& spec) -> int& { return SizingOf(spec).kelly_prior_trades; }));
  sized("kelly_minimum_trades", Count([](Spec& spec) -> int& { return SizingOf(spec).kelly_minimum_trades; }));
  sized("volatility_ratio", Ratio([](Spec& spec) -> Decimal& { return SizingOf(spec).volatility_ratio; }));
  sized("volatility_decay", Ratio([](Spec& spec) -> Decimal& { return SizingOf(spec).volatility_decay; }));
  sized("volatility_periods", Count([](Spec& spec) -> int& { return SizingOf(spec).volatility_periods; }));
  return setters;
}

std::string OutOf(const char* name, const std::optional<Decimal>& value, const char* most) {
  if (!value || (value->IsPositive() && *value <= Decimal::Of(most))) return "";
  return std::string(name) + ": above 0 and at most " + most + " expected, not " + value->ToString();
}

}  // namespace

std::int64_t SecondsOf(std::string_view timeframe) {
  for (const auto& [name, seconds] : kTimeframes) {
    if (name == timeframe) return seconds;
  }
  return 0;
}

absl::StatusOr<bool> SetSetting(Spec& spec, const std::string& name, const std::string& value) {
  static const std::map<std::string, Setter> kSetters = MakeSetters();
  auto found = kSetters.find(name);
  if (found == kSetters.end()) return false;
  RETURN_IF_ERROR(found->second(spec, name, value));
  return true;
}

std::string Fault(const Spec& spec) {
  for (std::string fault :
       {OutOf("position_size_ratio", spec.position_size_ratio, "1"),
        OutOf("stop_loss_ratio", spec.stop_loss_ratio, "0.99"),
        OutOf("take_profit_ratio", spec.take_profit_ratio, "10"),
        OutOf("trailing_stop_ratio", spec.trailing_stop_ratio, "0.99"),
        OutOf("daily_loss_ratio", spec.daily_loss_ratio, "1"), OutOf("drawdown_ratio", spec.drawdown_ratio, "1"),
        OutOf("capital_ratio", spec.capital_ratio, "1")}) {
    if (!fault.empty()) return fault;
  }
  if (spec.max_open_positions < 1 || spec.max_open_positions > 50) return "max_open_positions: 1 to 50 expected";
  if (spec.short_only && !spec.allow_short) return "sides: short_only without shorts is nothing";
  if (spec.sizing) {
    if (std::string fault = sizing::Fault(*spec.sizing); !fault.empty()) return "sizing." + fault;
    if (spec.sizing->method == sizing::Method::kRiskPerTrade && !spec.stop_loss_ratio && !spec.trailing_stop_ratio)
      return "sizing.method: risk_per_trade needs a stop_loss_ratio or a trailing_stop_ratio";
  }
  if (spec.schedule) {
    if (std::string fault = Fault(*spec.schedule); !fault.empty()) return "schedule." + fault;
  }
  if (spec.confirmation) {
    std::int64_t longer = SecondsOf(spec.confirmation->timeframe), own = SecondsOf(spec.timeframe);
    if (longer == 0 || own == 0 || longer <= own || longer % own != 0)
      return "confirmation.timeframe: a longer one, made of the deployment's own, expected";
    if (spec.confirmation->periods < 2 || spec.confirmation->periods > 500)
      return "confirmation.periods: 2 to 500 expected";
  }
  return "";
}

}  // namespace ballast::strategy
