#pragma once

#include "libs/platform/service/service.h"

namespace ballast {

// REST, WebSocket and the dashboard. See README.md.
ServiceSpec ApiGatewaySpec();

}  // namespace ballast
