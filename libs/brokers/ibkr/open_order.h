#pragma once

#include "libs/brokers/ibkr/fields.h"
#include "libs/brokers/ibkr/messages.h"

namespace ballast::ibkr {

// The eleven fields of a contract as orders, executions and positions have them: without the primary exchange.
Contract ReadContract(FieldReader& in);

// From the field after the message's id up to the status; what comes behind it is not read. What went wrong is in
// `in.status()`.
OpenOrder ReadOpenOrder(FieldReader& in, int server_version);

}  // namespace ballast::ibkr
