// Orders that wait here, lists and replacements, through the writer: on one thread, with a market, a risk service and a
// broker that say what the test has them say.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "libs/orders/contingent.h"
#include "libs/orders/order_id.h"
#include "libs/wire/wire.h"
#include "services/order_management/testing/shard_stage.h"

namespace ballast {
namespace {

using Type = OrderEventType;

const AccountId kAccount("paper");
constexpr std::int64_t kHour = 3'600'000'000'000;

Decimal D(const char* text) { return Decimal::Of(text); }

class HeldOrdersTest : public ShardStage {
 protected:
  HeldOrdersTest() : ShardStage({.queue_age_ms_max = 96 * 3'600'000LL}) {}
  void SetUp() override { Begin(); }

  // The next life of the process.
  void Begin() {
    broker_away_ = false;
    NewShard();
    ASSERT_TRUE(shard_->Recover().ok());
    Instrument spy{.symbol = Symbol("SPY"), .tick_size = D("0.01"), .lot_size = D("1")};
    spy.calendar = TradingCalendar::kNewYorkStockExchange;
    Connect({Bitcoin(), spy});
    Turn();
  }
  // Until nothing more follows. Risk says yes to what it is not told to refuse.
  void Turn() {
    for (int i = 0; i < 6; ++i) {
      clock_.nanos += 1'000'000;
      (void)shard_->Poll(clock_.nanos);
      if (!risk_silent_) (void)AnswerRisk(refused_, meets_);
    }
  }

  static Order Make(const std::string& request, Side side, OrderType type, const char* quantity) {
    Order order;
    order.account_id = kAccount;
    order.request_id = RequestId(request);
    order.symbol = Symbol("BTC-USD");
    order.side = side;
    order.type = type;
    order.time_in_force = type == OrderType::kMarket ? TimeInForce::kIoc : TimeInForce::kGtc;
    order.quantity = D(quantity);
    return order;
  }
  static Order Trailing(const std::string& request, const char* quantity = "1", bool reduce_only = false) {
    Order order = Make(request, Side::kSell, OrderType::kTrailingStop, quantity);
    order.trailing = ballast::Trailing{.offset = D("5"), .offset_type = TrailingOffsetType::kPrice};
    order.reduce_only = reduce_only;
    return order;
  }
  static OrderId IdOf(const std::string& request) { return orders::OrderIdFor(kAccount, RequestId(request)); }
  OrderReply Submit(Order order) {
    OrderReply told;
    EXPECT_TRUE(
        shard_->Submit(std::move(order), "user:me", true, [&told](OrderReply reply) { told = std::move(reply); }));
    Turn();
    return told;
  }
  ListReply SubmitList(const std::string& id, ContingencyType type, std::vector<Order> list) {
    ListReply told;
    std::uint32_t index = 0;
    for (Order& order : list) {
      order.request_id = RequestId(orders::ListRequestId(id, ++index));
      order.list = ListPlace{
          .list_id = id, .contingency = type, .index = index, .size = static_cast<std::uint32_t>(list.size())};
    }
    EXPECT_TRUE(
        shard_->SubmitList(std::move(list), "user:me", true, [&told](ListReply reply) { told = std::move(reply); }));
    Turn();
    return told;
  }
  OrderReply Replace(const std::string& request, Replacement terms, const std::string& key = "k") {
    OrderReply told;
    terms.request_id = key;
    EXPECT_TRUE(shard_->Replace(IdOf(request), std::move(terms), "user:me",
                                [&told](OrderReply reply) { told = std::move(reply); }));
    Turn();
    return told;
  }
  ListReply Bracket(const std::string& id, const char* quantity = "1") {
    Order entry = Make("", Side::kBuy, OrderType::kLimit, quantity);
    entry.limit_price = D("100");
    Order target = Make("", Side::kSell, OrderType::kLimit, quantity);
    target.limit_price = D("110");
    Order stop = Make("", Side::kSell, OrderType::kStop, quantity);
    stop.stop_price = D("95");
    target.reduce_only = stop.reduce_only = true;
    return SubmitList(id, ContingencyType::kBracket, {entry, target, stop});
  }

