#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "services/order_management/shard.h"

namespace ballast {

// An account as configuration writes it: "id:mode:currency:opening_cash[:broker]"; the broker is paper where none is
// named. INVALID_ARGUMENT; of a broker that is not there with its code and those that are.
absl::StatusOr<Shard::AccountSpec> ParseAccount(const std::string& text);

}  // namespace ballast
