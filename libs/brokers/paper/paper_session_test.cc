// The paper venue as a session of the desk: what the desk tells is what the venue did, told through facts.
#include "libs/brokers/paper/paper_session.h"

#include <gtest/gtest.h>

#include "libs/base/rng.h"
#include "libs/broker/order_desk.h"

namespace ballast::paper {
namespace {

using broker::Execution;
using broker::ExecutionType;

const AccountId kAccount("paper");
// Just before the end of a day.
constexpr UtcTime kStart{1'704'067'199'900'000'000};

Instrument Coin() {
  Instrument instrument;
  instrument.symbol = Symbol("BTC-USD");
  instrument.tick_size = Decimal::Of("0.01");
  instrument.lot_size = Decimal::Of("1");
  instrument.taker_fee_ratio = Decimal::Of("0.001");
  instrument.calendar = TradingCalendar::kAlwaysOpen;
  return instrument;
}

// Venue, session and desk on one market time.
struct World {
  explicit World(PaperBroker::Options options) : venue({Coin()}, options) {
    venue.OpenAccount(kAccount, "USD", Decimal::Of("100000"));
    Turn();
  }
  void Quoted(Decimal bid) {
    Quote quote;
    quote.symbol = Symbol("BTC-USD");
    quote.bid_price = quote.last_price = bid;
    quote.ask_price = bid + Decimal::Of("0.02");
    quote.bid_size = quote.ask_size = Decimal::FromInt(50);
    quote.quote_time = now;
    quote.session_open = true;
    venue.OnQuote(quote, now);
  }
  // The venue works, and what it did goes through the desk; its own answers are of the same transaction.
  void Turn() {
    venue.OnTime(now);
    while (true) {
      Changes changes = venue.TakeChanges();
      for (const Execution& execution : changes.executions) {
        did.push_back(execution);
        session.Hear(execution);
      }
      for (const broker::Fact& fact : session.Poll(now)) desk.Hear(fact, now);
      for (Execution& execution : desk.TakeBatch().executions) told.push_back(std::move(execution));
      broker::OrderDesk::Sends sends = desk.TakeSends(now);
      for (const Order& order : sends.submit) session.Submit(order);
      for (const broker::CancelIntent& cancel : sends.cancel) session.Cancel(cancel);
      for (const broker::ReplaceIntent& replace : sends.replace) session.Replace(replace);
      for (const broker::QueryIntent& query : sends.query) session.Query(query);
      if (!venue.has_changes()) return;
    }
  }

  // What the desk wants is sent, and what the venue did is not heard.
  void Pump() {
    for (Execution& execution : desk.TakeBatch().executions) told.push_back(std::move(execution));
    broker::OrderDesk::Sends sends = desk.TakeSends(now);
    for (const Order& order : sends.submit) session.Submit(order);
    for (const broker::CancelIntent& cancel : sends.cancel) session.Cancel(cancel);
    for (const broker::ReplaceIntent& replace : sends.replace) session.Replace(replace);
  }

