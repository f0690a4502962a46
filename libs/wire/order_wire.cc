#include <string>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast::wire {
namespace {

// An unset Decimal of a message that has a natural zero.
absl::StatusOr<Decimal> DecimalOrZero(bool present, const type::v1::Decimal& value, std::string_view field) {
  if (!present) return Decimal();
  return FromProto(value, field);
}

// What a younger version calls things by a number that is not known here.
enum class Unknown { kRefused, kKept };

template <typename Enum>
absl::StatusOr<Enum> KnownEnum(int value, bool known, std::string_view field, Unknown unknown = Unknown::kRefused) {
  if (known || unknown == Unknown::kKept) return static_cast<Enum>(value);
  return absl::InvalidArgumentError(ToAbsl(std::string(field) + ": unknown value " + std::to_string(value)));
}

absl::Status DecodeOptional(bool present, const type::v1::Decimal& value, std::string_view field,
                            std::optional<Decimal>* out) {
  if (!present) return absl::OkStatus();
  ASSIGN_OR_RETURN(*out, FromProto(value, field));
  return absl::OkStatus();
}

// What few orders have: terms that wait for something, or depend on other orders.
absl::Status DecodeRareTerms(const order::v1::Order& order, Unknown unknown, Order* out) {
  out->post_only = order.post_only();
  out->hold_until_open = order.hold_until_open();
  out->replace_count = order.replace_count();
  out->confirm_soft_collar = order.confirm_soft_collar();
  out->locate_id = order.locate_id();
  RETURN_IF_ERROR(DecodeOptional(order.has_protective_stop_price(), order.protective_stop_price(),
                                 "protective_stop_price", &out->protective_stop_price));
  ASSIGN_OR_RETURN(
      out->trigger_source,
      KnownEnum<TriggerSource>(order.trigger_source(), type::v1::TriggerSource_IsValid(order.trigger_source()),
                               "trigger_source", unknown));
  ASSIGN_OR_RETURN(out->hold,
                   KnownEnum<HoldReason>(order.hold(), order::v1::HoldReason_IsValid(order.hold()), "hold", unknown));
  if (order.has_expire_time()) out->expire_time = FromProto(order.expire_time());
  if (order.has_release_time()) out->release_time = FromProto(order.release_time());
  RETURN_IF_ERROR(DecodeOptional(order.has_display_quantity(), order.display_quantity(), "display_quantity",
                                 &out->display_quantity));
  if (order.has_trailing()) {
    ASSIGN_OR_RETURN(out->trailing, FromProto(order.trailing()));
  }
  if (order.has_list()) {
    const order::v1::ListPlace& list = order.list();
    ASSIGN_OR_RETURN(
        ContingencyType contingency,
        KnownEnum<ContingencyType>(list.contingency_type(), type::v1::ContingencyType_IsValid(list.contingency_type()),
                                   "list.contingency_type", unknown));
    out->list =
        ListPlace{.list_id = list.list_id(), .contingency = contingency, .index = list.index(), .size = list.size()};
  }
  if (order.has_pending_replace()) {
    ASSIGN_OR_RETURN(out->pending_replace, FromProto(order.pending_replace()));
  }
  if (order.has_external()) {
    // How it is treated is kept as a number that a younger version knows: whoever does not know it does not touch it.
    const order::v1::External& external = order.external();
    out->external = External{.handling = static_cast<ExternalHandling>(external.handling()),
                             .actor = external.actor(),
                             .reason = external.reason(),
                             .request_id = external.request_id(),
                             .decide_time = FromProto(external.decide_time())};
  }
  return absl::OkStatus();
}

void EncodeExternal(const External& external, order::v1::External* out) {
  out->set_handling(static_cast<order::v1::ExternalHandling>(external.handling));
  out->set_actor(external.actor);
  out->set_reason(external.reason);
  out->set_request_id(external.request_id);
  if (external.decide_time.nanos != 0) ToProto(external.decide_time, out->mutable_decide_time());
}

void EncodeRareTerms(const Order& order, order::v1::Order* out) {
  out->set_post_only(order.post_only);
  out->set_hold_until_open(order.hold_until_open);
  out->set_replace_count(order.replace_count);
  out->set_confirm_soft_collar(order.confirm_soft_collar);
  if (!order.locate_id.empty()) out->set_locate_id(order.locate_id);
  if (order.protective_stop_price) ToProto(*order.protective_stop_price, out->mutable_protective_stop_price());
  out->set_trigger_source(static_cast<type::v1::TriggerSource>(order.trigger_source));
  out->set_hold(static_cast<order::v1::HoldReason>(order.hold));
  if (order.expire_time.nanos != 0) ToProto(order.expire_time, out->mutable_expire_time());
  if (order.release_time.nanos != 0) ToProto(order.release_time, out->mutable_release_time());
  if (order.display_quantity) ToProto(*order.display_quantity, out->mutable_display_quantity());
  if (order.trailing) ToProto(*order.trailing, out->mutable_trailing());
  if (order.list) {
    out->mutable_list()->set_list_id(order.list->list_id);
    out->mutable_list()->set_contingency_type(static_cast<type::v1::ContingencyType>(order.list->contingency));
    out->mutable_list()->set_index(order.list->index);
    out->mutable_list()->set_size(order.list->size);
  }
  if (order.pending_replace) ToProto(*order.pending_replace, out->mutable_pending_replace());
  if (order.external) EncodeExternal(*order.external, out->mutable_external());
}

absl::StatusOr<Order> DecodeOrder(const order::v1::Order& order, Unknown unknown) {
  Order out;
  out.order_id = OrderId(order.order_id());
  out.account_id = AccountId(order.account_id());
  out.request_id = RequestId(order.request_id());
  out.deployment_id = DeploymentId(order.deployment_id());
  out.symbol = Symbol(order.symbol());
  ASSIGN_OR_RETURN(out.side, KnownEnum<Side>(order.side(), type::v1::Side_IsValid(order.side()), "side"));
  ASSIGN_OR_RETURN(out.type,
                   KnownEnum<OrderType>(order.type(), type::v1::OrderType_IsValid(order.type()), "type", unknown));
  ASSIGN_OR_RETURN(out.time_in_force,
                   KnownEnum<TimeInForce>(order.time_in_force(), type::v1::TimeInForce_IsValid(order.time_in_force()),
                                          "time_in_force", unknown));
  ASSIGN_OR_RETURN(out.quantity, FromProto(order.quantity(), "quantity"));
  if (order.has_limit_price()) {
    ASSIGN_OR_RETURN(out.limit_price, FromProto(order.limit_price(), "limit_price"));
  }
  if (order.has_stop_price()) {
    ASSIGN_OR_RETURN(out.stop_price, FromProto(order.stop_price(), "stop_price"));
  }
  out.reduce_only = order.reduce_only();
  ASSIGN_OR_RETURN(out.status, KnownEnum<OrderStatus>(order.status(), order::v1::OrderStatus_IsValid(order.status()),
                                                      "status", unknown));
  ASSIGN_OR_RETURN(out.cumulative_quantity,
                   DecimalOrZero(order.has_cumulative_quantity(), order.cumulative_quantity(), "cumulative_quantity"));
  ASSIGN_OR_RETURN(out.leaves_quantity,
                   DecimalOrZero(order.has_leaves_quantity(), order.leaves_quantity(), "leaves_quantity"));
  ASSIGN_OR_RETURN(out.average_price, DecimalOrZero(order.has_average_price(), order.average_price(), "average_price"));
  ASSIGN_OR_RETURN(out.fees, DecimalOrZero(order.has_fees(), order.fees(), "fees"));
  out.broker_order_id = order.broker_order_id();
  if (order.has_rejection()) out.rejection = FromProto(order.rejection());
  out.create_time = FromProto(order.create_time());
  out.update_time = FromProto(order.update_time());
  out.sequence = order.sequence();
  ASSIGN_OR_RETURN(out.mode,
                   KnownEnum<AccountMode>(order.mode(), type::v1::AccountMode_IsValid(order.mode()), "mode", unknown));
  out.reason = order.reason();
  out.cancel_requested = order.cancel_requested();
  out.outcome_unknown = order.outcome_unknown();
  ASSIGN_OR_RETURN(out.requested_quantity,
                   DecimalOrZero(order.has_requested_quantity(), order.requested_quantity(), "requested_quantity"));
  RETURN_IF_ERROR(DecodeRareTerms(order, unknown, &out));
  return out;
}

}  // namespace

