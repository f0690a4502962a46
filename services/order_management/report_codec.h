#pragma once

#include "absl/status/statusor.h"
#include "ballast/broker/v1/broker_service.pb.h"
#include "libs/orders/account.h"

namespace ballast {

// A broker's report in our words. INVALID_ARGUMENT names what cannot be read or booked: a kind that is not known here,
// a trade without an id, a side, or a quantity above zero.
absl::StatusOr<orders::Report> DecodeReport(const broker::v1::ExecutionReport& proto);

}  // namespace ballast
