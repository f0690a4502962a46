// A second venue beside the first: its own book and fees behind the same rules.
#include <gtest/gtest.h>

#include "libs/brokers/paper/paper_broker.h"

namespace ballast::paper {
namespace {

const UtcTime kFaceNow{1'704'205'900'000'000'000};

struct TwoVenues {
  TwoVenues()
      : venue({{.symbol = Symbol("BTC-USD"),
                .currency = "USD",
                .tick_size = Decimal::Of("0.5"),
                .lot_size = Decimal::Of("0.1"),
                .taker_fee_ratio = Decimal::Of("0.001"),
                .maker_fee_ratio = Decimal::Of("0.0005"),
                .calendar = TradingCalendar::kAlwaysOpen}},
              {.depth = 1}) {
    venue.SetFace(
        AccountId("ecn"),
        {.venue = "ecn", .ticks_worse = 2, .size_factor = Decimal::Of("2.55"), .fee_factor = Decimal::Of("0.4")});
    for (const char* account : {"paper", "ecn"})
      venue.OpenAccount(AccountId(account), "USD", Decimal::FromInt(100'000));
    Quoted("100", "101");
  }
  void Quoted(const char* bid, const char* ask) {
    venue.OnQuote({.symbol = Symbol("BTC-USD"),
                   .bid_price = Decimal::Of(bid),
                   .bid_size = Decimal::FromInt(10),
                   .ask_price = Decimal::Of(ask),
                   .ask_size = Decimal::FromInt(10),
                   .last_price = Decimal::Of(ask),
                   .quote_time = kFaceNow,
                   .session_open = true},
                  kFaceNow);
  }
  const Order& Sent(const char* account, const char* id, Side side, const char* quantity,
                    std::optional<Decimal> limit = std::nullopt) {
    Order order;
    order.order_id = OrderId(id);
    order.account_id = AccountId(account);
    order.symbol = Symbol("BTC-USD");
    order.side = side;
    order.type = limit ? OrderType::kLimit : OrderType::kMarket;
    order.time_in_force = limit ? TimeInForce::kGtc : TimeInForce::kIoc;
    order.quantity = order.leaves_quantity = Decimal::Of(quantity);
    order.limit_price = limit;
    venue.Submit(order, kFaceNow);
    venue.OnTime(kFaceNow);
    return *venue.Find(order.order_id);
  }
  // The newest trade.
  std::string Traded() {
    std::string told;
    for (const broker::Execution& execution : venue.TakeChanges().executions) {
      if (execution.type == broker::ExecutionType::kTrade) {
        told = execution.last_quantity.ToString() + " at " + execution.last_price.ToString() + " for " +
               execution.fee.ToString();
      }
    }
    return told;
  }
  std::string Offer(const char* account) {
    auto levels = venue.Levels(Symbol("BTC-USD"), Side::kBuy, AccountId(account));
    return levels.empty() ? "none" : levels[0].size.ToString() + " at " + levels[0].price.ToString();
  }

  PaperBroker venue;
};

TEST(PaperFaceTest, EachHasItsOwnBookAndFees) {
  TwoVenues both;
  EXPECT_EQ(both.Offer("paper"), "10 at 101");
  EXPECT_EQ(both.Offer("ecn"), "25.5 at 102");
  EXPECT_EQ(both.venue.TermsFor(AccountId("ecn"), Symbol("BTC-USD"))->taker_fee_ratio, Decimal::Of("0.0004"));
  both.Sent("paper", "a", Side::kBuy, "4");
  EXPECT_EQ(both.Traded(), "4 at 101 for 0.404");
  both.Sent("ecn", "b", Side::kBuy, "4");
  EXPECT_EQ(both.Traded(), "4 at 102 for 0.1632");
  both.Sent("ecn", "c", Side::kSell, "1");
  EXPECT_EQ(both.Traded(), "1 at 99 for 0.0396");
}

TEST(PaperFaceTest, WhatIsTakenAtOneIsThereAtTheOther) {
  TwoVenues both;
  EXPECT_EQ(both.Sent("paper", "a", Side::kBuy, "12").cumulative_quantity, Decimal::FromInt(10));
  EXPECT_EQ(both.Offer("paper"), "none");
  EXPECT_EQ(both.Offer("ecn"), "25.5 at 102");
  EXPECT_EQ(both.Sent("ecn", "b", Side::kBuy, "20").cumulative_quantity, Decimal::FromInt(20));
  EXPECT_EQ(both.Offer("ecn"), "5.5 at 102");
  both.Quoted("100", "101.5");
  EXPECT_EQ(both.Offer("paper"), "10 at 101.5");
  EXPECT_EQ(both.Offer("ecn"), "25.5 at 102.5");
}

TEST(PaperFaceTest, AnOrderRestsUntilItsOwnVenueReachesIt) {
  TwoVenues both;
  both.Sent("paper", "a", Side::kBuy, "1", Decimal::Of("100.5"));
  both.Sent("ecn", "b", Side::kBuy, "1", Decimal::Of("100.5"));
  both.Quoted("99.5", "100.5");
  EXPECT_EQ(both.venue.Find(OrderId("a"))->status, OrderStatus::kFilled);
  EXPECT_EQ(both.venue.Find(OrderId("b"))->status, OrderStatus::kNew);
  both.Quoted("98.5", "99.5");
  EXPECT_EQ(both.venue.Find(OrderId("b"))->status, OrderStatus::kFilled);
}

TEST(PaperFaceTest, ItsOrdersTakeLongerToTheBookAlsoWhenThatIsKnownAfterTheyCame) {
  TwoVenues both;
  Face slow{.venue = "ecn", .extra_latency = Duration::Millis(20)};
  both.venue.SetFace(AccountId("ecn"), slow);
  both.Sent("ecn", "a", Side::kBuy, "1");
  EXPECT_EQ(both.venue.Find(OrderId("a"))->cumulative_quantity, Decimal());
  EXPECT_EQ(both.venue.NextDue(), kFaceNow + Duration::Millis(20));
  slow.extra_latency = Duration::Millis(50);
  both.venue.SetFace(AccountId("ecn"), slow);
  EXPECT_EQ(both.venue.NextDue(), kFaceNow + Duration::Millis(50));
  both.venue.OnTime(kFaceNow + Duration::Millis(49));
  EXPECT_EQ(both.venue.Find(OrderId("a"))->cumulative_quantity, Decimal());
  both.venue.OnTime(kFaceNow + Duration::Millis(50));
  EXPECT_EQ(both.venue.Find(OrderId("a"))->cumulative_quantity, Decimal::FromInt(1));
  both.Sent("paper", "b", Side::kBuy, "1");
  EXPECT_EQ(both.venue.Find(OrderId("b"))->cumulative_quantity, Decimal::FromInt(1));
}

}  // namespace
}  // namespace ballast::paper
