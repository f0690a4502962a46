#pragma once

#include <string>

#include "services/api_gateway/api_call.h"

namespace ballast {

struct EmergencyPlan {
  std::string account;
  std::string reason;
  // For the audit record: "K1", "K2" or "STOP".
  std::string level;
  // Cancel every working order.
  bool cancel = false;
  // Stop every deployment of the account.
  bool stop = false;
  // Close positions at market: those of the deployments by the strategy runner, all others by reduce-only orders from
  // here.
  bool close = false;
};

// Halts the account first, so that nothing new comes behind it, then does the rest. A step that fails does not keep the
// later ones from being tried, and is tried again until Gateway::emergency_ms_max is over. With `close` it goes on
// until no order is open and the books, at the order log's head, are flat: what is left then is closed again. Answers
// 200 with account, orders, deployments, closing_orders and flat; or the first failure in the error shape, with what
// was done beside it, all failures in "failed" and what is held in "left". Never 200 while not flat. It may be asked
// for again.
void RunEmergency(const CallPtr& call, EmergencyPlan plan);

}  // namespace ballast
