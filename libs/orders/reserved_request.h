#pragma once

#include "libs/model/order.h"
#include "libs/model/reserved_request.h"

namespace ballast::orders {

// Its request id is reserved, and the order is not what the suite sends under it.
bool TakesReservedRequest(const Order& order);

}  // namespace ballast::orders
