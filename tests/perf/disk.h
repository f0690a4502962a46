#pragma once

#include <cstdint>
#include <string>

namespace ballast::perf {

// What a commit cannot do without: bytes on the disk, on the file system where Postgres keeps its log.
class Disk {
 public:
  // In `folder`; the file goes with the object. Ends the benchmark when there can be none.
  explicit Disk(const std::string& folder);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  // As a small commit: 2 kB over bytes that are there already, then fdatasync.
  void Sync();

 private:
  static constexpr std::int64_t kBytes = 16 << 20;
  static constexpr std::int64_t kCommitBytes = 2'048;
  std::string path_;
  int file_ = -1;
  std::int64_t next_ = 0;
};

}  // namespace ballast::perf
