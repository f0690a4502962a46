#pragma once

#include "services/api_gateway/api_call.h"

namespace ballast {

// GET /api/live/decisions: what of the account waits for a second person, whoever keeps it, and what takes two there.
void ListAwaitedDecisions(const CallPtr& call);

}  // namespace ballast
