#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "ballast/risk/v1/risk_service.pb.h"
#include "libs/platform/grpc/fields.h"
#include "libs/risk/limits.h"

namespace ballast {

void ToProto(const risk::Limits& limits, risk::v1::Limits* out);
// Every field that cannot be read or is out of its bounds is in `check`, as "limits.<field>".
risk::Limits LimitsFromProto(const risk::v1::Limits& proto, FieldCheck& check);
// Limits as they were stored, perhaps by an older version: a limit it did not know has its default, because 0 would
// refuse every order after an upgrade. A 0 that was stored stays 0. One that cannot be read, or is out of its bounds by
// now, is among `unusable`, whatever 0 would say of it: nothing is opened. DATA_LOSS: not limits at all.
absl::StatusOr<risk::Limits> StoredLimits(std::string_view bytes);

}  // namespace ballast
