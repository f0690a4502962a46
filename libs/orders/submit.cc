#include "libs/orders/submit.h"

#include <algorithm>

namespace ballast::orders {

bool IsIdentifier(const std::string& text, std::size_t length_max) {
  return !text.empty() && text.size() <= length_max && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == ':' || c == '-';
  });
}

std::vector<Violation> ValidateSubmit(Order& order) {
  std::vector<Violation> violations;
  auto refuse = [&](const char* field, RejectReason reason, const char* message) {
    violations.push_back({.field = field, .reason = reason, .message = message});
  };
  const char* kCharset = "1 to 64 characters of A-Z a-z 0-9 . _ : - expected";
  if (!IsIdentifier(order.request_id.value(), 64)) refuse("request_id", RejectReason::kBadIdentifier, kCharset);
  if (!IsIdentifier(order.account_id.value(), 64)) refuse("account_id", RejectReason::kBadIdentifier, kCharset);
  if (!order.deployment_id.empty() && !IsIdentifier(order.deployment_id.value(), 64)) {
    refuse("deployment_id", RejectReason::kBadIdentifier, kCharset);
  }
  if (!IsIdentifier(order.symbol.value(), 32)) {
    refuse("symbol", RejectReason::kBadIdentifier, "1 to 32 characters of A-Z a-z 0-9 . _ : - expected");
  }
  if (order.reason.size() > 200) refuse("reason", RejectReason::kOutOfRange, "at most 200 bytes");
  if (order.side == Side::kUnspecified) refuse("side", RejectReason::kMissingField, "SIDE_BUY or SIDE_SELL expected");
  if (!order.quantity.IsPositive()) refuse("quantity", RejectReason::kOutOfRange, "must be above zero");

  bool needs_limit = order.type == OrderType::kLimit || order.type == OrderType::kStopLimit;
  bool needs_stop = order.type == OrderType::kStop || order.type == OrderType::kStopLimit;
  if (order.type == OrderType::kUnspecified) {
    refuse("type", RejectReason::kMissingField, "an order type is expected");
  } else {
    if (needs_limit && !order.limit_price) {
      refuse("limit_price", RejectReason::kPriceRequired, "this order type needs a limit price");
    }
    if (!needs_limit && order.limit_price) {
      refuse("limit_price", RejectReason::kPriceForbidden, "this order type takes no limit price");
    }
    if (needs_stop && !order.stop_price) {
      refuse("stop_price", RejectReason::kPriceRequired, "this order type needs a stop price");
    }
    if (!needs_stop && order.stop_price) {
      refuse("stop_price", RejectReason::kPriceForbidden, "this order type takes no stop price");
    }
  }
  if (order.limit_price && !order.limit_price->IsPositive()) {
    refuse("limit_price", RejectReason::kOutOfRange, "must be above zero");
  }
  if (order.stop_price && !order.stop_price->IsPositive()) {
    refuse("stop_price", RejectReason::kOutOfRange, "must be above zero");
  }
  if (order.time_in_force == TimeInForce::kUnspecified) {
    order.time_in_force = order.type == OrderType::kMarket ? TimeInForce::kIoc : TimeInForce::kGtc;
  }
  bool immediate = order.time_in_force == TimeInForce::kIoc || order.time_in_force == TimeInForce::kFok;
  if (immediate && needs_stop) {
    refuse("time_in_force", RejectReason::kUnsupported, "a stop order rests: IOC and FOK do not apply");
  }
  return violations;
}

bool SameBody(const Order& left, const Order& right) {
  auto asked = [](const Order& order) {
    return order.requested_quantity.IsZero() ? order.quantity : order.requested_quantity;
  };
  return left.account_id == right.account_id && left.request_id == right.request_id &&
         left.deployment_id == right.deployment_id && left.symbol == right.symbol && left.side == right.side &&
         left.type == right.type && left.time_in_force == right.time_in_force && asked(left) == asked(right) &&
         left.limit_price == right.limit_price && left.stop_price == right.stop_price &&
         left.reduce_only == right.reduce_only && left.reason == right.reason;
}

}  // namespace ballast::orders
