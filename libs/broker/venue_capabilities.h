#pragma once

#include "libs/broker/capabilities.h"

namespace ballast::broker {

// What venues elsewhere can by themselves, from their documents. Here and not beside their protocols: order management
// decides by it, and may not see those.
Capabilities BinanceSpot();

}  // namespace ballast::broker
