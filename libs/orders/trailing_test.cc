#include "libs/orders/trailing.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "libs/model/trigger.h"

namespace ballast::orders {
namespace {

Order TrailingStop(Side side, TrailingOffsetType type, const char* offset) {
  Order order;
  order.symbol = Symbol("SPY");
  order.side = side;
  order.type = OrderType::kTrailingStop;
  order.quantity = Decimal::FromInt(10);
  order.trailing = Trailing{.offset = Decimal::Of(offset), .offset_type = type};
  return order;
}

Quote QuoteAt(const char* bid, const char* ask, std::int64_t second, const char* last = "100") {
  return {.symbol = Symbol("SPY"),
          .bid_price = Decimal::Of(bid),
          .bid_size = Decimal::FromInt(100),
          .ask_price = Decimal::Of(ask),
          .ask_size = Decimal::FromInt(100),
          .last_price = Decimal::Of(last),
          .quote_time = UtcTime{second * 1'000'000'000},
          .session_open = true};
}

const Decimal kTick = Decimal::Of("0.01");

TEST(TrailingTest, ASellFollowsTheBidUpAndNeverDown) {
  Order order = TrailingStop(Side::kSell, TrailingOffsetType::kPrice, "2");
  EXPECT_TRUE(Follow(order, QuoteAt("100", "100.1", 1), kTick).moved);
  EXPECT_EQ(order.stop_price, Decimal::Of("98"));
  EXPECT_TRUE(Follow(order, QuoteAt("103", "103.1", 2), kTick).moved);
  EXPECT_EQ(order.stop_price, Decimal::Of("101"));
  EXPECT_FALSE(Follow(order, QuoteAt("101.01", "101.1", 3), kTick).moved);
  EXPECT_EQ(order.stop_price, Decimal::Of("101"));
  EXPECT_EQ(order.trailing->high_water_mark, Decimal::Of("103"));
  EXPECT_TRUE(Follow(order, QuoteAt("101", "101.1", 4), kTick).triggered);
}

TEST(TrailingTest, ABuyFollowsTheAskDown) {
  Order order = TrailingStop(Side::kBuy, TrailingOffsetType::kPercent, "1");
  Follow(order, QuoteAt("99.9", "100", 1), kTick);
  EXPECT_EQ(order.stop_price, Decimal::Of("101"));
  Follow(order, QuoteAt("89.9", "90", 2), kTick);
  EXPECT_EQ(order.stop_price, Decimal::Of("90.9"));
  EXPECT_FALSE(Follow(order, QuoteAt("90.7", "90.89", 3), kTick).triggered);
  EXPECT_TRUE(Follow(order, QuoteAt("90.8", "90.9", 4), kTick).triggered);
}

TEST(TrailingTest, TicksAndRoundingGoAwayFromTheMarket) {
  Order ticks = TrailingStop(Side::kSell, TrailingOffsetType::kTicks, "25");
  Follow(ticks, QuoteAt("100", "100.1", 1), kTick);
  EXPECT_EQ(ticks.stop_price, Decimal::Of("99.75"));
  Order percent = TrailingStop(Side::kSell, TrailingOffsetType::kPercent, "0.333");
  Follow(percent, QuoteAt("100.01", "100.1", 1), kTick);
  EXPECT_EQ(percent.stop_price, Decimal::Of("99.67"));  // 99.6769667
}

TEST(TrailingTest, ItSleepsUntilItsActivationPriceIsTouchedByTheSameReference) {
  Order order = TrailingStop(Side::kSell, TrailingOffsetType::kPrice, "1");
  order.trailing->activation_price = Decimal::Of("105");
  // The ask and the last price touch it, the bid does not.
  EXPECT_FALSE(Follow(order, QuoteAt("104.99", "105.2", 1, "105"), kTick).moved);
  EXPECT_FALSE(order.stop_price.has_value());
  EXPECT_FALSE(order.trailing->high_water_mark.has_value());
  EXPECT_TRUE(Follow(order, QuoteAt("105", "105.2", 2), kTick).moved);
  EXPECT_EQ(order.stop_price, Decimal::Of("104"));
  // Once it follows it goes on, also below the activation price.
  EXPECT_FALSE(Follow(order, QuoteAt("104.5", "104.6", 3), kTick).triggered);
  EXPECT_TRUE(Follow(order, QuoteAt("104", "104.1", 4), kTick).triggered);
}

TEST(TrailingTest, TheLastPriceIsTheReferenceWhereItIsAskedFor) {
  Order order = TrailingStop(Side::kSell, TrailingOffsetType::kPrice, "1");
  order.trigger_source = TriggerSource::kLast;
  Follow(order, QuoteAt("90", "110", 1, "100"), kTick);
  EXPECT_EQ(order.stop_price, Decimal::Of("99"));
  EXPECT_FALSE(Follow(order, QuoteAt("90", "110", 2, "99.5"), kTick).triggered);
  EXPECT_TRUE(Follow(order, QuoteAt("98", "110", 3, "99"), kTick).triggered);
}

TEST(TrailingTest, AQuoteNobodyStandsBehindOrAnOlderOneChangesNothing) {
  Order order = TrailingStop(Side::kSell, TrailingOffsetType::kPrice, "1");
  Follow(order, QuoteAt("100", "100.1", 10), kTick);
  const Order before = order;
  Quote stale = QuoteAt("50", "50.1", 11), closed = QuoteAt("50", "50.1", 11), old = QuoteAt("50", "50.1", 9),
        empty = QuoteAt("0", "50.1", 11);
  stale.stale = true;
  closed.session_open = false;
  for (const Quote& quote : {stale, closed, old, empty}) {
    Followed followed = Follow(order, quote, kTick);
    EXPECT_FALSE(followed.moved || followed.triggered);
    EXPECT_EQ(order, before);
  }
}

TEST(TrailingTest, WhatWasStoredIsGoneOnFromAfterARestart) {
  Order order = TrailingStop(Side::kSell, TrailingOffsetType::kPrice, "5");
  Follow(order, QuoteAt("120", "120.1", 1), kTick);
  Order stored = order;  // all that survives
  // The market fell through the stop meanwhile: it triggers, and does not begin again from there.
  EXPECT_TRUE(Follow(stored, QuoteAt("80", "80.1", 1000), kTick).triggered);
  EXPECT_EQ(stored.stop_price, Decimal::Of("115"));
}

TEST(TrailingTest, TheLimitOfATrailingStopLimitTrailsBehindTheStop) {
  Order order = TrailingStop(Side::kSell, TrailingOffsetType::kPrice, "2");
  order.type = OrderType::kTrailingStopLimit;
  order.trailing->limit_offset = Decimal::Of("0.5");
  Follow(order, QuoteAt("100", "100.1", 1), kTick);
  EXPECT_EQ(order.limit_price, Decimal::Of("97.5"));
  Follow(order, QuoteAt("101", "101.1", 2), kTick);
  EXPECT_EQ(order.stop_price, Decimal::Of("99"));
  EXPECT_EQ(order.limit_price, Decimal::Of("98.5"));
}

TEST(TrailingTest, AnOffsetBeyondThePriceHasNoStop) {
  Order order = TrailingStop(Side::kSell, TrailingOffsetType::kPrice, "200");
  EXPECT_FALSE(Follow(order, QuoteAt("100", "100.1", 1), kTick).triggered);
  EXPECT_FALSE(order.stop_price.has_value());
}

TEST(TrailingTest, OtherHeldTypesWaitForTheirTrigger) {
  Order profit;
  profit.side = Side::kSell;
  profit.type = OrderType::kTakeProfit;
  profit.stop_price = Decimal::Of("105");
  EXPECT_FALSE(WatchTrigger(profit, QuoteAt("104.99", "105.5", 1), kTick).triggered);
  EXPECT_TRUE(WatchTrigger(profit, QuoteAt("105", "105.5", 2), kTick).triggered);
  Order stop = profit;
  stop.type = OrderType::kStop;
  EXPECT_FALSE(WatchTrigger(stop, QuoteAt("105.01", "105.5", 1), kTick).triggered);
  EXPECT_TRUE(WatchTrigger(stop, QuoteAt("105", "105.5", 2), kTick).triggered);
}

// The whole history again for every quote: the best reference since the activation, and of all stops that there ever
// were the tightest.
struct SlowModel {
  const Order asked;
  std::vector<Decimal> seen;

  struct State {
    std::optional<Decimal> best, stop;
    bool triggered = false;
  };
  [[nodiscard]] State Now() const {
    State state;
    bool sell = asked.side == Side::kSell;
    for (Decimal reference : seen) {
      if (!state.best && asked.trailing->activation_price) {
        Decimal at = *asked.trailing->activation_price;
        if (sell ? reference < at : reference > at) continue;
      }
      if (state.stop && (sell ? reference <= *state.stop : reference >= *state.stop)) {
        state.triggered = true;
        return state;
      }
      if (!state.best || (sell ? reference > *state.best : reference < *state.best)) state.best = reference;
      Decimal away = asked.trailing->offset;
      if (asked.trailing->offset_type == TrailingOffsetType::kPercent)
        away = MultiplyDivide(*state.best, away, Decimal::FromInt(100), Rounding::kUp);
      if (asked.trailing->offset_type == TrailingOffsetType::kTicks) away = Multiply(away, kTick, Rounding::kHalfEven);
      Decimal stop = sell ? (*state.best - away).RoundTo(kTick, Rounding::kFloor)
                          : (*state.best + away).RoundTo(kTick, Rounding::kCeiling);
      if (stop.IsPositive() && (!state.stop || (sell ? stop > *state.stop : stop < *state.stop))) state.stop = stop;
    }
    return state;
  }
};

TEST(TrailingTest, RandomMarketsAgreeWithTheSlowModel) {
  std::mt19937 random(20'261'126);
  auto pick = [&](int from, int to) { return std::uniform_int_distribution<int>(from, to)(random); };
  int triggers = 0, sleepers = 0;
  for (int round = 0; round < 3'000; ++round) {
    const char* offsets[] = {"0.01", "0.37", "1", "2.5", "40"};
    Order order = TrailingStop(pick(0, 1) == 0 ? Side::kSell : Side::kBuy, static_cast<TrailingOffsetType>(pick(1, 3)),
                               offsets[pick(0, 4)]);
    if (pick(0, 2) == 0) order.trailing->activation_price = Decimal::FromInt(pick(98, 102));
    SlowModel model{.asked = order, .seen = {}};
    int cents = 10'000;
    bool triggered = false;
    for (int second = 1; second <= 60 && !triggered; ++second) {
      cents = std::max(1, cents + pick(-60, 60));
      Decimal price = Multiply(Decimal::FromInt(cents), kTick, Rounding::kHalfEven);
      Quote quote = QuoteAt("1", "1", second);
      quote.bid_price = quote.ask_price = price;
      const std::optional<Decimal> former = order.stop_price;
      if (pick(0, 9) == 0) order = Order(order);  // a restart: the stored order is all there is
      triggered = Follow(order, quote, kTick).triggered;
      model.seen.push_back(price);
      SlowModel::State expected = model.Now();
      ASSERT_EQ(triggered, expected.triggered) << "round " << round << ", second " << second;
      ASSERT_EQ(order.stop_price, expected.stop) << "round " << round << ", second " << second;
      ASSERT_EQ(order.trailing->high_water_mark, expected.best);
      if (former && order.stop_price)
        ASSERT_TRUE(order.side == Side::kSell ? *order.stop_price >= *former : *order.stop_price <= *former);
    }
    triggers += triggered ? 1 : 0;
    sleepers += order.trailing->high_water_mark ? 0 : 1;
  }
  EXPECT_GT(triggers, 1'000);
  EXPECT_GT(sleepers, 50);
}

}  // namespace
}  // namespace ballast::orders
