#pragma once

#include "absl/status/statusor.h"
#include "ballast/risk/v1/breaker.pb.h"
#include "libs/platform/grpc/fields.h"
#include "services/risk/breaker_store.h"

namespace ballast {

void ToProto(const risk::BreakerRule& rule, risk::v1::BreakerRule* out);
void ToProto(const BreakerRuleSet& set, risk::v1::BreakerRules* out);
// Every field that cannot be read or is out of its bounds is in `check`, as "rules.<name of the rule>.<field>".
BreakerRuleSet RulesFromProto(const risk::v1::BreakerRules& proto, FieldCheck& check);

// As they are stored. DATA_LOSS: not what was stored.
std::string BytesOf(const BreakerRuleSet& set);
absl::StatusOr<BreakerRuleSet> StoredRules(std::string_view bytes);
std::string BytesOf(const risk::BreakerBlock& kept);
absl::StatusOr<risk::BreakerBlock> StoredBreaker(std::string_view bytes);

}  // namespace ballast
