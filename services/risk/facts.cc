#include "services/risk/facts.h"

#include <google/protobuf/util/json_util.h>

#include <nlohmann/json.hpp>

#include "libs/platform/crypto/crypto.h"
#include "libs/wire/wire.h"
#include "services/risk/breaker_codec.h"
#include "services/risk/limit_set_codec.h"
#include "services/risk/limits_codec.h"

namespace ballast {
namespace {

using Json = nlohmann::json;

Json JsonOf(const google::protobuf::Message& proto) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  (void)google::protobuf::util::MessageToJsonString(proto, &text, options);
  Json json = Json::parse(text, nullptr, false);
  return json.is_object() ? json : Json::object();
}

// As REST shows them: a decimal is a text.
Json JsonOf(const AccountId& account, const risk::Limits& limits) {
  risk::v1::Limits proto;
  ToProto(limits, &proto);
  proto.set_account_id(account.value());
  Json json = JsonOf(proto);
  for (auto& [name, value] : json.items()) {
    if (value.is_object() && value.contains("value")) value = Json(value["value"]);
  }
  return json;
}

std::string Text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

audit::v1::AppendRecordRequest Record(const char* action, const AccountId& account, const std::string& actor,
                                      const std::string& fact, const Json& detail) {
  audit::v1::AppendRecordRequest record;
  // Of any length and any character as they are, accounts and people's ids are no part of an id.
  record.set_request_id(std::string("risk.") + action + ":" + Sha256Hex(account.value() + '\n' + fact));
  record.set_actor(actor);
  record.set_action(action);
  record.set_subject(account.empty() ? "firm" : "account:" + account.value());
  record.set_detail(Text(detail));
  record.set_account_id(account.value());
  return record;
}

std::string FactOf(const risk::LimitSet& set) {
  return set.scope.deployment_id.value() + '\n' + set.scope.symbol.value() + '\n' +
         (set.expire_time ? "override" : "set") + '\n' + std::to_string(set.version);
}

std::string IdOf(risk::LossRule rule, const risk::LossTrip& trip) {
  return std::string(risk::NameOf(rule)) + '\n' + std::to_string(trip.time.nanos);
}

std::string IdOf(const BreakerKey& key, UtcTime time) {
  return key.rule + '\n' + key.deployment_id.value() + '\n' + key.symbol.value() + '\n' + std::to_string(time.nanos);
}

Json JsonOf(const BreakerKey& key, const risk::BreakerTrip& trip) {
  return {{"deployment_id", key.deployment_id.value()},
          {"limit", trip.limit.ToString()},
          {"observed", trip.observed.ToString()},
          {"rule", key.rule},
          {"symbol", key.symbol.value()},
          {"time", trip.time.ToString()}};
}

// Of whom: a sentence begins with it.
std::string WhoOf(const BreakerKey& key) {
  if (key.account_id.empty()) return "the firm";
  std::string who = "account " + key.account_id.value();
  if (!key.deployment_id.empty()) who += ", deployment " + key.deployment_id.value();
  if (!key.symbol.empty()) who += ", position in " + key.symbol.value();
  return who;
}

alert::v1::RaiseAlertRequest Alert(const char* fact, const BreakerKey& key, const std::string& id,
                                   alert::v1::AlertLevel level) {
  alert::v1::RaiseAlertRequest alert;
  alert.set_request_id(std::string("risk.") + fact + ":" + Sha256Hex(key.account_id.value() + '\n' + id));
  alert.set_type(alert::v1::ALERT_TYPE_RISK);
  alert.set_level(level);
  alert.set_account_id(key.account_id.value());
  alert.set_deployment_id(key.deployment_id.value());
  alert.set_symbol(key.symbol.value());
  return alert;
}

}  // namespace

audit::v1::AppendRecordRequest LimitsUpdated(const AccountId& account, const risk::Limits& limits,
                                             const std::string& reason, const std::string& actor) {
  return Record("limits.updated", account, actor, std::to_string(limits.version),
                {{"limits", JsonOf(account, limits)}, {"outcome", "ok"}, {"reason", reason}});
}

