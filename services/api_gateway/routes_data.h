#pragma once

#include <vector>

#include "services/api_gateway/api_call.h"

namespace ballast {

// A user's own bars (docs/reference/data.md).
std::vector<Route> DataRoutes();

}  // namespace ballast
