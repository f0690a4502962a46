#include "libs/platform/config/token_file.h"

#include <sys/stat.h>

#include <fstream>

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

constexpr std::size_t kTokenBytesMin = 16;

absl::Status Refuse(const std::string& why) { return absl::FailedPreconditionError(ToAbsl("token_file: " + why)); }

}  // namespace

absl::StatusOr<Secret> ReadTokenFile(const std::string& path) {
  if (path.empty()) return Refuse("not set; it must name a file with the access token, readable by its owner only");
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return Refuse(path + " does not exist");
  if (!S_ISREG(info.st_mode)) return Refuse(path + " is not a file");
  if ((info.st_mode & 077) != 0) {
    std::string mode = {static_cast<char>('0' + ((info.st_mode >> 6) & 7)),
                        static_cast<char>('0' + ((info.st_mode >> 3) & 7)),
                        static_cast<char>('0' + (info.st_mode & 7))};
    return Refuse(path + " can be read by others (mode " + mode + "); chmod 600 it and change the token");
  }
  std::ifstream file(path);
  std::string token;
  std::getline(file, token);
  while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.pop_back();
  if (token.empty()) return Refuse(path + " is empty");
  if (token.size() < kTokenBytesMin)
    return Refuse("the token in " + path + " is shorter than " + std::to_string(kTokenBytesMin) + " characters");
  return Secret(std::move(token));
}

}  // namespace ballast
