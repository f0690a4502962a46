#pragma once

#include "ballast/risk/v1/risk_service.pb.h"
#include "libs/platform/grpc/fields.h"
#include "libs/risk/limits.h"

namespace ballast {

void ToProto(const risk::Limits& limits, risk::v1::Limits* out);
// Every field that cannot be read or is out of its bounds is in `check`, as "limits.<field>".
risk::Limits LimitsFromProto(const risk::v1::Limits& proto, FieldCheck& check);
// As they were stored: a limit that did not exist then has its default, not zero, which would refuse everything.
risk::Limits StoredLimitsFromProto(const risk::v1::Limits& stored);

}  // namespace ballast
