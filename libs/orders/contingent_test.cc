#include "libs/orders/contingent.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace ballast::orders {
namespace {

using enum OrderStatus;
using Kind = ListAction::Kind;

Decimal Of(int number) { return Decimal::FromInt(number); }

// The orders of one list as a venue that answers at once would make them.
struct List {
  std::vector<Order> orders;

  List(ContingencyType type, std::vector<int> quantities) {
    for (std::size_t i = 0; i < quantities.size(); ++i) {
      Order order;
      order.order_id = OrderId("o" + std::to_string(i + 1));
      order.symbol = Symbol("SPY");
      bool child = HasParent(type) && i > 0;
      order.side = child ? Side::kSell : Side::kBuy;
      order.type = i == 2 ? OrderType::kStop : OrderType::kLimit;
      order.reduce_only = child;
      order.quantity = Of(quantities[i]);
      order.status = child ? kHeld : kNew;
      order.hold = child ? HoldReason::kParent : HoldReason::kUnspecified;
      order.list = ListPlace{.list_id = "l",
                             .contingency = type,
                             .index = static_cast<std::uint32_t>(i + 1),
                             .size = static_cast<std::uint32_t>(quantities.size())};
      orders.push_back(order);
    }
  }
  Order& operator[](int index) { return orders[static_cast<std::size_t>(index - 1)]; }

