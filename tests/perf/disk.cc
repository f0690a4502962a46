#include "tests/perf/disk.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

namespace ballast::perf {
namespace {

void Require(bool done, const std::string& path) {
  if (done) return;
  std::perror(("bench: " + path).c_str());
  std::exit(1);
}

}  // namespace

Disk::Disk(const std::string& folder) : path_(folder + "/bench_fdatasync") {
  file_ = open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  Require(file_ >= 0, path_);
  // The blocks are there, as those of a segment of the log that is used again.
  const std::vector<char> zeros(1 << 20);
  for (std::int64_t at = 0; at < kBytes; at += static_cast<std::int64_t>(zeros.size()))
    Require(pwrite(file_, zeros.data(), zeros.size(), at) == static_cast<ssize_t>(zeros.size()), path_);
  Require(fsync(file_) == 0, path_);
}

Disk::~Disk() {
  close(file_);
  unlink(path_.c_str());
}

void Disk::Sync() {
  static const std::vector<char> kCommit(kCommitBytes, 'c');
  Require(pwrite(file_, kCommit.data(), kCommit.size(), next_) == kCommitBytes, path_);
  Require(fdatasync(file_) == 0, path_);
  next_ = (next_ + kCommitBytes) % kBytes;
}

}  // namespace ballast::perf
