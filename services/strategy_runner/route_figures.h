#pragma once

#include <cstddef>

#include "ballast/execution/v1/routing_service.pb.h"
#include "libs/platform/metrics/metrics.h"

namespace ballast {

// Routes in figures for those who watch the suite.
class RouteFigures {
 public:
  explicit RouteFigures(Metrics& metrics);

  // It is stored, and was not there before.
  void Begun(const execution::v1::Route& route);
  // It is stored as `route` now.
  void Moved(const execution::v1::Route& before, const execution::v1::Route& route);
  void SetOpen(std::size_t routes) { open_.Set(static_cast<double>(routes)); }

 private:
  Gauge& open_;
  Counter& started_;
  Counter& filled_;
  Counter& with_less_;
  Counter& cancelled_;
  Counter& legs_;
  Counter& replans_;
  Histogram& seconds_;
};

}  // namespace ballast
