#include "libs/orders/reserved_request.h"

#include <string>

#include "libs/orders/elsewhere.h"

namespace ballast::orders {

bool TakesReservedRequest(const Order& order) {
  const std::string& request = order.request_id.value();
  if (!IsReservedRequest(request)) return false;
  // No deployment's and none of a list is one of these.
  if (!order.deployment_id.empty() || order.list) return true;
  return request.starts_with(kRouteRequests) ? order.reason != kRouteReason : !ElsewhereOrigin(order).has_value();
}

}  // namespace ballast::orders
