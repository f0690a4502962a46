#pragma once

#include "ballast/order/v1/protection.pb.h"
#include "libs/platform/grpc/fields.h"
#include "services/order_management/protection_desk.h"
#include "services/order_management/protection_journal.h"

namespace ballast {

void Encode(const StopPolicyEntry& entry, order::v1::StopPolicyEntry* out);
absl::StatusOr<StopPolicyEntry> DecodeEntry(const order::v1::StopPolicyEntry& entry);
void Encode(const ProtectionView& view, order::v1::Protection* out);
// Ratios that cannot be read are named in `errors`.
orders::StopPolicy DecodePolicy(const order::v1::StopPolicy& policy, std::vector<FieldError>& errors);

}  // namespace ballast
