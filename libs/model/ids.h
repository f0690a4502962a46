#pragma once

#include "libs/base/strong_id.h"

namespace ballast {

using AccountId = StrongId<struct AccountIdTag>;
// Ours, unique for ever: see OrderIdFor in libs/orders/order_id.h.
using OrderId = StrongId<struct OrderIdTag>;
// The caller's idempotency key.
using RequestId = StrongId<struct RequestIdTag>;
// Empty for orders placed by hand.
using DeploymentId = StrongId<struct DeploymentIdTag>;
// The broker's id of one execution.
using ExecutionId = StrongId<struct ExecutionIdTag>;
// e.g. "AAPL", "BTC-USD"
using Symbol = StrongId<struct SymbolTag>;

}  // namespace ballast