void ToProto(const Order& order, order::v1::Order* out) {
  out->set_order_id(order.order_id.value());
  out->set_account_id(order.account_id.value());
  out->set_request_id(order.request_id.value());
  out->set_deployment_id(order.deployment_id.value());
  out->set_symbol(order.symbol.value());
  out->set_side(static_cast<type::v1::Side>(order.side));
  out->set_type(static_cast<type::v1::OrderType>(order.type));
  out->set_time_in_force(static_cast<type::v1::TimeInForce>(order.time_in_force));
  ToProto(order.quantity, out->mutable_quantity());
  if (order.limit_price) ToProto(*order.limit_price, out->mutable_limit_price());
  if (order.stop_price) ToProto(*order.stop_price, out->mutable_stop_price());
  out->set_reduce_only(order.reduce_only);
  out->set_status(static_cast<order::v1::OrderStatus>(order.status));
  ToProto(order.cumulative_quantity, out->mutable_cumulative_quantity());
  ToProto(order.leaves_quantity, out->mutable_leaves_quantity());
  ToProto(order.average_price, out->mutable_average_price());
  ToProto(order.fees, out->mutable_fees());
  out->set_broker_order_id(order.broker_order_id);
  if (order.rejection) ToProto(*order.rejection, out->mutable_rejection());
  ToProto(order.create_time, out->mutable_create_time());
  ToProto(order.update_time, out->mutable_update_time());
  out->set_sequence(order.sequence);
  out->set_mode(static_cast<type::v1::AccountMode>(order.mode));
  out->set_reason(order.reason);
  out->set_cancel_requested(order.cancel_requested);
  out->set_outcome_unknown(order.outcome_unknown);
  if (!order.requested_quantity.IsZero()) ToProto(order.requested_quantity, out->mutable_requested_quantity());
  EncodeRareTerms(order, out);
}

