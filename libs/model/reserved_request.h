#pragma once

#include <string_view>

namespace ballast {

// Request ids that the suite makes itself, so that an order is found again under them: a caller's own order there would
// stand where a leg of a route, or an order that goes elsewhere, has to be.

// "route-<request id of the route>-<number>", with the reason "route".
inline constexpr std::string_view kRouteRequests = "route-";
inline constexpr std::string_view kRouteReason = "route";
// "elsewhere-<order id>-<number>", see libs/orders/elsewhere.h.
inline constexpr std::string_view kElsewhereRequests = "elsewhere-";

inline bool IsReservedRequest(std::string_view request_id) {
  return request_id.starts_with(kRouteRequests) || request_id.starts_with(kElsewhereRequests);
}

}  // namespace ballast
