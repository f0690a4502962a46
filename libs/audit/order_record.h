#pragma once

#include "libs/audit/chain.h"
#include "libs/model/order.h"

namespace ballast::audit {

// e.g. "order.filled", "account.halted"; "order.unspecified" for a type this build does not know.
std::string ActionOf(OrderEventType type);

// Everything an order event says, as a record not yet linked: time is the event's, subject "order:<id>" or
// "account:<id>", detail canonical JSON with decimals as text. Control characters of people's text are replaced where
// the record keeps them outside of JSON.
Record RecordOf(const OrderEvent& event);

}  // namespace ballast::audit
