#pragma once

#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "services/order_management/log_writer.h"
#include "services/order_management/order_gate.h"
#include "services/order_management/shard_accounts.h"
#include "services/order_management/shard_ports.h"

namespace ballast {

// What the parts of the writer share: its ports to the world, what is known and what is decided. The writer's thread
// only.
struct ShardFloor {
  const Clock& clock;
  Logger& log;
  const ShardOptions& options;
  // Set before the first turn.
  const ShardPorts& ports;
  ShardAccounts& accounts;
  LogWriter& writer;
  const OrderGate& gate;
};

}  // namespace ballast
