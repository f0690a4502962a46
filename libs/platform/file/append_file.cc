#include "libs/platform/file/append_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

absl::Status Cannot(const char* what, const std::string& path) {
  return absl::UnavailableError(ToAbsl(std::string("cannot ") + what + " " + path + ": " + std::strerror(errno)));
}

}  // namespace

absl::Status AppendFile::Open() {
  if (file_ >= 0) return absl::OkStatus();
  bool fresh = access(path_.c_str(), F_OK) != 0;
  file_ = open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file_ < 0) return Cannot("open", path_);
  if (!fresh) return absl::OkStatus();
  // A new name is in its folder only when the folder is on the disk.
  std::string folder = std::filesystem::path(path_).parent_path().string();
  int directory = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool durable = directory >= 0 && fsync(directory) == 0;
  if (directory >= 0) (void)close(directory);
  if (durable) return absl::OkStatus();
  Close();
  return Cannot("keep", path_);
}

absl::Status AppendFile::Append(const std::string& text, bool durable) {
  RETURN_IF_ERROR(Open());
  for (std::size_t done = 0; done < text.size();) {
    ssize_t written = write(file_, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return Cannot("write", path_);
    done += static_cast<std::size_t>(written);
  }
  if (durable && fdatasync(file_) != 0) return Cannot("write", path_);
  return absl::OkStatus();
}

void AppendFile::Close() {
  if (file_ >= 0) (void)close(file_);
  file_ = -1;
}

}  // namespace ballast
