#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/utc_time.h"

namespace ballast {

// trades-<account>-<day>.csv: one line a fill, for people and spreadsheets. A copy of what is stored elsewhere: each
// line begins with its sequence, so after a crash the newest file says where to go on, and no line is missing or
// double. Days are UTC and those of the fills; the newest 30 files of an account stay. Files have mode 0600. One
// thread.
class TradeLog {
 public:
  struct Row {
    // Of the account, rising.
    std::uint64_t sequence = 0;
    UtcTime time;
    // After the sequence, in the header's order. Any text: quoted where needed, control characters become spaces.
    std::vector<std::string> fields;
  };

  // `header`: names of all columns, the sequence first. An empty folder: nothing is ever written.
  TradeLog(std::string directory, std::vector<std::string> header);
  ~TradeLog();
  TradeLog(const TradeLog&) = delete;
  TradeLog& operator=(const TradeLog&) = delete;

  [[nodiscard]] bool enabled() const { return !directory_.empty(); }
  // Of the newest line on disk, 0 when there is none. What a crash left half written is cut off. UNAVAILABLE: the
  // folder cannot be written, or another process does.
  absl::StatusOr<std::uint64_t> LastSequence(const std::string& account);
  // Rows up to LastSequence are skipped. After an error the disk decides: ask LastSequence before going on.
  absl::Status Append(const std::string& account, const std::vector<Row>& rows);
  // The account's files belong to another history: they get the suffix ".old" and a new file begins.
  absl::Status SetAside(const std::string& account);

 private:
  struct File {
    int descriptor = -1;
    std::int64_t day = -1;
    std::uint64_t last = 0;
  };

  absl::Status Lock();
  absl::StatusOr<File*> Open(const std::string& account);
  absl::Status Repair(const std::string& path, File& file);
  absl::Status OpenDay(const std::string& account, std::int64_t day, File& file);
  void Close(const std::string& account);
  void RemoveOld(const std::string& account) const;
  // Oldest first.
  [[nodiscard]] std::vector<std::string> FilesOf(const std::string& account) const;
  [[nodiscard]] std::string Line(const std::vector<std::string>& fields) const;

  std::string directory_;
  std::vector<std::string> header_;
  int lock_ = -1;
  std::map<std::string, File> files_;
};

}  // namespace ballast
