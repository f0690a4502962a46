#include "libs/orders/reduce_only.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ballast::orders {
namespace {

const Symbol kSymbol("SPY");

struct World {
  Books books;
  std::map<OrderId, Order> orders;
  bool halted = false;

  void Hold(const char* book, Side side, const char* quantity) {
    books.Apply(
        {.deployment_id = DeploymentId(book), .symbol = kSymbol, .side = side, .quantity = Decimal::Of(quantity)});
  }
  Order& Rest(const char* id, Side side, OrderType type, const char* price, const char* quantity,
              const char* book = "") {
    Order order;
    order.order_id = OrderId(id);
    order.deployment_id = DeploymentId(book);
    order.symbol = kSymbol;
    order.side = side;
    order.type = type;
    (type == OrderType::kLimit ? order.limit_price : order.stop_price) = Decimal::Of(price);
    order.quantity = order.leaves_quantity = Decimal::Of(quantity);
    order.status = OrderStatus::kNew;
    order.reduce_only = true;
    return orders[order.order_id] = order;
  }
  // "id=quantity", in the order of ids.
  std::vector<std::string> Trims() const {
    std::vector<std::string> told;
    for (const Trim& trim : TrimsFor(books, orders, halted)) {
      EXPECT_EQ(trim.why.reason, RejectReason::kReduceOnly);
      told.push_back(trim.order_id.value() + "=" + trim.quantity.ToString());
    }
    std::sort(told.begin(), told.end());
    return told;
  }
};
using Told = std::vector<std::string>;

TEST(ReduceOnlyTest, FlatEndsThemSmallerTrimsThemLargerLeavesThem) {
  World world;
  world.Rest("a", Side::kSell, OrderType::kLimit, "110", "3");
  EXPECT_EQ(world.Trims(), Told{"a=0"});
  world.Hold("", Side::kBuy, "2");
  EXPECT_EQ(world.Trims(), Told{"a=2"});
  world.Hold("", Side::kBuy, "5");
  EXPECT_EQ(world.Trims(), Told{});
  world.Hold("", Side::kSell, "9");  // turned over
  EXPECT_EQ(world.Trims(), Told{"a=0"});
}

TEST(ReduceOnlyTest, WhatHasTradedCounts) {
  World world;
  world.Hold("", Side::kSell, "1");
  Order& order = world.Rest("a", Side::kBuy, OrderType::kLimit, "90", "5");
  order.cumulative_quantity = Decimal::Of("2");
  order.leaves_quantity = Decimal::Of("3");
  EXPECT_EQ(world.Trims(), Told{"a=3"});
}

TEST(ReduceOnlyTest, ProtectionMakesRoomForAnyOtherExit) {
  World world;
  world.Hold("", Side::kBuy, "3");
  world.Rest("a", Side::kSell, OrderType::kLimit, "110", "3").request_id = RequestId("protect:take_profit:1");
  world.Rest("b", Side::kSell, OrderType::kLimit, "120", "2");
  EXPECT_EQ(world.Trims(), Told{"a=1"}) << "although it is nearer";
}

TEST(ReduceOnlyTest, ThoseReachedLastGiveUpFirst) {
  World world;
  world.Hold("", Side::kBuy, "3");
  world.Rest("near", Side::kSell, OrderType::kLimit, "110", "2");
  world.Rest("far", Side::kSell, OrderType::kLimit, "120", "2");
  EXPECT_EQ(world.Trims(), Told{"far=1"});
  world.Rest("near_stop", Side::kSell, OrderType::kStop, "95", "2");
  world.Rest("far_stop", Side::kSell, OrderType::kStop, "90", "2");
  EXPECT_EQ(world.Trims(), (Told{"far=1", "far_stop=1"}));
  World below;
  below.Hold("", Side::kSell, "3");
  below.Rest("near", Side::kBuy, OrderType::kLimit, "90", "2");
  below.Rest("far", Side::kBuy, OrderType::kLimit, "80", "2");
  below.Rest("near_stop", Side::kBuy, OrderType::kStop, "105", "3");
  below.Rest("far_stop", Side::kBuy, OrderType::kStop, "115", "2");
  EXPECT_EQ(below.Trims(), (Told{"far=1", "far_stop=0"}));
}

TEST(ReduceOnlyTest, AStopBesideATargetSharesThePosition) {
  World world;
  world.Hold("", Side::kBuy, "2");
  world.Rest("target", Side::kSell, OrderType::kLimit, "110", "2");
  world.Rest("stop", Side::kSell, OrderType::kStop, "90", "2");
  EXPECT_EQ(world.Trims(), Told{});
}

TEST(ReduceOnlyTest, ABooksOrderIsAboutItsBookAndInAHaltedAccountAboutTheNetPositionToo) {
  World world;
  world.Hold("one", Side::kBuy, "3");
  world.Hold("two", Side::kSell, "2");
  world.Rest("a", Side::kSell, OrderType::kLimit, "110", "3", "one");
  EXPECT_EQ(world.Trims(), Told{});
  world.halted = true;
  EXPECT_EQ(world.Trims(), Told{"a=1"});
}

TEST(ReduceOnlyTest, WhatWaitsForItsTriggerCountsAsRestingAndWhatWaitsForItsParentDoesNot) {
  World world;
  world.Hold("", Side::kBuy, "3");
  world.Rest("near", Side::kSell, OrderType::kStop, "95", "2");
  Order& held = world.Rest("held", Side::kSell, OrderType::kTrailingStop, "90", "2");
  held.status = OrderStatus::kHeld;
  held.hold = HoldReason::kTrigger;
  Order& child = world.Rest("child", Side::kSell, OrderType::kStop, "96", "2");
  child.status = OrderStatus::kHeld;
  child.hold = HoldReason::kParent;
  EXPECT_EQ(world.Trims(), Told{"held=1"});
  world.Hold("", Side::kSell, "3");
  EXPECT_EQ(world.Trims(), (Told{"held=0", "near=0"}));
}

TEST(ReduceOnlyTest, OthersAreLeftAlone) {
  World world;
  world.Rest("plain", Side::kSell, OrderType::kLimit, "110", "2").reduce_only = false;
  world.Rest("going", Side::kSell, OrderType::kLimit, "110", "2").cancel_requested = true;
  world.Rest("unsent", Side::kSell, OrderType::kLimit, "110", "2").status = OrderStatus::kPendingNew;
  world.Rest("over", Side::kSell, OrderType::kLimit, "110", "2").status = OrderStatus::kFilled;
  EXPECT_EQ(world.Trims(), Told{});
}

}  // namespace
}  // namespace ballast::orders
