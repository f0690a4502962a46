#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <string>
#include <vector>

#include "libs/base/utc_time.h"
#include "libs/platform/grpc/status.h"

namespace ballast {

// A time that a request gives. Where it is not after 1970-01-01T00:00:00Z and before 2200: an entry for `field`, and
// UtcTime{}, which is what everything here takes for a time that was not given. Inside these bounds sums with weeks
// fit.
UtcTime TimeFromProto(const google::protobuf::Timestamp& proto, const std::string& field,
                      std::vector<FieldError>& errors);

}  // namespace ballast
