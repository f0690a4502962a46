#include "libs/broker/order_desk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "libs/broker/testing/scripted_session.h"

namespace ballast::broker {
namespace {

const AccountId kAccount("paper");
const OrderId kOrder("o1");
constexpr UtcTime kStart{1'700'000'000'000'000'000};

Order Buy(const OrderId& id, const char* quantity) {
  Order order;
  order.order_id = id;
  order.account_id = kAccount;
  order.symbol = Symbol("BTC-USD");
  order.side = Side::kBuy;
  order.type = OrderType::kMarket;
  order.quantity = Decimal::Of(quantity);
  return order;
}

Trade TradeOf(const char* root, std::uint32_t version, const char* quantity, bool busted) {
  return {.order_id = kOrder,
          .broker_order_id = "b1",
          .root_id = ExecutionId(root),
          .version = version,
          .busted = busted,
          .symbol = Symbol("BTC-USD"),
          .side = Side::kBuy,
          .quantity = Decimal::Of(quantity),
          .price = Decimal::FromInt(100),
          .time = kStart};
}

// A desk, a venue, and a disk between them.
struct World {
  explicit World(Capabilities capabilities = {.query_by_order_id = true, .corrections = true})
      : session(capabilities), desk(kAccount, capabilities, 0) {
    desk.Hear(SessionState{.state = SessionState::State::kReady}, now);
  }
  // One turn of whoever drives them.
  void Turn() {
    for (const Fact& fact : session.Poll(now)) desk.Hear(fact, now);
    Store();
    Send();
  }
  void Store() {
    OrderDesk::Batch batch = desk.TakeBatch();
    for (const OrderId& id : batch.orders) stored.insert(id);
    for (Execution& execution : batch.executions) told.push_back(std::move(execution));
  }
  void Send() {
    OrderDesk::Sends sends = desk.TakeSends(now);
    for (const Order& order : sends.submit) {
      EXPECT_TRUE(stored.contains(order.order_id)) << "sent before its intent was durable";
      session.Submit(order);
    }
    for (const CancelIntent& cancel : sends.cancel) session.Cancel(cancel);
    for (const QueryIntent& query : sends.query) session.Query(query);
  }
  void Says(std::vector<Fact> facts) {
    session.says = std::move(facts);
    Turn();
  }
  [[nodiscard]] int Count(ExecutionType type) const {
    return static_cast<int>(
        std::count_if(told.begin(), told.end(), [&](const Execution& each) { return each.type == type; }));
  }
  // What whoever follows the executions holds.
  [[nodiscard]] Decimal Net() const {
    std::map<ExecutionId, Decimal> trades;
    for (const Execution& each : told) {
      if (each.type == ExecutionType::kTrade) {
        EXPECT_FALSE(trades.contains(each.execution_id)) << "told twice";
        trades[each.execution_id] = each.last_quantity;
      } else if (each.type == ExecutionType::kTradeCorrect) {
        EXPECT_TRUE(trades.contains(each.exec_ref_id)) << "corrects what was never told";
        trades[each.exec_ref_id] = each.last_quantity;
      } else if (each.type == ExecutionType::kTradeCancel) {
        EXPECT_EQ(trades.erase(each.exec_ref_id), 1U) << "busts what was never told";
      }
    }
    return std::accumulate(trades.begin(), trades.end(), Decimal(),
                           [](const Decimal& sum, const auto& trade) { return sum + trade.second; });
  }
  void Check() const {
    std::set<ExecutionId> ids;
    int ends = 0;
    bool traded = false;
    for (std::size_t i = 0; i < told.size(); ++i) {
      const Execution& each = told[i];
      EXPECT_EQ(each.execution_sequence, i + 1);
      if (!each.execution_id.empty()) EXPECT_TRUE(ids.insert(each.execution_id).second) << "an id twice";
      if (each.type == ExecutionType::kNew) EXPECT_FALSE(traded) << "accepted after it traded";
      traded |= each.type == ExecutionType::kTrade;
      ends += each.type == ExecutionType::kCanceled || each.type == ExecutionType::kRejected ||
                      each.type == ExecutionType::kExpired || each.type == ExecutionType::kNotSent
                  ? 1
                  : 0;
    }
    EXPECT_LE(ends, 1);
    EXPECT_LE(Count(ExecutionType::kNew), 1);
    EXPECT_LE(Count(ExecutionType::kStatusUnknown), 1);
    for (const auto& [id, count] : session.submitted) EXPECT_EQ(count, 1) << id.value();
  }

