#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "ballast/risk/v1/risk_service.pb.h"
#include "libs/platform/grpc/fields.h"
#include "libs/risk/limit_book.h"

namespace ballast {

void ToProto(const risk::LimitSet& set, risk::v1::LimitSet* out);
// Every field that cannot be read is in `check`; whether the limits can be is risk::WrongIn's.
risk::LimitSet LimitSetFromProto(const risk::v1::SetScopedLimitsRequest& request, FieldCheck& check);
// As it was stored. A limit this version does not know is kept and holds nobody; one that cannot be read is DATA_LOSS.
absl::StatusOr<risk::LimitSet> StoredLimitSet(const risk::v1::LimitSet& proto);
std::string BytesOf(const risk::LimitSet& set);
absl::StatusOr<risk::LimitSet> StoredLimitSet(std::string_view bytes);

// What holds, limit by limit, with whose it is.
void DescribeEffective(const AccountId& account, const Symbol& symbol, const risk::LimitBook::Effective& effective,
                       risk::v1::GetEffectiveLimitsResponse* response);

}  // namespace ballast
