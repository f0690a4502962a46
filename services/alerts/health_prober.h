#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/alerts/health_watch.h"
#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/runtime/machine.h"
#include "libs/runtime/mailbox.h"
#include "services/alerts/health_peers.h"

namespace ballast {

// The machine that watches the other services: asks each for its health again and again, and tells what changed. It
// waits for nobody: not for one that hangs, nor for the storage of what it tells.
class HealthProber final : public runtime::Machine {
 public:
  struct Options {
    std::int64_t period_ms = 2'000;
    alerts::HealthWatch::Options watch;
  };
  struct Ports {
    HealthPeers& peers;
    const Clock& clock;
    Logger& log;
    Metrics& metrics;
    // Once for each change.
    std::function<void(alerts::Alert)> tell;
    // Each period.
    std::function<void()> on_round;
  };

  HealthProber(Options options, std::vector<std::string> services, Ports ports);

  // Before the first Poll: what was told before a restart.
  void Restore(const alerts::Alert& alert) { watch_.Restore(alert); }
  runtime::Turn Poll(std::int64_t now_ns) override;
  runtime::Inbox& inbox() override { return *inbox_; }
  // Its driver's thread: who has been asked and has not answered.
  [[nodiscard]] std::size_t open() const { return open_.size(); }

 private:
  // Service, and what is wrong with it.
  using Answers = runtime::Mailbox<std::pair<std::string, std::string>, 1>;

  void Ask(const std::string& service);
  void OnAnswer(const std::string& service, const std::string& problem, std::int64_t now_ns);

  const Options options_;
  const std::vector<std::string> services_;
  Ports ports_;
  // Shared with the questions that are open: an answer may come when this is gone.
  const std::shared_ptr<Answers> inbox_;
  alerts::HealthWatch watch_;
  std::set<std::string> open_;
  std::int64_t next_round_ns_ = 0;
  bool ended_ = false;
  Gauge& down_gauge_;
};

}  // namespace ballast
