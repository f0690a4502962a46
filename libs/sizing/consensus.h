#pragma once

#include "libs/sizing/sizer.h"

namespace ballast::sizing {

// What the votes come to, before whole lots; nothing when nobody could be asked. `how` gets the weights or the rule.
std::optional<Decimal> Agree(const Settings& settings, const std::vector<Result>& votes, const Track& track,
                             std::map<std::string, std::string>& how);

}  // namespace ballast::sizing
