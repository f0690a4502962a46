#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "libs/platform/config/config.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/postgres/database.h"
#include "libs/platform/redis/redis_cache.h"

namespace grpc {
class Service;
}

namespace ballast {

inline constexpr char kVersion[] = "0.1.0";

// What a service gets. Owned by RunService; outlives the service.
struct ServiceContext {
  const Config& config;
  Logger& log;
  Metrics& metrics;
  const Clock& clock;
  Database& database;
  RedisCache& redis;
  // Ends the process in order, with an error: for what cannot be mended by going on (a lost fence).
  std::function<void(const std::string& why)> fail;
};

// One service. Called in this order, on the main thread.
class Service {
 public:
  virtual ~Service() = default;
  // Load and replay; nothing is served before it is OK.
  virtual absl::Status Recover() = 0;
  virtual std::vector<grpc::Service*> GrpcServices() = 0;
  // Threads and client streams. The server listens already; health is NOT_SERVING until Ready().
  virtual absl::Status Start() = 0;
  // Polled ten times a second: may change both ways. Nor is a service healthy whose writes Postgres cannot keep.
  virtual bool Ready() { return true; }
  // Close the intake, finish what is under way, stop the threads and end the streams.
  virtual void Drain() = 0;
};

struct ServiceSpec {
  std::string name;
  std::vector<Knob> knobs;
  std::vector<Migration> migrations;
  // --check-data: judges what the service reads from files before it starts, prints the verdict as JSON and returns the
  // exit code. Empty for a service that reads none.
  std::function<int(const Config&)> check_data = {};
  std::function<std::unique_ptr<Service>(ServiceContext&)> make;
  // False for a service that keeps nothing: neither Postgres nor Redis is asked for, and the context's may not be used.
  bool stores = true;
};

// main() of every service: flags, configuration, log, Postgres, migrations, recovery, gRPC with health and reflection,
// metrics, signals, drain. Exit code 0 after a signal, 1 after a failure, 2 for bad flags or configuration.
// --check-data judges the files a service reads and starts nothing. --health-check asks the running process instead: 0
// when it serves.
int RunService(int argc, char** argv, const ServiceSpec& spec);

// The machine's clocks.
class SystemClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override;
  [[nodiscard]] std::int64_t MonotonicNanos() const override;
};

}  // namespace ballast
