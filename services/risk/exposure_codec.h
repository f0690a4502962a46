#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "ballast/risk/v1/risk_service.pb.h"
#include "libs/risk/exposure.h"

namespace ballast {

// An account as it is kept over a restart.
struct KeptExposure {
  risk::Exposure::Snapshot snapshot;
  // Newest broker report among its events.
  std::uint64_t execution_sequence = 0;
};

void ToProto(const KeptExposure& kept, risk::v1::StoredExposure* out);
// INVALID_ARGUMENT for what cannot be read, or says nothing.
absl::StatusOr<KeptExposure> FromProto(const risk::v1::StoredExposure& proto);

}  // namespace ballast
