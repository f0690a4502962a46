#pragma once

#include <vector>

#include "ballast/strategy/v1/strategy_service.pb.h"
#include "libs/strategy/decider.h"
#include "services/strategy_runner/neighbours.h"

namespace ballast {

// What must hold before a deployment may trade, each with its verdict and the numbers behind it. A question that cannot
// be answered is a failed prerequisite.
std::vector<strategy::v1::Prerequisite> CheckPrerequisites(const strategy::Spec& spec, Neighbours& neighbours);
bool AllPassed(const std::vector<strategy::v1::Prerequisite>& prerequisites);

}  // namespace ballast
