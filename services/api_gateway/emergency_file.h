#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"

namespace ballast {

// One emergency command as it is kept here until everybody has it.
struct EmergencyRecord {
  std::string command_id;
  std::string account_id;
  // order.v1.EmergencyLevel.
  int level = 0;
  std::string reason;
  std::string actor;
  // Nanoseconds since 1970; zero: not yet.
  std::int64_t press_ns = 0;
  std::int64_t done_ns = 0;
  // A person has resumed the account: from then on the gateway's switch is to be let go.
  std::int64_t end_ns = 0;
  std::string end_reason;
  std::string end_actor;
  // Who has acknowledged.
  bool broker_told = false;
  bool orders_told = false;
  bool runner_told = false;
  bool broker_released = false;

  [[nodiscard]] bool engaged() const { return end_ns == 0; }

  friend bool operator==(const EmergencyRecord&, const EmergencyRecord&) = default;
};

// By account: a later command takes the place of an earlier one.
using EmergencyTable = std::map<std::string, EmergencyRecord>;

// Commands over a restart: a file of mode 600, one JSON object in a line.
class EmergencyFile {
 public:
  explicit EmergencyFile(std::string path) : path_(std::move(path)) {}
  // None when there is no file yet. FAILED_PRECONDITION for one that cannot be used.
  [[nodiscard]] absl::StatusOr<EmergencyTable> Load() const;
  // As a whole or not at all; on the disk when it is OK.
  [[nodiscard]] absl::Status Save(const EmergencyTable& records) const;
  // One that cannot be used is kept under another name: that one.
  [[nodiscard]] absl::StatusOr<std::string> KeepAside() const;

 private:
  const std::string path_;
};

}  // namespace ballast
