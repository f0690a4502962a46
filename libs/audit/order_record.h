#pragma once

#include <string_view>

#include "libs/audit/chain.h"
#include "libs/model/order.h"

namespace ballast::audit {

// e.g. "order.filled", "account.halted"; "order.unspecified" for a type this build does not know.
std::string ActionOf(OrderEventType type);

// What an order event adds to what the records before it say, as a record not yet linked: time is the event's, subject
// "order:<id>" or "account:<id>", detail canonical JSON with decimals as text and the event's sequence, by which the
// order log has the rest. The intent stands in the first record of an order, progress in the later ones, whatever is
// rare or unknown to this build whole. Control characters of people's text are replaced where the record keeps them
// outside of JSON. `checks_digest`: in hex, of all that risk said; the order log has that, and this keeps it from being
// changed.
Record RecordOf(const OrderEvent& event, std::string_view checks_digest = {});

}  // namespace ballast::audit
