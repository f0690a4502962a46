#pragma once

#include "libs/model/order.h"

namespace ballast {

// What an order that nobody here has asked for has as its request id and its reason.
inline constexpr const char* kExternal = "external";

// Made elsewhere: at the venue, by hand, by another program. Those that were stored before it was said how they are
// treated have only their reason.
inline bool MadeElsewhere(const Order& order) {
  return order.external.has_value() || (order.request_id.value() == kExternal && order.reason == kExternal);
}

// Nobody here may touch it.
inline bool IsLeftAlone(const Order& order) {
  return order.external && order.external->handling == ExternalHandling::kIgnore;
}

// Nobody has decided, or in words that are not known here: a person is asked.
inline bool Asks(ExternalHandling handling) {
  return handling != ExternalHandling::kAdopt && handling != ExternalHandling::kIgnore &&
         handling != ExternalHandling::kAttribute;
}

// Whose book what is made elsewhere in `symbol` is of, by the policy's rules; empty: the book by hand.
inline DeploymentId DeploymentFor(const ExternalPolicy& policy, const Symbol& symbol) {
  if (policy.handling != ExternalHandling::kAttribute) return DeploymentId();
  for (const AttributionRule& rule : policy.rules) {
    if (rule.symbol.empty() || rule.symbol == symbol) return rule.deployment_id;
  }
  return DeploymentId();
}

// Said by the same person in the same words, it is the same policy.
inline bool SamePolicy(const ExternalPolicy& left, const ExternalPolicy& right) {
  bool both_ask = Asks(left.handling) && Asks(right.handling);
  return (both_ask || left.handling == right.handling) && left.rules == right.rules;
}

inline Rejection LeftAlone(const Order& order) {
  return {.reason = RejectReason::kExternalOrder,
          .check = "external_order",
          .observed = order.order_id.value(),
          .message = "the order was made elsewhere and is left to whoever made it; adopt it first",
          .related_order_id = order.order_id.value()};
}

}  // namespace ballast
