#include "services/api_gateway/session_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

constexpr std::size_t kDigestSize = 64;

absl::Status Refuse(const std::string& why) { return absl::FailedPreconditionError(ToAbsl("session file " + why)); }
absl::Status CannotWrite(const std::string& path) {
  return absl::UnavailableError(ToAbsl("cannot write " + path + ": " + std::strerror(errno)));
}

bool WriteAll(int file, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    ssize_t written = write(file, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    done += static_cast<std::size_t>(written);
  }
  return true;
}

}  // namespace

absl::StatusOr<SessionTable> SessionFile::Load() const {
  struct stat info {};
  if (lstat(path_.c_str(), &info) != 0) {
    if (errno == ENOENT) return SessionTable();
    return Refuse(path_ + ": " + std::strerror(errno));
  }
  if (!S_ISREG(info.st_mode)) return Refuse(path_ + " is not a file");
  if ((info.st_mode & 077) != 0 || info.st_uid != geteuid()) return Refuse(path_ + " is not ours alone");
  std::ifstream file(path_);
  SessionTable sessions;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string digest;
    std::int64_t ends_ns = 0;
    if (!(words >> digest >> ends_ns) || digest.size() != kDigestSize)
      return Refuse(path_ + " has a line that is none");
    sessions[digest] = ends_ns;
  }
  return sessions;
}

absl::Status SessionFile::Save(const SessionTable& sessions) const {
  std::string text;
  for (const auto& [digest, ends_ns] : sessions) text += digest + " " + std::to_string(ends_ns) + "\n";
  std::string fresh = path_ + ".new";
  (void)unlink(fresh.c_str());  // of one who died here
  int file = open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return CannotWrite(fresh);
  bool written = WriteAll(file, text) && fsync(file) == 0;
  if (close(file) != 0 || !written) return CannotWrite(fresh);
  if (rename(fresh.c_str(), path_.c_str()) != 0) return CannotWrite(path_);
  std::string folder = std::filesystem::path(path_).parent_path().string();
  int directory = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return CannotWrite(path_);
  bool durable = fsync(directory) == 0;
  (void)close(directory);
  return durable ? absl::OkStatus() : CannotWrite(path_);
}

}  // namespace ballast
