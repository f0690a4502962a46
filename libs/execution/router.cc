#include "libs/execution/router.h"

#include <algorithm>
#include <bit>

#include "libs/base/check.h"
#include "libs/model/notional.h"

namespace ballast::execution {
namespace {

// A step of a venue's depth: so many lots at one price.
struct Step {
  std::int64_t lots = 0;
  Decimal price;
  // Of one lot, all in: what it costs, or the negative of what it brings.
  Decimal cost;
};

struct Ladder {
  std::vector<Step> steps;
  // All of its steps.
  std::int64_t lots = 0;
  // The fewest lots its venue takes; nothing: there are not enough.
  std::optional<std::int64_t> least;
};

// More than any market holds; sums of a book's levels still fit 63 bits.
constexpr std::int64_t kRouteLotsMax = 1'000'000'000'000'000;

// At most kRouteLotsMax: a lot of 10^-8 in a quantity of 10^12 goes beyond 63 bits. Neither is negative.
std::int64_t WholeLots(Decimal quantity, Decimal lot) {
  return static_cast<std::int64_t>(std::min<__int128>(quantity.units() / lot.units(), kRouteLotsMax));
}

Decimal Times(Decimal value, std::int64_t count) {
  return Multiply(value, Decimal::FromInt(count), Rounding::kHalfEven);
}

bool Within(const RouteOrder& order, Decimal price) {
  if (!order.limit_price) return true;
  return order.side == Side::kBuy ? price <= *order.limit_price : price >= *order.limit_price;
}

// So many of the lots can be paid for, or are there to be sold.
std::int64_t Affordable(const RouteOrder& order, const RouteVenue& venue, Decimal price, std::int64_t lots,
                        std::optional<Decimal>& left) {
  if (!left) return lots;
  Decimal one = order.lot;
  if (order.side == Side::kBuy) {
    Decimal notional = Multiply(price, order.lot, Rounding::kUp);
    one = notional + Multiply(notional, venue.taker_fee_ratio, Rounding::kUp) +
          Multiply(order.lot, venue.fee_per_unit, Rounding::kUp);
  }
  std::int64_t most = one.IsPositive() && left->IsPositive() ? WholeLots(*left, one) : 0;
  std::int64_t taken = std::min(lots, most);
  *left -= Times(one, taken);
  return taken;
}

Ladder LadderOf(const RouteOrder& order, const RouteVenue& venue) {
  Ladder ladder;
  std::optional<Decimal> left = venue.available;
  const std::int64_t wanted = WholeLots(order.quantity, order.lot);
  Decimal notional;
  Decimal sign = Decimal::FromInt(SignOf(order.side));
  for (const RouteLevel& level : venue.levels) {
    if (!Within(order, level.price) || ladder.lots == wanted) break;
    // Worth 10^18 or more: no venue takes that, and its sums would not fit.
    if (!NotionalWithin(order.quantity, level.price)) break;
    // More than the order is nobody's to take, however much stands there.
    std::int64_t whole = std::min(WholeLots(level.size, order.lot), wanted - ladder.lots);
    std::int64_t lots = Affordable(order, venue, level.price, whole, left);
    if (lots > 0) {
      Decimal value = Multiply(level.price, order.lot, Rounding::kHalfEven);
      Decimal extra = Multiply(value, venue.taker_fee_ratio + venue.penalty_ratio, Rounding::kHalfEven) +
                      Multiply(order.lot, venue.fee_per_unit, Rounding::kHalfEven);
      ladder.steps.push_back({lots, level.price, Multiply(sign, value, Rounding::kHalfEven) + extra});
      // How many of them until its venue takes it.
      if (!ladder.least && notional + Times(value, lots) >= venue.min_notional) {
        Decimal missing = std::max(Decimal(), venue.min_notional - notional);
        const std::int64_t whole_of = missing.IsPositive() ? WholeLots(missing, value) : 0;
        const std::int64_t more = whole_of + (Times(value, whole_of) < missing ? 1 : 0);
        ladder.least = std::max<std::int64_t>(1, ladder.lots + more);
      }
      notional += Times(value, lots);
      ladder.lots += lots;
    }
    // Money ends here: a worse level is not taken past a better one.
    if (lots < whole) break;
  }
  return ladder;
}

// Walks a ladder lot by lot, in runs of one price.
class Walk {
 public:
  explicit Walk(const Ladder& ladder) : ladder_(&ladder) {}
  [[nodiscard]] bool done() const { return step_ == ladder_->steps.size(); }
  [[nodiscard]] const Step& step() const { return ladder_->steps[step_]; }
  [[nodiscard]] std::int64_t left() const { return step().lots - within_; }
  // At most left().
  void Take(std::int64_t lots) {
    cost_ += Times(step().cost, lots);
    taken_ += lots;
    within_ += lots;
    if (within_ == step().lots) {
      ++step_;
      within_ = 0;
    }
  }
  void TakeMany(std::int64_t lots) {
    while (lots > 0) {
      std::int64_t now = std::min(lots, left());
      Take(now);
      lots -= now;
    }
  }
  [[nodiscard]] std::int64_t taken() const { return taken_; }
  [[nodiscard]] Decimal cost() const { return cost_; }

