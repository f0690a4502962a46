#pragma once

#include "libs/model/order.h"

namespace ballast {

// Orders of the protection supervisor (libs/orders/protection.h) are known by their request id, which nobody else may
// use. They give way to every other exit of their position, whoever counts exits.
inline constexpr char kProtectionPrefix[] = "protect:";
inline bool IsProtection(const Order& order) { return order.request_id.value().starts_with(kProtectionPrefix); }

}  // namespace ballast
