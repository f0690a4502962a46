#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libs/platform/metrics/metrics.h"
#include "libs/platform/thread/mutex.h"
#include "services/order_management/broker_desk.h"
#include "services/order_management/shard_floor.h"

namespace ballast {

// Takes the broker gateway's reports into the log, each once and without a gap, and tells it how far they are durable.
// The writer's thread only, but for Cursors.
class ReportDesk {
 public:
  ReportDesk(ShardFloor& floor, BrokerDesk& broker, Metrics& metrics);

  void Recover();
  void Take(const std::vector<broker::v1::ExecutionReport>& reports);
  // Any thread: cursors for the session's hello.
  std::map<std::string, std::uint64_t> Cursors() EXCLUDES(mutex_);

 private:
  // False: the session has to begin again.
  bool TakeOne(const broker::v1::ExecutionReport& proto, std::map<AccountId, std::uint64_t>& acknowledged);
  void Acknowledge(const AccountId& id, std::uint64_t sequence) EXCLUDES(mutex_);

  ShardFloor& floor_;
  BrokerDesk& broker_;
  Mutex mutex_;
  std::map<std::string, std::uint64_t> cursors_ GUARDED_BY(mutex_);
  Counter& reports_;
};

}  // namespace ballast