void ToProto(const Trailing& trailing, order::v1::Trailing* out) {
  ToProto(trailing.offset, out->mutable_offset());
  out->set_offset_type(static_cast<type::v1::TrailingOffsetType>(trailing.offset_type));
  if (trailing.activation_price) ToProto(*trailing.activation_price, out->mutable_activation_price());
  if (trailing.limit_offset) ToProto(*trailing.limit_offset, out->mutable_limit_offset());
  if (trailing.high_water_mark) ToProto(*trailing.high_water_mark, out->mutable_high_water_mark());
  if (trailing.high_water_time.nanos != 0) ToProto(trailing.high_water_time, out->mutable_high_water_time());
}

absl::StatusOr<Trailing> FromProto(const order::v1::Trailing& trailing) {
  Trailing out;
  ASSIGN_OR_RETURN(out.offset, FromProto(trailing.offset(), "trailing.offset"));
  ASSIGN_OR_RETURN(out.offset_type,
                   KnownEnum<TrailingOffsetType>(trailing.offset_type(),
                                                 type::v1::TrailingOffsetType_IsValid(trailing.offset_type()),
                                                 "trailing.offset_type"));
  RETURN_IF_ERROR(DecodeOptional(trailing.has_activation_price(), trailing.activation_price(),
                                 "trailing.activation_price", &out.activation_price));
  RETURN_IF_ERROR(
      DecodeOptional(trailing.has_limit_offset(), trailing.limit_offset(), "trailing.limit_offset", &out.limit_offset));
  RETURN_IF_ERROR(DecodeOptional(trailing.has_high_water_mark(), trailing.high_water_mark(), "trailing.high_water_mark",
                                 &out.high_water_mark));
  if (trailing.has_high_water_time()) out.high_water_time = FromProto(trailing.high_water_time());
  return out;
}