  void Fill(int index, int quantity) {
    Order& order = (*this)[index];
    order.cumulative_quantity += Of(quantity);
    if (IsTerminal(order.status) && order.status != kFilled) return;
    order.status = order.cumulative_quantity >= order.quantity ? kFilled : kPartiallyFilled;
  }
  [[nodiscard]] ListVerdict Ask() const {
    std::vector<const Order*> view;
    for (const Order& order : orders) view.push_back(&order);
    return Judge(view);
  }
  void Do(const ListAction& action) {
    if (action.kind == Kind::kFlatten) {
      Order repair = orders.front();
      repair.order_id = OrderId("repair");
      repair.side = Side::kSell;
      repair.quantity = repair.cumulative_quantity = action.quantity;
      repair.status = kFilled;
      repair.list->index = repair.list->size + 1;
      orders.push_back(repair);
      return;
    }
    for (Order& order : orders) {
      if (order.order_id != action.order_id) continue;
      if (action.kind == Kind::kCancel) {
        order.status = kCanceled;
        continue;
      }
      if (order.requested_quantity.IsZero()) order.requested_quantity = order.quantity;
      order.quantity = action.quantity;
      order.hold = HoldReason::kUnspecified;
      order.status = order.cumulative_quantity.IsPositive() ? kPartiallyFilled : kNew;
    }
  }
  // Does all there is to do; how many rounds that took.
  int Settle() {
    for (int round = 0; round < 10; ++round) {
      ListVerdict verdict = Ask();
      if (verdict.actions.empty()) return round;
      for (const ListAction& action : verdict.actions) Do(action);
    }
    return 10;
  }
  Decimal Filled(int from) {
    Decimal sum;
    for (std::size_t i = static_cast<std::size_t>(from - 1); i < orders.size(); ++i)
      sum += orders[i].cumulative_quantity;
    return sum;
  }
};

TEST(ContingentTest, NothingHappensBeforeAnythingHas) {
  for (ContingencyType type :
       {ContingencyType::kOto, ContingencyType::kOco, ContingencyType::kOuo, ContingencyType::kBracket}) {
    List list(type, {100, 100, 100});
    EXPECT_TRUE(list.Ask().actions.empty());
    EXPECT_FALSE(list.Ask().race.has_value());
  }
}

TEST(ContingentTest, ABracketsExitsFollowThePartialFillsOfTheEntry) {
  List list(ContingencyType::kBracket, {100, 100, 100});
  list.Fill(1, 30);
  ListVerdict verdict = list.Ask();
  ASSERT_EQ(verdict.actions.size(), 2U);
  for (const ListAction& action : verdict.actions) {
    EXPECT_EQ(action.kind, Kind::kRelease);
    EXPECT_EQ(action.quantity, Of(30));
  }
  EXPECT_EQ(list.Settle(), 1);
  list.Fill(1, 70);
  verdict = list.Ask();
  ASSERT_EQ(verdict.actions.size(), 2U);
  EXPECT_EQ(verdict.actions[0].kind, Kind::kResize);
  EXPECT_EQ(verdict.actions[0].quantity, Of(100));
}

TEST(ContingentTest, WhatOneExitFillsTheOtherHasLess) {
  List list(ContingencyType::kBracket, {100, 100, 100});
  list.Fill(1, 100);
  list.Settle();
  list.Fill(2, 40);
  ListVerdict verdict = list.Ask();
  ASSERT_EQ(verdict.actions.size(), 1U);
  EXPECT_EQ(verdict.actions[0], (ListAction{.kind = Kind::kResize,
                                            .order_id = OrderId("o3"),
                                            .quantity = Of(60),
                                            .why = "another order of the list has filled a part"}));
  list.Settle();
  list.Fill(2, 60);
  verdict = list.Ask();
  ASSERT_EQ(verdict.actions.size(), 1U);
  EXPECT_EQ(verdict.actions[0].kind, Kind::kCancel);
  EXPECT_EQ(verdict.actions[0].order_id, OrderId("o3"));
}

TEST(ContingentTest, TheFirstFillOfAnExitEndsTheRestOfTheEntry) {
  List list(ContingencyType::kBracket, {100, 100, 100});
  list.Fill(1, 60);
  list.Settle();
  list.Fill(3, 10);
  ListVerdict verdict = list.Ask();
  ASSERT_EQ(verdict.actions.size(), 2U);
  EXPECT_EQ(verdict.actions[0].kind, Kind::kCancel);
  EXPECT_EQ(verdict.actions[0].order_id, OrderId("o1"));
  EXPECT_EQ(verdict.actions[1].quantity, Of(50));
}

TEST(ContingentTest, AnEntryThatGoesOnAfterItsExitsHaveEndedIsTakenOut) {
  List list(ContingencyType::kBracket, {100, 100, 100});
  list.Fill(1, 60);
  list.Settle();
  list.Fill(2, 60);
  list[1].cancel_requested = true;
  list[3].status = kCanceled;  // as the position was flat
  EXPECT_TRUE(list.Ask().actions.empty());
  list.Fill(1, 15);  // before its cancel got there
  ListVerdict verdict = list.Ask();
  ASSERT_EQ(verdict.actions.size(), 1U);
  EXPECT_EQ(verdict.actions[0].kind, Kind::kFlatten);
  EXPECT_EQ(verdict.actions[0].quantity, Of(15));
  list.Settle();
  EXPECT_TRUE(list.Ask().actions.empty()) << "and once";
}

TEST(ContingentTest, AnEntryThatEndsWithoutAFillTakesItsChildrenAlong) {
  for (OrderStatus end : {kCanceled, kRejected, kExpired}) {
    for (ContingencyType type : {ContingencyType::kBracket, ContingencyType::kOto}) {
      List list(type, {100, 100, 100});
      list[1].status = end;
      ListVerdict verdict = list.Ask();
      ASSERT_EQ(verdict.actions.size(), 2U);
      EXPECT_EQ(verdict.actions[0].kind, Kind::kCancel);
      list.Settle();
      EXPECT_EQ(list[2].status, kCanceled);
    }
  }
}

TEST(ContingentTest, AnEntryThatEndsHalfWayKeepsItsExits) {
  List list(ContingencyType::kBracket, {100, 100, 100});
  list.Fill(1, 30);
  list.Settle();
  list[1].status = kCanceled;
  EXPECT_EQ(list.Settle(), 0);
  EXPECT_EQ(list[3].quantity, Of(30));
  EXPECT_EQ(list[3].requested_quantity, Of(100));
}

TEST(ContingentTest, BothExitsFillingIsNamed) {
  List list(ContingencyType::kBracket, {100, 100, 100});
  list.Fill(1, 100);
  list.Settle();
  list.Fill(2, 100);
  list.Fill(3, 20);
  ListVerdict verdict = list.Ask();
  ASSERT_TRUE(verdict.race.has_value());
  EXPECT_EQ(verdict.race->kind, ListRace::Kind::kOverfilled);
  EXPECT_EQ(verdict.race->quantity, Of(20));
}

TEST(ContingentTest, ARefusedStopIsNamed) {
  List list(ContingencyType::kBracket, {100, 100, 100});
  list.Fill(1, 100);
  list.Settle();
  list[3].status = kRejected;
  ListVerdict verdict = list.Ask();
  ASSERT_TRUE(verdict.race.has_value());
  EXPECT_EQ(verdict.race->kind, ListRace::Kind::kProtectionRefused);
}

TEST(ContingentTest, OneCancelsTheOthersOnItsFirstPartialFill) {
  List list(ContingencyType::kOco, {100, 80, 100});
  list.Fill(2, 1);
  ListVerdict verdict = list.Ask();
  ASSERT_EQ(verdict.actions.size(), 2U);
  EXPECT_EQ(verdict.actions[0].order_id, OrderId("o1"));
  EXPECT_EQ(verdict.actions[1].order_id, OrderId("o3"));
  list.Settle();
  EXPECT_EQ(list[2].status, kPartiallyFilled);
}

TEST(ContingentTest, ACancelThatAFillOvertakesIsNamed) {
  List list(ContingencyType::kOco, {100, 100});
  list.Fill(1, 60);
  list.Fill(2, 10);
  ListVerdict verdict = list.Ask();
  ASSERT_TRUE(verdict.race.has_value());
  EXPECT_EQ(verdict.race->quantity, Of(10));
  ASSERT_EQ(verdict.actions.size(), 1U);
  EXPECT_EQ(verdict.actions[0].order_id, OrderId("o2"));
}

TEST(ContingentTest, AnOrderThatIsNoReductionWaitsForTheWholeParent) {
  List list(ContingencyType::kOto, {100, 50});
  list[2].reduce_only = false;
  list[2].side = Side::kBuy;
  list[2].symbol = Symbol("QQQ");
  list.Fill(1, 99);
  EXPECT_TRUE(list.Ask().actions.empty());
  list.Fill(1, 1);
  ListVerdict verdict = list.Ask();
  ASSERT_EQ(verdict.actions.size(), 1U);
  EXPECT_EQ(verdict.actions[0].kind, Kind::kRelease);
  EXPECT_EQ(verdict.actions[0].quantity, Of(50));
}

TEST(ContingentTest, AnAskedForCancelLeavesTheSiblingsAlone) {
  List list(ContingencyType::kBracket, {100, 100, 100});
  list.Fill(1, 100);
  list.Settle();
  list[2].status = kCanceled;
  EXPECT_EQ(list.Settle(), 0);
  EXPECT_EQ(list[3].quantity, Of(100));
}

TEST(ContingentTest, WhatIsOnItsWayIsNotToldTwice) {
  List list(ContingencyType::kBracket, {100, 100, 100});
  list.Fill(1, 30);
  list.Settle();
  list.Fill(1, 30);
  for (OrderStatus status : {kPendingNew, kSubmitted, kUnknown}) {
    list[2].status = list[3].status = status;
    EXPECT_TRUE(list.Ask().actions.empty());
  }
  list[2].status = list[3].status = kNew;
  list[2].pending_replace = Replacement{.quantity = Of(60), .number = 1};
  ASSERT_EQ(list.Ask().actions.size(), 1U);
  EXPECT_EQ(list.Ask().actions[0].order_id, OrderId("o3"));
}

// Random facts, with a venue that does at once what it is told. What must hold is counted from the facts alone.
TEST(ContingentTest, RandomBracketsNeverExitMoreThanWasEntered) {
  std::mt19937 random(7);
  auto pick = [&](int from, int to) { return std::uniform_int_distribution<int>(from, to)(random); };
  int whole = 0;
  for (int round = 0; round < 20'000; ++round) {
    const int size = pick(2, 3), quantity = pick(1, 9);
    List list(ContingencyType::kBracket, std::vector<int>(static_cast<std::size_t>(size), quantity));
    std::string trace;
    for (int step = 0; step < 25; ++step) {
      int index = pick(1, size);
      Order& order = list[index];
      Decimal left = order.quantity - order.cumulative_quantity;
      bool works = order.status == kNew || order.status == kPartiallyFilled;
      if (works && left.IsPositive() && pick(0, 2) != 0) {
        int most = static_cast<int>((left.units() / Of(1).units()));
        list.Fill(index, pick(1, most));
      } else if (works && pick(0, 9) == 0) {
        order.status = pick(0, 1) == 0 ? kCanceled : kExpired;
      }
      trace += std::to_string(index) + std::to_string(static_cast<int>(order.status)) + " ";
      ASSERT_LT(list.Settle(), 4) << trace;
      ListVerdict verdict = list.Ask();
      ASSERT_FALSE(verdict.race.has_value()) << trace << verdict.race->message;
      Decimal entered = list[1].cumulative_quantity, exited = list.Filled(2);
      ASSERT_LE(exited, entered) << trace;
      for (int child = 2; child <= size; ++child) {
        const Order& exit = list[child];
        if (IsTerminal(exit.status)) continue;
        // What is live can take out all that is left, and nothing but that.
        if (entered.IsZero()) {
          ASSERT_EQ(exit.status, kHeld) << trace;
        } else if (exited < entered) {
          ASSERT_EQ(exit.quantity - exit.cumulative_quantity, entered - exited) << trace;
        }
      }
      if (exited.IsPositive()) ASSERT_TRUE(IsTerminal(list[1].status)) << trace;
    }
    if (list.Filled(2) == list[1].cumulative_quantity && list.Filled(2).IsPositive()) ++whole;
  }
  EXPECT_GT(whole, 10'000);
}

TEST(ContingentTest, RandomGroupsShareWhatTheyWereAskedFor) {
  std::mt19937 random(11);
  auto pick = [&](int from, int to) { return std::uniform_int_distribution<int>(from, to)(random); };
  for (int round = 0; round < 10'000; ++round) {
    const bool updates = pick(0, 1) == 0;
    const int size = pick(2, 4), quantity = pick(1, 9);
    List list(updates ? ContingencyType::kOuo : ContingencyType::kOco,
              std::vector<int>(static_cast<std::size_t>(size), quantity));
    for (int step = 0; step < 12; ++step) {
      int index = pick(1, size);
      Order& order = list[index];
      Decimal left = order.quantity - order.cumulative_quantity;
      if (IsTerminal(order.status) || !left.IsPositive()) continue;
      list.Fill(index, pick(1, static_cast<int>(left.units() / Of(1).units())));
      ASSERT_LT(list.Settle(), 3);
      ASSERT_FALSE(list.Ask().race.has_value());
      ASSERT_LE(list.Filled(1), Of(quantity));
      int live = 0;
      for (int other = 1; other <= size; ++other) {
        if (IsTerminal(list[other].status)) continue;
        ++live;
        ASSERT_EQ(list[other].quantity - list[other].cumulative_quantity, Of(quantity) - list.Filled(1));
      }
      if (!updates) ASSERT_LE(live, 1);
    }
  }
}

TEST(ContingentTest, IdsOfAListAreKnownToEachOfItsOrders) {
  EXPECT_EQ(ListRequestId("entry-7", 2), "entry-7:2");
  EXPECT_NE(ListOrderId(AccountId("paper"), "entry-7", 1), ListOrderId(AccountId("paper"), "entry-7", 2));
}

// Index 3 of a list here is its stop.
TEST(ContingentTest, AnEntryKnowsTheFurthestStopThatProtectsAllOfIt) {
  List bracket(ContingencyType::kBracket, {10, 10, 10});
  TellEntryItsStop(bracket.orders);
  EXPECT_FALSE(bracket[1].protective_stop_price) << "the stop has no price";
  bracket[3].stop_price = Of(90);
  TellEntryItsStop(bracket.orders);
  EXPECT_EQ(bracket[1].protective_stop_price, Of(90));
  EXPECT_FALSE(bracket[2].protective_stop_price);
  List part(ContingencyType::kBracket, {10, 10, 9});
  part[3].stop_price = Of(90);
  TellEntryItsStop(part.orders);
  EXPECT_FALSE(part[1].protective_stop_price) << "one unit has none";
  List two(ContingencyType::kOto, {10, 5, 5});
  two[2].type = OrderType::kStop;
  two[2].stop_price = Of(80);
  two[3].stop_price = Of(90);
  TellEntryItsStop(two.orders);
  EXPECT_EQ(two[1].protective_stop_price, Of(80));
  List pair(ContingencyType::kOco, {10, 10, 10});
  pair[3].stop_price = Of(90);
  TellEntryItsStop(pair.orders);
  EXPECT_FALSE(pair[1].protective_stop_price) << "nobody there is the entry";
}

}  // namespace
}  // namespace ballast::orders
