#pragma once

#include <string>

#include "absl/status/status.h"
#include "tools/backtest/request.h"

namespace ballast::backtest {

// Fetches "NAME" or "NAME@VERSION" of a user's own data from the suite at `address` into `folder`, and makes `request`
// one for that file. INVALID_ARGUMENT, NOT_FOUND, or what the call came to. Blocks.
absl::Status FetchOwnData(const std::string& data_set, const std::string& address, const std::string& folder,
                          Request& request);

}  // namespace ballast::backtest
