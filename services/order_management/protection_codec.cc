#include "services/order_management/protection_codec.h"

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

void Encode(const orders::StopPolicy& policy, order::v1::StopPolicy* out) {
  if (policy.stop_loss_ratio) wire::ToProto(*policy.stop_loss_ratio, out->mutable_stop_loss_ratio());
  if (policy.trailing_ratio) wire::ToProto(*policy.trailing_ratio, out->mutable_trailing_ratio());
  if (policy.take_profit_ratio) wire::ToProto(*policy.take_profit_ratio, out->mutable_take_profit_ratio());
  if (!policy.off) out->set_unprotected_action(static_cast<order::v1::UnprotectedAction>(policy.unprotected_action));
  out->set_off(policy.off);
}

void Encode(const std::optional<ProtectionView::Leg>& leg, order::v1::ProtectionLeg* out) {
  out->set_order_id(leg->order_id.value());
  if (leg->price) wire::ToProto(*leg->price, out->mutable_price());
  wire::ToProto(leg->quantity, out->mutable_quantity());
  out->set_live(leg->live);
  out->set_held_here(leg->held_here);
}

}  // namespace

orders::StopPolicy DecodePolicy(const order::v1::StopPolicy& policy, std::vector<FieldError>& errors) {
  orders::StopPolicy out;
  auto read = [&](bool has, const type::v1::Decimal& value, const char* field, std::optional<Decimal>* ratio) {
    if (!has) return;
    absl::StatusOr<Decimal> parsed = Decimal::Parse(value.value());
    if (parsed.ok())
      *ratio = *parsed;
    else
      errors.push_back({.field = std::string("policy.") + field,
                        .reason = RejectReason::kBadDecimal,
                        .message = MessageOf(parsed.status())});
  };
  read(policy.has_stop_loss_ratio(), policy.stop_loss_ratio(), "stop_loss_ratio", &out.stop_loss_ratio);
  read(policy.has_trailing_ratio(), policy.trailing_ratio(), "trailing_ratio", &out.trailing_ratio);
  read(policy.has_take_profit_ratio(), policy.take_profit_ratio(), "take_profit_ratio", &out.take_profit_ratio);
  if (policy.unprotected_action() != order::v1::UNPROTECTED_ACTION_UNSPECIFIED)
    out.unprotected_action = static_cast<orders::UnprotectedAction>(policy.unprotected_action());
  out.off = policy.off();
  return out;
}

void Encode(const StopPolicyEntry& entry, order::v1::StopPolicyEntry* out) {
  out->set_account_id(entry.account_id.value());
  out->set_symbol(entry.symbol.value());
  if (entry.deployment_id) out->set_deployment_id(entry.deployment_id->value());
  if (entry.policy) Encode(*entry.policy, out->mutable_policy());
  out->set_reason(entry.reason);
  out->set_actor(entry.actor);
  wire::ToProto(entry.update_time, out->mutable_update_time());
}

absl::StatusOr<StopPolicyEntry> DecodeEntry(const order::v1::StopPolicyEntry& entry) {
  StopPolicyEntry out{.account_id = AccountId(entry.account_id()), .symbol = Symbol(entry.symbol())};
  if (entry.has_deployment_id()) out.deployment_id = DeploymentId(entry.deployment_id());
  if (entry.has_policy()) {
    std::vector<FieldError> errors;
    out.policy = DecodePolicy(entry.policy(), errors);
    if (!errors.empty()) return absl::DataLossError(ToAbsl(errors.front().field + ": " + errors.front().message));
  }
  out.reason = entry.reason();
  out.actor = entry.actor();
  out.update_time = wire::FromProto(entry.update_time());
  return out;
}

void Encode(const ProtectionView& view, order::v1::Protection* out) {
  out->set_account_id(view.account_id.value());
  out->set_symbol(view.symbol.value());
  out->set_deployment_id(view.deployment_id.value());
  wire::ToProto(view.held, out->mutable_position_quantity());
  if (view.entry_price) wire::ToProto(*view.entry_price, out->mutable_entry_price());
  if (view.policy) Encode(*view.policy, out->mutable_policy());
  out->set_by_default(view.by_default);
  out->set_state(static_cast<order::v1::ProtectionState>(view.state));
  if (view.state_time.nanos != 0) wire::ToProto(view.state_time, out->mutable_state_time());
  if (view.stop) Encode(view.stop, out->mutable_stop());
  if (view.target) Encode(view.target, out->mutable_target());
  out->set_message(view.message);
  wire::ToProto(view.own_stop_quantity, out->mutable_own_stop_quantity());
  wire::ToProto(view.own_target_quantity, out->mutable_own_target_quantity());
}

}  // namespace ballast
