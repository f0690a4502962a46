#pragma once

#include <string>

#include "absl/status/status.h"

namespace ballast {

// A file of mode 600 that grows at its end. Blocks. One thread at a time.
class AppendFile {
 public:
  explicit AppendFile(std::string path) : path_(std::move(path)) {}
  ~AppendFile() { Close(); }
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  // Opened, and created, with the first one. With `durable` it is on the disk when this is OK. After a failure part of
  // it may be there.
  absl::Status Append(const std::string& text, bool durable);
  // The next Append opens the path anew: after it was replaced.
  void Close();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  absl::Status Open();
  const std::string path_;
  int file_ = -1;
};

}  // namespace ballast
