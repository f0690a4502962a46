#pragma once

#include <string>

#include "services/api_gateway/api_call.h"

namespace ballast {

// An emergency of less than an account. Exactly one of the two ids is set.
struct ScopedStopPlan {
  std::string account;
  std::string deployment_id;
  std::string order_id;
  order::v1::EmergencyLevel level = order::v1::EMERGENCY_LEVEL_UNSPECIFIED;
  std::string reason;
};

// Of a deployment: no entries (K1), its working orders cancelled (K2), stopped with its positions closed (K3). Of an
// order: cancelled (K1 and K2 are the same there, and it has no position of its own). Goes on until it is seen to be
// so, at the latest for Gateway::emergency_ms_max: answers 200 with `done`, or 202 with what is left and why in
// `to_do`; `proof` has what was counted, in order management, at the venue and in the book. It is not kept over a
// restart of the edge, as an account's command is: what is left by then is left to another press. 404: there is none of
// that id.
void RunScopedStop(const CallPtr& call, ScopedStopPlan plan);

}  // namespace ballast
