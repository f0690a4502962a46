#include "services/strategy_runner/route_short.h"

#include <algorithm>

namespace ballast {
namespace {

// What a leg has taken is gone, from the best level on.
void TakeFrom(execution::RouteVenue& venue, Decimal quantity) {
  auto level = venue.levels.begin();
  for (; level != venue.levels.end() && quantity.IsPositive(); ++level) {
    const Decimal taken = std::min(level->size, quantity);
    level->size -= taken;
    quantity -= taken;
    if (level->size.IsPositive()) break;
  }
  venue.levels.erase(venue.levels.begin(), level);
}

}  // namespace

execution::RoutePlan PlanHeldThenShort(const execution::RouteOrder& order,
                                       const std::vector<execution::RouteVenue>& venues) {
  execution::RoutePlan plan = execution::PlanRoute(order, venues);
  if (!plan.unplaced.IsPositive()) return plan;
  std::vector<execution::RouteVenue> beyond = venues;
  for (execution::RouteVenue& venue : beyond) {
    venue.available.reset();
    for (const execution::RouteLeg& leg : plan.legs) {
      if (leg.account_id == venue.account_id) TakeFrom(venue, leg.quantity);
    }
  }
  execution::RouteOrder rest = order;
  rest.quantity = plan.unplaced;
  execution::RoutePlan more = execution::PlanRoute(rest, beyond);
  plan.unplaced = more.unplaced;
  plan.all_in += more.all_in;
  for (const execution::RouteLeg& leg : more.legs) {
    auto same = std::find_if(plan.legs.begin(), plan.legs.end(),
                             [&](const execution::RouteLeg& one) { return one.account_id == leg.account_id; });
    if (same == plan.legs.end()) {
      plan.legs.push_back(leg);
      continue;
    }
    same->quantity += leg.quantity;
    same->limit_price = std::min(same->limit_price, leg.limit_price);
    same->notional += leg.notional;
    same->fees += leg.fees;
    same->penalty += leg.penalty;
  }
  return plan;
}

}  // namespace ballast