audit::v1::AppendRecordRequest LimitSetUpdated(const risk::LimitSet& set, const std::string& reason,
                                               const std::string& actor) {
  risk::v1::LimitSet proto;
  ToProto(set, &proto);
  return Record("limits.scope_updated", set.scope.account_id, actor, FactOf(set),
                {{"limits", JsonOf(proto)}, {"outcome", "ok"}, {"reason", reason}, {"scope", set.scope.Name()}});
}

audit::v1::AppendRecordRequest OverrideEnded(const risk::LimitSet& set) {
  risk::v1::LimitSet proto;
  ToProto(set, &proto);
  return Record("limits.override_ended", set.scope.account_id, "system", FactOf(set),
                {{"limits", JsonOf(proto)}, {"scope", set.scope.Name()}});
}

audit::v1::AppendRecordRequest LimitChangeTold(const risk::v1::LimitChange& change) {
  const bool pending = change.state() == risk::v1::LIMIT_CHANGE_STATE_PENDING;
  const char* action = pending                                                   ? "limits.raise_proposed"
                       : change.state() == risk::v1::LIMIT_CHANGE_STATE_APPROVED ? "limits.raise_approved"
                                                                                 : "limits.raise_rejected";
  const std::string& account =
      change.has_limits() ? change.limits().account_id() : change.limit_set().scope().account_id();
  return Record(action, AccountId(account), pending ? change.proposed_by() : change.decided_by(), change.change_id(),
                {{"change", JsonOf(change)}});
}

std::vector<audit::v1::AppendRecordRequest> Rearmed(const AccountId& account, const std::string& request_id,
                                                    const std::vector<std::string>& rules, const std::string& reason,
                                                    const std::string& actor) {
  std::vector<std::string> losses, breakers;
  for (const std::string& rule : rules) (risk::LossRuleOf(rule) ? losses : breakers).push_back(rule);
  std::vector<audit::v1::AppendRecordRequest> records;
  if (!losses.empty())
    records.push_back(
        Record("loss_rules.rearmed", account, actor, request_id, {{"reason", reason}, {"rules", losses}}));
  if (!breakers.empty())
    records.push_back(
        Record("breakers.rearmed", account, actor, request_id, {{"reason", reason}, {"rules", breakers}}));
  return records;
}

audit::v1::AppendRecordRequest LossRuleTripped(const AccountId& account, risk::LossRule rule,
                                               const risk::LossTrip& trip) {
  return Record("loss_rules.tripped", account, "system", IdOf(rule, trip),
                {{"baseline", trip.baseline.ToString()},
                 {"equity", trip.equity.ToString()},
                 {"limit", trip.limit.ToString()},
                 {"rule", risk::NameOf(rule)},
                 {"time", trip.time.ToString()}});
}

alert::v1::RaiseAlertRequest AlertOfTrip(const AccountId& account, risk::LossRule rule, const risk::LossTrip& trip) {
  alert::v1::RaiseAlertRequest alert;
  alert.set_request_id("risk.loss_rules.tripped:" + Sha256Hex(account.value() + '\n' + IdOf(rule, trip)));
  alert.set_type(alert::v1::ALERT_TYPE_RISK);
  alert.set_level(alert::v1::ALERT_LEVEL_CRITICAL);
  alert.set_title(rule == risk::LossRule::kDailyLoss ? "Daily loss limit reached" : "Drawdown limit reached");
  // What happened; how it ends is for the limits that hold when somebody reads it.
  std::string text = DescribeTrip(rule, trip, {});
  alert.set_text(text.substr(0, text.find(';')) + "; entries are refused");
  alert.set_account_id(account.value());
  return alert;
}

audit::v1::AppendRecordRequest BreakerRulesUpdated(const BreakerRuleSet& set, const std::string& reason,
                                                   const std::string& actor) {
  Json rules = Json::array();
  for (const risk::BreakerRule& rule : set.rules) {
    rules.push_back({{"account_id", rule.account_id.value()},
                     {"action", static_cast<int>(rule.action)},
                     {"deployment_id", rule.deployment_id.value()},
                     {"enabled", rule.enabled},
                     {"kind", static_cast<int>(rule.kind)},
                     {"latched", rule.latches()},
                     {"limit", rule.limit.ToString()},
                     {"name", rule.name},
                     {"scope", static_cast<int>(rule.scope)}});
  }
  return Record("breaker_rules.updated", AccountId(), actor, std::to_string(set.version),
                {{"reason", reason}, {"rules", rules}, {"version", set.version}});
}

