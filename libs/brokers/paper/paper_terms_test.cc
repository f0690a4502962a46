// The venue's rarer terms: triggers of every kind, dates, auctions, post-only, the shown part, and replacing.
#include <gtest/gtest.h>

#include "libs/brokers/paper/paper_broker.h"

namespace ballast::paper {
namespace {

using broker::Execution;
using broker::ExecutionType;

const AccountId kAccount("paper");
// The session of a Tuesday in New York.
constexpr UtcTime kOpen{1'704'205'800'000'000'000};   // 2024-01-02 14:30 UTC
constexpr UtcTime kClose{1'704'229'200'000'000'000};  // 21:00 UTC
constexpr Duration kMinute = Duration::Seconds(60);

struct World {
  explicit World(TradingCalendar calendar = TradingCalendar::kAlwaysOpen, PaperBroker::Options options = {})
      : venue({Share(calendar)}, options) {
    venue.OpenAccount(kAccount, "USD", Decimal::FromInt(100'000));
  }
  static Instrument Share(TradingCalendar calendar) {
    return {.symbol = Symbol("AAPL"),
            .currency = "USD",
            .tick_size = Decimal::Of("0.01"),
            .lot_size = Decimal::FromInt(1),
            .calendar = calendar};
  }
  void Quoted(const char* bid, const char* ask, const char* last = "100", const char* size = "100") {
    Quote quote{.symbol = Symbol("AAPL"),
                .bid_price = Decimal::Of(bid),
                .bid_size = Decimal::Of(size),
                .ask_price = Decimal::Of(ask),
                .ask_size = Decimal::Of(size),
                .last_price = Decimal::Of(last),
                .quote_time = now,
                .session_open = true};
    venue.OnQuote(quote, now);
  }
  Order Make(const char* id, Side side, OrderType type, const char* quantity = "10") {
    Order order;
    order.order_id = OrderId(id);
    order.account_id = kAccount;
    order.symbol = Symbol("AAPL");
    order.side = side;
    order.type = type;
    order.time_in_force = TimeInForce::kGtc;
    order.quantity = Decimal::Of(quantity);
    return order;
  }
  const Order& Sent(const Order& order) {
    venue.Submit(order, now);
    return *venue.Find(order.order_id);
  }
  const Order& Find(const char* id) { return *venue.Find(OrderId(id)); }
  std::vector<Execution> Told() { return venue.TakeChanges().executions; }

  UtcTime now = kOpen + kMinute;
  PaperBroker venue;
};

TEST(PaperTermsTest, ATakeProfitWaitsForABetterPriceAndTakesIt) {
  World world;
  world.Quoted("100", "100.02");
  Order order = world.Make("tp", Side::kSell, OrderType::kTakeProfit);
  order.stop_price = Decimal::Of("105");
  EXPECT_EQ(world.Sent(order).status, OrderStatus::kNew);
  world.Quoted("104.99", "105.10");
  EXPECT_EQ(world.Find("tp").status, OrderStatus::kNew);
  world.Quoted("105", "105.10");
  EXPECT_EQ(world.Find("tp").status, OrderStatus::kFilled);
  EXPECT_EQ(world.Told().at(1).type, ExecutionType::kTriggered);
}

TEST(PaperTermsTest, ATakeProfitLimitTradesNoWorseThanItsLimit) {
  World world;
  world.Quoted("100", "100.02");
  Order order = world.Make("tp", Side::kBuy, OrderType::kTakeProfitLimit);
  order.stop_price = Decimal::Of("95");
  order.limit_price = Decimal::Of("95.05");
  world.Sent(order);
  world.Quoted("94.8", "95", "100", "4");
  ASSERT_EQ(world.Told().at(1).type, ExecutionType::kTriggered);
  for (const Execution& execution : world.Told()) EXPECT_LE(execution.last_price, Decimal::Of("95.05"));
  EXPECT_TRUE(world.Find("tp").cumulative_quantity.IsPositive());
}

TEST(PaperTermsTest, ATriggerOnTheLastPriceLooksAtNothingElse) {
  World world;
  world.Quoted("100", "100.02", "100.01");
  Order order = world.Make("s", Side::kSell, OrderType::kStop);
  order.stop_price = Decimal::Of("95");
  order.trigger_source = TriggerSource::kLast;
  world.Sent(order);
  world.Quoted("90", "90.02", "95.01");
  EXPECT_EQ(world.Find("s").status, OrderStatus::kNew);
  world.Quoted("96", "96.02", "95");
  EXPECT_EQ(world.Find("s").status, OrderStatus::kFilled);
}

TEST(PaperTermsTest, ADatedOrderEndsAtItsTimeAlsoAfterARestart) {
  World world;
  world.Quoted("100", "100.02");
  Order order = world.Make("g", Side::kBuy, OrderType::kLimit);
  order.limit_price = Decimal::Of("90");
  order.time_in_force = TimeInForce::kGtd;
  order.expire_time = world.now + kMinute;
  world.Sent(order);
  World restarted;
  restarted.venue.RestoreOrder(world.Find("g"), world.venue.StateOf(OrderId("g")));
  for (World* each : {&world, &restarted}) {
    EXPECT_EQ(each->venue.NextDue(), order.expire_time + Duration{1});
    each->venue.OnTime(order.expire_time);
    EXPECT_EQ(each->Find("g").status, OrderStatus::kNew) << "a quote of that very time may still come";
    each->venue.OnTime(order.expire_time + Duration{1});
    EXPECT_EQ(each->Find("g").status, OrderStatus::kExpired);
    EXPECT_EQ(each->Find("g").rejection->reason, RejectReason::kSessionEnded);
    EXPECT_FALSE(each->venue.NextDue().has_value());
  }
  order.order_id = OrderId("late");
  world.now = order.expire_time;
  EXPECT_EQ(world.Sent(order).status, OrderStatus::kRejected);
}

TEST(PaperTermsTest, AnOrderOfTheOpeningTradesOnItsFirstQuoteOrNotAtAll) {
  for (bool fits : {true, false}) {
    World world(TradingCalendar::kNewYorkStockExchange);
    world.now = kOpen - kMinute;
    Quote closed{.symbol = Symbol("AAPL"),
                 .bid_price = Decimal::Of("100"),
                 .bid_size = Decimal::FromInt(100),
                 .ask_price = Decimal::Of("100.02"),
                 .ask_size = Decimal::FromInt(100),
                 .last_price = Decimal::Of("100"),
                 .quote_time = world.now};
    world.venue.OnQuote(closed, world.now);
    Order order = world.Make("o", Side::kBuy, OrderType::kLimit);
    order.limit_price = Decimal::Of(fits ? "101" : "99");
    order.time_in_force = TimeInForce::kAtOpen;
    EXPECT_EQ(world.Sent(order).status, OrderStatus::kNew);
    world.now = kOpen + kMinute;
    world.Quoted("100", "100.5");
    EXPECT_EQ(world.Find("o").status, fits ? OrderStatus::kFilled : OrderStatus::kCanceled);
    Order late = world.Make("late", Side::kBuy, OrderType::kMarket);
    late.time_in_force = TimeInForce::kAtOpen;
    EXPECT_EQ(world.Sent(late).rejection->reason, RejectReason::kBrokerUnsupported);
  }
}

TEST(PaperTermsTest, AnOrderOfTheCloseTradesInTheLastMinuteOrNotAtAll) {
  World world(TradingCalendar::kNewYorkStockExchange);
  world.Quoted("100", "100.02");
  Order order = world.Make("c", Side::kBuy, OrderType::kMarket, "500");
  order.time_in_force = TimeInForce::kAtClose;
  world.Sent(order);
  world.now = kClose - kMinute - Duration{1};
  world.Quoted("101", "101.02");
  EXPECT_TRUE(world.Find("c").cumulative_quantity.IsZero());
  world.now = kClose - kMinute;
  world.Quoted("102", "102.02", "100", "10");
  EXPECT_EQ(world.Find("c").status, OrderStatus::kPartiallyFilled);
  world.now = kClose;
  world.Quoted("102", "102.04", "100", "10");
  world.now = kClose + Duration{1};
  world.venue.OnTime(world.now);
  EXPECT_EQ(world.Find("c").status, OrderStatus::kExpired);
  EXPECT_NE(world.Find("c").rejection->message.find("for the close"), std::string::npos);
}

TEST(PaperTermsTest, WhatNeverClosesHasNoAuction) {
  World world;
  world.Quoted("100", "100.02");
  for (TimeInForce time : {TimeInForce::kAtOpen, TimeInForce::kAtClose}) {
    Order order = world.Make(time == TimeInForce::kAtOpen ? "a" : "b", Side::kBuy, OrderType::kMarket);
    order.time_in_force = time;
    EXPECT_EQ(world.Sent(order).rejection->reason, RejectReason::kBrokerUnsupported);
  }
}

TEST(PaperTermsTest, APostOnlyOrderRestsOrIsRefused) {
  World world;
  world.Quoted("100", "100.02");
  Order takes = world.Make("t", Side::kBuy, OrderType::kLimit);
  takes.limit_price = Decimal::Of("100.02");
  takes.post_only = true;
  EXPECT_EQ(world.Sent(takes).status, OrderStatus::kCanceled);
  EXPECT_EQ(world.Find("t").rejection->reason, RejectReason::kWouldTake);
  Order rests = takes;
  rests.order_id = OrderId("r");
  rests.limit_price = Decimal::Of("100.01");
  EXPECT_EQ(world.Sent(rests).status, OrderStatus::kNew);
  (void)world.Told();
  world.Quoted("99", "99.5");
  std::vector<Execution> told = world.Told();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_TRUE(told[0].maker);
  EXPECT_EQ(told[0].last_price, Decimal::Of("100.01"));
}

TEST(PaperTermsTest, APostOnlyOrderDoesNotTakeWhenTheMarketOpensAnew) {
  World world;
  world.Quoted("100", "100.02");
  Order order = world.Make("p", Side::kBuy, OrderType::kLimit);
  order.limit_price = Decimal::Of("99");
  order.post_only = true;
  world.Sent(order);
  world.now = world.now + Duration::Seconds(3600);  // nobody quoted for an hour
  (void)world.Told();
  world.Quoted("97", "98");
  std::vector<Execution> told = world.Told();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_TRUE(told[0].maker);
  EXPECT_EQ(told[0].last_price, Decimal::Of("99"));
}

TEST(PaperTermsTest, OnlyTheShownPartTradesAtATimeAndTheNextQueuesAnew) {
  World world(TradingCalendar::kAlwaysOpen, {.queue = true});
  world.Quoted("100", "100.02");
  Order order = world.Make("i", Side::kBuy, OrderType::kLimit, "25");
  order.limit_price = Decimal::Of("100.01");
  order.display_quantity = Decimal::FromInt(10);
  world.Sent(order);
  (void)world.Told();
  std::vector<std::string> parts;
  const char* asks[] = {"100", "99.99", "99.98", "99.97"};
  for (const char* ask : asks) {
    world.Quoted("99.9", ask);
    for (const Execution& execution : world.Told()) parts.push_back(execution.last_quantity.ToString());
  }
  EXPECT_EQ(parts, (std::vector<std::string>{"10", "10", "5"}));
}

class ReplaceTest : public testing::Test {
 protected:
  ReplaceTest() {
    world_.Quoted("100", "100.02");
    Order order = world_.Make("o", Side::kBuy, OrderType::kLimit);
    order.limit_price = Decimal::Of("99");
    world_.Sent(order);
    (void)world_.Told();
  }
  Execution Ask(Replacement terms) {
    terms.number = ++number_;
    world_.venue.Replace(kAccount, OrderId("o"), terms, world_.now);
    std::vector<Execution> told = world_.Told();
    EXPECT_FALSE(told.empty());
    return told.empty() ? Execution{} : told.front();
  }

  World world_;
  std::uint32_t number_ = 0;
};

TEST_F(ReplaceTest, AnOrderHasItsNewTermsFromThenOn) {
  Execution told = Ask({.quantity = Decimal::FromInt(20), .limit_price = Decimal::Of("99.5")});
  EXPECT_EQ(told.type, ExecutionType::kReplaced);
  EXPECT_EQ(told.replacement->quantity, Decimal::FromInt(20));
  EXPECT_EQ(told.leaves_quantity, Decimal::FromInt(20));
  EXPECT_EQ(world_.Find("o").limit_price, Decimal::Of("99.5"));
  world_.Quoted("99", "99.4");
  EXPECT_EQ(world_.Find("o").status, OrderStatus::kFilled);
}

TEST_F(ReplaceTest, TheSameNumberIsAnsweredOnce) {
  Ask({.quantity = Decimal::FromInt(20)});
  world_.venue.Replace(kAccount, OrderId("o"), {.quantity = Decimal::FromInt(30), .number = number_}, world_.now);
  EXPECT_TRUE(world_.Told().empty());
  EXPECT_EQ(world_.Find("o").quantity, Decimal::FromInt(20));
}

TEST_F(ReplaceTest, APriceThatTheMarketIsAtTradesAtOnce) {
  EXPECT_EQ(Ask({.limit_price = Decimal::Of("100.02")}).type, ExecutionType::kReplaced);
  EXPECT_EQ(world_.Find("o").status, OrderStatus::kFilled);
}

TEST_F(ReplaceTest, ItIsFilledByBeingMadeAsSmallAsItsFills) {
  Order large = world_.Make("o2", Side::kBuy, OrderType::kLimit, "1000");
  large.limit_price = Decimal::Of("100.02");
  world_.Sent(large);
  ASSERT_EQ(world_.Find("o2").cumulative_quantity, Decimal::FromInt(100));
  (void)world_.Told();
  world_.venue.Replace(kAccount, OrderId("o2"), {.quantity = Decimal::FromInt(40), .number = 1}, world_.now);
  std::vector<Execution> told = world_.Told();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].replacement->quantity, Decimal::FromInt(100));
  EXPECT_EQ(world_.Find("o2").status, OrderStatus::kFilled);
}

TEST_F(ReplaceTest, WhatIsWrongIsRefusedAndChangesNothing) {
  const Order before = world_.Find("o");
  EXPECT_EQ(Ask({.limit_price = Decimal::Of("99.001")}).rejection->reason, RejectReason::kPriceOffTick);
  EXPECT_EQ(Ask({.stop_price = Decimal::Of("98")}).rejection->reason, RejectReason::kBrokerUnsupported);
  EXPECT_EQ(Ask({.quantity = Decimal::FromInt(1'000'000)}).rejection->reason, RejectReason::kInsufficientFunds);
  EXPECT_EQ(Ask({.quantity = Decimal::Of("10.5")}).rejection->reason, RejectReason::kQuantityOffLot);
  EXPECT_EQ(world_.Find("o").quantity, before.quantity);
  EXPECT_EQ(world_.Find("o").limit_price, before.limit_price);
  EXPECT_EQ(world_.Find("o").status, OrderStatus::kNew);
  world_.venue.Cancel(kAccount, OrderId("o"), world_.now, std::nullopt);
  (void)world_.Told();
  EXPECT_EQ(Ask({.quantity = Decimal::FromInt(20)}).rejection->reason, RejectReason::kOrderClosed);
  EXPECT_EQ(world_.Find("o").status, OrderStatus::kCanceled);
}

TEST_F(ReplaceTest, APostOnlyOrderIsNotReplacedIntoTheMarket) {
  Order order = world_.Make("p", Side::kBuy, OrderType::kLimit);
  order.limit_price = Decimal::Of("99");
  order.post_only = true;
  world_.Sent(order);
  (void)world_.Told();
  world_.venue.Replace(kAccount, OrderId("p"), {.limit_price = Decimal::Of("100.02"), .number = 1}, world_.now);
  EXPECT_EQ(world_.Told().at(0).rejection->reason, RejectReason::kWouldTake);
  EXPECT_EQ(world_.Find("p").limit_price, Decimal::Of("99"));
}

TEST_F(ReplaceTest, AStopIsMovedUntilItIsReached) {
  Order stop = world_.Make("s", Side::kSell, OrderType::kStop);
  stop.stop_price = Decimal::Of("95");
  world_.Sent(stop);
  world_.venue.Replace(kAccount, OrderId("s"), {.stop_price = Decimal::Of("98"), .number = 1}, world_.now);
  world_.Quoted("97.9", "98.1");
  EXPECT_EQ(world_.Find("s").status, OrderStatus::kFilled);
}

}  // namespace
}  // namespace ballast::paper
