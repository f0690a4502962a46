#pragma once

#include "libs/platform/service/service.h"

namespace ballast {

// The broker gateway: the only way to a venue, and the market data that comes from it. See README.md.
ServiceSpec BrokerGatewaySpec();

}  // namespace ballast
