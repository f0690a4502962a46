#pragma once

#include <optional>
#include <string>

#include "libs/model/market.h"
#include "libs/model/order.h"
#include "libs/strategy/decider.h"

namespace ballast {

// What a decision's order would have come to, had it been sent: filled whole at the quote's other side, with the
// instrument's taker fee. Nothing: there is no quote of a session that is open.
std::optional<OrderEvent> ShadowFill(const strategy::Decision& decision, const DeploymentId& deployment,
                                     const std::string& request_id, const Quote* quote, const Instrument* instrument);

}  // namespace ballast