  UtcTime now = kStart;
  PaperBroker venue;
  PaperSession session{venue, kAccount, [this] { return now; }};
  broker::OrderDesk desk{kAccount, session.capabilities(), 0};
  // By the venue, and by the desk.
  std::vector<Execution> did, told;
};

Order Random(Rng& rng, const std::string& id, Decimal bid) {
  Order order;
  order.order_id = OrderId(id);
  order.account_id = kAccount;
  order.symbol = Symbol("BTC-USD");
  order.side = rng.Below(2) ? Side::kBuy : Side::kSell;
  order.type = static_cast<OrderType>(rng.Between(1, 4));
  order.time_in_force = static_cast<TimeInForce>(rng.Between(1, 4));
  order.quantity = rng.Below(10) == 0 ? Decimal::Of("0.5") : Decimal::FromInt(rng.Between(1, 80));
  if (order.type == OrderType::kLimit || order.type == OrderType::kStopLimit) order.limit_price = bid;
  if (order.type == OrderType::kStop || order.type == OrderType::kStopLimit)
    order.stop_price = bid + Decimal::Of(rng.Below(2) ? "0.5" : "-0.5");
  return order;
}

TEST(PaperSessionTest, TheDeskTellsWhatTheVenueDidAndNumbersIt) {
  std::set<ExecutionType> seen;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Rng rng(seed);
    World world(seed % 2 == 0
                    ? PaperBroker::Options{}
                    : PaperBroker::Options{.latency = Duration::Millis(3), .slippage_ticks = 1, .queue = true});
    Decimal bid = Decimal::FromInt(100);
    for (int step = 0; step < 200; ++step) {
      world.now = kStart + Duration::Millis(step);
      std::string any = "o" + std::to_string(rng.Below(200));
      switch (rng.Below(5)) {
        case 0:
          world.desk.Take(Random(rng, "o" + std::to_string(step), bid), world.now);
          break;
        case 1:
          world.desk.Cancel(OrderId(any), world.now);
          break;
        case 2: {
          const Order* order = world.venue.Find(OrderId(any));
          if (order != nullptr && !IsTerminal(order->status) && order->quantity > Decimal::FromInt(1))
            world.desk.Replace(order->order_id,
                               {.quantity = order->quantity + Decimal::FromInt(rng.Between(-1, 2)),
                                .number = order->replace_count + 1},
                               world.now);
          break;
        }
        default:
          bid = Decimal::FromInt(100) +
                Divide(Decimal::FromInt(rng.Between(-200, 200)), Decimal::FromInt(100), Rounding::kDown);
          world.Quoted(bid);
      }
      // What comes before the desk has heard of the last thing meets a venue that is further than it knows.
      if (rng.Below(3) == 0 || step == 199)
        world.Turn();
      else
        world.Pump();
    }
    std::vector<Execution> told, did;
    std::size_t refused = 0;
    for (const Execution& execution : world.did) {
      if (execution.type == ExecutionType::kCancelRejected || execution.type == ExecutionType::kReplaceRejected)
        continue;
      did.push_back(execution);
      did.back().execution_sequence = did.size();
    }
    for (std::size_t i = 0; i < world.told.size(); ++i) {
      ASSERT_EQ(world.told[i].execution_sequence, i + 1);
      seen.insert(world.told[i].type);
      // The desk refuses to cancel or change what it knows to be closed: the venue is not asked.
      if (world.told[i].type == ExecutionType::kCancelRejected ||
          world.told[i].type == ExecutionType::kReplaceRejected) {
        ++refused;
        continue;
      }
      told.push_back(world.told[i]);
      told.back().execution_sequence = told.size();
    }
    ASSERT_EQ(told.size(), did.size()) << seed;
    // Nothing of the venue is left untold: its numbers never run ahead.
    ASSERT_GE(refused + told.size(), world.did.size()) << seed;
    for (std::size_t i = 0; i < told.size(); ++i) {
      ASSERT_TRUE(told[i] == did[i]) << seed << " " << i << " type " << static_cast<int>(did[i].type) << " told "
                                     << static_cast<int>(told[i].type);
    }
    for (const broker::Execution& execution : told)
      ASSERT_FALSE(world.desk.Find(execution.order_id)->contradicted) << execution.order_id.value();
  }
  EXPECT_EQ(seen.size(), 9U);  // each thing the paper venue can say
}

TEST(PaperSessionTest, AQueryIsAnsweredFromTheBooks) {
  World world({});
  world.Quoted(Decimal::FromInt(100));
  world.session.Query({.order_id = OrderId("never")});
  std::vector<broker::Fact> facts = world.session.Poll(world.now);
  ASSERT_EQ(facts.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<broker::NotFound>(facts[0]));
  Rng rng(1);
  Order order = Random(rng, "o1", Decimal::FromInt(100));
  order.type = OrderType::kMarket;
  order.limit_price = order.stop_price = std::nullopt;
  order.quantity = Decimal::FromInt(2);
  world.desk.Take(order, world.now);
  world.Turn();
  world.session.Query({.order_id = OrderId("o1")});
  facts = world.session.Poll(world.now);
  ASSERT_EQ(facts.size(), 1U);
  EXPECT_EQ(std::get<broker::OrderRecord>(facts[0]).status, OrderStatus::kFilled);
  EXPECT_EQ(std::get<broker::OrderRecord>(facts[0]).cumulative_quantity, Decimal::FromInt(2));
}

}  // namespace
}  // namespace ballast::paper