  // The market.
  void Market(const char* bid, const std::function<void(MarketStep&)>& change = {}) {
    MarketStep step{.market_time = {kStart + market_nanos_}};
    for (const char* symbol : {"BTC-USD", "SPY"}) {
      Quote quote{.symbol = Symbol(symbol),
                  .bid_price = D(bid),
                  .bid_size = D("10"),
                  .ask_price = D(bid) + D("0.01"),
                  .ask_size = D("10"),
                  .last_price = D(bid)};
      quote.quote_time = step.market_time;
      quote.session_open = true;
      step.quotes.push_back(quote);
    }
    if (change) change(step);
    market_nanos_ += 1'000'000'000;
    shard_->OnMarket(std::move(step));
    Turn();
  }

  // The broker.
  void Report(const std::string& request, broker::v1::ExecutionType type,
              const std::function<void(broker::v1::ExecutionReport&)>& change = {}) {
    Tell(IdOf(request).value(), type, change);
    Turn();
  }
  void Accept(const std::string& request) { Report(request, broker::v1::EXECUTION_TYPE_NEW); }
  void Fill(const std::string& request, Side side, const char* quantity) {
    TellTrade(IdOf(request).value(), "BTC-USD", side, quantity, "100");
    Turn();
  }
  void AnswerReplace(const std::string& request, bool replaced, const Replacement& terms) {
    Report(request, replaced ? broker::v1::EXECUTION_TYPE_REPLACED : broker::v1::EXECUTION_TYPE_REPLACE_REJECTED,
           [&](broker::v1::ExecutionReport& report) { wire::ToProto(terms, report.mutable_replacement()); });
  }

  // The order as the log has it.
  Order Read(const std::string& request) {
    Order found;
    for (const OrderEvent& event : disk_->Events(kAccount)) {
      if (event.order && event.order->request_id.value() == request) found = *event.order;
    }
    return found;
  }
  std::vector<Type> TypesOf(const std::string& request) {
    std::vector<Type> types;
    for (const OrderEvent& event : disk_->Events(kAccount)) {
      if (event.order && event.order->request_id.value() == request) types.push_back(event.type);
    }
    return types;
  }
  bool Halted() {
    bool halted = false;
    for (const OrderEvent& event : disk_->Events(kAccount)) {
      if (event.type == Type::kAccountHalted) halted = true;
    }
    return halted;
  }
  std::vector<order::v1::Order> NewOrders(const std::string& request) {
    std::vector<order::v1::Order> orders;
    for (const Sent& each : sent_) {
      if (each.has_new_order() && each.new_order().order().request_id() == request)
        orders.push_back(each.new_order().order());
    }
    return orders;
  }
  std::vector<broker::v1::ReplaceInstruction> Replaces(const std::string& request) {
    std::vector<broker::v1::ReplaceInstruction> all;
    for (const Sent& each : sent_) {
      if (each.has_replace() && each.replace().order_id() == IdOf(request).value()) all.push_back(each.replace());
    }
    return all;
  }
  bool Cancelled(const std::string& request) {
    return std::any_of(sent_.begin(), sent_.end(), [&](const Sent& each) {
      return each.has_cancel() && each.cancel().order_id() == IdOf(request).value();
    });
  }
  // What risk was asked about it, the newest.
  std::optional<risk::v1::Reserve> Asked(const std::string& request) {
    std::optional<risk::v1::Reserve> found;
    for (const risk::v1::Reserve& reserve : asked_before_) {
      if (reserve.order().request_id() == request) found = reserve;
    }
    return found;
  }
  // A position to reduce.
  void Hold(const char* quantity) {
    (void)Submit(Make("entry", Side::kBuy, OrderType::kMarket, quantity));
    Fill("entry", Side::kBuy, quantity);
  }

