#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/strategy/v1/strategy_service.pb.h"
#include "libs/platform/grpc/status.h"
#include "libs/strategy/decider.h"
#include "services/strategy_runner/rule_shelf.h"

namespace ballast {

// Decodes and checks everything that can be checked without asking anybody; one error per field that is wrong.
strategy::Spec SpecFromProto(const strategy::v1::DeploymentSpec& proto, const RuleShelf& shelf,
                             std::vector<FieldError>& errors);
// Of a deployment that is being made: loss limits that are not set are the usual ones, and zero is none.
strategy::v1::DeploymentSpec WithUsualLimits(strategy::v1::DeploymentSpec spec);
void ToProto(const strategy::Spec& spec, strategy::v1::DeploymentSpec* out);
void ToProto(const strategy::Decision& decision, const DeploymentId& id, strategy::v1::Decision* out);

struct ConfiguredDeployment {
  std::string deployment_id;
  strategy::v1::DeploymentSpec spec;
};
// "id|strategy|account|symbol,symbol|timeframe|k=v,k=v": names of docs/reference/deployments.md, everything else
// is a parameter of the strategy.
absl::StatusOr<ConfiguredDeployment> ParseDeployment(const std::string& text, const RuleShelf& shelf);

}  // namespace ballast
