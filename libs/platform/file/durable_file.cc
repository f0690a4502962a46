#include "libs/platform/file/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

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

absl::StatusOr<std::string> ReadOwnFile(const std::string& path) {
  auto refuse = [&](const std::string& why) { return absl::FailedPreconditionError(ToAbsl(path + why)); };
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return absl::NotFoundError(ToAbsl("there is no " + path));
    return refuse(std::string(": ") + std::strerror(errno));
  }
  if (!S_ISREG(info.st_mode)) return refuse(" is not a file");
  if ((info.st_mode & 077) != 0 || info.st_uid != geteuid()) return refuse(" is not ours alone");
  std::ifstream file(path);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.good() && !file.eof()) return refuse(" cannot be read");
  return text;
}

absl::Status WriteDurably(const std::string& path, const std::string& text) {
  std::string fresh = path + ".new";
  (void)unlink(fresh.c_str());  // of one who died here
  int file = open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return CannotWrite(fresh);
  bool written = WriteAll(file, text) && fsync(file) == 0;
  if (close(file) != 0 || !written) return CannotWrite(fresh);
  if (rename(fresh.c_str(), path.c_str()) != 0) return CannotWrite(path);
  std::string folder = std::filesystem::path(path).parent_path().string();
  int directory = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return CannotWrite(path);
  bool durable = fsync(directory) == 0;
  (void)close(directory);
  return durable ? absl::OkStatus() : CannotWrite(path);
}

absl::StatusOr<std::string> SetAside(const std::string& path) {
  std::string aside;
  struct stat info {};
  for (int number = 1; aside.empty() || lstat(aside.c_str(), &info) == 0; ++number)
    aside = path + ".unreadable-" + std::to_string(number);
  if (rename(path.c_str(), aside.c_str()) != 0) return CannotWrite(aside);
  return aside;
}

}  // namespace ballast
