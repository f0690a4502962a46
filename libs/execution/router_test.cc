#include "libs/execution/router.h"

#include <functional>
#include <map>

#include "gtest/gtest.h"
#include "libs/base/rng.h"

namespace ballast::execution {
namespace {

RouteVenue Venue(const char* name, std::vector<RouteLevel> levels, const char* fee = "0") {
  return {.account_id = AccountId(name), .levels = std::move(levels), .taker_fee_ratio = Decimal::Of(fee)};
}

RouteLevel Level(const char* price, const char* size) { return {Decimal::Of(price), Decimal::Of(size)}; }

std::map<std::string, std::string> Legs(const RoutePlan& plan) {
  std::map<std::string, std::string> legs;
  for (const RouteLeg& leg : plan.legs) legs[leg.account_id.value()] = leg.quantity.ToString();
  return legs;
}

RouteOrder Buy(const char* quantity, const char* lot = "1") {
  return {.side = Side::kBuy, .quantity = Decimal::Of(quantity), .lot = Decimal::Of(lot)};
}

using Expected = std::map<std::string, std::string>;

TEST(RouterTest, AFeeCanTurnTheBetterPriceIntoTheWorse) {
  auto plan =
      PlanRoute(Buy("10"), {Venue("a", {Level("100", "50")}, "0.01"), Venue("b", {Level("100.5", "50")}, "0.001")});
  EXPECT_EQ(Legs(plan), (Expected{{"b", "10"}}));
  EXPECT_EQ(plan.all_in, Decimal::Of("1006.005"));
}

TEST(RouterTest, ItSplitsWhereThatIsCheaper) {
  std::vector<RouteVenue> venues = {Venue("a", {Level("100", "5"), Level("103", "50")}),
                                    Venue("b", {Level("101", "4"), Level("102", "50")})};
  auto plan = PlanRoute(Buy("12"), venues);
  EXPECT_EQ(Legs(plan), (Expected{{"a", "5"}, {"b", "7"}}));
  EXPECT_EQ(plan.legs[1].limit_price, Decimal::Of("102"));
  EXPECT_EQ(plan.all_in, Decimal::Of("1210"));
}

TEST(RouterTest, ASellTakesWhatBringsTheMost) {
  RouteOrder order = Buy("10");
  order.side = Side::kSell;
  auto plan = PlanRoute(order, {Venue("a", {Level("100", "50")}, "0.01"), Venue("b", {Level("99.5", "50")}, "0.001")});
  EXPECT_EQ(Legs(plan), (Expected{{"b", "10"}}));
  EXPECT_EQ(plan.all_in, Decimal::Of("994.005"));
}

TEST(RouterTest, BalanceLimitPenaltyAndLeastAmountAreKept) {
  RouteVenue a = Venue("a", {Level("100", "50")});
  RouteVenue b = Venue("b", {Level("101", "50"), Level("105", "50")});
  a.available = Decimal::Of("350");
  EXPECT_EQ(Legs(PlanRoute(Buy("10"), {a, b})), (Expected{{"a", "3"}, {"b", "7"}}));
  RouteOrder limited = Buy("100");
  limited.limit_price = Decimal::Of("101");
  auto plan = PlanRoute(limited, {a, b});
  EXPECT_EQ(Legs(plan), (Expected{{"a", "3"}, {"b", "50"}}));
  EXPECT_EQ(plan.unplaced, Decimal::Of("47"));
  // 3 lots of 100 are too small for a: all of it goes to b.
  a.min_notional = Decimal::Of("301");
  EXPECT_EQ(Legs(PlanRoute(Buy("10"), {a, b})), (Expected{{"b", "10"}}));
  a.available.reset();
  a.min_notional = {};
  a.penalty_ratio = Decimal::Of("0.02");
  EXPECT_EQ(Legs(PlanRoute(Buy("10"), {a, b})), (Expected{{"b", "10"}}));
  EXPECT_EQ(Legs(PlanRoute(Buy("10"), {})), Expected{});
}

// 10^20 lots do not fit 63 bits, and neither does what they are worth: no such order is a broken program.
TEST(RouterTest, WhateverIsAskedForOrOfferedIsPlannedAsFarAsItGoes) {
  auto plan = PlanRoute(Buy("1000000000000", "0.00000001"), {Venue("a", {Level("100", "5")})});
  EXPECT_EQ(Legs(plan), (Expected{{"a", "5"}}));
  EXPECT_EQ(plan.unplaced, Decimal::Of("999999999995"));
  plan = PlanRoute(Buy("999999999999999999"), {Venue("a", {Level("0.5", "7")}), Venue("b", {Level("100", "5")})});
  EXPECT_EQ(Legs(plan), (Expected{{"a", "7"}})) << "of b it is worth more than 10^18";
  RouteVenue deep = Venue("a", {Level("1000000000", "100000000000000"), Level("1000000001", "100000000000000")});
  deep.min_notional = Decimal::Of("10");
  EXPECT_EQ(Legs(PlanRoute(Buy("10"), {deep})), (Expected{{"a", "10"}}));
}

// Every split there is, tried; in the router's own terms of what a lot costs.
struct BruteForce {
  std::int64_t placed = 0;
  Decimal all_in;
};

std::optional<Decimal> CostOf(const RouteOrder& order, const RouteVenue& venue, std::int64_t lots) {
  if (lots == 0) return Decimal();
  Decimal notional;
  Decimal quantity;
  std::int64_t left = lots;
  for (const RouteLevel& level : venue.levels) {
    if (order.limit_price &&
        (order.side == Side::kBuy ? level.price > *order.limit_price : level.price < *order.limit_price))
      break;
    for (Decimal size = level.size; left > 0 && size >= order.lot; size -= order.lot) {
      notional += Multiply(level.price, order.lot, Rounding::kHalfEven);
      quantity += order.lot;
      --left;
    }
  }
  if (left > 0 || notional < venue.min_notional) return std::nullopt;
  Decimal fees = Multiply(notional, venue.taker_fee_ratio, Rounding::kHalfEven) +
                 Multiply(quantity, venue.fee_per_unit, Rounding::kHalfEven);
  if (venue.available && (order.side == Side::kBuy ? notional + fees : quantity) > *venue.available)
    return std::nullopt;
  Decimal extra = fees + Multiply(notional, venue.penalty_ratio, Rounding::kHalfEven);
  return order.side == Side::kBuy ? notional + extra : extra - notional;
}

BruteForce TryAll(const RouteOrder& order, const std::vector<RouteVenue>& venues, std::int64_t wanted) {
  BruteForce best;
  Decimal best_cost;
  bool any = false;
  std::vector<std::int64_t> lots(venues.size());
  std::function<void(std::size_t, std::int64_t, Decimal)> split = [&](std::size_t at, std::int64_t placed,
                                                                      Decimal cost) {
    if (at == venues.size()) {
      if (!any || placed > best.placed || (placed == best.placed && cost < best_cost)) {
        any = true;
        best.placed = placed;
        best_cost = cost;
      }
      return;
    }
    for (std::int64_t count = 0; placed + count <= wanted; ++count) {
      if (auto one = CostOf(order, venues[at], count)) split(at + 1, placed + count, cost + *one);
    }
  };
  split(0, 0, Decimal());
  best.all_in = order.side == Side::kBuy ? best_cost : -best_cost;
  return best;
}

TEST(RouterTest, NoSplitIsBetter) {
  int splits = 0;
  int partial = 0;
  for (std::uint64_t seed = 1; seed <= 5000; ++seed) {
    Rng rng(seed);
    RouteOrder order = Buy("1", rng.Below(2) == 0 ? "1" : "0.5");
    order.side = rng.Below(2) == 0 ? Side::kBuy : Side::kSell;
    std::int64_t wanted = rng.Between(1, 9);
    order.quantity = Multiply(order.lot, Decimal::FromInt(wanted), Rounding::kDown);
    if (rng.Below(4) == 0) order.limit_price = Decimal::FromInt(100 + 2 * SignOf(order.side));
    std::vector<RouteVenue> venues;
    for (std::uint64_t i = 0, count = 1 + rng.Below(4); i < count; ++i) {
      RouteVenue venue{.account_id = AccountId(std::to_string(i))};
      std::int64_t price = 100 * 100 + rng.Between(-200, 200);
      for (std::uint64_t depth = rng.Below(4); depth > 0; --depth) {
        venue.levels.push_back(
            {Divide(Decimal::FromInt(price), Decimal::FromInt(100), Rounding::kHalfEven),
             Divide(Decimal::FromInt(rng.Between(1, 16)), Decimal::FromInt(4), Rounding::kHalfEven)});
        price += SignOf(order.side) * rng.Between(1, 150);
      }
      auto part = [&](std::int64_t most, std::int64_t of) {
        return Divide(Decimal::FromInt(rng.Between(0, most)), Decimal::FromInt(of), Rounding::kHalfEven);
      };
      venue.taker_fee_ratio = part(100, 10'000);
      venue.fee_per_unit = part(50, 100);
      venue.penalty_ratio = part(30, 10'000);
      if (rng.Below(3) == 0) venue.min_notional = part(400, 1);
      if (rng.Below(3) == 0) venue.available = order.side == Side::kBuy ? part(900, 1) : part(40, 4);
      venues.push_back(std::move(venue));
    }
    RoutePlan plan = PlanRoute(order, venues);
    BruteForce best = TryAll(order, venues, wanted);
    ASSERT_EQ(plan.unplaced, order.quantity - Multiply(order.lot, Decimal::FromInt(best.placed), Rounding::kDown))
        << seed;
    ASSERT_EQ(plan.all_in, best.all_in) << seed;
    splits += plan.legs.size() > 1 ? 1 : 0;
    partial += plan.unplaced.IsPositive() ? 1 : 0;
  }
  EXPECT_GT(splits, 1000);
  EXPECT_GT(partial, 500);
}

}  // namespace
}  // namespace ballast::execution