void ToProto(const Replacement& replacement, order::v1::Replacement* out) {
  if (replacement.quantity) ToProto(*replacement.quantity, out->mutable_quantity());
  if (replacement.limit_price) ToProto(*replacement.limit_price, out->mutable_limit_price());
  if (replacement.stop_price) ToProto(*replacement.stop_price, out->mutable_stop_price());
  out->set_number(replacement.number);
  out->set_request_id(replacement.request_id);
}

absl::StatusOr<Replacement> FromProto(const order::v1::Replacement& replacement) {
  Replacement out;
  RETURN_IF_ERROR(DecodeOptional(replacement.has_quantity(), replacement.quantity(), "quantity", &out.quantity));
  RETURN_IF_ERROR(
      DecodeOptional(replacement.has_limit_price(), replacement.limit_price(), "limit_price", &out.limit_price));
  RETURN_IF_ERROR(
      DecodeOptional(replacement.has_stop_price(), replacement.stop_price(), "stop_price", &out.stop_price));
  out.number = replacement.number();
  out.request_id = replacement.request_id();
  return out;
}

absl::StatusOr<Order> FromProto(const order::v1::Order& order) { return DecodeOrder(order, Unknown::kRefused); }

void ToProto(const Fill& fill, order::v1::Fill* out) {
  out->set_execution_id(fill.execution_id.value());
  out->set_order_id(fill.order_id.value());
  out->set_account_id(fill.account_id.value());
  out->set_deployment_id(fill.deployment_id.value());
  out->set_symbol(fill.symbol.value());
  out->set_side(static_cast<type::v1::Side>(fill.side));
  ToProto(fill.quantity, out->mutable_quantity());
  ToProto(fill.price, out->mutable_price());
  ToProto(fill.fee, out->mutable_fee());
  out->set_fee_currency(fill.fee_currency);
  out->set_maker(fill.maker);
  ToProto(fill.transact_time, out->mutable_transact_time());
  out->set_sequence(fill.sequence);
  out->set_reason(fill.reason);
  out->set_exec_ref_id(fill.exec_ref_id.value());
  out->set_version(fill.version);
  out->set_reversal(fill.reversal);
  if (fill.realised_pnl) ToProto(*fill.realised_pnl, out->mutable_realised_pnl());
  out->set_transfer(fill.transfer);
}

absl::StatusOr<Fill> FromProto(const order::v1::Fill& fill) {
  Fill out;
  out.execution_id = ExecutionId(fill.execution_id());
  out.order_id = OrderId(fill.order_id());
  out.account_id = AccountId(fill.account_id());
  out.deployment_id = DeploymentId(fill.deployment_id());
  out.symbol = Symbol(fill.symbol());
  ASSIGN_OR_RETURN(out.side, KnownEnum<Side>(fill.side(), type::v1::Side_IsValid(fill.side()), "side"));
  ASSIGN_OR_RETURN(out.quantity, FromProto(fill.quantity(), "quantity"));
  ASSIGN_OR_RETURN(out.price, FromProto(fill.price(), "price"));
  ASSIGN_OR_RETURN(out.fee, DecimalOrZero(fill.has_fee(), fill.fee(), "fee"));
  out.fee_currency = fill.fee_currency();
  out.maker = fill.maker();
  out.transact_time = FromProto(fill.transact_time());
  out.sequence = fill.sequence();
  out.reason = fill.reason();
  out.exec_ref_id = ExecutionId(fill.exec_ref_id());
  out.version = fill.version();
  out.reversal = fill.reversal();
  if (fill.has_realised_pnl()) {
    ASSIGN_OR_RETURN(out.realised_pnl, FromProto(fill.realised_pnl(), "realised_pnl"));
  }
  out.transfer = fill.transfer();
  return out;
}

void ToProto(const VenueAnswer& answer, order::v1::VenueAnswer* out) {
  out->set_question(static_cast<order::v1::VenueQuestion>(answer.question));
  ToProto(answer.as_of, out->mutable_as_of());
  out->set_text(answer.text);
}

