#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "ballast/audit/v1/audit_service.pb.h"
#include "libs/platform/file/append_file.h"
#include "libs/platform/file/durable_file.h"

namespace ballast {

// A record on its way to the audit service.
struct AuditEntry {
  audit::v1::AppendRecordRequest record;
  // It is about to be done; what became of it is not known yet.
  bool open = false;
};
// By number, in the order in which they were made.
using AuditEntries = std::map<std::int64_t, AuditEntry>;

// Records over a restart, until they are told: a file of mode 600, one JSON object in a line; of lines with one number
// the last holds. An empty path keeps nothing. Blocks on the disk. One thread at a time.
class AuditFile {
 public:
  explicit AuditFile(std::string path) : file_(std::move(path)) {}

  // What is not told; a line that is none is passed over and counted. FAILED_PRECONDITION for a file that is not ours
  // alone or cannot be read.
  struct Loaded {
    AuditEntries entries;
    int unreadable = 0;
  };
  [[nodiscard]] absl::StatusOr<Loaded> Load() const;
  // One that cannot be used, or not whole, is kept under another name: that one.
  [[nodiscard]] absl::StatusOr<std::string> KeepAside() { return SetAside(file_.path()); }
  // On the disk when it is OK.
  absl::Status Add(std::int64_t number, const AuditEntry& entry);
  // Not synced: what is told twice is told once.
  absl::Status Told(std::int64_t number);
  // These and no others, as a whole or not at all.
  absl::Status Replace(const AuditEntries& entries);
  [[nodiscard]] bool keeps() const { return !file_.path().empty(); }
  // Since the last Replace.
  [[nodiscard]] std::size_t lines() const { return lines_; }

 private:
  absl::Status Append(const std::string& line, bool durable);
  AppendFile file_;
  std::size_t lines_ = 0;
};

}  // namespace ballast
