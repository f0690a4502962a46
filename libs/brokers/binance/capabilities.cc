#include "libs/brokers/binance/capabilities.h"

namespace ballast::binance {

const broker::Capabilities& SpotCapabilities() { return broker::CapabilitiesOf("binance"); }

}  // namespace ballast::binance
