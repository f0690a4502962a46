#pragma once

#include <array>
#include <string>

#include "libs/base/utc_time.h"

namespace ballast::strategy {

// The numbers are stored; they are the wire's too.
enum class DeploymentState : int { kCreated = 1, kActive = 2, kPaused = 3, kStopping = 4, kStopped = 5 };
constexpr std::array kDeploymentStates = {DeploymentState::kCreated, DeploymentState::kActive, DeploymentState::kPaused,
                                          DeploymentState::kStopping, DeploymentState::kStopped};

// What can happen to a deployment.
enum class DeploymentEvent : int {
  // A person, or its configuration, starts it and every prerequisite holds.
  kStart,
  kPause,
  kResume,
  // No new orders; what it holds stays.
  kStop,
  // The same, and what it holds is closed. Only while it holds something; otherwise it is a kStop.
  kStopAndClose,
  // Nothing of it works any more, and nothing is held that was to be closed.
  kDone,
  // A fill that came late: it holds something although it was to be closed.
  kLateFill,
  // An emergency stop has stopped it elsewhere: its orders are not taken until a person starts it.
  kEmergencyStop,
};
constexpr std::array kDeploymentEvents = {DeploymentEvent::kStart,        DeploymentEvent::kPause,
                                          DeploymentEvent::kResume,       DeploymentEvent::kStop,
                                          DeploymentEvent::kStopAndClose, DeploymentEvent::kDone,
                                          DeploymentEvent::kLateFill,     DeploymentEvent::kEmergencyStop};

// One cell of the life-cycle: where it leads, or why it is refused.
struct DeploymentCell {
  DeploymentState next;
  // Nothing changes, and that is as it should be: it is there already.
  bool stays = false;
  // Not null: refused, in words for a person; `next` is where it is.
  const char* refusal = nullptr;
};
// Total: there is a cell for every state and event.
const DeploymentCell& CellOf(DeploymentState state, DeploymentEvent event);

// Where a deployment is in its life. Pure: who calls says what time it is and stores what has changed.
struct DeploymentLife {
  DeploymentState state = DeploymentState::kCreated;
  // Why it is where it is, for people.
  std::string status_reason;
  // Goes into the orders that close it: "manual", "emergency_stop", …
  std::string stop_reason;
  // What it holds is to be closed before it is stopped, and late fills after.
  bool close_positions = false;
  // Started by itself as soon as its prerequisites hold.
  bool start_pending = false;
  UtcTime start_time;
  UtcTime stop_time;

  // It decides: entries while active, exits and stops in all three.
  [[nodiscard]] bool running() const {
    return state == DeploymentState::kActive || state == DeploymentState::kPaused ||
           state == DeploymentState::kStopping;
  }

  friend bool operator==(const DeploymentLife&, const DeploymentLife&) = default;
};

struct DeploymentChange {
  // Something must be stored.
  bool changed = false;
  // Empty: done, or there was nothing to do.
  std::string refusal;

  [[nodiscard]] bool refused() const { return !refusal.empty(); }
};

// `reason`: of a stop ("manual" when empty), of a pause that nobody asked for, or of an emergency stop; not looked at
// otherwise.
DeploymentChange Apply(DeploymentLife& life, DeploymentEvent event, const std::string& reason, UtcTime now);

}  // namespace ballast::strategy
