#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "libs/platform/thread/mutex.h"
#include "services/api_gateway/audit_trail.h"
#include "services/api_gateway/continuations.h"
#include "services/api_gateway/json.h"
#include "services/api_gateway/peers.h"
#include "services/api_gateway/scoped_stop_file.h"

namespace ballast {

class ScopedStop;
class ScopedStops;

// Acts and looks until it is done; what it finds is told to `stops`, which outlives it.
void StartScopedStop(ScopedStops& stops, const ScopedStopRecord& record);

// Emergencies of less than an account: of a deployment no entries (K1), its working orders cancelled (K2), stopped with
// its positions closed (K3); of an order: cancelled (K1 and K2 are the same there, and it has no position of its own).
// Pressed once, on the disk before anything is asked for, and carried on over restarts of every process until it is
// seen to be done, or a person lets the deployment trade again. Any thread.
class ScopedStops {
 public:
  // What is referred to outlives it.
  ScopedStops(const Peers& peers, AuditTrail& audit, Continuations& continuations, ScopedStopFile file,
              const Clock& clock, Logger& log);
  ~ScopedStops();
  ScopedStops(const ScopedStops&) = delete;
  ScopedStops& operator=(const ScopedStops&) = delete;

  // The answer while nothing is known yet.
  static Json NotLookedYet(const ScopedStopRecord& record);
  // In a record's place of a deployment's id: each there is. No id of a caller's.
  static constexpr char kEvery[] = "*";
  // "K1", "K2", "K3".
  static const char* LevelName(int level);

  // What was remembered goes on. Of a file that cannot be read whole, what can be: it is kept under another name, and
  // as what is missing may have been the stop of anything, every deployment opens nothing until a person lets it.
  void Start() EXCLUDES(mutex_, file_mutex_);
  // Waits for the calls under way; what is not done is remembered.
  void Stop() EXCLUDES(mutex_);

  // How one stands: `answer` as it is told over REST. `over`: nothing more is done for it; with `missing` because there
  // is nothing of that id; with `homeless` because nobody says which account the deployment is of.
  struct View {
    ScopedStopRecord record;
    bool done = false;
    bool over = false;
    bool missing = false;
    bool homeless = false;
    Json answer;
  };
  // The id of the stop that is under way now: of one of the same subject that goes as far already, that one.
  std::string Press(ScopedStopRecord record) EXCLUDES(mutex_);
  // Nothing: it is none, or over for long.
  [[nodiscard]] std::optional<View> Look(const std::string& id) const EXCLUDES(mutex_);
  // Those under way and the newest that are over, by their press.
  [[nodiscard]] std::vector<View> List() const EXCLUDES(mutex_);
  // A person lets the deployment trade again: what was to stop it ends.
  void End(const std::string& deployment_id, const std::string& actor) EXCLUDES(mutex_);

 private:
  friend class ScopedStop;

  void Run(const ScopedStopRecord& record) EXCLUDES(mutex_);
  // By a stop of its own: how it stands. False: it ends here.
  bool Tell(const View& view) EXCLUDES(mutex_);
  void Save() EXCLUDES(file_mutex_, mutex_);

  const Peers& peers_;
  AuditTrail& audit_;
  Continuations& continuations_;
  const ScopedStopFile file_;
  const Clock& clock_;
  Logger& log_;
  std::atomic<bool> stopping_ = false;
  // Before mutex_.
  Mutex file_mutex_;
  // One that could not be read is still in its place: it is not written over.
  bool frozen_ GUARDED_BY(file_mutex_) = false;
  mutable Mutex mutex_;
  CondVar ended_;
  // By id; what is under way is also in `records_`.
  std::map<std::string, View> views_ GUARDED_BY(mutex_);
  ScopedStopTable records_ GUARDED_BY(mutex_);
  // Stops whose calls may still come back.
  int running_ GUARDED_BY(mutex_) = 0;
};

}  // namespace ballast
