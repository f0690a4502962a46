#pragma once

#include "libs/platform/service/service.h"

namespace ballast {

// Pre-trade risk. See README.md.
ServiceSpec RiskSpec();

}  // namespace ballast
