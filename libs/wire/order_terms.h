#pragma once

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast::wire {

// Reads what few orders have from a request of any kind that carries it under these names. `refuse(field, reason,
// message)` is told of each field that cannot be read; what a caller may not say (where a trailing stop has come to) is
// left out.
template <typename Message, typename Refuse>
void ReadOrderTerms(const Message& message, Refuse refuse, Order* order) {
  auto decimal = [&](const type::v1::Decimal& value, const char* field) {
    auto parsed = Decimal::Parse(value.value());
    if (parsed.ok()) return *parsed;
    refuse(field, RejectReason::kBadDecimal, MessageOf(parsed.status()));
    return Decimal::FromInt(1);  // stands in for the value, so that the other fields are checked too
  };
  order->post_only = message.post_only();
  order->hold_until_open = message.hold_until_open();
  order->confirm_soft_collar = message.confirm_soft_collar();
  order->locate_id = message.locate_id();
  if (message.has_protective_stop_price())
    order->protective_stop_price = decimal(message.protective_stop_price(), "protective_stop_price");
  if (message.has_expire_time()) {
    order->expire_time = FromProto(message.expire_time());
    if (order->expire_time.nanos <= 0) refuse("expire_time", RejectReason::kOutOfRange, "not a time of this age");
  }
  if (message.has_display_quantity()) order->display_quantity = decimal(message.display_quantity(), "display_quantity");
  if (type::v1::TriggerSource_IsValid(message.trigger_source()))
    order->trigger_source = static_cast<TriggerSource>(message.trigger_source());
  else
    refuse("trigger_source", RejectReason::kBadEnum, "unknown value");
  if (!message.has_trailing()) return;
  const order::v1::Trailing& trailing = message.trailing();
  order->trailing.emplace();
  if (trailing.has_offset())
    order->trailing->offset = decimal(trailing.offset(), "trailing.offset");
  else
    refuse("trailing.offset", RejectReason::kMissingField, "an offset is expected");
  if (type::v1::TrailingOffsetType_IsValid(trailing.offset_type()))
    order->trailing->offset_type = static_cast<TrailingOffsetType>(trailing.offset_type());
  else
    refuse("trailing.offset_type", RejectReason::kBadEnum, "unknown value");
  if (trailing.has_activation_price())
    order->trailing->activation_price = decimal(trailing.activation_price(), "trailing.activation_price");
  if (trailing.has_limit_offset())
    order->trailing->limit_offset = decimal(trailing.limit_offset(), "trailing.limit_offset");
}

}  // namespace ballast::wire
