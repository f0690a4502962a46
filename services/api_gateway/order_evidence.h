#pragma once

#include "services/api_gateway/api_call.h"

namespace ballast {

// What is known of an order whose outcome is not: what the broker gateway has asked and heard, whether two persons have
// to agree, and what one of them has said already. Answers what there is: an `evidence` of null is one that the broker
// gateway does not have, or does not tell now.
void ShowEvidence(const CallPtr& call);

}  // namespace ballast
