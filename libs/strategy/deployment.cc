#include "libs/strategy/deployment.h"

namespace ballast::strategy {
namespace {

using Row = std::array<DeploymentCell, kDeploymentEvents.size()>;

constexpr auto kCreated = DeploymentState::kCreated;
constexpr auto kActive = DeploymentState::kActive;
constexpr auto kPaused = DeploymentState::kPaused;
constexpr auto kStopping = DeploymentState::kStopping;
constexpr auto kStopped = DeploymentState::kStopped;

constexpr DeploymentCell To(DeploymentState next) { return {.next = next}; }
constexpr DeploymentCell Stay(DeploymentState here) { return {.next = here, .stays = true}; }
constexpr DeploymentCell Refuse(DeploymentState here, const char* why) { return {.next = here, .refusal = why}; }

constexpr const char* kNotActive = "only an active deployment can be paused";
constexpr const char* kNotPaused = "only a paused deployment can be resumed";

// Columns as in kDeploymentEvents. A stop that was asked for again is stored again: its reason may be another.
constexpr std::array<Row, kDeploymentStates.size()> kTable = {{
    {To(kActive), Refuse(kCreated, kNotActive), Refuse(kCreated, kNotPaused), To(kStopping), To(kStopping),
     Stay(kCreated), Stay(kCreated), Stay(kCreated)},
    {Stay(kActive), To(kPaused), Stay(kActive), To(kStopping), To(kStopping), Stay(kActive), Stay(kActive),
     To(kStopped)},
    {Refuse(kPaused, "it is paused: resume it"), Stay(kPaused), To(kActive), To(kStopping), To(kStopping),
     Stay(kPaused), Stay(kPaused), To(kStopped)},
    {Refuse(kStopping, "it is being stopped"), Refuse(kStopping, kNotActive), Refuse(kStopping, kNotPaused),
     To(kStopping), To(kStopping), To(kStopped), Stay(kStopping), To(kStopped)},
    {To(kActive), Refuse(kStopped, kNotActive), Refuse(kStopped, kNotPaused), Stay(kStopped), To(kStopping),
     Stay(kStopped), To(kStopping), Stay(kStopped)},
}};

void Stop(DeploymentLife& life, const std::string& reason) {
  life.start_pending = false;
  life.stop_reason = reason.empty() ? "manual" : reason;
  life.status_reason = life.stop_reason;
}

void Start(DeploymentLife& life, UtcTime now) {
  life.status_reason.clear();
  life.stop_reason.clear();
  life.start_pending = false;
  life.close_positions = false;
  life.start_time = now;
  life.stop_time = UtcTime{};
}

}  // namespace

const DeploymentCell& CellOf(DeploymentState state, DeploymentEvent event) {
  return kTable.at(static_cast<std::size_t>(state) - 1).at(static_cast<std::size_t>(event));
}

DeploymentChange Apply(DeploymentLife& life, DeploymentEvent event, const std::string& reason, UtcTime now) {
  const DeploymentCell& cell = CellOf(life.state, event);
  if (cell.refusal != nullptr) return {.refusal = cell.refusal};
  // Only what was promised to be flat is closed when a fill comes late.
  if (cell.stays || (event == DeploymentEvent::kLateFill && !life.close_positions)) return {};
  life.state = cell.next;
  switch (event) {
    case DeploymentEvent::kStart:
      Start(life, now);
      break;
    case DeploymentEvent::kStop:
      Stop(life, reason);
      break;
    case DeploymentEvent::kStopAndClose:
      Stop(life, reason);
      life.close_positions = true;
      break;
    case DeploymentEvent::kDone:
      life.stop_time = now;
      break;
    case DeploymentEvent::kEmergencyStop:
      life.status_reason = reason;
      life.start_pending = false;
      life.stop_time = now;
      break;
    case DeploymentEvent::kPause:
      life.status_reason = reason;
      break;
    case DeploymentEvent::kResume:
      life.status_reason.clear();
      break;
    case DeploymentEvent::kLateFill:
      break;
  }
  return {.changed = true};
}

}  // namespace ballast::strategy
