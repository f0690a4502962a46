#pragma once

#include <vector>

#include "ballast/risk/v1/risk_service.pb.h"
#include "libs/platform/grpc/status.h"
#include "libs/risk/limits.h"

namespace ballast {

void ToProto(const risk::Limits& limits, risk::v1::Limits* out);
// Every field that cannot be read or is out of its bounds is in `errors`.
risk::Limits LimitsFromProto(const risk::v1::Limits& proto, std::vector<FieldError>& errors);

}  // namespace ballast
