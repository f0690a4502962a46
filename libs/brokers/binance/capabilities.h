#pragma once

#include "libs/base/utc_time.h"
#include "libs/broker/capabilities.h"

namespace ballast::binance {

// Sent as `recvWindow` with every signed request: the venue takes none that is older when it comes to its gate or to
// its matching engine (rest-api.md, "Timing security"; 5000 is its default too).
inline constexpr Duration kRecvWindow = Duration::Seconds(5);

// What Binance spot can do by itself.
const broker::Capabilities& SpotCapabilities();

}  // namespace ballast::binance
