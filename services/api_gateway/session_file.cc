#include "services/api_gateway/session_file.h"

#include <sstream>

#include "libs/base/absl_std.h"
#include "libs/platform/file/durable_file.h"

namespace ballast {
namespace {

constexpr std::size_t kDigestSize = 64;

}  // namespace

absl::StatusOr<SessionTable> SessionFile::Load() const {
  absl::StatusOr<std::string> text = ReadOwnFile(path_);
  if (absl::IsNotFound(text.status())) return SessionTable();
  if (!text.ok()) return absl::FailedPreconditionError(ToAbsl("session file " + MessageOf(text.status())));
  std::istringstream lines(*text);
  SessionTable sessions;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string digest;
    std::int64_t ends_ns = 0;
    if (!(words >> digest >> ends_ns) || digest.size() != kDigestSize)
      return absl::FailedPreconditionError(ToAbsl("session file " + path_ + " has a line that is none"));
    sessions[digest] = ends_ns;
  }
  return sessions;
}

absl::Status SessionFile::Save(const SessionTable& sessions) const {
  std::string text;
  for (const auto& [digest, ends_ns] : sessions) text += digest + " " + std::to_string(ends_ns) + "\n";
  return WriteDurably(path_, text);
}

}  // namespace ballast
