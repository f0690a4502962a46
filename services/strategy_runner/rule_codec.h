#pragma once

#include <vector>

#include "ballast/strategy/v1/rule_strategy_service.pb.h"
#include "libs/platform/grpc/fields.h"
#include "services/strategy_runner/rule_shelf.h"

namespace ballast {

// The request's fields, and its text: every problem of it is a violation, "text/long/above" with its place in words.
void CheckRules(const strategy::v1::CreateRuleStrategyRequest& request, FieldCheck& check);
// "rule:NAME@VERSION" in parts; false when it is none.
bool SplitRuleId(const std::string& strategy_id, std::string* name, int* version);
void ToProto(const ShelvedRules& rules, bool with_text, strategy::v1::RuleStrategy* out);
void ToProto(const strategy::Entry& entry, strategy::v1::Strategy* out);
// As the request wants them.
strategy::v1::ListRuleStrategiesResponse ListOf(const std::vector<ShelvedRules>& all,
                                                const strategy::v1::ListRuleStrategiesRequest& request);

}  // namespace ballast
