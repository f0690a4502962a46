#pragma once

#include "libs/platform/service/service.h"

namespace ballast {

// Positions, results and equity. See README.md.
ServiceSpec PositionsSpec();

}  // namespace ballast