audit::v1::AppendRecordRequest BreakerTripped(const BreakerKey& key, const risk::BreakerRule& rule,
                                              const risk::BreakerTrip& trip) {
  Json detail = JsonOf(key, trip);
  detail["action"] = static_cast<int>(rule.action);
  detail["latched"] = rule.latches();
  return Record("breaker.tripped", key.account_id, "system", IdOf(key, trip.time), detail);
}

audit::v1::AppendRecordRequest BreakerCleared(const BreakerKey& key, const risk::BreakerTrip& trip) {
  return Record("breaker.cleared", key.account_id, "system", IdOf(key, trip.time), JsonOf(key, trip));
}

alert::v1::RaiseAlertRequest AlertOfBreaker(const BreakerKey& key, const risk::BreakerRule& rule,
                                            const risk::BreakerState& state) {
  auto alert = Alert("breaker.tripped", key, IdOf(key, state.trip->time),
                     rule.latches() ? alert::v1::ALERT_LEVEL_CRITICAL : alert::v1::ALERT_LEVEL_ERROR);
  alert.set_title("Breaker tripped: " + key.rule);
  alert.set_text(WhoOf(key) + ": " + DescribeBreaker(rule, state));
  return alert;
}

alert::v1::RaiseAlertRequest AlertOfWarning(const BreakerKey& key, const risk::BreakerRule& rule, int percent,
                                            UtcTime time) {
  std::string share = std::to_string(percent);
  auto alert = Alert("breaker.warned", key, IdOf(key, time) + '\n' + share, alert::v1::ALERT_LEVEL_WARNING);
  alert.set_title("Breaker at " + share + " %: " + key.rule);
  alert.set_text(WhoOf(key) + ": " + share + " % of the limit of the breaker " + rule.name + " are used");
  return alert;
}

alert::v1::RaiseAlertRequest AlertOfClear(const BreakerKey& key, const risk::BreakerTrip& trip) {
  auto alert = Alert("breaker.cleared", key, IdOf(key, trip.time), alert::v1::ALERT_LEVEL_INFO);
  alert.set_title("Breaker cleared: " + key.rule);
  alert.set_text(WhoOf(key) + ": the breaker " + key.rule + " of " + trip.time.ToString() +
                 " does not hold entries back any more");
  return alert;
}

std::optional<order::v1::EngageEmergencyRequest> EmergencyOf(const BreakerKey& key, const risk::BreakerRule& rule,
                                                             const risk::BreakerState& state) {
  if (rule.action <= risk::BreakerAction::kRefuseEntries || key.account_id.empty()) return std::nullopt;
  struct Level {
    const char* name;
    order::v1::EmergencyLevel level;
  };
  Level level = rule.action == risk::BreakerAction::kHalt ? Level{"halt", order::v1::EMERGENCY_LEVEL_HALT}
                : rule.action == risk::BreakerAction::kCancelOrders
                    ? Level{"cancel", order::v1::EMERGENCY_LEVEL_CANCEL}
                    : Level{"flatten", order::v1::EMERGENCY_LEVEL_FLATTEN};
  order::v1::EngageEmergencyRequest request;
  auto& command = *request.mutable_command();
  constexpr std::size_t kUnique = 32;
  std::string unique = Sha256Hex(key.account_id.value() + '\n' + IdOf(key, state.trip->time)).substr(0, kUnique);
  command.set_command_id(std::string(level.name) + "-" + unique);
  command.set_account_id(key.account_id.value());
  command.set_level(level.level);
  command.set_reason("breaker " + key.rule);
  command.set_actor("system");
  wire::ToProto(state.trip->time, command.mutable_press_time());
  return request;
}

}  // namespace ballast
