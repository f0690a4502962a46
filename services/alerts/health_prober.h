#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "libs/alerts/health_watch.h"
#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/thread/mutex.h"

namespace ballast {

// Asks the other services for their health, all at once, again and again, on a thread of its own that waits for nothing
// else.
class HealthProber {
 public:
  struct Peer {
    std::string service;
    std::string address;
  };
  struct Options {
    std::int64_t period_ms = 2'000;
    std::int64_t deadline_ms = 1'000;
    alerts::HealthWatch::Options watch;
  };

  HealthProber(Options options, const std::vector<Peer>& peers, const Clock& clock, Logger& log, Metrics& metrics,
               std::function<void()> on_round);
  ~HealthProber() { Stop(); }

  // Before Start: what was told before a restart.
  void Restore(const alerts::Alert& alert) { watch_.Restore(alert); }
  void Start();
  void Stop();

  // What is to be told and was not yet taken; any thread. Give() puts back what could not be stored.
  std::vector<alerts::Alert> Take() EXCLUDES(mutex_);
  void Give(std::vector<alerts::Alert> facts) EXCLUDES(mutex_);

  // One round of checks; the thread's body, public for tests.
  void CheckAll() EXCLUDES(mutex_);

 private:
  struct Probe {
    Peer peer;
    std::unique_ptr<grpc::health::v1::Health::Stub> stub;
  };
  void Loop();

  const Options options_;
  const Clock& clock_;
  Logger& log_;
  std::vector<Probe> probes_;
  std::function<void()> on_round_;
  alerts::HealthWatch watch_;  // the thread's own
  std::atomic<bool> stopping_{false};
  Mutex mutex_;
  CondVar wake_;
  std::vector<alerts::Alert> facts_ GUARDED_BY(mutex_);
  std::thread thread_;
  Gauge& down_gauge_;
};

}  // namespace ballast