  std::set<std::string> refused_;
  // Reductions and the own order that risk says each would trade with.
  std::map<std::string, std::string> meets_;
  bool risk_silent_ = false;
  std::int64_t market_nanos_ = 1;
};

// Triggers

TEST_F(HeldOrdersTest, ATrailingStopFollowsGoesOnAfterARestartAndIsSentAsAStop) {
  EXPECT_FALSE(shard_->watches_market());
  OrderReply reply = Submit(Trailing("t"));
  EXPECT_EQ(reply.order.status, OrderStatus::kHeld);
  EXPECT_EQ(reply.order.hold, HoldReason::kTrigger);
  EXPECT_TRUE(shard_->watches_market());
  Market("100");
  EXPECT_EQ(Read("t").stop_price, D("95"));
  Market("110");
  EXPECT_EQ(Read("t").stop_price, D("105"));
  Market("107");
  EXPECT_EQ(Read("t").stop_price, D("105")) << "never back";
  EXPECT_TRUE(NewOrders("t").empty());
  Begin();
  EXPECT_TRUE(shard_->watches_market()) << "what waits is watched from the start on";
  EXPECT_TRUE(NewOrders("t").empty()) << "a new session sends nothing that waits here";
  EXPECT_EQ(Read("t").trailing->high_water_mark, D("110"));
  Market("104");
  ASSERT_EQ(NewOrders("t").size(), 1U);
  EXPECT_EQ(NewOrders("t")[0].type(), type::v1::ORDER_TYPE_STOP);
  EXPECT_EQ(NewOrders("t")[0].stop_price().value(), "105");
  EXPECT_EQ(Read("t").status, OrderStatus::kSubmitted);
  EXPECT_EQ(Read("t").type, OrderType::kTrailingStop);
  Market("90");
  EXPECT_EQ(NewOrders("t").size(), 1U);
  EXPECT_EQ(TypesOf("t"),
            (std::vector{Type::kHeld, Type::kTrailed, Type::kTrailed, Type::kTriggered, Type::kSubmitted}));
  // Asked again it is the same order, whatever it has become.
  EXPECT_TRUE(Submit(Trailing("t")).replayed);
}

TEST_F(HeldOrdersTest, NothingFiresWhileTheGatewayIsAway) {
  (void)Submit(Trailing("t"));
  Market("100");
  broker_away_ = true;
  shard_->OnBrokerLost();
  Turn();
  Market("94");
  EXPECT_EQ(Read("t").status, OrderStatus::kHeld);
  broker_away_ = false;
  shard_->OnBrokerReady(shard_->ExecutionCursors());
  Turn();
  Market("94");
  EXPECT_EQ(NewOrders("t").size(), 1U);
}

TEST_F(HeldOrdersTest, AStepOfManyQuotesIsTheNewestOfThem) {
  (void)Submit(Trailing("t"));
  for (const char* bid : {"100", "120", "101"}) {
    MarketStep step{.market_time = {kStart + ++market_nanos_}};
    Quote quote{.symbol = Symbol("BTC-USD"), .bid_price = D(bid), .ask_price = D(bid), .last_price = D(bid)};
    quote.quote_time = step.market_time;
    quote.session_open = true;
    step.quotes = {quote};
    shard_->OnMarket(std::move(step));
  }
  Turn();
  EXPECT_EQ(TypesOf("t"), (std::vector{Type::kHeld, Type::kTrailed}));
  EXPECT_EQ(Read("t").stop_price, D("96"));
}

TEST_F(HeldOrdersTest, WhatReducesEndsWithItsPositionAndShrinksWithIt) {
  Hold("2");
  (void)Submit(Trailing("t", "2", true));
  Market("100");
  (void)Submit(Make("out", Side::kSell, OrderType::kMarket, "2"));
  Fill("out", Side::kSell, "0.5");
  EXPECT_EQ(Read("t").quantity, D("1.5"));
  EXPECT_EQ(Read("t").status, OrderStatus::kHeld);
  Fill("out", Side::kSell, "1.5");
  EXPECT_EQ(Read("t").status, OrderStatus::kCanceled);
  EXPECT_EQ(Read("t").rejection->reason, RejectReason::kReduceOnly);
  Market("50");
  EXPECT_TRUE(NewOrders("t").empty());
}

TEST_F(HeldOrdersTest, ADayOrderEndsWithItsSessionAlsoOverARestart) {
  Order order = Trailing("t");
  order.symbol = Symbol("SPY");
  order.time_in_force = TimeInForce::kDay;
  (void)Submit(order);
  Market("100");
  Begin();
  market_nanos_ = 6 * kHour;  // 21:00 UTC, the close
  Market("50");
  EXPECT_EQ(Read("t").status, OrderStatus::kSubmitted) << "the session's last quote still counts";
  order.request_id = RequestId("u");
  (void)Submit(order);
  market_nanos_ = 24 * kHour;
  Market("100");
  market_nanos_ = 30 * kHour + 1'000'000'000;
  Market("50");
  EXPECT_EQ(Read("u").status, OrderStatus::kExpired);
  EXPECT_TRUE(NewOrders("u").empty());
}

TEST_F(HeldOrdersTest, ADateEndsWhatWaits) {
  Order order = Trailing("t");
  order.time_in_force = TimeInForce::kGtd;
  order.expire_time = {kStart + 60'000'000'000};
  (void)Submit(order);
  Market("100");
  market_nanos_ = 60'000'000'000;
  Market("100");
  EXPECT_EQ(Read("t").status, OrderStatus::kExpired);
}

TEST_F(HeldOrdersTest, ACancelEndsItHereAndAHaltDoesNotLetItOpenRisk) {
  (void)Submit(Trailing("t"));
  OrderReply told;
  (void)shard_->Cancel(IdOf("t"), "user:me", [&](OrderReply reply) { told = std::move(reply); });
  Turn();
  EXPECT_EQ(told.order.status, OrderStatus::kCanceled);
  EXPECT_FALSE(Cancelled("t")) << "the broker never had it";
  (void)Submit(Trailing("u"));
  Market("100");
  (void)shard_->Halt(kAccount, "told to", "user:me", false, [](const AccountReply&) {});
  Turn();
  Market("94");
  EXPECT_EQ(Read("u").status, OrderStatus::kRejected);
  EXPECT_EQ(Read("u").rejection->reason, RejectReason::kAccountHalted);
}

TEST_F(HeldOrdersTest, AReplayWaitsUntilTheVenueHasWhatAStepReleased) {
  (void)Submit(Trailing("t"));
  Market("100");
  bool done = false;
  auto lockstep = [&](MarketStep& step) {
    step.lockstep = true;
    step.execution_sequences = {{kAccount, executions_ + 1}};
    step.done = [&done] { done = true; };
  };
  Market("94", lockstep);
  EXPECT_FALSE(done);
  EXPECT_TRUE(NewOrders("t").empty()) << "a report of before the step has not come";
  (void)Submit(Make("other", Side::kBuy, OrderType::kMarket, "1"));
  Accept("other");
  EXPECT_EQ(NewOrders("t").size(), 1U);
  EXPECT_FALSE(done);
  Accept("t");
  EXPECT_TRUE(done);
}

// The open

TEST_F(HeldOrdersTest, TheOpenReleasesInOrderWhatRiskStillTakes) {
  auto closed = [](MarketStep& step) {
    for (Quote& quote : step.quotes) quote.session_open = false;
  };
  for (const char* request : {"o1", "o2", "o3"}) {
    Order order = Make(request, Side::kBuy, OrderType::kMarket, "1");
    order.hold_until_open = true;
    OrderReply reply = Submit(order);
    EXPECT_EQ(reply.order.hold, HoldReason::kSession) << request;
    EXPECT_TRUE(Asked(request)->anchor_at_market()) << "of the account risk is asked when it opens";
  }
  Market("100", closed);
  EXPECT_TRUE(NewOrders("o1").empty());
  Begin();
  refused_ = {"o2"};
  Market("100");
  EXPECT_FALSE(Asked("o1")->anchor_at_market());
  std::vector<std::string> order;
  for (const Sent& each : sent_) {
    if (each.has_new_order()) order.push_back(each.new_order().order().request_id());
  }
  EXPECT_EQ(order, (std::vector<std::string>{"o1", "o3"}));
  EXPECT_EQ(Read("o2").status, OrderStatus::kRejected);
}

TEST_F(HeldOrdersTest, WhoRepeatsAnOrderForTheOpenBeforeRiskHasAnsweredIsToldToo) {
  Order order = Make("o", Side::kBuy, OrderType::kMarket, "1");
  order.hold_until_open = true;
  int told = 0;
  auto reply = [&told](const OrderReply& answer) {
    EXPECT_EQ(answer.order.hold, HoldReason::kSession);
    ++told;
  };
  ASSERT_TRUE(shard_->Submit(order, "user:me", true, reply));
  ASSERT_TRUE(shard_->Submit(order, "user:me", true, reply));
  Turn();
  EXPECT_EQ(told, 2);
}

TEST_F(HeldOrdersTest, SilentRiskLeavesItWaitingAndItsAgeEndsIt) {
  Order order = Make("o", Side::kBuy, OrderType::kMarket, "1");
  order.hold_until_open = true;
  (void)Submit(order);
  risk_silent_ = true;
  Market("100");
  clock_.nanos += 300'000'000;
  Turn();
  EXPECT_EQ(Read("o").status, OrderStatus::kHeld);
  clock_.nanos += 97 * kHour;
  Market("100");
  EXPECT_EQ(Read("o").status, OrderStatus::kExpired);
  EXPECT_EQ(Read("o").rejection->check, "queue_age");
}

// Lists

TEST_F(HeldOrdersTest, ABracketsExitsFollowItsEntryInTheCommitOfTheFill) {
  ListReply reply = Bracket("b");
  ASSERT_EQ(reply.orders.size(), 3U);
  EXPECT_EQ(reply.orders[1].hold, HoldReason::kParent);
  EXPECT_EQ(Asked("b:3")->anchor_price().value(), "100");
  Accept("b:1");
  int commits = disk_->appends();
  Fill("b:1", Side::kBuy, "0.4");
  EXPECT_EQ(disk_->appends(), commits + 1) << "the fill and what follows from it are one commit";
  ASSERT_EQ(NewOrders("b:2").size(), 1U);
  EXPECT_EQ(NewOrders("b:2")[0].quantity().value(), "0.4");
  EXPECT_EQ(NewOrders("b:3")[0].quantity().value(), "0.4");
  Accept("b:2");
  Accept("b:3");
  Fill("b:1", Side::kBuy, "0.6");
  for (const char* exit : {"b:2", "b:3"}) {
    ASSERT_EQ(Replaces(exit).size(), 1U) << exit;
    EXPECT_EQ(Replaces(exit)[0].replacement().quantity().value(), "1") << exit;
    AnswerReplace(exit, true, {.quantity = D("1"), .number = 1});
    EXPECT_EQ(Read(exit).quantity, D("1")) << exit;
  }
  // The target fills: the stop has nothing left to take out.
  Fill("b:2", Side::kSell, "1");
  EXPECT_TRUE(Cancelled("b:3"));
  Report("b:3", broker::v1::EXECUTION_TYPE_CANCELED);
  EXPECT_FALSE(Halted());
}

TEST_F(HeldOrdersTest, ARestartBetweenFillAndReleaseLosesNoProtection) {
  (void)Bracket("b");
  Accept("b:1");
  broker_away_ = true;  // what the fill releases cannot be sent
  shard_->OnBrokerLost();
  Fill("b:1", Side::kBuy, "1");
  EXPECT_EQ(Read("b:3").status, OrderStatus::kHeld);
  Begin();
  EXPECT_EQ(NewOrders("b:3").size(), 1U);
  EXPECT_EQ(NewOrders("b:2").size(), 1U);
}

TEST_F(HeldOrdersTest, AnEntryThatEndsTakesItsExitsAlong) {
  (void)Bracket("b");
  Accept("b:1");
  Report("b:1", broker::v1::EXECUTION_TYPE_CANCELED);
  for (const char* exit : {"b:2", "b:3"}) {
    EXPECT_EQ(Read(exit).status, OrderStatus::kCanceled) << exit;
    EXPECT_EQ(Read(exit).rejection->reason, RejectReason::kContingent) << exit;
    EXPECT_TRUE(NewOrders(exit).empty()) << exit;
  }
}

TEST_F(HeldOrdersTest, ARefusedStopFlattensAndHalts) {
  (void)Bracket("b");
  Accept("b:1");
  Fill("b:1", Side::kBuy, "0.4");
  Report("b:3", broker::v1::EXECUTION_TYPE_REJECTED);
  EXPECT_TRUE(Cancelled("b:1"));
  EXPECT_TRUE(Halted());
  ASSERT_EQ(NewOrders("b:4").size(), 1U);
  EXPECT_EQ(NewOrders("b:4")[0].type(), type::v1::ORDER_TYPE_MARKET);
  EXPECT_EQ(NewOrders("b:4")[0].quantity().value(), "0.4");
  EXPECT_TRUE(NewOrders("b:4")[0].reduce_only());
  Fill("b:4", Side::kSell, "0.4");
  EXPECT_EQ(NewOrders("b:4").size(), 1U) << "once";
}

TEST_F(HeldOrdersTest, AListIsTakenWholeOrNotAtAll) {
  refused_ = {"b:3"};
  ListReply reply = Bracket("b");
  ASSERT_EQ(reply.orders.size(), 3U);
  for (const Order& order : reply.orders) EXPECT_EQ(order.status, OrderStatus::kDenied);
  EXPECT_EQ(reply.orders[0].rejection->reason, RejectReason::kContingent);
  EXPECT_EQ(reply.orders[2].rejection->reason, RejectReason::kMaxPosition);
  EXPECT_TRUE(voided_.contains(IdOf("b:1").value())) << "what was reserved is let go";
  EXPECT_TRUE(NewOrders("b:1").empty());
  // The first answer again; another list of that name is refused.
  EXPECT_TRUE(Bracket("b").replayed);
  EXPECT_TRUE(absl::IsAlreadyExists(Bracket("b", "2").status));
}

TEST_F(HeldOrdersTest, ACancelWhileRiskLooksWithdrawsTheList) {
  risk_silent_ = true;
  ListReply told;
  Order first = Make("l:1", Side::kBuy, OrderType::kLimit, "1"), second = first;
  first.limit_price = D("90");
  second.limit_price = D("80");
  second.request_id = RequestId("l:2");
  first.list = ListPlace{.list_id = "l", .contingency = ContingencyType::kOco, .index = 1, .size = 2};
  second.list = ListPlace{.list_id = "l", .contingency = ContingencyType::kOco, .index = 2, .size = 2};
  (void)shard_->SubmitList({first, second}, "user:me", true, [&](ListReply reply) { told = std::move(reply); });
  (void)shard_->Poll(++clock_.nanos);
  OrderReply cancelled;
  (void)shard_->Cancel(IdOf("l:2"), "user:me", [&](OrderReply reply) { cancelled = std::move(reply); });
  Turn();
  EXPECT_EQ(cancelled.order.status, OrderStatus::kDenied);
  ASSERT_EQ(told.orders.size(), 2U);
  EXPECT_EQ(told.orders[0].status, OrderStatus::kDenied);
  EXPECT_TRUE(NewOrders("l:1").empty());
}

TEST_F(HeldOrdersTest, OneCancelsTheOtherAndBothFilledIsForAPerson) {
  Order low = Make("", Side::kBuy, OrderType::kLimit, "1"), high = Make("", Side::kBuy, OrderType::kStop, "1");
  low.limit_price = D("90");
  high.stop_price = D("110");
  (void)SubmitList("oco", ContingencyType::kOco, {low, high});
  Accept("oco:1");
  Accept("oco:2");
  Fill("oco:1", Side::kBuy, "0.3");
  EXPECT_TRUE(Cancelled("oco:2"));
  EXPECT_FALSE(Halted());
  Fill("oco:2", Side::kBuy, "1");  // before the cancel came
  EXPECT_TRUE(Halted());
}

TEST_F(HeldOrdersTest, AChildThatOpensIsAskedForWhenItsTimeHasCome) {
  Order first = Make("", Side::kBuy, OrderType::kLimit, "1"), then = Make("", Side::kBuy, OrderType::kLimit, "3");
  first.limit_price = then.limit_price = D("100");
  (void)SubmitList("oto", ContingencyType::kOto, {first, then});
  Accept("oto:1");
  Fill("oto:1", Side::kBuy, "0.5");
  EXPECT_TRUE(NewOrders("oto:2").empty()) << "it waits for the whole";
  refused_ = {"oto:2"};
  Fill("oto:1", Side::kBuy, "0.5");
  EXPECT_FALSE(Asked("oto:2")->has_anchor_price());
  EXPECT_EQ(Read("oto:2").status, OrderStatus::kRejected);
  EXPECT_TRUE(NewOrders("oto:2").empty());
}

// Other terms

TEST_F(HeldOrdersTest, AReplacementIsAskedOfRiskSentOnceDurableAndAnswered) {
  Order order = Make("r", Side::kBuy, OrderType::kLimit, "2");
  order.limit_price = D("100");
  (void)Submit(order);
  EXPECT_EQ(Replace("r", {.quantity = D("3")}).rejection->check, "order_state") << "the broker has not confirmed it";
  Accept("r");
  OrderReply reply = Replace("r", {.quantity = D("3"), .limit_price = D("101")});
  EXPECT_EQ(reply.order.status, OrderStatus::kPendingReplace);
  EXPECT_EQ(reply.order.quantity, D("2")) << "the old terms hold";
  EXPECT_TRUE(Asked("r")->replaces());
  ASSERT_EQ(Replaces("r").size(), 1U);
  EXPECT_EQ(Replace("r", {.quantity = D("4")}, "k2").rejection->reason, RejectReason::kReplacePending);
  EXPECT_TRUE(Replace("r", {.quantity = D("3"), .limit_price = D("101")}).replayed);
  EXPECT_TRUE(absl::IsAlreadyExists(Replace("r", {.quantity = D("9")}).status));
  // A session that broke: it is told again, with the same number.
  Begin();
  ASSERT_EQ(Replaces("r").size(), 1U);
  EXPECT_EQ(Replaces("r")[0].replacement().number(), 1U);
  AnswerReplace("r", true, {.quantity = D("3"), .limit_price = D("101"), .number = 1});
  EXPECT_EQ(Read("r").status, OrderStatus::kNew);
  EXPECT_EQ(Read("r").quantity, D("3"));
  EXPECT_EQ(Read("r").limit_price, D("101"));
}

TEST_F(HeldOrdersTest, AFillThatOvertakesAReplacementIsOfTheOldTerms) {
  Order order = Make("r", Side::kBuy, OrderType::kLimit, "2");
  order.limit_price = D("100");
  (void)Submit(order);
  Accept("r");
  (void)Replace("r", {.limit_price = D("101")});
  Fill("r", Side::kBuy, "2");
  EXPECT_EQ(Read("r").status, OrderStatus::kFilled);
  AnswerReplace("r", false, {.limit_price = D("101"), .number = 1});
  EXPECT_EQ(Read("r").status, OrderStatus::kFilled);
  EXPECT_FALSE(Halted());
  EXPECT_EQ(Replace("r", {.limit_price = D("102")}, "late").rejection->reason, RejectReason::kOrderClosed);
}

TEST_F(HeldOrdersTest, ARefusedReplacementKeepsTheOldTermsAndLessThanFilledEndsIt) {
  Order order = Make("r", Side::kBuy, OrderType::kLimit, "2");
  order.limit_price = D("100");
  (void)Submit(order);
  Accept("r");
  Fill("r", Side::kBuy, "1");
  (void)Replace("r", {.limit_price = D("101")});
  AnswerReplace("r", false, {.limit_price = D("101"), .number = 1});
  EXPECT_EQ(Read("r").status, OrderStatus::kPartiallyFilled);
  EXPECT_EQ(Read("r").limit_price, D("100"));
  std::size_t questions = asked_before_.size();
  (void)Replace("r", {.quantity = D("0.5")}, "less");
  EXPECT_EQ(asked_before_.size(), questions) << "what only shrinks needs no yes";
  AnswerReplace("r", true, {.quantity = D("1"), .number = 2});
  EXPECT_EQ(Read("r").status, OrderStatus::kFilled);
  EXPECT_EQ(Read("r").quantity, D("1"));
  EXPECT_FALSE(Halted());
}

TEST_F(HeldOrdersTest, WhatRiskKeptForAReplacementThatIsNotTakenIsLetGo) {
  (void)Submit(Make("r", Side::kBuy, OrderType::kLimit, "2"));
  Accept("r");
  OrderReply told;
  ASSERT_TRUE(shard_->Replace(IdOf("r"), {.quantity = D("3"), .request_id = "k"}, "user:me",
                              [&told](OrderReply reply) { told = std::move(reply); }));
  (void)shard_->Poll(clock_.nanos);
  voided_.clear();
  Fill("r", Side::kBuy, "2");  // before risk's answer comes
  EXPECT_EQ(told.rejection->reason, RejectReason::kOrderClosed);
  Turn();
  EXPECT_TRUE(voided_.contains(IdOf("r").value()));
}

TEST_F(HeldOrdersTest, ACancelWhileRiskLooksAtAReplacementCancelsTheOrder) {
  Order order = Make("r", Side::kBuy, OrderType::kLimit, "2");
  order.limit_price = D("100");
  (void)Submit(order);
  Accept("r");
  risk_silent_ = true;
  OrderReply replaced;
  (void)shard_->Replace(IdOf("r"), {.quantity = D("3"), .request_id = "k"}, "user:me",
                        [&](OrderReply reply) { replaced = std::move(reply); });
  (void)shard_->Poll(++clock_.nanos);
  ASSERT_FALSE(asked_.empty());
  std::uint64_t correlation = asked_[0].correlation_id();
  OrderReply cancelled;
  (void)shard_->Cancel(IdOf("r"), "user:me", [&](OrderReply reply) { cancelled = std::move(reply); });
  Turn();
  EXPECT_EQ(cancelled.order.status, OrderStatus::kPendingCancel);
  EXPECT_TRUE(Cancelled("r"));
  risk::v1::ReserveResult yes;
  yes.set_correlation_id(correlation);
  yes.set_approved(true);
  shard_->OnRiskResults({yes});
  Turn();
  EXPECT_EQ(replaced.rejection->reason, RejectReason::kCancelPending);
  EXPECT_TRUE(Replaces("r").empty());
}

TEST_F(HeldOrdersTest, WhatIsHeldHereHasItsTermsAtOnceAndWhatTheMarketSetsIsNotReplaced) {
  (void)Submit(Trailing("t"));
  EXPECT_EQ(Replace("t", {.stop_price = D("90")}).rejection->reason, RejectReason::kPriceForbidden);
  OrderReply reply = Replace("t", {.quantity = D("3")}, "k2");
  EXPECT_EQ(reply.order.quantity, D("3"));
  EXPECT_EQ(reply.order.status, OrderStatus::kHeld);
  EXPECT_TRUE(Replaces("t").empty());
  (void)Bracket("b");
  Accept("b:1");
  EXPECT_EQ(Replace("b:1", {.quantity = D("3")}, "k3").rejection->reason, RejectReason::kContingent);
}

TEST_F(HeldOrdersTest, WhatAnExitWouldMeetIsCancelledBeforeItLeaves) {
  Order mine = Make("mine", Side::kBuy, OrderType::kLimit, "1");
  mine.limit_price = D("100");
  (void)Submit(mine);
  Accept("mine");
  meets_ = {{"out", IdOf("mine").value()}, {"again", IdOf("nothing").value()}};
  (void)Submit(Make("out", Side::kSell, OrderType::kMarket, "1"));
  EXPECT_TRUE(Cancelled("mine"));
  EXPECT_EQ(NewOrders("out").size(), 1U) << "it waits for no answer";
  auto at = [&](auto meant) { return std::find_if(sent_.begin(), sent_.end(), meant) - sent_.begin(); };
  EXPECT_LT(at([](const Sent& each) { return each.has_cancel(); }), at([](const Sent& each) {
              return each.has_new_order() && each.new_order().order().request_id() == "out";
            }));
  (void)Submit(Make("again", Side::kSell, OrderType::kMarket, "1"));
  EXPECT_EQ(NewOrders("again").size(), 1U) << "what is not there any more is in nobody's way";
}

TEST_F(HeldOrdersTest, ABracketsEntryIsAskedAboutWithItsStopAndRepeatedWithoutIt) {
  ListReply first = Bracket("b");
  EXPECT_EQ(first.orders[0].protective_stop_price, D("95"));
  EXPECT_EQ(Asked("b:1")->order().protective_stop_price().value(), "95");
  EXPECT_FALSE(first.orders[1].protective_stop_price);
  ListReply again = Bracket("b");
  EXPECT_TRUE(again.status.ok()) << again.status;
  EXPECT_TRUE(again.replayed);
}

}  // namespace
}  // namespace ballast
