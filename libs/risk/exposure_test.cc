#include "libs/risk/exposure.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "libs/base/rng.h"

namespace ballast::risk {
namespace {

Order RandomOrder(Rng& rng, int number) {
  Order order;
  order.order_id = OrderId("o" + std::to_string(number));
  order.deployment_id = DeploymentId(rng.Below(2) == 0 ? "" : "d" + std::to_string(rng.Below(2)));
  order.symbol = Symbol(rng.Below(2) == 0 ? "SPY" : "BTC-USD");
  order.side = rng.Below(2) == 0 ? Side::kBuy : Side::kSell;
  order.type = static_cast<OrderType>(1 + rng.Below(4));
  order.reduce_only = rng.Below(3) == 0;
  if (order.reduce_only && rng.Below(3) == 0) order.request_id = RequestId("protect:stop_loss:1");
  order.quantity = order.leaves_quantity = Decimal::FromInt(1 + static_cast<std::int64_t>(rng.Below(9)));
  return order;
}

bool IsStop(OrderType type) { return type == OrderType::kStop || type == OrderType::kStopLimit; }

// The sums, by looking at every order.
struct Counted {
  Decimal symbol, book, room_symbol, room_book;
};
Counted Count(const Exposure& exposure, const Order& order) {
  Counted counted;
  exposure.ForEachPending([&](const PendingOrder& pending) {
    if (pending.symbol != order.symbol || pending.side != order.side) return;
    bool own = pending.deployment_id == order.deployment_id;
    counted.symbol += pending.quantity;
    if (own) counted.book += pending.quantity;
    bool firm = !pending.reduce_only || pending.type == OrderType::kMarket;
    if (!firm && pending.yields) return;
    if (!firm && (order.type == OrderType::kMarket || IsStop(pending.type) != IsStop(order.type))) return;
    counted.room_symbol += pending.quantity;
    if (own) counted.room_book += pending.quantity;
  });
  return counted;
}

Decimal Left(Decimal position, Decimal pending, Side side) {
  bool opposite = side == Side::kSell ? position.IsPositive() : position.IsNegative();
  return opposite ? position.Abs() - std::min(position.Abs(), pending) : Decimal();
}

void ExpectSumsAreTheOrders(const Exposure& exposure, Rng& rng) {
  Order order = RandomOrder(rng, 0);
  Exposure::BookKey key{order.deployment_id, order.symbol};
  Counted counted = Count(exposure, order);
  ASSERT_EQ(exposure.Pending(order.symbol, order.side), counted.symbol);
  ASSERT_EQ(exposure.PendingInBook(key, order.side), counted.book);
  Exposure::ReduceRoom room = exposure.RoomFor(order);
  ASSERT_EQ(room.net, Left(exposure.Position(order.symbol), counted.room_symbol, order.side));
  ASSERT_EQ(room.book, Left(exposure.BookPosition(key), counted.room_book, order.side));
  std::set<Symbol> symbols;
  std::set<Exposure::BookKey> books;
  exposure.ForEachPending([&](const PendingOrder& pending) {
    symbols.insert(pending.symbol);
    books.insert({pending.deployment_id, pending.symbol});
  });
  ASSERT_EQ(exposure.pending().size(), symbols.size());
  ASSERT_EQ(exposure.pending_in_book().size(), books.size());
}

TEST(ExposureTest, SumsAreThoseOfTheOrdersWhateverHappens) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Rng rng(seed);
    Exposure exposure;
    std::vector<Order> orders;
    std::int64_t now = 0;
    std::uint64_t sequence = 0;
    for (int i = 0; i < 600; ++i) {
      now += static_cast<std::int64_t>(rng.Below(100));
      Order& order = !orders.empty() && rng.Below(3) > 0 ? orders[rng.Below(orders.size())]
                                                         : orders.emplace_back(RandomOrder(rng, i + 1));
      switch (rng.Below(5)) {
        case 0:
          exposure.Reserve(order, now + static_cast<std::int64_t>(rng.Below(500)));
          break;
        case 1:
          exposure.Void(order.order_id);
          break;
        case 2:
          exposure.Expire(now);
          break;
        default: {
          OrderEvent event{.sequence = ++sequence, .type = OrderEventType::kFilled};
          order.status = rng.Below(3) == 0 ? OrderStatus::kFilled : OrderStatus::kPartiallyFilled;
          if (order.leaves_quantity.IsPositive()) {
            event.fill = Fill{.deployment_id = order.deployment_id,
                              .symbol = order.symbol,
                              .side = order.side,
                              .quantity = Decimal::FromInt(1),
                              .price = Decimal::FromInt(10)};
            order.leaves_quantity -= Decimal::FromInt(1);
          }
          event.order = order;
          ASSERT_TRUE(exposure.Apply(event));
        }
      }
      ExpectSumsAreTheOrders(exposure, rng);
    }
    exposure.Expire(INT64_MAX);
    for (const Order& order : orders) {
      OrderEvent ended{.sequence = ++sequence, .type = OrderEventType::kCanceled, .order = order};
      ended.order->status = OrderStatus::kCanceled;
      ASSERT_TRUE(exposure.Apply(ended));
    }
    EXPECT_EQ(exposure.open_orders(), 0U);
    EXPECT_TRUE(exposure.pending().empty());
    EXPECT_TRUE(exposure.pending_in_book().empty());
  }
}

