#include "libs/brokers/paper/faulty_session.h"

#include <gtest/gtest.h>

#include <variant>

namespace ballast::paper {
namespace {

const AccountId kAccount("paper");
const Symbol kSymbol("BTC-USD");
constexpr UtcTime kStart{1'700'000'000'000'000'000};

// The paper venue behind its fault face, driven as the gateway drives it.
struct World {
  World() : venue({Bitcoin()}, {.latency = Duration()}) {
    venue.OpenAccount(kAccount, "USD", Decimal::FromInt(1'000'000));
    venue.OnQuote({.symbol = kSymbol,
                   .bid_price = Decimal::FromInt(99),
                   .bid_size = Decimal::FromInt(100),
                   .ask_price = Decimal::FromInt(100),
                   .ask_size = Decimal::FromInt(100),
                   .last_price = Decimal::FromInt(100),
                   .quote_time = kStart,
                   .sequence = 1,
                   .session_open = true},
                  now);
    (void)faulty.Poll(now);
  }
  static Instrument Bitcoin() {
    Instrument instrument;
    instrument.symbol = kSymbol;
    instrument.calendar = TradingCalendar::kAlwaysOpen;
    instrument.tick_size = Decimal::Of("0.01");
    instrument.lot_size = Decimal::Of("0.01");
    instrument.currency = "USD";
    return instrument;
  }
  OrderId Buy(const std::string& reason, AccountMode mode = AccountMode::kPaper) {
    Order order;
    order.order_id = OrderId("o-" + reason);
    order.account_id = kAccount;
    order.symbol = kSymbol;
    order.side = Side::kBuy;
    order.type = OrderType::kMarket;
    order.time_in_force = TimeInForce::kIoc;
    order.quantity = order.leaves_quantity = Decimal::FromInt(1);
    order.reason = reason;
    order.mode = mode;
    faulty.Submit(order);
    return order.order_id;
  }
  std::vector<broker::Fact> Poll() {
    std::vector<broker::Fact> all = faulty.Poll(now);
    for (const broker::Execution& execution : venue.TakeChanges().executions) session.Hear(execution);
    for (broker::Fact& fact : faulty.Poll(now)) all.push_back(std::move(fact));
    return all;
  }
  std::vector<broker::Fact> Ask(const OrderId& id) {
    faulty.Query({.order_id = id});
    return Poll();
  }
  template <typename Fact>
  static int Count(const std::vector<broker::Fact>& facts) {
    int count = 0;
    for (const broker::Fact& fact : facts) count += std::holds_alternative<Fact>(fact) ? 1 : 0;
    return count;
  }

  UtcTime now = kStart;
  PaperBroker venue;
  PaperSession session{venue, kAccount, [this] { return now; }};
  FaultySession faulty{session, {.time_percent = 10}, [this] { return now; }};
};

TEST(FaultySessionTest, AnOrderThatAsksForNothingIsAsThePaperVenueHasIt) {
  World world;
  world.Buy("manual");
  std::vector<broker::Fact> facts = world.Poll();
  EXPECT_EQ(World::Count<broker::Ack>(facts), 1);
  EXPECT_EQ(World::Count<broker::Trade>(facts), 1);
  // The windows are shorter, and that is all.
  EXPECT_EQ(world.faulty.capabilities().acceptance_window, Duration::Millis(300));
  EXPECT_EQ(world.faulty.capabilities().send_timeout, Duration::Millis(500));
  EXPECT_EQ(world.faulty.capabilities().order_types, world.session.capabilities().order_types);
}

TEST(FaultySessionTest, ALiveOrderNeverFailsOnPurpose) {
  World world;
  world.Buy("test_fault:lost_send", AccountMode::kLive);
  EXPECT_EQ(World::Count<broker::Trade>(world.Poll()), 1);
}

TEST(FaultySessionTest, ALostAnswerIsFoundByAsking) {
  World world;
  const OrderId id = world.Buy("test_fault:lost_answer");
  EXPECT_TRUE(world.Poll().empty());
  EXPECT_NE(world.venue.Find(id), nullptr);
  std::vector<broker::Fact> facts = world.Ask(id);
  EXPECT_EQ(World::Count<broker::Trade>(facts), 1);
  EXPECT_EQ(World::Count<broker::OrderRecord>(facts), 1);
}

TEST(FaultySessionTest, ALostOrderIsNotThereWhateverIsAsked) {
  World world;
  const OrderId id = world.Buy("test_fault:lost_send");
  EXPECT_EQ(World::Count<broker::OutcomeUnknown>(world.Poll()), 1);
  EXPECT_EQ(World::Count<broker::NotFound>(world.Ask(id)), 1);
  EXPECT_EQ(world.venue.Find(id), nullptr);
}

TEST(FaultySessionTest, ALateOrderComesWhenItIsTime) {
  World world;
  const OrderId id = world.Buy("test_fault:late_send:700");
  EXPECT_TRUE(world.Poll().empty());
  EXPECT_EQ(world.faulty.NextDue(), kStart + Duration::Millis(700));
  EXPECT_EQ(World::Count<broker::NotFound>(world.Ask(id)), 1);
  world.now = kStart + Duration::Millis(700);
  EXPECT_EQ(World::Count<broker::Trade>(world.Poll()), 1);
  EXPECT_FALSE(world.faulty.NextDue().has_value());
}

TEST(FaultySessionTest, ASilentVenueAnswersNothing) {
  World world;
  const OrderId id = world.Buy("test_fault:silent");
  EXPECT_TRUE(world.Poll().empty());
  EXPECT_TRUE(world.Ask(id).empty());
  EXPECT_EQ(world.venue.Find(id), nullptr);
}

TEST(FaultySessionTest, TradesAreRepeatedTakenBackAndCorrected) {
  World world;
  world.Buy("test_fault:duplicate_fill");
  EXPECT_EQ(World::Count<broker::Trade>(world.Poll()), 3);
  for (const char* kind : {"test_fault:bust", "test_fault:correct"}) {
    world.Buy(kind);
    std::vector<broker::Fact> facts = world.Poll();
    ASSERT_EQ(World::Count<broker::Trade>(facts), 2) << kind;
    const auto& last = std::get<broker::Trade>(facts.back());
    EXPECT_EQ(last.version, 1U);
    EXPECT_EQ(last.busted, std::string(kind) == "test_fault:bust");
  }
  world.Buy("test_fault:late_fill");
  std::vector<broker::Fact> facts = world.Poll();
  ASSERT_EQ(World::Count<broker::Ended>(facts), 1);
  EXPECT_TRUE(std::holds_alternative<broker::Trade>(facts.back()));
}

}  // namespace
}  // namespace ballast::paper
