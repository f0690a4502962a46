#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace ballast {

using MetricLabels = std::map<std::string, std::string>;

// Handles are owned by the registry and live as long as it does; any thread.
class Counter {
 public:
  virtual ~Counter() = default;
  virtual void Add(double amount) = 0;
  void Increment() { Add(1); }
};
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void Set(double value) = 0;
};
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void Observe(double value) = 0;
};

// Names: ballast_<noun>_<unit or total>. Units are base units (seconds, bytes).
class Metrics {
 public:
  Metrics();
  ~Metrics();

  // The same name and labels give the same handle.
  Counter& GetCounter(const std::string& name, const std::string& help, const MetricLabels& labels);
  Gauge& GetGauge(const std::string& name, const std::string& help, const MetricLabels& labels);
  // Buckets from 50 µs to 10 s.
  Histogram& GetSeconds(const std::string& name, const std::string& help, const MetricLabels& labels);

  // Everything in Prometheus' text format; any thread.
  [[nodiscard]] std::string Text() const;
  // Serves Text() as /metrics on "address:port" (port 0: any); returns the port bound. INVALID_ARGUMENT for what is no
  // address, UNAVAILABLE when it is taken. Called once.
  absl::StatusOr<int> Listen(const std::string& address);
  // Ends the listener at once; the figures stay.
  void Close();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ballast
