#include "libs/orders/protection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast::orders {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Kind = ProtectionAction::Kind;

Decimal D(const char* text) { return Decimal::Of(text); }

Instrument AnInstrument() {
  Instrument instrument;
  instrument.symbol = Symbol("AAPL");
  instrument.tick_size = D("0.05");
  instrument.lot_size = D("1");
  return instrument;
}

Order AnOrder(const std::string& id, Side side, OrderType type, const char* quantity, const char* price = "") {
  Order order;
  order.order_id = OrderId(id);
  order.request_id = RequestId("protect:" + id);
  order.symbol = Symbol("AAPL");
  order.side = side;
  order.type = type;
  order.time_in_force = TimeInForce::kGtc;
  order.quantity = order.leaves_quantity = D(quantity);
  if (*price != 0) (type == OrderType::kLimit ? order.limit_price : order.stop_price) = D(price);
  order.reduce_only = true;
  order.status = OrderStatus::kNew;
  return order;
}

class ProtectionTest : public testing::Test {
 protected:
  ProtectionTest() {
    policy_.stop_loss_ratio = D("0.02");
    policy_.take_profit_ratio = D("0.05");
    Holds("10");
    facts_.entry_price = D("100");
    facts_.policy = &policy_;
    facts_.instrument = &instrument_;
  }
  void Holds(const char* held) {
    facts_.exposed = {.held = D(held), .stop_room = D(held).Abs(), .target_room = D(held).Abs()};
  }
  void Own(std::vector<Order> orders) {
    orders_ = std::move(orders);
    facts_.own.clear();
    for (const Order& order : orders_) facts_.own.push_back(&order);
  }
  ProtectionVerdict Judge() { return JudgeProtection(facts_); }

  const Instrument instrument_ = AnInstrument();
  StopPolicy policy_;
  ProtectionFacts facts_;
  std::vector<Order> orders_;
};

TEST_F(ProtectionTest, ALongGetsAStopBelowAndATargetAbove) {
  ProtectionVerdict verdict = Judge();
  EXPECT_FALSE(verdict.live);
  ASSERT_THAT(verdict.actions, SizeIs(2));
  EXPECT_EQ(verdict.actions[0].type, OrderType::kStop);
  EXPECT_EQ(verdict.actions[0].side, Side::kSell);
  EXPECT_EQ(verdict.actions[0].quantity, D("10"));
  EXPECT_EQ(verdict.actions[0].stop_price, D("98"));
  EXPECT_EQ(verdict.actions[1].type, OrderType::kLimit);
  EXPECT_EQ(verdict.actions[1].limit_price, D("105"));
}

TEST_F(ProtectionTest, AShortGetsThemTheOtherWayRoundAndOnATick) {
  Holds("-7");
  facts_.entry_price = D("33.33");
  ProtectionVerdict verdict = Judge();
  ASSERT_THAT(verdict.actions, SizeIs(2));
  EXPECT_EQ(verdict.actions[0].side, Side::kBuy);
  EXPECT_EQ(verdict.actions[0].stop_price, D("34"));      // 33.9966
  EXPECT_EQ(verdict.actions[1].limit_price, D("31.65"));  // 31.6635
}

TEST_F(ProtectionTest, WhatIsRightIsLeftAlone) {
  Own({AnOrder("s", Side::kSell, OrderType::kStop, "10", "98"),
       AnOrder("t", Side::kSell, OrderType::kLimit, "10", "105")});
  ProtectionVerdict verdict = Judge();
  EXPECT_TRUE(verdict.live);
  EXPECT_THAT(verdict.actions, IsEmpty());
  EXPECT_EQ(verdict.missing, "");
  EXPECT_EQ(verdict.stop->order_id, OrderId("s"));
  EXPECT_EQ(verdict.target->order_id, OrderId("t"));
}

TEST_F(ProtectionTest, MoreIsHeldAtAnotherPriceSoBothAreReplacedWithWhatHasTraded) {
  Own({AnOrder("s", Side::kSell, OrderType::kStop, "10", "98"),
       AnOrder("t", Side::kSell, OrderType::kLimit, "10", "105")});
  orders_[1].cumulative_quantity = D("3");
  Holds("15");
  facts_.entry_price = D("102");
  ProtectionVerdict verdict = Judge();
  EXPECT_FALSE(verdict.live);
  ASSERT_THAT(verdict.actions, SizeIs(2));
  EXPECT_EQ(verdict.actions[0].kind, Kind::kReplace);
  EXPECT_EQ(verdict.actions[0].quantity, D("15"));
  EXPECT_EQ(verdict.actions[0].stop_price, D("99.95"));
  EXPECT_EQ(verdict.actions[1].quantity, D("18"));
  EXPECT_EQ(verdict.actions[1].limit_price, D("107.1"));
}

