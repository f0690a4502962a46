#pragma once

#include <vector>

#include "libs/execution/router.h"

namespace ballast {

// A sell that may open something: what each account holds first (its venue's `available`), and only what that leaves is
// sold beyond it, from what the books have left. Pure.
execution::RoutePlan PlanHeldThenShort(const execution::RouteOrder& order,
                                       const std::vector<execution::RouteVenue>& venues);

}  // namespace ballast
