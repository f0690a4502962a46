#pragma once

#include <functional>
#include <string>

#include "ballast/gateway/v1/gateway_service.pb.h"
#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "services/api_gateway/access.h"
#include "services/api_gateway/audit_trail.h"
#include "services/api_gateway/peers.h"
#include "services/api_gateway/static_files.h"

namespace ballast {

// What every handler may use. Owned by the shell, outlives every call.
struct Gateway {
  const std::string default_account;
  const bool allow_remote;
  Logger& log;
  Metrics& metrics;
  const Clock& clock;
  const Peers& peers;
  Sessions& sessions;
  AuditTrail& audit;
  const StaticFiles& files;
  // From caches; never waits.
  std::function<gateway::v1::GetStatusResponse()> status;
  // Account of a deployment as far as the streams told; empty when unknown.
  std::function<std::string(const std::string& deployment_id)> account_of_deployment;
  // Order management serves.
  std::function<bool()> ready;
  // How long an emergency stop goes on before it says what is left.
  std::int64_t emergency_ms_max = 8'000;
};

}  // namespace ballast
