#pragma once

#include "libs/base/utc_time.h"
#include "libs/broker/capabilities.h"

namespace ballast::kraken {

// Every new order and every amendment carries a deadline this far ahead: the engine refuses what it reaches later. The
// venue takes from half a second to a minute; five seconds is its own default.
inline constexpr Duration kDeadline = Duration::Seconds(5);

// What Kraken spot does by itself, as far as its WebSocket v2 can be asked for it.
broker::Capabilities KrakenCapabilities();

}  // namespace ballast::kraken
