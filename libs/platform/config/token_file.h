#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/base/secret.h"

namespace ballast {

// The first line of the file. FAILED_PRECONDITION when the file is missing, empty or not its owner's alone: without a
// token nobody may come in, and one that others can read lets everybody in.
absl::StatusOr<Secret> ReadTokenFile(const std::string& path);

}  // namespace ballast