 private:
  const Ladder* ladder_;
  std::size_t step_ = 0;
  std::int64_t within_ = 0;
  std::int64_t taken_ = 0;
  Decimal cost_;
};

struct Split {
  // By venue.
  std::vector<std::int64_t> lots;
  std::int64_t placed = 0;
  Decimal cost;
  int legs = 0;
};

bool Better(const Split& one, const Split& other) {
  if (one.placed != other.placed) return one.placed > other.placed;
  if (one.cost != other.cost) return one.cost < other.cost;
  return one.legs < other.legs;
}

// The best split that uses each venue of the set and no other; nothing: there is none.
std::optional<Split> SplitOver(const std::vector<Ladder>& ladders, unsigned set, std::int64_t wanted) {
  std::vector<Walk> walks;
  std::int64_t left = wanted;
  for (std::size_t i = 0; i < ladders.size(); ++i) {
    walks.emplace_back(ladders[i]);
    if ((set >> i & 1U) == 0) continue;
    if (!ladders[i].least || *ladders[i].least > left) return std::nullopt;
    walks[i].TakeMany(*ladders[i].least);
    left -= *ladders[i].least;
  }
  while (left > 0) {
    Walk* cheapest = nullptr;
    for (std::size_t i = 0; i < walks.size(); ++i) {
      if ((set >> i & 1U) == 0 || walks[i].done()) continue;
      if (cheapest == nullptr || walks[i].step().cost < cheapest->step().cost) cheapest = &walks[i];
    }
    if (cheapest == nullptr) break;
    std::int64_t now = std::min(left, cheapest->left());
    cheapest->Take(now);
    left -= now;
  }
  Split split{.lots = {}, .placed = wanted - left, .cost = {}, .legs = std::popcount(set)};
  for (const Walk& walk : walks) {
    split.lots.push_back(walk.taken());
    split.cost += walk.cost();
  }
  return split;
}

RouteLeg LegOf(const RouteOrder& order, const RouteVenue& venue, const Ladder& ladder, std::int64_t lots) {
  RouteLeg leg{.account_id = venue.account_id, .quantity = Times(order.lot, lots)};
  for (const Step& step : ladder.steps) {
    std::int64_t now = std::min(lots, step.lots);
    if (now == 0) break;
    Decimal quantity = Times(order.lot, now);
    Decimal notional = Multiply(quantity, step.price, Rounding::kHalfEven);
    leg.limit_price = step.price;
    leg.notional += notional;
    leg.fees += Multiply(notional, venue.taker_fee_ratio, Rounding::kHalfEven) +
                Multiply(quantity, venue.fee_per_unit, Rounding::kHalfEven);
    leg.penalty += Multiply(notional, venue.penalty_ratio, Rounding::kHalfEven);
    lots -= now;
  }
  return leg;
}

}  // namespace

RoutePlan PlanRoute(const RouteOrder& order, const std::vector<RouteVenue>& venues) {
  CHECK(venues.size() <= kRouteVenuesMax, "a plan looks at every set of venues");
  CHECK(order.lot.IsPositive(), "an order has lots");
  std::vector<Ladder> ladders;
  for (const RouteVenue& venue : venues) ladders.push_back(LadderOf(order, venue));
  std::int64_t wanted = WholeLots(order.quantity, order.lot);
  Split best{.lots = std::vector<std::int64_t>(venues.size())};
  for (unsigned set = 1; set < 1U << venues.size(); ++set) {
    std::optional<Split> split = SplitOver(ladders, set, wanted);
    if (split && Better(*split, best)) best = std::move(*split);
  }
  RoutePlan plan{.legs = {}, .unplaced = order.quantity - Times(order.lot, best.placed), .all_in = {}};
  for (std::size_t i = 0; i < venues.size(); ++i) {
    if (best.lots[i] > 0) plan.legs.push_back(LegOf(order, venues[i], ladders[i], best.lots[i]));
  }
  for (const RouteLeg& leg : plan.legs) {
    Decimal extra = leg.fees + leg.penalty;
    plan.all_in += order.side == Side::kBuy ? leg.notional + extra : leg.notional - extra;
  }
  return plan;
}

}  // namespace ballast::execution
