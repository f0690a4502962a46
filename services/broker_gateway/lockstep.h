#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ballast {

// Says when a market that runs in lockstep may tell its step to whom, and when it may move on
// (docs/adr/0006-lockstep-replay.md). Holds no stream, no clock and no thread: fed with what happened, asked what may
// follow.
//
// A participant is known by its name. Once it took part, the market waits for it: gone, it stops the market until a
// connection with the same name is there and has acknowledged the present step (again).
class LockstepGate {
 public:
  using Connection = std::uint64_t;

  // The market starts with at least so many participants.
  explicit LockstepGate(int participants_min) : participants_min_(participants_min) {}

  // Returns the connection of the same name it takes the place of.
  std::optional<Connection> Connect(Connection connection, const std::string& name, int phase);
  // Unknown connections, also those whose place was taken, change nothing.
  void Disconnect(Connection connection);
  // `connection` has dealt with `step`; one about another step than it was last given says nothing.
  void Acknowledge(Connection connection, std::uint64_t step);

  // The order manager's stream is open.
  void SetSession(bool open) { session_open_ = open; }
  // The account's reports up to `sequence` were made, or are durable at the order manager.
  void Told(const std::string& account, std::uint64_t sequence);
  void Durable(const std::string& account, std::uint64_t sequence);

  // The market stands on `step` now (> 0); everybody has to acknowledge it.
  void Begin(std::uint64_t step) { step_ = step; }

  // Whom the present step is to be sent to now; each connection once a step. Phase 1 follows when all of phase 0 have
  // acknowledged.
  std::vector<Connection> TakeDue();
  // Everybody is there and has acknowledged, and every report told is durable.
  [[nodiscard]] bool MayStep() const;
  // Everybody the market waits for is there.
  [[nodiscard]] bool Running() const;
  // What it waits for, for people: "order management", "risk", "acknowledgement of positions", "reports of paper".
  // Empty when it may step.
  [[nodiscard]] std::string WaitsFor() const;

 private:
  struct Participant {
    int phase = 0;
    std::optional<Connection> connection;
    std::uint64_t sent = 0;
    std::uint64_t acknowledged = 0;
  };
  struct Reports {
    std::uint64_t told = 0;
    std::uint64_t durable = 0;
  };

  int participants_min_;
  bool session_open_ = false;
  std::uint64_t step_ = 0;
  std::map<std::string, Participant> participants_;
  std::map<std::string, Reports> reports_;
};

}  // namespace ballast
