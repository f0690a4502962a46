#include "services/risk/breaker_codec.h"

#include <set>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr std::size_t kRulesMax = 200;
constexpr std::int64_t kNanosPerMilli = 1'000'000;

Decimal DecimalOf(const type::v1::Decimal& proto, const std::string& field, FieldCheck& check) {
  auto parsed = Decimal::Parse(proto.value());
  if (parsed.ok()) return *parsed;
  check.Refuse(field.c_str(), RejectReason::kBadDecimal, MessageOf(parsed.status()));
  return Decimal::FromInt(1);
}

risk::BreakerRule RuleFromProto(const risk::v1::BreakerRule& proto, FieldCheck& check) {
  const std::string path = "rules." + Shortened(proto.name(), 40) + ".";
  check.OptionalId((path + "account_id").c_str(), proto.account_id());
  check.OptionalId((path + "deployment_id").c_str(), proto.deployment_id());
  risk::BreakerRule rule{.name = proto.name(),
                         .kind = static_cast<risk::BreakerKind>(proto.kind()),
                         .scope = static_cast<risk::BreakerScope>(proto.scope()),
                         .account_id = AccountId(proto.account_id()),
                         .deployment_id = DeploymentId(proto.deployment_id()),
                         .enabled = proto.enabled(),
                         .limit = DecimalOf(proto.limit(), path + "limit", check),
                         .latched = proto.latched(),
                         .clears_next_day = proto.clears_next_day()};
  // What is left out is as usual.
  if (proto.has_clear_ratio()) rule.clear_ratio = DecimalOf(proto.clear_ratio(), path + "clear_ratio", check);
  constexpr std::int64_t kMillisMax = 1'000'000'000;
  auto millis = [&](std::int64_t value) { return Duration::Millis(std::clamp<std::int64_t>(value, 0, kMillisMax)); };
  if (proto.dwell_ms() != 0) rule.dwell = millis(proto.dwell_ms());
  if (proto.window_ms() != 0) rule.window = millis(proto.window_ms());
  if (proto.action() != risk::v1::BREAKER_ACTION_UNSPECIFIED)
    rule.action = static_cast<risk::BreakerAction>(proto.action());
  return rule;
}

}  // namespace

void ToProto(const risk::BreakerRule& rule, risk::v1::BreakerRule* out) {
  out->set_name(rule.name);
  out->set_kind(static_cast<risk::v1::BreakerKind>(rule.kind));
  out->set_scope(static_cast<risk::v1::BreakerScope>(rule.scope));
  out->set_account_id(rule.account_id.value());
  out->set_deployment_id(rule.deployment_id.value());
  out->set_enabled(rule.enabled);
  wire::ToProto(rule.limit, out->mutable_limit());
  out->set_latched(rule.latched);
  wire::ToProto(rule.clear_ratio, out->mutable_clear_ratio());
  out->set_dwell_ms(rule.dwell.nanos / kNanosPerMilli);
  out->set_window_ms(rule.window.nanos / kNanosPerMilli);
  out->set_clears_next_day(rule.clears_next_day);
  out->set_action(static_cast<risk::v1::BreakerAction>(rule.action));
}

void ToProto(const BreakerRuleSet& set, risk::v1::BreakerRules* out) {
  out->set_version(set.version);
  for (const risk::BreakerRule& rule : set.rules) ToProto(rule, out->add_rules());
}

BreakerRuleSet RulesFromProto(const risk::v1::BreakerRules& proto, FieldCheck& check) {
  BreakerRuleSet set{.version = proto.version(), .rules = {}};
  check.Range("rules.rules", proto.rules_size(), 0, kRulesMax);
  if (!check.ok()) return set;
  std::set<std::string> names;
  for (const risk::v1::BreakerRule& one : proto.rules()) {
    std::size_t before = check.errors().size();
    risk::BreakerRule rule = RuleFromProto(one, check);
    const std::string path = "rules." + Shortened(rule.name, 40);
    auto fault = check.errors().size() == before ? FaultOf(rule) : std::nullopt;
    if (fault) check.Refuse((path + "." + fault->field).c_str(), RejectReason::kOutOfRange, fault->message);
    if (!names.insert(rule.name).second)
      check.Refuse((path + ".name").c_str(), RejectReason::kOutOfRange, "two rules have this name");
    set.rules.push_back(std::move(rule));
  }
  return set;
}

std::string BytesOf(const BreakerRuleSet& set) {
  risk::v1::BreakerRules proto;
  ToProto(set, &proto);
  return proto.SerializeAsString();
}

absl::StatusOr<BreakerRuleSet> StoredRules(std::string_view bytes) {
  risk::v1::BreakerRules proto;
  FieldCheck check;
  if (!proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return absl::DataLossError("stored breaker rules cannot be read");
  BreakerRuleSet set = RulesFromProto(proto, check);
  if (!check.ok()) return absl::DataLossError(ToAbsl("a stored breaker rule is none: " + check.errors()[0].message));
  return set;
}

std::string BytesOf(const risk::BreakerBlock& kept) {
  risk::v1::StoredBreaker proto;
  ToProto(kept.rule, proto.mutable_rule());
  if (kept.state.trip) {
    auto* trip = proto.mutable_trip();
    wire::ToProto(kept.state.trip->time, trip->mutable_time());
    trip->set_day(kept.state.trip->day);
    wire::ToProto(kept.state.trip->observed, trip->mutable_observed());
    wire::ToProto(kept.state.trip->limit, trip->mutable_limit());
  }
  wire::ToProto(kept.state.over_time, proto.mutable_over_time());
  proto.set_told_percent(kept.state.told_percent);
  wire::ToProto(kept.state.baseline, proto.mutable_baseline());
  proto.set_baseline_day(kept.state.baseline_day);
  return proto.SerializeAsString();
}

absl::StatusOr<risk::BreakerBlock> StoredBreaker(std::string_view bytes) {
  risk::v1::StoredBreaker proto;
  if (!proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return absl::DataLossError("a stored breaker cannot be read");
  FieldCheck check;
  risk::BreakerBlock kept{.rule = RuleFromProto(proto.rule(), check)};
  if (!check.ok()) return absl::DataLossError("the rule of a stored breaker cannot be read");
  if (proto.has_trip()) {
    risk::BreakerTrip trip{.time = wire::FromProto(proto.trip().time()), .day = proto.trip().day()};
    ASSIGN_OR_RETURN(trip.observed, wire::FromProto(proto.trip().observed(), "trip.observed"));
    ASSIGN_OR_RETURN(trip.limit, wire::FromProto(proto.trip().limit(), "trip.limit"));
    kept.state.trip = trip;
  }
  kept.state.over_time = wire::FromProto(proto.over_time());
  kept.state.told_percent = proto.told_percent();
  ASSIGN_OR_RETURN(kept.state.baseline, wire::FromProto(proto.baseline(), "baseline"));
  kept.state.baseline_day = proto.baseline_day();
  return kept;
}

}  // namespace ballast
