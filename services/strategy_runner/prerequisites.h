#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ballast/strategy/v1/strategy_service.pb.h"
#include "libs/strategy/decider.h"
#include "services/strategy_runner/neighbours.h"

namespace ballast {

// What must hold before a deployment may trade, each with its verdict and the numbers behind it. A question that cannot
// be answered is a failed prerequisite.
std::vector<strategy::v1::Prerequisite> CheckPrerequisites(const strategy::Spec& spec, Neighbours& neighbours);
// Can bars of `timeframe` be made of a market's shortest ones?
strategy::v1::Prerequisite CheckTimeframe(const std::string& timeframe, std::int64_t bar_length_seconds);
bool AllPassed(const std::vector<strategy::v1::Prerequisite>& prerequisites);

}  // namespace ballast
