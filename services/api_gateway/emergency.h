#pragma once

#include <string>

#include "services/api_gateway/api_call.h"

namespace ballast {

struct EmergencyPlan {
  std::string account;
  std::string reason;
  order::v1::EmergencyLevel level = order::v1::EMERGENCY_LEVEL_UNSPECIFIED;
};

// Presses the emergency stop: from then on EmergencyBoard sees to it, whoever is dead and whatever becomes of this
// call. Answers the command's state: 200 when it is done within Gateway::emergency_ms_max, else 202 with what is safe
// already and what is still to do; 404 when there is no such account.
void RunEmergency(const CallPtr& call, const EmergencyPlan& plan);

// The same for every account there is, or for those at one broker (not empty): each gets a command of its own. Accounts
// come from order management, and where that does not answer from what it has named since the start: then the broker of
// none is known, and all of them are meant. Answers `emergencies`, and `done` when all are.
struct FirmEmergencyPlan {
  std::string broker;
  std::string reason;
  order::v1::EmergencyLevel level = order::v1::EMERGENCY_LEVEL_UNSPECIFIED;
};
void RunFirmEmergency(const CallPtr& call, const FirmEmergencyPlan& plan);

// An emergency of less than an account (ScopedStops): 200 when it is done within Gateway::emergency_ms_max, else 202
// with what is left and why in `to_do`, and it goes on; `proof` has what was counted, in order management, at the venue
// and in the book. 404: there is none of that id. The record's id, actor and time are set here.
void RunScopedStop(const CallPtr& call, ScopedStopRecord record);
// GET /api/live/emergency/scoped: those under way and the newest that are over.
void ListScopedStops(const CallPtr& call);

// Answers 200 with `answer` when the gateway's kill switch is let go, or cannot be for now: then "to_do" says so.
void AnswerWhenReleased(const CallPtr& call, const std::string& account, Json answer);

}  // namespace ballast
