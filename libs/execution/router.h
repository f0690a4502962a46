#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/decimal.h"
#include "libs/model/ids.h"
#include "libs/model/order.h"

namespace ballast::execution {

struct RouteLevel {
  Decimal price;
  Decimal size;

  friend bool operator==(const RouteLevel&, const RouteLevel&) = default;
};

// A venue an order may go to, as it is now.
struct RouteVenue {
  AccountId account_id;
  // Of the side that is taken, the best price first; what is beyond the order's limit is left out by the router.
  std::vector<RouteLevel> levels;
  // Fraction of notional, and money per unit.
  Decimal taker_fee_ratio;
  Decimal fee_per_unit;
  // Of a buy the money that is there, of a sell the quantity; nothing: no bound.
  std::optional<Decimal> available = {};
  Decimal min_notional;
  // What its latency and its reliability are counted with, as a fraction of notional.
  Decimal penalty_ratio;
};

// What goes to one venue.
struct RouteLeg {
  AccountId account_id;
  Decimal quantity;
  // Of the worst level it takes: its limit.
  Decimal limit_price;
  // Price times quantity, its fees, and what latency and reliability were counted with.
  Decimal notional;
  Decimal fees;
  Decimal penalty;

  friend bool operator==(const RouteLeg&, const RouteLeg&) = default;
};

struct RoutePlan {
  // In the order of the venues; none twice.
  std::vector<RouteLeg> legs;
  // What no venue can take.
  Decimal unplaced;
  // Of a buy what it costs with fees and penalties, of a sell what it brings.
  Decimal all_in;

  friend bool operator==(const RoutePlan&, const RoutePlan&) = default;
};

struct RouteOrder {
  Side side = Side::kUnspecified;
  Decimal quantity;
  std::optional<Decimal> limit_price = {};
  // Every leg is a multiple of it.
  Decimal lot;
};

inline constexpr std::size_t kRouteVenuesMax = 10;

// The plan that places the most and, of those, is the best all in (then: of the fewest legs). Exact: for each set of
// venues that could be used, each of them gets the least its venue takes and the rest goes lot by lot to where the next
// one is cheapest, which is optimal as no venue gets cheaper with depth. At most kRouteVenuesMax venues (CHECK).
RoutePlan PlanRoute(const RouteOrder& order, const std::vector<RouteVenue>& venues);

}  // namespace ballast::execution
