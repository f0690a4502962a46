#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"

namespace ballast {

// Accounts whose order log cannot be read on from one event: it would be the same the next time, so what follows in
// them is passed over until a version that can read it is started, and all other accounts go on. One thread at a time.
class StoppedAccounts {
 public:
  // `service`: of the gauge's name.
  StoppedAccounts(const std::string& service, Logger& log, Metrics& metrics)
      : log_(log),
        gauge_(metrics.GetGauge("ballast_" + service + "_accounts_stopped",
                                "accounts whose order log has an event that cannot be read", {})) {}

  // Says it the first time. `why` in words.
  void Stop(const std::string& account, std::uint64_t sequence, const std::string& why) {
    std::string words = "the order log of account " + account + " cannot be read from event " +
                        std::to_string(sequence) + " on: " + why;
    if (!stopped_.try_emplace(account, words).second) return;
    gauge_.Set(static_cast<double>(stopped_.size()));
    log_.Critical("order_log.account_stopped",
                  {{"account", account}, {"sequence", std::to_string(sequence)}, {"error", why}});
  }
  [[nodiscard]] bool Holds(const std::string& account) const { return stopped_.contains(account); }
  // In words; null: it is not stopped.
  [[nodiscard]] const std::string* Why(const std::string& account) const {
    auto found = stopped_.find(account);
    return found == stopped_.end() ? nullptr : &found->second;
  }

 private:
  Logger& log_;
  Gauge& gauge_;
  std::map<std::string, std::string> stopped_;
};

}  // namespace ballast