VenueAnswer FromProto(const order::v1::VenueAnswer& answer) {
  return {.question = static_cast<VenueQuestion>(answer.question()),
          .as_of = FromProto(answer.as_of()),
          .text = answer.text()};
}

void ToProto(const ExternalPolicy& policy, order::v1::ExternalPolicy* out) {
  out->set_handling(static_cast<order::v1::ExternalHandling>(policy.handling));
  for (const AttributionRule& rule : policy.rules) {
    order::v1::AttributionRule* added = out->add_rules();
    added->set_symbol(rule.symbol.value());
    added->set_deployment_id(rule.deployment_id.value());
  }
  out->set_actor(policy.actor);
  out->set_reason(policy.reason);
  out->set_request_id(policy.request_id);
  if (policy.set_time.nanos != 0) ToProto(policy.set_time, out->mutable_set_time());
}

ExternalPolicy FromProto(const order::v1::ExternalPolicy& policy) {
  ExternalPolicy out{.handling = static_cast<ExternalHandling>(policy.handling()),
                     .actor = policy.actor(),
                     .reason = policy.reason(),
                     .request_id = policy.request_id(),
                     .set_time = FromProto(policy.set_time())};
  for (const order::v1::AttributionRule& rule : policy.rules())
    out.rules.push_back({.symbol = Symbol(rule.symbol()), .deployment_id = DeploymentId(rule.deployment_id())});
  return out;
}

void ToProto(const OrderEvent& event, order::v1::OrderEvent* out, bool with_checks) {
  out->set_account_id(event.account_id.value());
  out->set_sequence(event.sequence);
  out->set_type(static_cast<order::v1::OrderEventType>(event.type));
  ToProto(event.event_time, out->mutable_event_time());
  if (event.order) ToProto(*event.order, out->mutable_order());
  if (event.fill) ToProto(*event.fill, out->mutable_fill());
  if (event.rejection) ToProto(*event.rejection, out->mutable_rejection());
  out->set_actor(event.actor);
  if (event.type == OrderEventType::kAccountOpened) {
    ToProto(event.cash, out->mutable_cash());
    out->set_currency(event.currency);
  }
  if (with_checks) {
    for (const RiskCheck& check : event.checks) ToProto(check, out->add_checks());
  }
  for (const VenueAnswer& answer : event.evidence) ToProto(answer, out->add_evidence());
  if (event.external_policy) ToProto(*event.external_policy, out->mutable_external_policy());
  out->set_execution_sequence(event.execution_sequence);
  out->set_mode(static_cast<type::v1::AccountMode>(event.mode));
}

absl::StatusOr<OrderEvent> FromProto(const order::v1::OrderEvent& event) {
  OrderEvent out;
  out.account_id = AccountId(event.account_id());
  out.sequence = event.sequence();
  // Kept as they are told: what the event does to money stands in its fill and its order, and a follower that refused
  // it would stand still until it is younger than who wrote it.
  out.type = static_cast<OrderEventType>(event.type());
  out.event_time = FromProto(event.event_time());
  if (event.has_order()) {
    ASSIGN_OR_RETURN(out.order, DecodeOrder(event.order(), Unknown::kKept));
  }
  if (event.has_fill()) {
    ASSIGN_OR_RETURN(out.fill, FromProto(event.fill()));
  }
  if (event.has_rejection()) out.rejection = FromProto(event.rejection());
  out.actor = event.actor();
  ASSIGN_OR_RETURN(out.cash, DecimalOrZero(event.has_cash(), event.cash(), "cash"));
  out.currency = event.currency();
  out.checks.reserve(static_cast<std::size_t>(event.checks_size()));
  for (const order::v1::RiskCheck& check : event.checks()) out.checks.push_back(FromProto(check));
  for (const order::v1::VenueAnswer& answer : event.evidence()) out.evidence.push_back(FromProto(answer));
  if (event.has_external_policy()) out.external_policy = FromProto(event.external_policy());
  out.execution_sequence = event.execution_sequence();
  out.mode = static_cast<AccountMode>(event.mode());
  return out;
}

}  // namespace ballast::wire
