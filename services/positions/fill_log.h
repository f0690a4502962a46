#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/model/order.h"
#include "libs/platform/log/log.h"
#include "libs/platform/log/trade_log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/thread/mutex.h"
#include "services/positions/store.h"

namespace ballast {

// Each stored fill once in the trade log, whatever was killed when: the store says what there is, the newest line says
// how far the file is. A file that cannot be written stops nobody; it is brought up to date later. Any thread; blocks
// on the disk.
class FillLog {
 public:
  // An empty folder: nothing is written.
  FillLog(const std::string& directory, PositionStore& store, const Clock& clock, Logger& log, Metrics& metrics);

  // Writes what the store has and the files do not.
  void CatchUp() EXCLUDES(mutex_);
  // Fills that have just been stored, in order.
  void Append(const AccountId& account, const std::vector<Fill>& fills) EXCLUDES(mutex_);
  // From time to time: tries again what could not be written, once a second at most, whether or not there are fills.
  void Retry() EXCLUDES(mutex_);

 private:
  void CatchUpNow() REQUIRES(mutex_);
  void RetryNow() REQUIRES(mutex_);
  absl::Status TryCatchUp() REQUIRES(mutex_);
  absl::Status TryAppend(const AccountId& account, const std::vector<Fill>& fills) REQUIRES(mutex_);
  absl::Status SetAside(const AccountId& account, std::uint64_t last, std::uint64_t stored) REQUIRES(mutex_);
  void Note(const absl::Status& status) REQUIRES(mutex_);

  Mutex mutex_;
  TradeLog files_ GUARDED_BY(mutex_);
  // What came from the store already: its fills may still be on their way here.
  std::map<AccountId, std::uint64_t> from_store_ GUARDED_BY(mutex_);
  PositionStore& store_;
  const Clock& clock_;
  Logger& log_;
  bool behind_ GUARDED_BY(mutex_) = false;
  std::int64_t last_try_ns_ GUARDED_BY(mutex_) = 0;
  Gauge& behind_gauge_;
};

}  // namespace ballast
