#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"

namespace ballast {

// A stop of less than an account, as it is kept until it is done. Exactly one of the two ids is set.
struct ScopedStopRecord {
  // Of the press: the same press again is the same stop.
  std::string id;
  std::string account;
  std::string deployment_id;
  std::string order_id;
  // order.v1.EmergencyLevel.
  int level = 0;
  std::string reason;
  std::string actor;
  // Nanoseconds since 1970.
  std::int64_t press_ns = 0;

  [[nodiscard]] bool OfOrder() const { return !order_id.empty(); }
  // What is stopped.
  [[nodiscard]] std::string Subject() const { return OfOrder() ? "order:" + order_id : "deployment:" + deployment_id; }

  friend bool operator==(const ScopedStopRecord&, const ScopedStopRecord&) = default;
};

// By subject: a press that goes further takes the place of an earlier one.
using ScopedStopTable = std::map<std::string, ScopedStopRecord>;

// Stops over a restart: a file of mode 600, one JSON object in a line.
class ScopedStopFile {
 public:
  explicit ScopedStopFile(std::string path) : path_(std::move(path)) {}
  struct Loaded {
    // None when there is no file yet.
    ScopedStopTable records;
    // Why that is not all of it; empty: it is.
    std::string problem;
  };
  [[nodiscard]] Loaded Load() const;
  // One that cannot be used is kept under another name: that one.
  [[nodiscard]] absl::StatusOr<std::string> KeepAside() const;
  // As a whole or not at all; on the disk when it is OK.
  [[nodiscard]] absl::Status Save(const ScopedStopTable& records) const;

 private:
  const std::string path_;
};

}  // namespace ballast
