#pragma once

#include "absl/status/statusor.h"
#include "ballast/execution/v1/kept_order_quality.pb.h"
#include "libs/execution/single_order.h"

namespace ballast {

// What is kept of how an order was executed. Its names are the caller's to set.
void ToProto(const execution::SingleOrderRecord& record, execution::v1::KeptOrderQuality* out);
// DATA_LOSS: it cannot be read.
absl::StatusOr<execution::SingleOrderRecord> SingleOrderOf(const execution::v1::KeptOrderQuality& kept);

}  // namespace ballast
