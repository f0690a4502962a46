#pragma once

#include <vector>

#include "ballast/position/v1/position_service.pb.h"
#include "ballast/risk/v1/risk_service.pb.h"
#include "ballast/strategy/v1/strategy_service.pb.h"
#include "libs/platform/grpc/status.h"
#include "libs/sizing/sizer.h"

namespace ballast {

// What is not set has its default. Numbers that cannot be read and names that are none are errors; what is out of
// bounds is found by sizing::Fault.
sizing::Settings SettingsFromProto(const strategy::v1::Sizing& proto, const std::string& field,
                                   std::vector<FieldError>& errors);
void ToProto(const sizing::Settings& settings, strategy::v1::Sizing* out);
void ToProto(const sizing::Result& result, strategy::v1::SizingResult* out);
void ToProto(const sizing::Track& track, google::protobuf::RepeatedPtrField<strategy::v1::SizingRecord>* out);

// What the account's limits leave for an entry, in money. INVALID_ARGUMENT for a number that cannot be read.
absl::StatusOr<sizing::Ceiling> CeilingFromProto(const risk::v1::Limits& limits, Decimal equity,
                                                 Decimal gross_exposure);

}  // namespace ballast
