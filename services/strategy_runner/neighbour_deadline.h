#pragma once

#include "libs/base/utc_time.h"

namespace ballast {

// Of every question to another service: what is not answered by then counts as not answered.
inline constexpr Duration kNeighbourDeadline = Duration::Seconds(2);
// No request that was ever made is on its way any more so long after its moment: what is not there by then never will
// be. Five deadlines, for clocks that differ and a queue at the other end.
inline constexpr Duration kNeighbourSettled = Duration{5 * kNeighbourDeadline.nanos};

}  // namespace ballast