TEST(ExposureTest, PassingByAnEventKeepsTheLogGapless) {
  Exposure exposure;
  EXPECT_FALSE(exposure.Skip(2, UtcTime{}, OrderEventType::kAccepted));
  EXPECT_TRUE(exposure.Skip(1, UtcTime{}, OrderEventType::kAccepted));
  EXPECT_FALSE(exposure.Skip(1, UtcTime{}, OrderEventType::kAccepted));
  EXPECT_EQ(exposure.applied_sequence(), 1U);
  OrderEvent next{.sequence = 2, .type = OrderEventType::kAccountHalted};
  EXPECT_TRUE(exposure.Apply(next));
}

// A log of fills, working and ended orders, halts and resumes of three instruments in three books.
std::vector<OrderEvent> MakeLog(std::uint64_t seed, std::size_t size) {
  Rng rng(seed);
  std::vector<OrderEvent> log;
  for (std::size_t i = 0; i < size; ++i) {
    OrderEvent event;
    event.sequence = i + 1;
    event.event_time = UtcTime{static_cast<std::int64_t>(1'000 * i)};
    event.type = OrderEventType::kAccepted;
    Order order;
    order.order_id = OrderId("o" + std::to_string(rng.Below(12)));
    order.symbol = Symbol(std::string(1, static_cast<char>('A' + rng.Below(3))));
    order.deployment_id = DeploymentId(rng.Below(2) == 0 ? "" : "d" + std::to_string(rng.Below(2)));
    order.side = rng.Below(2) == 0 ? Side::kBuy : Side::kSell;
    order.quantity = order.leaves_quantity = Decimal::FromInt(static_cast<std::int64_t>(1 + rng.Below(9)));
    order.status = rng.Below(3) == 0 ? OrderStatus::kCanceled : OrderStatus::kNew;
    if (i == 0) {
      event.type = OrderEventType::kAccountOpened;
      event.cash = Decimal::FromInt(100'000);
      event.currency = "USD";
    } else if (rng.Below(20) == 0) {
      event.type = rng.Below(2) == 0 ? OrderEventType::kAccountHalted : OrderEventType::kAccountResumed;
    } else {
      if (rng.Below(3) == 0) {
        event.type = OrderEventType::kFilled;
        event.fill = Fill{.deployment_id = order.deployment_id,
                          .symbol = order.symbol,
                          .side = order.side,
                          .quantity = order.quantity,
                          .price = Decimal::Of("10.01"),
                          .fee = Decimal::Of("0.01"),
                          .fee_currency = rng.Below(2) == 0 ? "USD" : "BTC"};
      }
      event.order = order;
    }
    log.push_back(event);
  }
  return log;
}

void ExpectSame(const Exposure& one, const Exposure& other) {
  EXPECT_EQ(one.applied_sequence(), other.applied_sequence());
  EXPECT_EQ(one.halted(), other.halted());
  EXPECT_EQ(one.cash(), other.cash());
  EXPECT_EQ(one.positions(), other.positions());
  EXPECT_EQ(one.books(), other.books());
  EXPECT_EQ(one.open_orders(), other.open_orders());
  EXPECT_TRUE(one.TakeSnapshot().open_orders == other.TakeSnapshot().open_orders);
  EXPECT_TRUE(one.pending() == other.pending());
  EXPECT_TRUE(one.pending_in_book() == other.pending_in_book());
}

TEST(ExposureTest, ASnapshotAndTheRestOfTheLogAreTheWholeLog) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::vector<OrderEvent> log = MakeLog(seed, 150);
    Exposure whole;
    std::vector<Exposure::Snapshot> snapshots;
    for (const OrderEvent& event : log) {
      ASSERT_TRUE(whole.Apply(event));
      snapshots.push_back(whole.TakeSnapshot());
    }
    for (std::size_t at = 0; at < log.size(); at += 7) {
      Exposure restored;
      restored.Restore(snapshots[at]);
      for (std::size_t i = at + 1; i < log.size(); ++i) ASSERT_TRUE(restored.Apply(log[i]));
      ExpectSame(restored, whole);
    }
  }
}

TEST(ExposureTest, ItKnowsItsLogAgainByTheNewestEvent) {
  std::vector<OrderEvent> log = MakeLog(1, 5), other = log;
  Exposure exposure;
  for (const OrderEvent& event : log) ASSERT_TRUE(exposure.Apply(event));
  Exposure restored;
  restored.Restore(exposure.TakeSnapshot());
  EXPECT_TRUE(restored.IsNewest(log[4].sequence, log[4].event_time, log[4].type));
  EXPECT_FALSE(restored.IsNewest(log[3].sequence, log[3].event_time, log[3].type));
  other[4].event_time.nanos += 1;
  EXPECT_FALSE(restored.IsNewest(other[4].sequence, other[4].event_time, other[4].type));
  other[4] = log[4];
  other[4].type = OrderEventType::kDenied;
  EXPECT_FALSE(restored.IsNewest(other[4].sequence, other[4].event_time, other[4].type));
}

TEST(ExposureTest, AReservationIsNotKept) {
  Exposure exposure;
  ASSERT_TRUE(exposure.Apply(MakeLog(1, 1)[0]));
  Order order;
  order.order_id = OrderId("r");
  exposure.Reserve(order, 1'000);
  ASSERT_EQ(exposure.open_orders(), 1U);
  Exposure restored;
  restored.Restore(exposure.TakeSnapshot());
  EXPECT_EQ(restored.open_orders(), 0U);
}

// What was won or lost with each book, through flips and partial closes, is what went in and out of the account.
TEST(ExposureTest, TheFlowsOfTheBooksAreTheAccountsCash) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed);
    Exposure exposure;
    OrderEvent opened;
    opened.sequence = 1;
    opened.type = OrderEventType::kAccountOpened;
    opened.cash = Decimal::FromInt(100'000);
    exposure.Apply(opened);
    for (int i = 0; i < 40; ++i) {
      OrderEvent event;
      event.sequence = exposure.applied_sequence() + 1;
      event.type = OrderEventType::kFilled;
      event.fill = Fill{.deployment_id = DeploymentId(rng.Below(2) == 0 ? "d" : "e"),
                        .symbol = Symbol(rng.Below(2) == 0 ? "AAPL" : "MSFT"),
                        .side = rng.Below(2) == 0 ? Side::kBuy : Side::kSell,
                        .quantity = Decimal::FromInt(1 + static_cast<std::int64_t>(rng.Below(9))),
                        .price = Decimal::FromUnits(rng.Between(1, 1'000'000'000) * 1'000'000'007),
                        .fee = Decimal::FromUnits(rng.Between(0, 1'000'000'007))};
      exposure.Apply(event);
      Decimal sum = exposure.opening_cash();
      for (const auto& [book, flow] : exposure.flows()) {
        ASSERT_TRUE(exposure.books().contains(book));
        sum += flow;
      }
      for (const auto& [deployment, flow] : exposure.closed_flows()) sum += flow;
      ASSERT_EQ(sum, exposure.cash()) << seed;
      ASSERT_EQ(exposure.flows().size(), exposure.books().size());
    }
  }
}

TEST(ExposureTest, AFlipClosesOnePositionAndOpensTheOther) {
  Exposure exposure;
  auto fill = [&](Side side, const char* quantity, const char* price) {
    OrderEvent event;
    event.sequence = exposure.applied_sequence() + 1;
    event.type = OrderEventType::kFilled;
    event.fill = Fill{.deployment_id = DeploymentId("d"),
                      .symbol = Symbol("AAPL"),
                      .side = side,
                      .quantity = Decimal::Of(quantity),
                      .price = Decimal::Of(price)};
    exposure.Apply(event);
  };
  Exposure::BookKey key{DeploymentId("d"), Symbol("AAPL")};
  fill(Side::kBuy, "10", "100");
  EXPECT_EQ(exposure.flows().at(key), Decimal::Of("-1000"));
  fill(Side::kSell, "15", "90");
  EXPECT_EQ(exposure.closed_flows().at(key.first), Decimal::Of("-100"));
  EXPECT_EQ(exposure.flows().at(key), Decimal::Of("450"));
  fill(Side::kBuy, "5", "80");
  EXPECT_EQ(exposure.closed_flows().at(key.first), Decimal::Of("-50"));
  EXPECT_TRUE(exposure.flows().empty());
}

}  // namespace
}  // namespace ballast::risk
