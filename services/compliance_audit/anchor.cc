#include "services/compliance_audit/anchor.h"

#include <sstream>

#include "libs/base/absl_std.h"
#include "libs/platform/file/durable_file.h"

namespace ballast {
namespace {

constexpr std::size_t kHashLength = 64;

}  // namespace

absl::StatusOr<std::optional<audit::Head>> AnchorFile::Load() const {
  if (path_.empty()) return std::optional<audit::Head>();
  absl::StatusOr<std::string> text = ReadOwnFile(path_);
  if (absl::IsNotFound(text.status())) return std::optional<audit::Head>();
  if (!text.ok()) return absl::FailedPreconditionError(ToAbsl("audit anchor " + MessageOf(text.status())));
  std::istringstream words(*text);
  audit::Head head;
  words >> head.sequence >> head.hash >> head.time.nanos;
  bool hexadecimal = head.hash.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!words || head.sequence == 0 || head.hash.size() != kHashLength || !hexadecimal) {
    return absl::FailedPreconditionError(ToAbsl("audit anchor " + path_ + " is damaged"));
  }
  return head;
}

absl::Status AnchorFile::Save(const audit::Head& head) const {
  if (path_.empty()) return absl::OkStatus();
  return WriteDurably(path_,
                      std::to_string(head.sequence) + " " + head.hash + " " + std::to_string(head.time.nanos) + "\n");
}

}  // namespace ballast
