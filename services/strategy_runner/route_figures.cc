#include "services/strategy_runner/route_figures.h"

#include "libs/wire/wire.h"
#include "services/strategy_runner/route_store.h"

namespace ballast {
namespace {

Counter& EndedAs(Metrics& metrics, const char* outcome) {
  return metrics.GetCounter("ballast_strategy_routes_ended_total", "routes that have ended", {{"outcome", outcome}});
}

}  // namespace

RouteFigures::RouteFigures(Metrics& metrics)
    : open_(metrics.GetGauge("ballast_strategy_routes", "routes that have not ended", {})),
      started_(metrics.GetCounter("ballast_strategy_routes_started_total", "routes that were kept", {})),
      filled_(EndedAs(metrics, "filled")),
      with_less_(EndedAs(metrics, "with_less")),
      cancelled_(EndedAs(metrics, "cancelled")),
      legs_(metrics.GetCounter("ballast_strategy_route_legs_total", "legs of routes that were kept", {})),
      replans_(metrics.GetCounter("ballast_strategy_route_replans_total", "plans of what legs had left", {})),
      seconds_(metrics.GetSeconds("ballast_strategy_route_seconds", "from a route's first plan to its end", {})) {}

void RouteFigures::Begun(const execution::v1::Route& route) {
  started_.Increment();
  legs_.Add(route.legs_size());
}

void RouteFigures::Moved(const execution::v1::Route& before, const execution::v1::Route& route) {
  legs_.Add(route.legs_size() - before.legs_size());
  replans_.Add(route.replans() - before.replans());
  if (IsActive(route.state())) return;
  if (route.state() == execution::v1::ROUTE_STATE_FILLED)
    filled_.Increment();
  else
    (route.cancel_requested() ? cancelled_ : with_less_).Increment();
  const Duration took = wire::FromProto(route.end_time()) - wire::FromProto(route.create_time());
  seconds_.Observe(static_cast<double>(took.nanos) / 1e9);
}

}  // namespace ballast
