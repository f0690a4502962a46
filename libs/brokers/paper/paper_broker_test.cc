#include "libs/brokers/paper/paper_broker.h"

#include <gtest/gtest.h>

#include "libs/base/rng.h"

namespace ballast::paper {
namespace {

using broker::ExecutionType;
constexpr UtcTime kNow{1'000'000'000};

Instrument Share() {
  Instrument instrument;
  instrument.symbol = Symbol("AAPL");
  instrument.currency = "USD";
  instrument.tick_size = Decimal::Of("0.01");
  instrument.lot_size = Decimal::Of("1");
  instrument.fee_per_unit = Decimal::Of("0.005");
  instrument.calendar = TradingCalendar::kAlwaysOpen;
  return instrument;
}

Quote MakeQuote(const char* bid, const char* ask, const char* size = "100", bool open = true) {
  Quote quote;
  quote.symbol = Symbol("AAPL");
  quote.bid_price = Decimal::Of(bid);
  quote.ask_price = Decimal::Of(ask);
  quote.bid_size = quote.ask_size = Decimal::Of(size);
  quote.last_price = Decimal::Of(bid);
  quote.session_open = open;
  return quote;
}

Order MakeOrder(const std::string& id, Side side, OrderType type, const char* quantity) {
  Order order;
  order.order_id = OrderId(id);
  order.account_id = AccountId("paper");
  order.symbol = Symbol("AAPL");
  order.side = side;
  order.type = type;
  order.time_in_force = type == OrderType::kMarket ? TimeInForce::kIoc : TimeInForce::kGtc;
  order.quantity = Decimal::Of(quantity);
  return order;
}

PaperBroker Opened(const char* cash = "100000") {
  PaperBroker broker({Share()}, {});
  broker.OpenAccount(AccountId("paper"), "USD", Decimal::Of(cash));
  broker.OnQuote(MakeQuote("100", "100.02"), kNow);
  (void)broker.TakeChanges();
  return broker;
}

std::vector<ExecutionType> Types(const Changes& changes) {
  std::vector<ExecutionType> types;
  for (const auto& execution : changes.executions) types.push_back(execution.type);
  return types;
}

Quote HaltedQuote(const char* bid, const char* ask) {
  Quote quote = MakeQuote(bid, ask);
  quote.halted = true;
  quote.halt_reason = "news pending";
  return quote;
}

TEST(PaperBrokerTest, InAHaltNothingTradesAndWhatMayWaitsForTheResume) {
  PaperBroker broker = Opened();
  broker.Submit(MakeOrder("held", Side::kBuy, OrderType::kMarket, "50"), kNow);
  Order stop = MakeOrder("stop", Side::kSell, OrderType::kStop, "50");
  stop.stop_price = Decimal::Of("99");
  broker.Submit(stop, kNow);
  (void)broker.TakeChanges();
  // A price beyond the stop, from before the halt: it is nobody's.
  broker.OnQuote(HaltedQuote("98", "98.02"), kNow + Duration{1});
  EXPECT_TRUE(broker.TakeChanges().executions.empty());
  broker.Submit(MakeOrder("market", Side::kBuy, OrderType::kMarket, "1"), kNow + Duration{2});
  Changes refused = broker.TakeChanges();
  ASSERT_EQ(Types(refused), std::vector{ExecutionType::kRejected});
  EXPECT_EQ(refused.executions[0].rejection->reason, RejectReason::kInstrumentHalted);
  EXPECT_EQ(refused.executions[0].rejection->observed, "news pending");
  Order limit = MakeOrder("limit", Side::kBuy, OrderType::kLimit, "10");
  limit.limit_price = Decimal::Of("99");
  broker.Submit(limit, kNow + Duration{3});
  EXPECT_EQ(Types(broker.TakeChanges()), std::vector{ExecutionType::kNew});
  // Cancelled in a halt it is gone.
  Order other = limit;
  other.order_id = OrderId("other");
  broker.Submit(other, kNow + Duration{3});
  broker.Cancel(AccountId("paper"), OrderId("other"), kNow + Duration{4}, std::nullopt);
  EXPECT_EQ(Types(broker.TakeChanges()), (std::vector{ExecutionType::kNew, ExecutionType::kCanceled}));
  // The resume is far below both: the stop at the price that there is, the limit at the market's and not at its own.
  broker.OnQuote(MakeQuote("90", "90.02"), kNow + Duration{5});
  std::map<OrderId, Decimal> filled;
  for (const auto& execution : broker.TakeChanges().executions) {
    if (execution.type == ExecutionType::kTrade) filled[execution.order_id] = execution.last_price;
  }
  EXPECT_EQ(filled, (std::map<OrderId, Decimal>{{OrderId("stop"), Decimal::Of("90")},
                                                {OrderId("limit"), Decimal::Of("90.02")}}));
}

TEST(PaperBrokerTest, AVenueThatTakesNoOrdersInAHaltRefusesWhatCouldWait) {
  PaperBroker broker({Share()}, {.refuses_in_halts = true});
  broker.OpenAccount(AccountId("paper"), "USD", Decimal::Of("100000"));
  broker.OnQuote(HaltedQuote("100", "100.02"), kNow);
  (void)broker.TakeChanges();
  Order limit = MakeOrder("limit", Side::kBuy, OrderType::kLimit, "10");
  limit.limit_price = Decimal::Of("99");
  broker.Submit(limit, kNow);
  Changes refused = broker.TakeChanges();
  ASSERT_EQ(Types(refused), std::vector{ExecutionType::kRejected});
  EXPECT_EQ(refused.executions[0].rejection->reason, RejectReason::kInstrumentHalted);
}

TEST(PaperBrokerTest, ADayOrderAndOneOfTheCloseEndWithTheSessionAlsoInAHalt) {
  Instrument share = Share();
  share.calendar = TradingCalendar::kNewYorkStockExchange;
  PaperBroker broker({share}, {});
  broker.OpenAccount(AccountId("paper"), "USD", Decimal::Of("100000"));
  // 2024-01-05, twenty minutes before the close at 21:00 UTC.
  constexpr UtcTime kBefore{1'704'487'200'000'000'000};
  auto at = [&](std::int64_t seconds, bool halted) {
    Quote quote = halted ? HaltedQuote("100", "100.02") : MakeQuote("100", "100.02");
    quote.quote_time = kBefore + Duration::Seconds(seconds);
    broker.OnQuote(quote, quote.quote_time);
  };
  at(0, false);
  for (auto [id, time_in_force] : {std::pair{"day", TimeInForce::kDay}, std::pair{"close", TimeInForce::kAtClose}}) {
    Order order = MakeOrder(id, Side::kBuy, OrderType::kLimit, "10");
    order.limit_price = Decimal::Of(time_in_force == TimeInForce::kDay ? "95" : "101");
    order.time_in_force = time_in_force;
    broker.Submit(order, kBefore);
  }
  at(600, true);
  at(1'170, true);  // the session's last minute
  EXPECT_EQ(broker.working_count(), 2U);
  broker.OnTime(kBefore + Duration::Seconds(1'201));
  for (const char* id : {"day", "close"}) {
    EXPECT_EQ(broker.Find(OrderId(id))->status, OrderStatus::kExpired) << id;
    EXPECT_EQ(broker.Find(OrderId(id))->rejection->reason, RejectReason::kSessionEnded) << id;
  }
}

TEST(PaperBrokerTest, ATradeToldByAVenueElsewhereIsInTheRecordUnderTheNextNumberAndMovesNothing) {
  PaperBroker broker = Opened();
  broker.Submit(MakeOrder("o1", Side::kBuy, OrderType::kMarket, "100"), kNow);
  broker.TakeChanges();
  const Ledger before = *broker.FindLedger(AccountId("paper"));
  broker::Execution told;
  told.execution_id = ExecutionId("BTCUSDT:28");
  told.last_quantity = Decimal::Of("3");
  broker.Record(AccountId("paper"), told);
  Changes recorded = broker.TakeChanges();
  ASSERT_EQ(recorded.trades.size(), 1U);
  EXPECT_EQ(recorded.trades[0].number, 2U);
  EXPECT_EQ(recorded.trades[0].execution.execution_id, ExecutionId("BTCUSDT:28"));
  EXPECT_TRUE(recorded.executions.empty());
  const Ledger* after = broker.FindLedger(AccountId("paper"));
  EXPECT_EQ(after->trades, 2U);
  EXPECT_EQ(after->cash, before.cash);
  EXPECT_EQ(after->positions, before.positions);
}

TEST(PaperBrokerTest, ATradeThatIsCorrectedOrTakenBackMovesCashPositionAndRecordExactly) {
  PaperBroker broker = Opened();
  broker.Submit(MakeOrder("o1", Side::kBuy, OrderType::kMarket, "100"), kNow);
  Changes made = broker.TakeChanges();
  ASSERT_EQ(made.trades.size(), 1U);
  const broker::Execution first = made.trades[0].execution;
  broker.Amend({.former = first, .quantity = Decimal::Of("60"), .price = Decimal::Of("101")}, kNow);
  Changes corrected = broker.TakeChanges();
  ASSERT_EQ(corrected.trades.size(), 1U);
  EXPECT_EQ(corrected.trades[0].number, 2U);
  EXPECT_EQ(corrected.trades[0].execution.execution_id, first.execution_id);
  EXPECT_EQ(corrected.trades[0].execution.version, 1U);
  ASSERT_EQ(Types(corrected), std::vector{ExecutionType::kTradeCorrect});
  EXPECT_EQ(corrected.executions[0].exec_ref_id, first.execution_id);
  const Ledger* ledger = broker.FindLedger(AccountId("paper"));
  EXPECT_EQ(ledger->positions.at(Symbol("AAPL")), Decimal::Of("60"));
  EXPECT_EQ(ledger->cash, Decimal::Of("100000") - Decimal::Of("6060") - Decimal::Of("0.3"));
  EXPECT_EQ(broker.Find(OrderId("o1"))->status, OrderStatus::kCanceled) << "the rest works nowhere any more";
  broker.Amend({.former = corrected.trades[0].execution, .busted = true}, kNow);
  Changes busted = broker.TakeChanges();
  EXPECT_EQ(Types(busted), std::vector{ExecutionType::kTradeCancel});
  EXPECT_EQ(busted.trades[0].execution.version, 2U);
  EXPECT_EQ(ledger->cash, Decimal::Of("100000"));
  EXPECT_TRUE(ledger->positions.empty());
  // The record alone.
  broker.Amend({.former = first, .quantity = Decimal::Of("1"), .price = Decimal::Of("1"), .silent = true}, kNow);
  Changes silent = broker.TakeChanges();
  EXPECT_TRUE(silent.executions.empty());
  EXPECT_EQ(silent.trades[0].execution.version, 0U);
  EXPECT_EQ(ledger->cash, Decimal::Of("100000"));
}

TEST(PaperBrokerTest, AMarketOrderWalksTheBookAndPaysItsFee) {
  PaperBroker broker = Opened();
  broker.Submit(MakeOrder("o1", Side::kBuy, OrderType::kMarket, "150"), kNow);
  Changes changes = broker.TakeChanges();
  EXPECT_EQ(Types(changes), (std::vector{ExecutionType::kNew, ExecutionType::kTrade, ExecutionType::kTrade}));
  EXPECT_EQ(changes.executions[1].last_price, Decimal::Of("100.02"));
  EXPECT_EQ(changes.executions[2].last_price, Decimal::Of("100.03"));
  EXPECT_EQ(changes.executions[1].fee, Decimal::Of("0.5"));
  const Ledger* ledger = broker.FindLedger(AccountId("paper"));
  EXPECT_EQ(ledger->cash, Decimal::Of("100000") - Decimal::Of("10002") - Decimal::Of("5001.5") - Decimal::Of("0.75"));
  EXPECT_EQ(ledger->positions.at(Symbol("AAPL")), Decimal::Of("150"));
}

Order ReduceOnly(const std::string& id, Side side, OrderType type, const char* quantity) {
  Order order = MakeOrder(id, side, type, quantity);
  order.reduce_only = true;
  if (type == OrderType::kLimit) order.limit_price = Decimal::Of("105");
  if (type == OrderType::kStop) order.stop_price = Decimal::Of("95");
  return order;
}

TEST(PaperBrokerTest, AReduceOnlyOrderTradesNoMoreThanThePosition) {
  PaperBroker broker = Opened();
  broker.Submit(MakeOrder("in", Side::kBuy, OrderType::kMarket, "10"), kNow);
  for (const char* id : {"a", "b"}) broker.Submit(ReduceOnly(id, Side::kSell, OrderType::kMarket, "8"), kNow);
  EXPECT_FALSE(broker.FindLedger(AccountId("paper"))->positions.contains(Symbol("AAPL")));
  const Order* second = broker.Find(OrderId("b"));
  EXPECT_EQ(second->status, OrderStatus::kCanceled);
  EXPECT_EQ(second->cumulative_quantity, Decimal::Of("2"));
  EXPECT_EQ(broker.TakeChanges().executions.back().rejection->reason, RejectReason::kReduceOnly);
}

TEST(PaperBrokerTest, OfAStopAndATargetOneTrades) {
  for (bool up : {true, false}) {
    PaperBroker broker = Opened();
    broker.Submit(MakeOrder("in", Side::kBuy, OrderType::kMarket, "10"), kNow);
    broker.Submit(ReduceOnly("target", Side::kSell, OrderType::kLimit, "10"), kNow);
    broker.Submit(ReduceOnly("stop", Side::kSell, OrderType::kStop, "10"), kNow);
    broker.OnQuote(up ? MakeQuote("106", "106.02") : MakeQuote("94", "94.02"), kNow);
    broker.OnQuote(up ? MakeQuote("94", "94.02") : MakeQuote("106", "106.02"), kNow);
    EXPECT_FALSE(broker.FindLedger(AccountId("paper"))->positions.contains(Symbol("AAPL"))) << up;
    EXPECT_EQ(broker.Find(OrderId(up ? "target" : "stop"))->status, OrderStatus::kFilled) << up;
    EXPECT_EQ(broker.Find(OrderId(up ? "stop" : "target"))->status, OrderStatus::kCanceled) << up;
  }
}

TEST(PaperBrokerTest, AnOrderIsMadeSmallerOrEnds) {
  PaperBroker broker = Opened();
  broker.Submit(MakeOrder("in", Side::kBuy, OrderType::kMarket, "10"), kNow);
  broker.Submit(ReduceOnly("a", Side::kSell, OrderType::kLimit, "10"), kNow);
  (void)broker.TakeChanges();
  Rejection why{.reason = RejectReason::kReduceOnly};
  broker.Reduce(AccountId("paper"), OrderId("a"), Decimal::Of("4"), why, kNow);
  broker.Reduce(AccountId("paper"), OrderId("a"), Decimal::Of("4"), why, kNow);  // told again
  Changes changes = broker.TakeChanges();
  ASSERT_EQ(Types(changes), std::vector{ExecutionType::kRestated});
  EXPECT_EQ(changes.executions[0].leaves_quantity, Decimal::Of("4"));
  EXPECT_EQ(changes.executions[0].rejection, why);
  broker.Reduce(AccountId("paper"), OrderId("a"), Decimal(), why, kNow);
  EXPECT_EQ(Types(broker.TakeChanges()), std::vector{ExecutionType::kCanceled});
  broker.Reduce(AccountId("paper"), OrderId("nobody"), Decimal(), why, kNow);
  EXPECT_TRUE(broker.TakeChanges().empty());
}

TEST(PaperBrokerTest, WhatTheBookDoesNotHoldIsCancelled) {
  PaperBroker broker({Share()}, {.depth = 1});
  broker.OpenAccount(AccountId("paper"), "USD", Decimal::Of("100000"));
  broker.OnQuote(MakeQuote("100", "100.02"), kNow);
  (void)broker.TakeChanges();
  broker.Submit(MakeOrder("o1", Side::kBuy, OrderType::kMarket, "150"), kNow);
  EXPECT_EQ(Types(broker.TakeChanges()),
            (std::vector{ExecutionType::kNew, ExecutionType::kTrade, ExecutionType::kCanceled}));
  Order fok = MakeOrder("o2", Side::kSell, OrderType::kMarket, "150");
  fok.time_in_force = TimeInForce::kFok;
  broker.Submit(fok, kNow);
  EXPECT_EQ(Types(broker.TakeChanges()), (std::vector{ExecutionType::kNew, ExecutionType::kCanceled}));
}

TEST(PaperBrokerTest, ARestingLimitTradesAsMakerAtItsPrice) {
  PaperBroker broker = Opened();
  Order order = MakeOrder("o1", Side::kBuy, OrderType::kLimit, "10");
  order.limit_price = Decimal::Of("99.5");
  broker.Submit(order, kNow);
  broker.OnQuote(MakeQuote("99.6", "99.62"), kNow);
  EXPECT_EQ(Types(broker.TakeChanges()), (std::vector{ExecutionType::kNew}));
  broker.OnQuote(MakeQuote("99.4", "99.42"), kNow);
  Changes changes = broker.TakeChanges();
  ASSERT_EQ(Types(changes), (std::vector{ExecutionType::kTrade}));
  EXPECT_EQ(changes.executions[0].last_price, Decimal::Of("99.5"));
  EXPECT_TRUE(changes.executions[0].maker);
}

TEST(PaperBrokerTest, AStopWaitsThenTradesAtMarket) {
  PaperBroker broker = Opened();
  broker.Submit(MakeOrder("o1", Side::kBuy, OrderType::kMarket, "10"), kNow);
  Order stop = MakeOrder("o2", Side::kSell, OrderType::kStop, "10");
  stop.stop_price = Decimal::Of("98");
  broker.Submit(stop, kNow);
  (void)broker.TakeChanges();
  broker.OnQuote(MakeQuote("98.01", "98.03"), kNow);
  EXPECT_TRUE(broker.TakeChanges().executions.empty());
  broker.OnQuote(MakeQuote("97.5", "97.52"), kNow);
  Changes changes = broker.TakeChanges();
  EXPECT_EQ(Types(changes), (std::vector{ExecutionType::kTriggered, ExecutionType::kTrade}));
  EXPECT_EQ(changes.executions[1].last_price, Decimal::Of("97.5"));
}

PaperBroker OpenedWith(PaperBroker::Options options) {
  PaperBroker broker({Share()}, options);
  broker.OpenAccount(AccountId("paper"), "USD", Decimal::Of("100000"));
  broker.OnQuote(MakeQuote("100", "100.02"), kNow);
  (void)broker.TakeChanges();
  return broker;
}

Order LimitOrder(const std::string& id, Side side, const char* quantity, const char* price) {
  Order order = MakeOrder(id, side, OrderType::kLimit, quantity);
  order.limit_price = Decimal::Of(price);
  return order;
}

TEST(PaperBrokerTest, AnOrderTradesWhenItsLatencyIsOver) {
  PaperBroker broker = OpenedWith({.latency = Duration::Millis(30)});
  EXPECT_FALSE(broker.NextDue().has_value());
  broker.Submit(MakeOrder("o1", Side::kBuy, OrderType::kMarket, "10"), kNow);
  EXPECT_EQ(Types(broker.TakeChanges()), (std::vector{ExecutionType::kNew}));
  EXPECT_EQ(broker.NextDue(), kNow + Duration::Millis(30));
  broker.OnTime(kNow + Duration::Millis(29));
  broker.OnQuote(MakeQuote("101", "101.02"), kNow + Duration::Millis(29));
  EXPECT_TRUE(broker.TakeChanges().executions.empty());
  broker.OnTime(kNow + Duration::Millis(30));
  Changes changes = broker.TakeChanges();
  ASSERT_EQ(Types(changes), (std::vector{ExecutionType::kTrade}));
  EXPECT_EQ(changes.executions[0].last_price, Decimal::Of("101.02"));  // the quote of then, not of its arrival
  EXPECT_EQ(changes.executions[0].transact_time, kNow + Duration::Millis(30));
  EXPECT_FALSE(broker.NextDue().has_value());
}

TEST(PaperBrokerTest, ALateQuoteFindsTheOrderOnTheBook) {
  PaperBroker broker = OpenedWith({.latency = Duration::Millis(30)});
  broker.Submit(MakeOrder("o1", Side::kBuy, OrderType::kMarket, "10"), kNow);
  broker.Submit(MakeOrder("o2", Side::kBuy, OrderType::kMarket, "10"), kNow);
  broker.Cancel(AccountId("paper"), OrderId("o2"), kNow, std::nullopt);
  (void)broker.TakeChanges();
  broker.OnQuote(MakeQuote("99", "99.02"), kNow + Duration::Seconds(60));
  Changes changes = broker.TakeChanges();
  ASSERT_EQ(Types(changes), (std::vector{ExecutionType::kTrade}));
  EXPECT_EQ(changes.executions[0].last_price, Decimal::Of("99.02"));
  EXPECT_FALSE(changes.executions[0].maker);
}

TEST(PaperBrokerTest, OrdersOfOneInstantAreWorkedByTheirIdOthersByArrival) {
  PaperBroker broker = OpenedWith({.depth = 1, .latency = Duration::Millis(30)});
  broker.Submit(LimitOrder("o3", Side::kBuy, "100", "100.02"), kNow);
  broker.Submit(LimitOrder("o1", Side::kBuy, "100", "100.02"), kNow + Duration::Millis(1));
  broker.Submit(LimitOrder("o2", Side::kBuy, "100", "100.02"), kNow);
  (void)broker.TakeChanges();
  broker.OnQuote(MakeQuote("100", "100.02", "200"), kNow + Duration::Seconds(1));
  Changes changes = broker.TakeChanges();
  ASSERT_EQ(Types(changes), (std::vector{ExecutionType::kTrade, ExecutionType::kTrade}));
  EXPECT_EQ(changes.executions[0].order_id, OrderId("o2"));
  EXPECT_EQ(changes.executions[1].order_id, OrderId("o3"));
}

TEST(PaperBrokerTest, AWaitingOrderIsTheSameAfterARestart) {
  PaperBroker::Options options{.latency = Duration::Millis(30), .queue = true};
  PaperBroker first = OpenedWith(options);
  first.Submit(MakeOrder("o1", Side::kBuy, OrderType::kMarket, "10"), kNow);
  first.Submit(LimitOrder("o2", Side::kBuy, "10", "100"), kNow - Duration::Seconds(1));
  first.OnTime(kNow);
  PaperBroker second({Share()}, options);
  second.RestoreLedger(*first.FindLedger(AccountId("paper")));
  for (const OrderId& id : first.Working(AccountId("paper"))) second.RestoreOrder(*first.Find(id), first.StateOf(id));
  second.RestoreQuote(*first.FindQuote(Symbol("AAPL")));
  EXPECT_EQ(second.NextDue(), kNow + Duration::Millis(30));
  EXPECT_EQ(second.StateOf(OrderId("o2")).queue_ahead, Decimal::Of("100"));
  (void)first.TakeChanges();
  for (PaperBroker* broker : {&first, &second})
    broker->OnQuote(MakeQuote("99.98", "100", "130"), kNow + Duration::Seconds(1));
  EXPECT_EQ(second.TakeChanges().executions, first.TakeChanges().executions);
  EXPECT_EQ(second.StateOf(OrderId("o2")), first.StateOf(OrderId("o2")));
}

TEST(PaperBrokerTest, SlippageWorsensATakersPriceUpToItsLimit) {
  PaperBroker broker = OpenedWith({.slippage_ticks = 3});
  broker.Submit(MakeOrder("o1", Side::kBuy, OrderType::kMarket, "10"), kNow);
  EXPECT_EQ(broker.TakeChanges().executions[1].last_price, Decimal::Of("100.05"));
  broker.Submit(MakeOrder("o2", Side::kSell, OrderType::kMarket, "10"), kNow);
  EXPECT_EQ(broker.TakeChanges().executions[1].last_price, Decimal::Of("99.97"));
  broker.Submit(LimitOrder("o3", Side::kBuy, "10", "100.03"), kNow);
  EXPECT_EQ(broker.TakeChanges().executions[1].last_price, Decimal::Of("100.03"));
}

TEST(PaperBrokerTest, ARestingOrderWaitsForThoseAheadOfIt) {
  PaperBroker broker = OpenedWith({.queue = true});
  broker.Submit(LimitOrder("o1", Side::kBuy, "50", "100"), kNow);
  EXPECT_EQ(broker.StateOf(OrderId("o1")).queue_ahead, Decimal::Of("100"));
  (void)broker.TakeChanges();
  broker.OnQuote(MakeQuote("99.99", "100", "70"), kNow);  // sellers reach the level: 70 of the 100 ahead trade
  // The bid is below the order now: nobody quotes ahead of it any more.
  EXPECT_EQ(Types(broker.TakeChanges()), (std::vector{ExecutionType::kTrade}));

  PaperBroker other = OpenedWith({.queue = true});
  other.Submit(LimitOrder("o1", Side::kBuy, "50", "100"), kNow);
  other.OnQuote(MakeQuote("100", "100.01", "60"), kNow);
  EXPECT_EQ(other.StateOf(OrderId("o1")).queue_ahead, Decimal::Of("60"));  // 40 have gone
  other.OnQuote(MakeQuote("100", "100.01", "500"), kNow);
  EXPECT_EQ(other.StateOf(OrderId("o1")).queue_ahead, Decimal::Of("60"));  // who came later is behind
}

TEST(PaperBrokerTest, APriceThatMovesThroughAsksForNoQueue) {
  PaperBroker broker = OpenedWith({.queue = true});
  broker.Submit(LimitOrder("o1", Side::kSell, "50", "100.02"), kNow);
  EXPECT_EQ(broker.StateOf(OrderId("o1")).queue_ahead, Decimal::Of("100"));
  (void)broker.TakeChanges();
  broker.OnQuote(MakeQuote("100.03", "100.05"), kNow);
  Changes changes = broker.TakeChanges();
  ASSERT_EQ(Types(changes), (std::vector{ExecutionType::kTrade}));
  EXPECT_EQ(changes.executions[0].last_price, Decimal::Of("100.02"));
}

UtcTime At(const char* text) { return *UtcTime::Parse(text); }

// A share of New York: told of a quote at `time`, open as the calendar says.
PaperBroker Exchange(const char* time) {
  Instrument share = Share();
  share.calendar = TradingCalendar::kNewYorkStockExchange;
  PaperBroker broker({share}, {});
  broker.OpenAccount(AccountId("paper"), "USD", Decimal::Of("100000"));
  Quote quote = MakeQuote("100", "100.02");
  quote.quote_time = At(time);
  broker.OnQuote(quote, quote.quote_time);
  (void)broker.TakeChanges();
  return broker;
}

void Tell(PaperBroker& broker, const char* time, const char* bid, const char* ask) {
  Quote quote = MakeQuote(bid, ask);
  quote.quote_time = At(time);
  broker.OnQuote(quote, quote.quote_time);
}

TEST(PaperBrokerTest, ADayOrderEndsWithItsSessionThoughNobodyQuotesThen) {
  PaperBroker broker = Exchange("2024-06-03T19:50:00Z");
  Order day = LimitOrder("o1", Side::kBuy, "10", "90"), kept = LimitOrder("o2", Side::kBuy, "10", "90");
  day.time_in_force = TimeInForce::kDay;
  broker.Submit(day, At("2024-06-03T19:50:00Z"));
  broker.Submit(kept, At("2024-06-03T19:50:00Z"));
  (void)broker.TakeChanges();
  EXPECT_EQ(broker.NextDue(), At("2024-06-03T20:00:00Z") + Duration{1});
  broker.OnTime(At("2024-06-03T20:00:00Z"));  // the quote of the close may still come
  EXPECT_TRUE(broker.TakeChanges().executions.empty());
  broker.OnTime(At("2024-06-03T23:00:00Z"));
  Changes changes = broker.TakeChanges();
  ASSERT_EQ(Types(changes), (std::vector{ExecutionType::kExpired}));
  EXPECT_EQ(changes.executions[0].transact_time, At("2024-06-03T20:00:00Z"));
  EXPECT_EQ(changes.executions[0].rejection->reason, RejectReason::kSessionEnded);
  EXPECT_EQ(broker.Find(OrderId("o1"))->status, OrderStatus::kExpired);
  EXPECT_EQ(broker.Find(OrderId("o2"))->status, OrderStatus::kNew);
  // The same when the next thing heard is the next morning's quote.
  PaperBroker other = Exchange("2024-06-03T19:50:00Z");
  other.Submit(day, At("2024-06-03T19:50:00Z"));
  (void)other.TakeChanges();
  Tell(other, "2024-06-04T13:31:00Z", "89", "89.02");
  EXPECT_EQ(Types(other.TakeChanges()), (std::vector{ExecutionType::kExpired}));
}

TEST(PaperBrokerTest, TheQuoteOfTheCloseStillTradesWithADayOrder) {
  PaperBroker broker = Exchange("2024-06-03T19:59:00Z");
  Order day = LimitOrder("o1", Side::kBuy, "10", "99");
  day.time_in_force = TimeInForce::kDay;
  broker.Submit(day, At("2024-06-03T19:59:00Z"));
  (void)broker.TakeChanges();
  Tell(broker, "2024-06-03T20:00:00Z", "98.9", "98.92");
  broker.Expire(At("2024-06-03T20:00:00Z"));
  EXPECT_EQ(Types(broker.TakeChanges()), (std::vector{ExecutionType::kTrade}));
}

TEST(PaperBrokerTest, ADayOrderFromBeforeTheOpenLivesThroughTheComingSession) {
  PaperBroker broker = Exchange("2024-06-03T12:00:00Z");
  Order day = LimitOrder("o1", Side::kBuy, "10", "101");
  day.time_in_force = TimeInForce::kDay;
  broker.Submit(day, At("2024-06-03T12:00:00Z"));
  broker.Submit(MakeOrder("o2", Side::kBuy, OrderType::kMarket, "1"), At("2024-06-03T12:00:00Z"));
  Changes changes = broker.TakeChanges();
  ASSERT_EQ(Types(changes), (std::vector{ExecutionType::kNew, ExecutionType::kRejected}));
  EXPECT_EQ(changes.executions[1].rejection->reason, RejectReason::kMarketClosed);
  Tell(broker, "2024-06-03T13:30:00Z", "95", "95.02");  // of before the open: trades with nobody
  EXPECT_TRUE(broker.TakeChanges().executions.empty());
  Tell(broker, "2024-06-03T13:31:00Z", "99.98", "100");
  changes = broker.TakeChanges();
  ASSERT_EQ(Types(changes), (std::vector{ExecutionType::kTrade}));
  EXPECT_EQ(changes.executions[0].last_price, Decimal::Of("100"));  // the market's price, not its own
  EXPECT_FALSE(changes.executions[0].maker);
}

TEST(PaperBrokerTest, ADayOrderOfAMarketThatNeverClosesEndsWithTheDay) {
  Instrument coin = Share();
  coin.day_start_minute = 60;
  PaperBroker broker({coin}, {});
  broker.OpenAccount(AccountId("paper"), "USD", Decimal::Of("100000"));
  broker.OnQuote(MakeQuote("100", "100.02"), At("2024-06-03T23:30:00Z"));
  Order day = LimitOrder("o1", Side::kBuy, "10", "90");
  day.time_in_force = TimeInForce::kDay;
  broker.Submit(day, At("2024-06-03T23:30:00Z"));
  (void)broker.TakeChanges();
  broker.OnTime(At("2024-06-04T00:30:00Z"));
  EXPECT_TRUE(broker.TakeChanges().executions.empty());
  broker.OnTime(At("2024-06-04T01:00:01Z"));
  EXPECT_EQ(Types(broker.TakeChanges()), (std::vector{ExecutionType::kExpired}));
}

TEST(PaperBrokerTest, AnOrderThatRestedOverTheNightTakesTheOpeningPrice) {
  PaperBroker broker = Exchange("2024-06-03T19:50:00Z");
  broker.Submit(LimitOrder("o1", Side::kBuy, "10", "99"), At("2024-06-03T19:50:00Z"));
  EXPECT_TRUE(broker.StateOf(OrderId("o1")).rests);
  (void)broker.TakeChanges();
  Tell(broker, "2024-06-04T13:31:00Z", "95", "95.02");
  Changes changes = broker.TakeChanges();
  ASSERT_EQ(Types(changes), (std::vector{ExecutionType::kTrade}));
  EXPECT_EQ(changes.executions[0].last_price, Decimal::Of("95.02"));
  EXPECT_FALSE(changes.executions[0].maker);
}

TEST(PaperBrokerTest, TheRestOfALargerOrderTakesTheMarketsPriceUntilTheMarketIsBeyondIt) {
  PaperBroker broker({Share()}, {.depth = 1});
  broker.OpenAccount(AccountId("paper"), "USD", Decimal::Of("100000"));
  broker.OnQuote(MakeQuote("100", "100.02"), kNow);
  broker.Submit(LimitOrder("o1", Side::kBuy, "400", "105"), kNow);
  (void)broker.TakeChanges();
  broker.OnQuote(MakeQuote("99.9", "99.92"), kNow + Duration::Seconds(1));  // it improves
  Changes changes = broker.TakeChanges();
  ASSERT_EQ(Types(changes), (std::vector{ExecutionType::kTrade}));
  EXPECT_EQ(changes.executions[0].last_price, Decimal::Of("99.92"));
  EXPECT_FALSE(changes.executions[0].maker);
  broker.OnQuote(MakeQuote("105.5", "105.52"), kNow + Duration::Seconds(2));  // it leaves: the rest is the best bid now
  EXPECT_TRUE(broker.TakeChanges().executions.empty());
  EXPECT_TRUE(broker.StateOf(OrderId("o1")).rests);
  broker.OnQuote(MakeQuote("104.9", "104.92"), kNow + Duration::Seconds(3));  // and comes to it
  changes = broker.TakeChanges();
  ASSERT_EQ(Types(changes), (std::vector{ExecutionType::kTrade}));
  EXPECT_EQ(changes.executions[0].last_price, Decimal::Of("105"));
  EXPECT_TRUE(changes.executions[0].maker);
}

TEST(PaperBrokerTest, AQuoteThatCannotBeUsedTradesWithNobodyAndIsNotNew) {
  const char* kUnusable[][2] = {{"80", "80"}, {"81", "80"}, {"0", "80"}, {"80", "0"}, {"-1", "80"}, {"0", "0"}};
  for (const auto& [bid, ask] : kUnusable) {
    PaperBroker broker({Share()}, {});
    broker.OpenAccount(AccountId("paper"), "USD", Decimal::Of("100000"));
    Quote good = MakeQuote("100", "100.02"), bad = MakeQuote(bid, ask);
    good.quote_time = kNow;
    bad.quote_time = kNow + Duration::Seconds(60);
    broker.OnQuote(good, kNow);
    broker.Submit(LimitOrder("o1", Side::kBuy, "10", "90"), kNow);
    (void)broker.TakeChanges();
    broker.OnQuote(bad, bad.quote_time);
    EXPECT_TRUE(broker.TakeChanges().executions.empty()) << bid << "/" << ask;
    const Quote& stands = *broker.FindQuote(Symbol("AAPL"));
    EXPECT_EQ(stands.ask_price, good.ask_price);
    EXPECT_EQ(stands.quote_time, good.quote_time);
    EXPECT_TRUE(stands.stale);
    broker.Submit(MakeOrder("o2", Side::kBuy, OrderType::kMarket, "1"), bad.quote_time);
    Changes changes = broker.TakeChanges();
    ASSERT_EQ(Types(changes), (std::vector{ExecutionType::kNew, ExecutionType::kCanceled}));
    EXPECT_EQ(changes.executions[1].rejection->reason, RejectReason::kNoLiquidity);
    EXPECT_NE(changes.executions[1].rejection->message.find(good.quote_time.ToString()), std::string::npos);
    good.quote_time = kNow + Duration::Seconds(120);
    broker.OnQuote(good, good.quote_time);
    EXPECT_FALSE(broker.FindQuote(Symbol("AAPL"))->stale);
  }
}

TEST(PaperBrokerTest, AQuoteToldAgainBringsNothingBack) {
  PaperBroker broker = Opened();
  Quote quote = MakeQuote("100", "100.02");
  quote.quote_time = kNow;
  broker.OnQuote(quote, kNow);
  broker.Submit(MakeOrder("o1", Side::kBuy, OrderType::kMarket, "100"), kNow);
  quote.last_price = Decimal::Of("100.02");
  broker.OnQuote(quote, kNow + Duration::Seconds(60));
  EXPECT_EQ(broker.Levels(Symbol("AAPL"), Side::kBuy).front().price, Decimal::Of("100.03"));
  quote.quote_time = kNow + Duration::Seconds(120);
  broker.OnQuote(quote, kNow + Duration::Seconds(120));
  EXPECT_EQ(broker.Levels(Symbol("AAPL"), Side::kBuy).front().price, Decimal::Of("100.02"));
}

TEST(PaperBrokerTest, WhatIsCutOffSaysWhy) {
  struct Case {
    OrderType type;
    TimeInForce time_in_force;
    const char* size;
    const char* quantity;
    const char* limit_price;
    const char* filled;
    const char* held;
    const char* cut;
  };
  const Case cases[] = {
      {OrderType::kMarket, TimeInForce::kIoc, "0", "5", nullptr, "0", "0", "5"},  // an empty side
      {OrderType::kMarket, TimeInForce::kFok, "0", "5", nullptr, "0", "0", "5"},
      {OrderType::kMarket, TimeInForce::kDay, "0", "5", nullptr, "0", "0", "5"},  // it does not wait either
      {OrderType::kLimit, TimeInForce::kIoc, "0", "5", "100.02", "0", "0", "5"},
      {OrderType::kMarket, TimeInForce::kIoc, "10", "15", nullptr, "10", "0", "5"},  // larger than the book
      {OrderType::kMarket, TimeInForce::kGtc, "10", "15", nullptr, "10", "0", "5"},
      {OrderType::kMarket, TimeInForce::kFok, "10", "15", nullptr, "0", "10", "15"},
      {OrderType::kLimit, TimeInForce::kFok, "10", "15", "101", "0", "10", "15"},
      {OrderType::kLimit, TimeInForce::kIoc, "10", "15", "101", "10", "0", "5"},
      {OrderType::kLimit, TimeInForce::kIoc, "10", "15", "99", "0", "0", "15"},  // at another price
  };
  for (const Case& item : cases) {
    PaperBroker broker({Share()}, {.depth = 1});
    broker.OpenAccount(AccountId("paper"), "USD", Decimal::Of("100000"));
    broker.OnQuote(MakeQuote("100", "100.02", item.size), kNow);
    (void)broker.TakeChanges();
    Order order = MakeOrder("o1", Side::kBuy, item.type, item.quantity);
    order.time_in_force = item.time_in_force;
    if (item.limit_price != nullptr) order.limit_price = Decimal::Of(item.limit_price);
    broker.Submit(order, kNow);
    Changes changes = broker.TakeChanges();
    const auto& last = changes.executions.back();
    ASSERT_EQ(last.type, ExecutionType::kCanceled);
    ASSERT_TRUE(last.rejection.has_value());
    EXPECT_EQ(last.cumulative_quantity, Decimal::Of(item.filled));
    EXPECT_EQ(last.rejection->reason, RejectReason::kNoLiquidity);
    EXPECT_EQ(last.rejection->limit, item.held);
    EXPECT_EQ(last.rejection->observed, item.cut);
    EXPECT_EQ(broker.Find(OrderId("o1"))->rejection, last.rejection);
  }
  PaperBroker broker = Opened();
  broker.Submit(LimitOrder("o1", Side::kBuy, "1", "90"), kNow);
  broker.Cancel(AccountId("paper"), OrderId("o1"), kNow, std::nullopt);
  EXPECT_FALSE(broker.TakeChanges().executions.back().rejection.has_value());  // asked for
}

TEST(PaperBrokerTest, CoarseTicksSlipNoFurtherThanTheBookReaches) {
  Instrument coin = Share();
  coin.tick_size = Decimal::Of("0.00001");
  PaperBroker broker({coin}, {.slippage_ticks = 10});
  broker.OpenAccount(AccountId("paper"), "USD", Decimal::Of("100000"));
  broker.OnQuote(MakeQuote("0.00002", "0.00003"), kNow);
  broker.Submit(MakeOrder("o1", Side::kBuy, OrderType::kMarket, "10"), kNow);
  EXPECT_EQ(broker.TakeChanges().executions[1].last_price, Decimal::Of("0.00003"));
}

TEST(PaperBrokerTest, ForgetsClosedOrdersOnlyAndSaysUntilWhen) {
  PaperBroker broker = Opened();
  Order closed = MakeOrder("o1", Side::kBuy, OrderType::kMarket, "1"),
        young = MakeOrder("o3", Side::kBuy, OrderType::kMarket, "1");
  closed.create_time = kNow - Duration::Seconds(1);
  young.create_time = kNow;
  broker.Submit(closed, kNow);
  broker.Submit(LimitOrder("o2", Side::kBuy, "10", "90"), kNow);
  broker.Submit(young, kNow);
  broker.Forget(1);
  EXPECT_NE(broker.Find(OrderId("o1")), nullptr);  // not durable yet
  (void)broker.TakeChanges();
  broker.Cancel(AccountId("paper"), OrderId("o3"), kNow, std::nullopt);  // it is closed once all the same
  (void)broker.TakeChanges();
  broker.Forget(1);
  EXPECT_EQ(broker.Find(OrderId("o1")), nullptr);
  EXPECT_NE(broker.Find(OrderId("o2")), nullptr);
  EXPECT_NE(broker.Find(OrderId("o3")), nullptr);
  EXPECT_EQ(broker.forgotten_until(), closed.create_time);
  broker.Forget(0);
  EXPECT_NE(broker.Find(OrderId("o2")), nullptr);
  EXPECT_EQ(broker.Find(OrderId("o3")), nullptr);
  EXPECT_EQ(broker.forgotten_until(), young.create_time);
}

TEST(PaperBrokerTest, NumbersGoOnWhereWhoeverWasToldHasGot) {
  PaperBroker broker = Opened();
  broker.GoOnAfter(AccountId("paper"), 41);
  broker.GoOnAfter(AccountId("paper"), 7);
  broker.Submit(MakeOrder("o1", Side::kBuy, OrderType::kMarket, "1"), kNow);
  Changes changes = broker.TakeChanges();
  ASSERT_EQ(changes.executions.size(), 2U);
  EXPECT_EQ(changes.executions[0].execution_sequence, 42U);
  EXPECT_EQ(changes.executions[1].execution_id, ExecutionId("paper-43"));
  EXPECT_EQ(broker.FindLedger(AccountId("paper"))->execution_sequence, 43U);
}

TEST(PaperBrokerTest, TheBookShowsWhatIsLeftOfIt) {
  PaperBroker broker = Opened();
  broker.Submit(MakeOrder("o1", Side::kBuy, OrderType::kMarket, "30"), kNow);
  auto asks = broker.Levels(Symbol("AAPL"), Side::kBuy), bids = broker.Levels(Symbol("AAPL"), Side::kSell);
  ASSERT_EQ(asks.size(), 5U);
  EXPECT_EQ(asks[0].price, Decimal::Of("100.02"));
  EXPECT_EQ(asks[0].size, Decimal::Of("70"));
  EXPECT_EQ(asks[1].size, Decimal::Of("150"));
  EXPECT_EQ(bids[0].size, Decimal::Of("100"));
  EXPECT_EQ(bids[4].price, Decimal::Of("99.96"));
  EXPECT_TRUE(broker.Levels(Symbol("NOPE"), Side::kBuy).empty());
}

TEST(PaperBrokerTest, TheSameOrderTwiceIsOneOrder) {
  PaperBroker broker = Opened();
  Order order = MakeOrder("o1", Side::kBuy, OrderType::kMarket, "10");
  broker.Submit(order, kNow);
  EXPECT_FALSE(broker.TakeChanges().empty());
  broker.Submit(order, kNow);
  EXPECT_TRUE(broker.TakeChanges().empty());
}

TEST(PaperBrokerTest, RefusalsAreCoded) {
  struct Case {
    RejectReason reason;
    void (*spoil)(Order&);
  };
  const Case cases[] = {
      {RejectReason::kUnknownInstrument, [](Order& o) { o.symbol = Symbol("NOPE"); }},
      {RejectReason::kQuantityOffLot, [](Order& o) { o.quantity = Decimal::Of("1.5"); }},
      {RejectReason::kPriceOffTick,
       [](Order& o) {
         o.type = OrderType::kLimit;
         o.limit_price = Decimal::Of("1.005");
       }},
      {RejectReason::kInsufficientFunds, [](Order& o) { o.quantity = Decimal::Of("100000"); }},
  };
  for (const Case& item : cases) {
    PaperBroker broker = Opened();
    Order order = MakeOrder("o1", Side::kBuy, OrderType::kMarket, "1");
    item.spoil(order);
    broker.Submit(order, kNow);
    Changes changes = broker.TakeChanges();
    ASSERT_EQ(Types(changes), (std::vector{ExecutionType::kRejected}));
    EXPECT_EQ(changes.executions[0].rejection->reason, item.reason);
  }
  PaperBroker closed = Opened();
  closed.OnQuote(MakeQuote("100", "100.02", "100", false), kNow);
  closed.Submit(MakeOrder("o1", Side::kBuy, OrderType::kMarket, "1"), kNow);
  EXPECT_EQ(closed.TakeChanges().executions[0].rejection->reason, RejectReason::kMarketClosed);
}

// Cash and positions are the sums of the executions, exactly, and sequences have no gap.
TEST(PaperBrokerPropertyTest, TheLedgerIsTheSumOfItsExecutions) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Rng rng(seed);
    // Every model on in half of the runs.
    PaperBroker broker =
        seed % 2 == 0 ? Opened() : OpenedWith({.latency = Duration{3}, .slippage_ticks = 1, .queue = true});
    Decimal cash = Decimal::Of("100000"), position;
    std::uint64_t sequence = 0;
    std::map<OrderId, Decimal> filled;
    for (int step = 0; step < 200; ++step) {
      UtcTime now = kNow + Duration{step};
      broker.OnTime(now);
      Decimal bid =
          Decimal::Of("100") + Divide(Decimal::FromInt(rng.Between(-200, 200)), Decimal::FromInt(100), Rounding::kDown);
      switch (rng.Below(4)) {
        case 0: {
          Order order = MakeOrder("o" + std::to_string(step), rng.Below(2) ? Side::kBuy : Side::kSell,
                                  rng.Below(2) ? OrderType::kMarket : OrderType::kLimit, "1");
          order.quantity = Decimal::FromInt(rng.Between(1, 80));
          if (order.type == OrderType::kLimit) order.limit_price = bid;
          broker.Submit(order, now);
          break;
        }
        case 1:
          broker.Cancel(AccountId("paper"), OrderId("o" + std::to_string(rng.Below(200))), now, std::nullopt);
          break;
        default: {
          Quote quote = MakeQuote("1", "1", "50");
          quote.bid_price = quote.last_price = bid;
          quote.ask_price = bid + Decimal::Of("0.02");
          broker.OnQuote(quote, now);
        }
      }
      for (const auto& execution : broker.TakeChanges().executions) {
        ASSERT_EQ(execution.execution_sequence, ++sequence);
        if (execution.type != ExecutionType::kTrade) continue;
        Decimal notional = Multiply(execution.last_quantity, execution.last_price, Rounding::kHalfEven);
        cash -= execution.side == Side::kBuy ? notional : -notional;
        cash -= execution.fee;
        position += execution.side == Side::kBuy ? execution.last_quantity : -execution.last_quantity;
        filled[execution.order_id] += execution.last_quantity;
        ASSERT_LE(filled[execution.order_id], broker.Find(execution.order_id)->quantity);
      }
    }
    const Ledger* ledger = broker.FindLedger(AccountId("paper"));
    ASSERT_EQ(ledger->cash, cash);
    auto held = ledger->positions.find(Symbol("AAPL"));
    ASSERT_EQ(held == ledger->positions.end() ? Decimal() : held->second, position);
  }
}

}  // namespace
}  // namespace ballast::paper