TEST_F(ProtectionTest, ALargerOneThanThePositionIsLeftToWhoeverTrims) {
  Own({AnOrder("s", Side::kSell, OrderType::kStop, "12", "98"),
       AnOrder("t", Side::kSell, OrderType::kLimit, "10", "105")});
  ProtectionVerdict verdict = Judge();
  EXPECT_FALSE(verdict.live);
  EXPECT_THAT(verdict.actions, IsEmpty());
  EXPECT_THAT(verdict.missing, HasSubstr("trimmed"));
}

TEST_F(ProtectionTest, NothingIsAskedTwice) {
  Own({AnOrder("s", Side::kSell, OrderType::kStop, "10", "97"),
       AnOrder("t", Side::kSell, OrderType::kLimit, "10", "105")});
  orders_[0].pending_replace = Replacement{.stop_price = D("98")};
  orders_[1].status = OrderStatus::kSubmitted;
  ProtectionVerdict verdict = Judge();
  EXPECT_FALSE(verdict.live);
  EXPECT_THAT(verdict.actions, IsEmpty());
}

TEST_F(ProtectionTest, NeverTwoSets) {
  Own({AnOrder("s", Side::kSell, OrderType::kStop, "10", "98"),
       AnOrder("s2", Side::kSell, OrderType::kStop, "10", "98"),
       AnOrder("t", Side::kSell, OrderType::kLimit, "10", "105")});
  ProtectionVerdict verdict = Judge();
  ASSERT_THAT(verdict.actions, SizeIs(1));
  EXPECT_EQ(verdict.actions[0].kind, Kind::kCancel);
  EXPECT_EQ(verdict.actions[0].order_id, OrderId("s2"));
}

TEST_F(ProtectionTest, AFlipEndsTheOldSetBeforeTheNewOneIsPlaced) {
  Own({AnOrder("s", Side::kBuy, OrderType::kStop, "10", "102"),
       AnOrder("t", Side::kBuy, OrderType::kLimit, "10", "95")});
  ProtectionVerdict verdict = Judge();
  ASSERT_THAT(verdict.actions, SizeIs(2));
  EXPECT_EQ(verdict.actions[0].kind, Kind::kCancel);
  EXPECT_EQ(verdict.actions[1].kind, Kind::kCancel);
  EXPECT_FALSE(verdict.live);
  orders_.clear();
  facts_.own.clear();
  EXPECT_THAT(Judge().actions, SizeIs(2)) << "then the new one";
}

TEST_F(ProtectionTest, FlatOrWithoutAPolicyOurOrdersGo) {
  for (int way = 0; way < 3; ++way) {
    Own({AnOrder("s", Side::kSell, OrderType::kStop, "10", "98")});
    Holds(way == 0 ? "0" : "10");
    StopPolicy off;
    off.off = true;
    facts_.policy = way == 0 ? &policy_ : way == 1 ? nullptr : &off;
    ProtectionVerdict verdict = Judge();
    ASSERT_THAT(verdict.actions, SizeIs(1)) << way;
    EXPECT_EQ(verdict.actions[0].kind, Kind::kCancel);
    EXPECT_FALSE(verdict.live);
    EXPECT_EQ(verdict.missing, "");
  }
}

TEST_F(ProtectionTest, ATrailingStopTakesTheStopsPlaceAndKeepsItsPrice) {
  policy_.stop_loss_ratio.reset();
  policy_.trailing_ratio = D("0.015");
  policy_.take_profit_ratio.reset();
  facts_.entry_price.reset();  // it needs none
  ProtectionVerdict verdict = Judge();
  ASSERT_THAT(verdict.actions, SizeIs(1));
  EXPECT_EQ(verdict.actions[0].type, OrderType::kTrailingStop);
  EXPECT_EQ(verdict.actions[0].trailing_percent, D("1.5"));

  Order trailing = AnOrder("s", Side::kSell, OrderType::kTrailingStop, "10", "99.2");
  trailing.trailing = Trailing{.offset = D("1.5"), .offset_type = TrailingOffsetType::kPercent};
  trailing.status = OrderStatus::kHeld;
  trailing.hold = HoldReason::kTrigger;
  Own({trailing});
  EXPECT_TRUE(Judge().live);
  Holds("12");
  verdict = Judge();
  ASSERT_THAT(verdict.actions, SizeIs(1));
  EXPECT_EQ(verdict.actions[0].kind, Kind::kReplace);
  EXPECT_EQ(verdict.actions[0].quantity, D("12"));
  EXPECT_EQ(verdict.actions[0].stop_price, std::nullopt) << "the mark it has reached is kept";
  // Another distance is another order.
  policy_.trailing_ratio = D("0.02");
  verdict = Judge();
  ASSERT_THAT(verdict.actions, SizeIs(2));
  EXPECT_EQ(verdict.actions[0].kind, Kind::kCancel);
  EXPECT_EQ(verdict.actions[1].kind, Kind::kPlace) << "one that is held here ends at once";
}

