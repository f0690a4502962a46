#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace ballast {

// Small files of mode 600 that outlive the process. Blocks.

// All of it. NOT_FOUND when there is none; FAILED_PRECONDITION for one that others may read or write, or that is no
// such file.
absl::StatusOr<std::string> ReadOwnFile(const std::string& path);
// As a whole or not at all; on the disk when it is OK.
absl::Status WriteDurably(const std::string& path, const std::string& text);

// What cannot be used is kept, under another name beside it, so that a new one can be begun: that name. UNAVAILABLE
// when it stays where it is.
absl::StatusOr<std::string> SetAside(const std::string& path);

}  // namespace ballast
