#include "services/broker_gateway/lockstep.h"

#include <algorithm>

namespace ballast {

std::optional<LockstepGate::Connection> LockstepGate::Connect(Connection connection, const std::string& name,
                                                              int phase) {
  Participant& participant = participants_[name];
  std::optional<Connection> former = participant.connection;
  participant = {.phase = phase, .connection = connection};
  return former;
}

void LockstepGate::Disconnect(Connection connection) {
  for (auto& [name, participant] : participants_) {
    if (participant.connection == connection) participant = {.phase = participant.phase};
  }
}

void LockstepGate::Acknowledge(Connection connection, std::uint64_t step) {
  for (auto& [name, participant] : participants_) {
    if (participant.connection == connection && participant.sent == step) participant.acknowledged = step;
  }
}

void LockstepGate::Told(const std::string& account, std::uint64_t sequence) {
  std::uint64_t& told = reports_[account].told;
  told = std::max(told, sequence);
}

void LockstepGate::Durable(const std::string& account, std::uint64_t sequence) {
  std::uint64_t& durable = reports_[account].durable;
  durable = std::max(durable, sequence);
}

std::vector<LockstepGate::Connection> LockstepGate::TakeDue() {
  std::vector<Connection> due;
  if (step_ == 0 || static_cast<int>(participants_.size()) < participants_min_) return due;
  int phase = -1;  // the first one that is not done
  for (const auto& [name, participant] : participants_) {
    if (participant.acknowledged < step_ && (phase < 0 || participant.phase < phase)) phase = participant.phase;
  }
  for (auto& [name, participant] : participants_) {
    if (participant.phase > phase || !participant.connection || participant.sent == step_) continue;
    participant.sent = step_;
    due.push_back(*participant.connection);
  }
  return due;
}

bool LockstepGate::Running() const {
  if (!session_open_ || static_cast<int>(participants_.size()) < participants_min_) return false;
  return std::all_of(participants_.begin(), participants_.end(),
                     [](const auto& each) { return each.second.connection.has_value(); });
}

bool LockstepGate::MayStep() const { return WaitsFor().empty(); }

std::string LockstepGate::WaitsFor() const {
  if (!session_open_) return "order management";
  for (const auto& [name, participant] : participants_) {
    if (!participant.connection) return name;
  }
  int missing = participants_min_ - static_cast<int>(participants_.size());
  if (missing > 0) return std::to_string(missing) + " more participants";
  for (const auto& [name, participant] : participants_) {
    if (participant.acknowledged < step_) return "acknowledgement of " + name;
  }
  for (const auto& [account, reports] : reports_) {
    if (reports.durable < reports.told) return "reports of " + account;
  }
  return "";
}

}  // namespace ballast
