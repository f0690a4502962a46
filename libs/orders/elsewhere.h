#pragma once

#include <string_view>

namespace ballast::orders {

// The check that a broker gateway refuses with (BROKER_UNAVAILABLE) where an order has surely not been handed to its
// venue, opens risk, and the venue's policy lets such an order go elsewhere. No other refusal is one to act on.
inline constexpr std::string_view kMayGoElsewhere = "session_down_elsewhere";

}  // namespace ballast::orders