  UtcTime now = kStart;
  ScriptedSession session;
  OrderDesk desk;
  std::set<OrderId> stored;
  std::vector<Execution> told;
};

TEST(OrderDeskTest, NothingIsSentBeforeItsIntentIsDurableAndThenOnce) {
  World world;
  world.desk.Take(Buy(kOrder, "3"), world.now);
  world.Send();
  EXPECT_TRUE(world.session.submitted.empty());
  world.Turn();
  world.desk.Take(Buy(kOrder, "3"), world.now);
  world.Turn();
  world.Turn();
  EXPECT_EQ(world.session.submitted.at(kOrder), 1);
  EXPECT_TRUE(world.told.empty());
}

TEST(OrderDeskTest, NothingIsSentWhileTheSessionIsNotReady) {
  World world;
  world.Says({SessionState{.state = SessionState::State::kResyncing}});
  world.desk.Take(Buy(kOrder, "3"), world.now);
  world.Turn();
  EXPECT_TRUE(world.session.submitted.empty());
  // Its cancel needs no venue.
  world.desk.Cancel(kOrder, world.now);
  world.Says({SessionState{.state = SessionState::State::kReady}});
  EXPECT_TRUE(world.session.submitted.empty());
  EXPECT_EQ(world.Count(ExecutionType::kCanceled), 1);
  world.Check();
}

// Every fact a venue may tell of one order, each possibly twice, in every order.
TEST(OrderDeskTest, EachFactIsToldOnceInWhicheverOrderItComes) {
  const std::vector<Fact> facts = {
      Ack{.order_id = kOrder, .broker_order_id = "b1", .time = kStart},
      TradeOf("t1", 0, "1", false),
      TradeOf("t1", 1, "1.5", false),
      TradeOf("t2", 0, "0.5", false),
      TradeOf("t2", 1, "0.5", true),
      Ended{.order_id = kOrder, .status = OrderStatus::kCanceled, .time = kStart},
      OutcomeUnknown{.order_id = kOrder, .error = ErrorClass::kNetwork, .message = "timeout"},
  };
  std::vector<std::size_t> order(facts.size());
  std::iota(order.begin(), order.end(), 0U);
  int permutations = 0;
  do {
    World world;
    world.desk.Take(Buy(kOrder, "3"), world.now);
    world.Turn();
    for (std::size_t i = 0; i < order.size(); ++i) {
      // A part comes twice, once at once and once late.
      world.Says({facts[order[i]]});
      world.Says({facts[order[i]], facts[order[i / 2]]});
    }
    world.Check();
    ASSERT_EQ(world.Net(), Decimal::Of("1.5")) << testing::PrintToString(order);
    ASSERT_EQ(world.desk.Find(kOrder)->order.cumulative_quantity, Decimal::Of("1.5"));
    ASSERT_EQ(world.Count(ExecutionType::kCanceled), 1);
    ASSERT_EQ(world.desk.Find(kOrder)->way, OrderDesk::Way::kClosed);
    ++permutations;
  } while (!testing::Test::HasFailure() && std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(permutations, 5'040);
}

// Facts that cannot all be true: none is lost or told twice, and somebody is told to look.
TEST(OrderDeskTest, FactsThatContradictEachOtherAreBookedAndMarked) {
  const std::vector<Fact> facts = {
      NotSent{.order_id = kOrder, .error = ErrorClass::kNetwork},
      DefinitiveReject{.order_id = kOrder, .rejection = {.reason = RejectReason::kBrokerRejected}, .time = kStart},
      TradeOf("t1", 0, "2", false),
      TradeOf("t2", 0, "2", false),
      OrderRecord{.order_id = kOrder,
                  .broker_order_id = "b1",
                  .status = OrderStatus::kFilled,
                  .cumulative_quantity = Decimal::FromInt(4),
                  .as_of = kStart},
      NotFound{.order_id = kOrder, .as_of = kStart + Duration::Seconds(60)},
  };
  std::vector<std::size_t> order(facts.size());
  std::iota(order.begin(), order.end(), 0U);
  do {
    World world;
    world.desk.Take(Buy(kOrder, "3"), world.now);
    world.Turn();
    for (std::size_t i : order) world.Says({facts[i], facts[i]});
    world.Check();
    ASSERT_EQ(world.Net(), Decimal::FromInt(4)) << testing::PrintToString(order);
    ASSERT_TRUE(world.desk.Find(kOrder)->contradicted) << testing::PrintToString(order);
  } while (!testing::Test::HasFailure() && std::next_permutation(order.begin(), order.end()));
}

// The venue filled it, took a trade of it back, and told that before the rest: what is left will never trade.
TEST(OrderDeskTest, AnOrderThatFilledAndLostATradeSinceEnds) {
  World world;
  world.desk.Take(Buy(kOrder, "3"), world.now);
  world.Turn();
  world.Says({TradeOf("t2", 0, "1", false), TradeOf("t2", 1, "1", true), TradeOf("t1", 0, "2", false)});
  EXPECT_NE(world.desk.Find(kOrder)->way, OrderDesk::Way::kClosed);
  world.Says({OrderRecord{.order_id = kOrder,
                          .broker_order_id = "b1",
                          .status = OrderStatus::kFilled,
                          .cumulative_quantity = Decimal::FromInt(2),
                          .as_of = world.now}});
  EXPECT_EQ(world.Count(ExecutionType::kCanceled), 1);
  EXPECT_EQ(world.Net(), Decimal::FromInt(2));
  world.Check();
}

TEST(OrderDeskTest, ATradeOfAnOrderNobodySentIsBooked) {
  World world;
  world.Says({TradeOf("t1", 0, "1", false), TradeOf("t1", 0, "1", false)});
  EXPECT_EQ(world.Net(), Decimal::FromInt(1));
  ASSERT_NE(world.desk.Find(kOrder), nullptr);
  EXPECT_TRUE(world.desk.Find(kOrder)->contradicted);
  world.Says({TradeOf("t2", 0, "2", false)});
  EXPECT_EQ(world.Net(), Decimal::FromInt(3));
  world.Check();
}

TEST(OrderDeskTest, WhatIsNotKnownIsAskedForUntilItIsProvenNeverToHaveBeenTaken) {
  World world;
  world.desk.Take(Buy(kOrder, "3"), world.now);
  world.Turn();
  world.Says({OutcomeUnknown{.order_id = kOrder, .error = ErrorClass::kNetwork}});
  EXPECT_EQ(world.Count(ExecutionType::kStatusUnknown), 1);
  EXPECT_EQ(world.session.queried.size(), 1U);
  // Too early to prove anything; asked again, but not at every turn.
  world.Says({NotFound{.order_id = kOrder, .as_of = kStart + Duration::Millis(9'999)}});
  world.Turn();
  EXPECT_EQ(world.session.queried.size(), 1U);
  world.now = kStart + Duration::Seconds(1);
  world.Turn();
  EXPECT_EQ(world.session.queried.size(), 2U);
  EXPECT_EQ(world.Count(ExecutionType::kNotSent), 0);
  world.Says({NotFound{.order_id = kOrder, .as_of = kStart + Duration::Seconds(10)}});
  EXPECT_EQ(world.Count(ExecutionType::kNotSent), 1);
  EXPECT_EQ(world.session.submitted.at(kOrder), 1);  // and not sent again
  world.Check();
}

TEST(OrderDeskTest, AVenueThatCannotBeAskedByOurIdProvesNothing) {
  World world(Capabilities{});
  world.desk.Take(Buy(kOrder, "3"), world.now);
  world.Turn();
  world.Says({NotFound{.order_id = kOrder, .as_of = kStart + Duration::Seconds(3'600)}});
  EXPECT_TRUE(world.told.empty());
  EXPECT_EQ(world.desk.Find(kOrder)->way, OrderDesk::Way::kSent);
}

TEST(OrderDeskTest, ARestartAsksForWhatMayHaveLeftAndSendsNothingAgain) {
  for (OrderDesk::Way way : {OrderDesk::Way::kIntent, OrderDesk::Way::kSendable, OrderDesk::Way::kSent,
                             OrderDesk::Way::kUnknown, OrderDesk::Way::kOpen, OrderDesk::Way::kClosed}) {
    Capabilities capabilities{.query_by_order_id = true};
    World world(capabilities);
    world.desk = OrderDesk(kAccount, capabilities, 7);
    world.desk.Restore({.order = Buy(kOrder, "3"), .way = way, .cancel_wanted = way == OrderDesk::Way::kOpen},
                       world.now);
    world.Says({SessionState{.state = SessionState::State::kReady}});
    EXPECT_TRUE(world.session.submitted.empty()) << static_cast<int>(way);
    bool out = way < OrderDesk::Way::kOpen;
    EXPECT_EQ(world.session.queried.size(), out ? 1U : 0U) << static_cast<int>(way);
    EXPECT_EQ(world.session.cancelled.size(), way == OrderDesk::Way::kOpen ? 1U : 0U) << static_cast<int>(way);
    // The venue has it after all.
    world.Says({TradeOf("t1", 0, "1", false)});
    EXPECT_EQ(world.Net(), Decimal::FromInt(1));
    EXPECT_EQ(world.told.front().execution_sequence, 8U);
  }
}

TEST(OrderDeskTest, ACancelIsSentOnceASessionAndNotAfterTheEnd) {
  World world;
  world.desk.Take(Buy(kOrder, "3"), world.now);
  world.Turn();
  world.desk.Cancel(kOrder, world.now);
  world.desk.Cancel(kOrder, world.now);
  world.Turn();
  world.Turn();
  EXPECT_EQ(world.session.cancelled.size(), 1U);
  world.Says({SessionState{.state = SessionState::State::kDown}});
  world.Says({SessionState{.state = SessionState::State::kReady}});
  EXPECT_EQ(world.session.cancelled.size(), 2U);
  world.Says({Ended{.order_id = kOrder, .time = kStart}});
  world.desk.Cancel(kOrder, world.now);
  world.Turn();
  EXPECT_EQ(world.session.cancelled.size(), 2U);
  EXPECT_EQ(world.Count(ExecutionType::kCancelRejected), 1);
  world.desk.Forget(kOrder);
  EXPECT_EQ(world.desk.Find(kOrder), nullptr);
  world.Check();
}

}  // namespace
}  // namespace ballast::broker
