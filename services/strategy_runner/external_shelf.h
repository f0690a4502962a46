#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ballast/strategy/v1/strategy_service.pb.h"
#include "libs/external/registration.h"
#include "libs/platform/thread/mutex.h"

namespace ballast {

// One version of a strategy that runs in a process of its own, as it is stored.
struct ExternalRow {
  external::v1::Registration registration;
  UtcTime create_time;
};

struct ShelvedExternal {
  external::Registration registration;
  UtcTime create_time;
  bool connected = false;
};

// Every strategy that has ever connected: a deployment of one is valid whether its process is there or not. Any thread.
class ExternalShelf {
 public:
  // INVALID_ARGUMENT when this version cannot read it.
  absl::Status Put(const ExternalRow& row) EXCLUDES(mutex_);
  void SetConnected(const std::string& strategy_id, bool connected) EXCLUDES(mutex_);

  [[nodiscard]] std::optional<ShelvedExternal> Find(const std::string& strategy_id) const EXCLUDES(mutex_);
  // What is offered: all that are connected, and of each other name the version that came last. By name.
  [[nodiscard]] std::vector<ShelvedExternal> Offered() const EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::map<std::string, ShelvedExternal> all_ GUARDED_BY(mutex_);
};

// Passed while its process is connected.
strategy::v1::Prerequisite ConnectedPrerequisite(const ShelvedExternal& external);

}  // namespace ballast
