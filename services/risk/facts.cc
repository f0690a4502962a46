#include "services/risk/facts.h"

#include <google/protobuf/util/json_util.h>

#include <nlohmann/json.hpp>

#include "libs/platform/crypto/crypto.h"
#include "services/risk/limits_codec.h"

namespace ballast {
namespace {

using Json = nlohmann::json;

// As REST shows them: a decimal is a text.
Json JsonOf(const AccountId& account, const risk::Limits& limits) {
  risk::v1::Limits proto;
  ToProto(limits, &proto);
  proto.set_account_id(account.value());
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  (void)google::protobuf::util::MessageToJsonString(proto, &text, options);
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return Json::object();
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
  record.set_subject("account:" + account.value());
  record.set_detail(Text(detail));
  record.set_account_id(account.value());
  return record;
}

std::string IdOf(risk::LossRule rule, const risk::LossTrip& trip) {
  return std::string(risk::NameOf(rule)) + '\n' + std::to_string(trip.time.nanos);
}

}  // namespace

audit::v1::AppendRecordRequest LimitsUpdated(const AccountId& account, const risk::Limits& limits,
                                             const std::string& reason, const std::string& actor) {
  return Record("limits.updated", account, actor, std::to_string(limits.version),
                {{"limits", JsonOf(account, limits)}, {"outcome", "ok"}, {"reason", reason}});
}

audit::v1::AppendRecordRequest LossRulesRearmed(const AccountId& account, const std::string& request_id,
                                                const std::vector<std::string>& rules, const std::string& reason,
                                                const std::string& actor) {
  return Record("loss_rules.rearmed", account, actor, request_id, {{"reason", reason}, {"rules", rules}});
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

}  // namespace ballast
