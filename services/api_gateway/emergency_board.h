#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/gateway/v1/gateway_service.pb.h"
#include "ballast/order/v1/emergency.pb.h"
#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "libs/platform/thread/mutex.h"
#include "services/api_gateway/emergency_file.h"

namespace ballast {

// Emergency commands from the press on: kept on disk, told to each neighbour by a thread of its own, again and again
// until it has acknowledged, over restarts of either; then followed until the venue shows that it is done. Nobody who
// presses waits for a neighbour.
class EmergencyBoard {
 public:
  // The neighbours, as far as emergency commands go. Each call blocks its own thread for about a second at most; an
  // error is tried again. The texts say what was done, for people.
  struct Neighbours {
    // Engages the broker gateway's switch, or lets it go. None: it has no switch.
    std::function<absl::StatusOr<std::string>(const EmergencyRecord&, bool engage)> broker;
    std::function<absl::StatusOr<order::v1::Emergency>(const EmergencyRecord&)> engage;
    // The newest command of the account that order management knows, if any.
    std::function<absl::StatusOr<std::optional<order::v1::Emergency>>(const std::string& account_id)> progress;
    std::function<absl::StatusOr<std::string>(const EmergencyRecord&)> stop_deployments;
  };
  using Level = order::v1::EmergencyLevel;
  // The end_reason of a command for an account that does not exist.
  static constexpr char kNoAccount[] = "there is no such account";

  EmergencyBoard(Neighbours neighbours, EmergencyFile file, const Clock& clock, Logger& log);
  ~EmergencyBoard() { Stop(); }
  // Reads the file; what cannot be read is logged, and told by order management and the gateway.
  void Start();
  void Stop() EXCLUDES(mutex_);

  struct Press {
    std::string account_id;
    Level level = order::v1::EMERGENCY_LEVEL_UNSPECIFIED;
    std::string reason;
    std::string actor;
    // The same key is the same press.
    std::string key;
  };
  // Keeps the command and wakes those who tell it; answers its id. A command of the account that is under way and goes
  // as far is joined. Blocks for one write to the disk.
  std::string Engage(const Press& press) EXCLUDES(mutex_, file_mutex_);
  // The newest of the account; nothing when there is none, or none of this id where one is given.
  [[nodiscard]] std::optional<gateway::v1::EmergencyState> State(const std::string& account_id) const EXCLUDES(mutex_);
  [[nodiscard]] std::vector<gateway::v1::EmergencyState> List() const EXCLUDES(mutex_);

  // A person resumes the account: from here on nobody is told to halt it. The ids of what was engaged, for order
  // management. EndResume must follow.
  std::vector<std::string> BeginResume(const std::string& account_id) EXCLUDES(mutex_);
  // `resumed`: order management has; the gateway's switch is let go, whatever it was engaged by.
  void EndResume(const std::string& account_id, bool resumed, const std::string& reason, const std::string& actor)
      EXCLUDES(mutex_, file_mutex_);
  // The gateway's switch is let go, or there was none.
  [[nodiscard]] bool Released(const std::string& account_id) const EXCLUDES(mutex_);

 private:
  enum Neighbour : std::size_t { kBroker = 0, kOrders = 1, kRunner = 2, kNeighbours = 3 };
  struct Telling {
    std::int64_t next_ns = 0;
    std::int64_t pause_ns = 0;
    std::string detail;
    std::string problem;
  };
  struct Kept {
    EmergencyRecord record;
    std::array<Telling, kNeighbours> telling;
    std::optional<order::v1::Emergency> progress;
    int resuming = 0;
  };
  struct Job {
    EmergencyRecord record;
    // Not acknowledged yet; else how far it has come is asked.
    bool tell = false;
  };

  void Loop(Neighbour neighbour) EXCLUDES(mutex_, file_mutex_);
  std::optional<Job> NextJob(Neighbour neighbour, std::int64_t* wait_ns) REQUIRES(mutex_);
  [[nodiscard]] bool HasSwitch() const;
  [[nodiscard]] bool Owes(const Kept& kept, Neighbour neighbour) const;
  [[nodiscard]] bool IsDone(const Kept& kept) const;
  void Do(Neighbour neighbour, const Job& job) EXCLUDES(mutex_, file_mutex_);
  void TellBroker(const Job& job) EXCLUDES(mutex_);
  void TellOrders(const Job& job) EXCLUDES(mutex_);
  void AskOrders(const Job& job) EXCLUDES(mutex_);
  void TellRunner(const Job& job) EXCLUDES(mutex_);
  // The command the job was about, if it is still the account's.
  Kept* Find(const Job& job) REQUIRES(mutex_);
  void Failed(Kept& kept, Neighbour neighbour, const absl::Status& status) REQUIRES(mutex_);
  void Follow(Kept& kept, const order::v1::Emergency& progress) REQUIRES(mutex_);
  void Save() EXCLUDES(mutex_, file_mutex_);
  gateway::v1::EmergencyState Describe(const Kept& kept) const REQUIRES(mutex_);

  const Neighbours neighbours_;
  const EmergencyFile file_;
  const Clock& clock_;
  Logger& log_;
  std::vector<std::thread> threads_;
  // Held while the file is written, so that the newest table is the last one there.
  Mutex file_mutex_;
  mutable Mutex mutex_;
  CondVar changed_;
  bool stopped_ GUARDED_BY(mutex_) = false;
  std::map<std::string, Kept> kept_ GUARDED_BY(mutex_);
};

}  // namespace ballast
