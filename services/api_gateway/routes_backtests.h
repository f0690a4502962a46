#pragma once

#include <vector>

#include "services/api_gateway/api_call.h"

namespace ballast {

// Backtests and their reports (docs/reference/backtest.md).
std::vector<Route> BacktestRoutes();

}  // namespace ballast
