#pragma once

#include "libs/model/order.h"

namespace ballast::orders {

// The state, and what follows from it: what is left of the order, and that an end has answered every request.
void SetStatus(Order& order, OrderStatus status);

}  // namespace ballast::orders
