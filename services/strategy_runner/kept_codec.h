#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/strategy/book.h"

namespace ballast {

// Books as bytes of their rows (ballast/strategy/v1/kept.proto). Empty bytes are an empty book; DATA_LOSS for what
// cannot be read.
std::string KeptBytes(const strategy::SymbolBook& book);
std::string KeptBytes(const strategy::DeploymentBook& book);
absl::StatusOr<strategy::SymbolBook> SymbolBookOf(const std::string& bytes);
absl::StatusOr<strategy::DeploymentBook> DeploymentBookOf(const std::string& bytes);

}  // namespace ballast
