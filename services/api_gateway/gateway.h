#pragma once

#include <functional>
#include <set>
#include <string>

#include "ballast/broker/v1/market_data_service.pb.h"
#include "ballast/gateway/v1/gateway_service.pb.h"
#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "services/api_gateway/access.h"
#include "services/api_gateway/audit_trail.h"
#include "services/api_gateway/continuations.h"
#include "services/api_gateway/emergency_board.h"
#include "services/api_gateway/json.h"
#include "services/api_gateway/peers.h"
#include "services/api_gateway/scoped_stops.h"
#include "services/api_gateway/static_files.h"

namespace ballast {

// What every handler may use. Owned by the shell, outlives every call.
struct Gateway {
  const std::string default_account;
  const HostPolicy hosts;
  Logger& log;
  Metrics& metrics;
  const Clock& clock;
  const Peers& peers;
  Sessions& sessions;
  AuditTrail& audit;
  Continuations& continuations;
  EmergencyBoard& emergencies;
  ScopedStops& scoped_stops;
  const StaticFiles& files;
  // From caches; never waits.
  std::function<gateway::v1::GetStatusResponse()> status;
  // Account of a deployment as far as the streams told; empty when unknown.
  std::function<std::string(const std::string& deployment_id)> account_of_deployment;
  // Whether order management named the account since the start; false says nothing yet.
  std::function<bool(const std::string& account_id)> knows_account;
  // All that it named.
  std::function<std::set<std::string>()> known_accounts;
  // A quote as JSON, with its age and whether it is stale.
  std::function<Json(const broker::v1::Quote& quote)> quote_row;
  // Order management serves.
  std::function<bool()> ready;
  // How long the answer to an emergency command may wait for it to be done.
  std::int64_t emergency_ms_max = 2'000;
};

}  // namespace ballast
