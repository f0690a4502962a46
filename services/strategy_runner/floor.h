#pragma once

#include <memory>

#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "services/strategy_runner/commit.h"
#include "services/strategy_runner/deployments.h"
#include "services/strategy_runner/entry_gate.h"
#include "services/strategy_runner/inbox.h"
#include "services/strategy_runner/market_view.h"
#include "services/strategy_runner/neighbours.h"

namespace ballast {

// What the parts of the runner share: its ports to the world and what is known. The deciding thread only, but for
// `inbox`.
struct Floor {
  const Clock& clock;
  Logger& log;
  Metrics& metrics;
  Neighbours& neighbours;
  std::shared_ptr<RunnerInbox> inbox;
  Deployments& deployments;
  MarketView& market;
  Commit& commit;
  EntryGate& gate;
};

}  // namespace ballast
