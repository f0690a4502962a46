#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/alerts/alert.h"

namespace ballast::alerts {

// Says when a service stopped answering and when it is back, once each.
class HealthWatch {
 public:
  struct Options {
    // Failed checks in a row until it is told.
    int failures_max = 2;
    // A service that has not served yet gets this long from its first check: the suite starts all at once.
    std::int64_t start_grace_ns = 30'000'000'000;
  };
  HealthWatch(const std::vector<std::string>& services, Options options);

  // One check's result; `problem` is empty when it serves. `now_ns` is monotonic, `now` for the record.
  std::optional<Alert> Observe(const std::string& service, const std::string& problem, std::int64_t now_ns,
                               UtcTime now);
  // A stored alert, oldest first after a restart: who was down then is known to be down. Alerts about others are passed
  // over.
  void Restore(const Alert& alert);
  // Services that were told to be down.
  [[nodiscard]] int down() const;

 private:
  struct State {
    int failures = 0;
    bool served = false;
    bool told_down = false;
    std::optional<std::int64_t> first_check_ns;
  };
  Options options_;
  std::map<std::string, State> services_;
};

}  // namespace ballast::alerts
