#pragma once

#include "libs/platform/service/service.h"

namespace ballast {

// Deployments: strategies that trade. See README.md.
ServiceSpec StrategyRunnerSpec();

}  // namespace ballast
