#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/model/order.h"
#include "libs/platform/log/log.h"
#include "libs/platform/log/trade_log.h"
#include "libs/platform/metrics/metrics.h"
#include "services/positions/store.h"

namespace ballast {

// Each stored fill once in the trade log, whatever was killed when: the store says what there is, the newest line says
// how far the file is. A file that cannot be written stops nobody; it is brought up to date later. One thread; blocks
// on the disk.
class FillLog {
 public:
  // An empty folder: nothing is written.
  FillLog(const std::string& directory, PositionStore& store, const Clock& clock, Logger& log, Metrics& metrics);

  // Writes what the store has and the files do not.
  void CatchUp();
  // Fills that have just been stored, in order.
  void Append(const AccountId& account, const std::vector<Fill>& fills);

 private:
  absl::Status TryCatchUp();
  absl::Status TryAppend(const AccountId& account, const std::vector<Fill>& fills);
  absl::Status SetAside(const AccountId& account, std::uint64_t last, std::uint64_t stored);
  void Note(const absl::Status& status);

  TradeLog files_;
  PositionStore& store_;
  const Clock& clock_;
  Logger& log_;
  bool behind_ = false;
  std::int64_t last_try_ns_ = 0;
  Gauge& behind_gauge_;
};

}  // namespace ballast
