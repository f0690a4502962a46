#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"

namespace ballast {

// Digest of a session's cookie to its end, nanoseconds since 1970.
using SessionTable = std::map<std::string, std::int64_t>;

// Sessions over a restart: a file of mode 600 with digests and ends, nothing anybody could sign in with.
class SessionFile {
 public:
  explicit SessionFile(std::string path) : path_(std::move(path)) {}
  // None when there is no file yet. An error for one that others may read or write, or that is no such file: then
  // nobody is signed in by it.
  [[nodiscard]] absl::StatusOr<SessionTable> Load() const;
  // As a whole or not at all; on the disk when it is OK.
  [[nodiscard]] absl::Status Save(const SessionTable& sessions) const;

 private:
  const std::string path_;
};

}  // namespace ballast