TEST_F(ProtectionTest, WhatTheBrokerWillNotReplaceMakesRoom) {
  Own({AnOrder("s", Side::kSell, OrderType::kStop, "10", "97"),
       AnOrder("t", Side::kSell, OrderType::kLimit, "10", "105")});
  facts_.unreplaceable = {OrderId("s")};
  ProtectionVerdict verdict = Judge();
  ASSERT_THAT(verdict.actions, SizeIs(1));
  EXPECT_EQ(verdict.actions[0].kind, Kind::kCancel);
  orders_[0].cancel_requested = true;
  EXPECT_THAT(Judge().actions, IsEmpty()) << "not before it has gone";
}

TEST_F(ProtectionTest, WhatIsNotKnownIsSaidAndNothingIsTouched) {
  Own({AnOrder("s", Side::kSell, OrderType::kStop, "10", "98")});
  facts_.entry_price.reset();
  ProtectionVerdict verdict = Judge();
  EXPECT_THAT(verdict.actions, IsEmpty());
  EXPECT_FALSE(verdict.live);
  EXPECT_THAT(verdict.missing, HasSubstr("opened at"));
  EXPECT_NE(verdict.stop, nullptr);
  facts_.instrument = nullptr;
  EXPECT_THAT(Judge().missing, HasSubstr("terms"));
}

TEST_F(ProtectionTest, WholeLotsAndDust) {
  Holds("10.4");
  EXPECT_EQ(Judge().actions[0].quantity, D("10"));
  Holds("0.4");
  ProtectionVerdict verdict = Judge();
  EXPECT_THAT(verdict.actions, IsEmpty());
  EXPECT_TRUE(verdict.live);
  EXPECT_THAT(verdict.missing, HasSubstr("less than a lot"));
}

TEST_F(ProtectionTest, APersonsOwnExitsLeaveTheRest) {
  facts_.exposed.stop_room = D("6");
  facts_.exposed.target_room = D("0");
  ProtectionVerdict verdict = Judge();
  ASSERT_THAT(verdict.actions, SizeIs(1));
  EXPECT_EQ(verdict.actions[0].type, OrderType::kStop);
  EXPECT_EQ(verdict.actions[0].quantity, D("6"));
}

TEST(Policies, WhatMayBeSet) {
  StopPolicy policy;
  EXPECT_EQ(WrongPolicy(policy, false)->first, "stop_loss_ratio");
  policy.stop_loss_ratio = D("0");
  EXPECT_EQ(WrongPolicy(policy, false)->first, "stop_loss_ratio");
  policy.stop_loss_ratio = D("0.000000000000000001");
  EXPECT_EQ(WrongPolicy(policy, false), std::nullopt);
  policy.stop_loss_ratio = D("0.999");
  EXPECT_EQ(WrongPolicy(policy, false), std::nullopt);
  policy.stop_loss_ratio = D("1");
  EXPECT_EQ(WrongPolicy(policy, false)->first, "stop_loss_ratio");
  policy.stop_loss_ratio = D("0.02");
  policy.trailing_ratio = D("0.01");
  EXPECT_EQ(WrongPolicy(policy, false)->first, "trailing_ratio");
  policy.trailing_ratio.reset();
  policy.take_profit_ratio = D("-0.1");
  EXPECT_EQ(WrongPolicy(policy, false)->first, "take_profit_ratio");
  policy.take_profit_ratio.reset();
  policy.off = true;
  EXPECT_EQ(WrongPolicy(policy, false)->first, "off");
  policy.stop_loss_ratio.reset();
  EXPECT_EQ(WrongPolicy(policy, false), std::nullopt);
  EXPECT_EQ(WrongPolicy(policy, true)->first, "off");
}

// Who stands for what.
class ExposureTest : public testing::Test {
 protected:
  void Hold(const char* deployment, const char* held) {
    books_.Restore(Symbol("AAPL"), DeploymentId(deployment), D(held));
  }
  Order& Rest(const char* deployment, Side side, OrderType type, const char* quantity) {
    Order order = AnOrder("o" + std::to_string(working_.size()), side, type, quantity, "100");
    order.request_id = RequestId("r");
    order.deployment_id = DeploymentId(deployment);
    return working_[order.order_id] = order;
  }
  Exposed Of(const char* deployment) {
    return ExposedBooks(books_, working_).at({Symbol("AAPL"), DeploymentId(deployment)});
  }
  Books books_;
  std::map<OrderId, Order> working_;
};

