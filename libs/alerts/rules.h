#pragma once

#include <optional>

#include "libs/alerts/alert.h"
#include "libs/model/order.h"

namespace ballast::alerts {

// Whether AlertFor has anything to say about events of this type.
bool IsTold(OrderEventType type);
// What people are told about an order event; nothing for the ordinary steps of an order. The time is the event's.
std::optional<Alert> AlertFor(const OrderEvent& event);

}  // namespace ballast::alerts
