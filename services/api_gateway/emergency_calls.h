#pragma once

#include "services/api_gateway/emergency_board.h"
#include "services/api_gateway/peers.h"

namespace ballast {

// The board's neighbours over gRPC. `peers` outlives them.
EmergencyBoard::Neighbours EmergencyCalls(const Peers& peers);

}  // namespace ballast