TEST_F(ExposureTest, StopAndTargetShareThePosition) {
  Hold("", "10");
  Rest("", Side::kSell, OrderType::kLimit, "4");
  EXPECT_EQ(Of(""), (Exposed{D("10"), D("10"), D("6")}));
  Rest("", Side::kSell, OrderType::kStop, "3");
  EXPECT_EQ(Of(""), (Exposed{D("10"), D("7"), D("6")}));
  Rest("", Side::kSell, OrderType::kStopLimit, "30");
  EXPECT_EQ(Of(""), (Exposed{D("10"), D("0"), D("6")})) << "never below nothing";
}

TEST_F(ExposureTest, WhatDoesNotStandAgainstItTakesNothing) {
  Hold("", "-10");
  Rest("", Side::kSell, OrderType::kLimit, "4");
  Rest("", Side::kBuy, OrderType::kMarket, "4");
  Rest("", Side::kBuy, OrderType::kLimit, "4").time_in_force = TimeInForce::kIoc;
  Rest("", Side::kBuy, OrderType::kLimit, "4").cancel_requested = true;
  Order& child = Rest("", Side::kBuy, OrderType::kStop, "4");
  child.status = OrderStatus::kHeld;
  child.hold = HoldReason::kParent;
  Rest("", Side::kBuy, OrderType::kStop, "4").request_id = RequestId("protect:x:1");
  EXPECT_EQ(Of(""), (Exposed{D("-10"), D("10"), D("10")}));
  child.hold = HoldReason::kTrigger;
  EXPECT_EQ(Of(""), (Exposed{D("-10"), D("6"), D("10")}));
}

TEST_F(ExposureTest, HandMadeExitsStandForTheOthersByName) {
  Hold("", "2");
  Hold("a", "5");
  Hold("b", "5");
  Rest("", Side::kSell, OrderType::kStop, "8");
  EXPECT_EQ(Of(""), (Exposed{D("2"), D("0"), D("2")}));
  EXPECT_EQ(Of("a"), (Exposed{D("5"), D("0"), D("5")}));
  EXPECT_EQ(Of("b"), (Exposed{D("5"), D("4"), D("5")}));
  // A deployment's are its own.
  Rest("b", Side::kSell, OrderType::kStop, "9");
  EXPECT_EQ(Of("b"), (Exposed{D("5"), D("0"), D("5")}));
  EXPECT_EQ(Of("a"), (Exposed{D("5"), D("0"), D("5")}));
}

TEST(EntryPrices, AreKeptThroughFillsFlipsAndRestarts) {
  Books books;
  auto fill = [&](Side side, const char* quantity, const char* price) {
    Fill one;
    one.symbol = Symbol("AAPL");
    one.side = side;
    one.quantity = D(quantity);
    one.price = D(price);
    one.fee_currency = "USD";
    books.Apply(one);
  };
  auto entry = [&] { return books.EntryPrice(DeploymentId(), Symbol("AAPL")); };
  EXPECT_EQ(entry(), std::nullopt);
  fill(Side::kBuy, "10", "100");
  fill(Side::kBuy, "30", "104");
  EXPECT_EQ(entry(), D("103"));
  fill(Side::kSell, "15", "90");
  EXPECT_EQ(entry(), D("103")) << "selling changes nothing of it";
  fill(Side::kSell, "35", "110");
  EXPECT_EQ(entry(), D("110")) << "short from there";
  fill(Side::kSell, "10", "120");
  EXPECT_EQ(entry(), D("115"));
  Books restored;
  restored.Restore(Symbol("AAPL"), DeploymentId(), D("-20"), books.Cost(DeploymentId(), Symbol("AAPL")));
  EXPECT_EQ(restored.EntryPrice(DeploymentId(), Symbol("AAPL")), D("115"));
  EXPECT_FALSE(restored.AnyCostUnknown());
  fill(Side::kBuy, "20", "100");
  EXPECT_EQ(entry(), std::nullopt);

  Books older;
  older.Restore(Symbol("AAPL"), DeploymentId(), D("5"));
  EXPECT_TRUE(older.AnyCostUnknown());
  EXPECT_EQ(older.EntryPrice(DeploymentId(), Symbol("AAPL")), std::nullopt);
}

}  // namespace
}  // namespace ballast::orders
