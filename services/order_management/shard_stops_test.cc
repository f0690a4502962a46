// What ends risk: halts, cancels, closes.
#include "services/order_management/testing/shard_fixture.h"

namespace ballast {
namespace {

// Cancels go before what is asked for; what had been asked for before them must not slip out behind them.
TEST_F(ShardTest, ACancelOfAllMeansWhatCameBeforeItAndStillWaitsInTheInbox) {
  Begin();
  std::future<OrderReply> before, after;
  std::future<absl::StatusOr<std::vector<Order>>> cancelled;
  {
    Standing standing(*life_->shard);
    before = Submit(MakeOrder("a"));
    cancelled = CancelAll();
    after = Submit(MakeOrder("b"));
  }
  EXPECT_TRUE(Got(std::move(cancelled)).ok());
  OrderReply withdrawn = Get(before);
  ASSERT_TRUE(withdrawn.order.rejection.has_value());
  EXPECT_EQ(withdrawn.order.rejection->reason, RejectReason::kCancelPending);
  Decide(true);
  EXPECT_EQ(Get(after).order.status, OrderStatus::kSubmitted);
  EXPECT_FALSE(life_->broker.Any([](const auto& sent) {
    return sent.has_new_order() && sent.new_order().order().order_id() == IdOf("a").value();
  }));
  // One that comes now is not meant.
  EXPECT_EQ(Placed("c").order.status, OrderStatus::kSubmitted);
}

TEST_F(ShardTest, ACancelFindsTheOrderThatCameJustBeforeIt) {
  Begin();
  std::future<OrderReply> order, cancelled;
  {
    Standing standing(*life_->shard);
    order = Submit(MakeOrder("a"));
    cancelled = Cancel("a");
  }
  OrderReply reply = Get(cancelled);
  EXPECT_TRUE(reply.status.ok()) << reply.status;
  EXPECT_EQ(Get(order).order.status, reply.order.status);
  EXPECT_TRUE(IsTerminal(reply.order.status));
  EXPECT_FALSE(life_->broker.Any([](const auto& sent) { return sent.has_new_order(); }));
}

TEST_F(ShardTest, AHaltIsCarriedOutBeforeTheOrdersThatCameBeforeIt) {
  Begin();
  std::future<OrderReply> order;
  std::future<AccountReply> halted;
  {
    Standing standing(*life_->shard);
    order = Submit(MakeOrder("a"));
    halted = Halt();
  }
  OrderReply refused = Get(order);
  ASSERT_TRUE(refused.order.rejection.has_value());
  EXPECT_EQ(refused.order.rejection->reason, RejectReason::kAccountHalted);
}

TEST_F(ShardTest, WhatWasClaimedAndNotTakenDoesNotTradeAfterAHalt) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  EXPECT_TRUE(Placed(Reducing("r")).status.ok());
  ASSERT_TRUE(SentToBroker("r"));
  life_->shard->OnBrokerLost();
  EXPECT_TRUE(Got(Halt()).account.halted);
  BrokerReady();
  EXPECT_EQ(SentUpTo("r"), std::vector{New("r")});  // what only reduces may still leave
  EXPECT_FALSE(Got(Halt(true)).account.halted);
  EXPECT_TRUE(Placed("b").status.ok());
  EXPECT_EQ(SentUpTo("b"), std::vector{New("b")});  // and the end of the halt brings nothing back
  EXPECT_EQ(LogOf("a").back(), OrderEventType::kRejected);
}

TEST_F(ShardTest, AHaltEndsWhatWaitsForTheGateway) {
  Begin(false);
  EXPECT_EQ(Placed("a").order.status, OrderStatus::kPendingNew);
  EXPECT_EQ(Placed(Reducing("r")).order.status, OrderStatus::kPendingNew);
  EXPECT_TRUE(Got(Halt()).account.halted);
  auto ended = life_->risk.Next([](const auto& request) {
    return request.has_events() && request.events().events(0).type() == order::v1::ORDER_EVENT_TYPE_REJECTED;
  });
  ASSERT_TRUE(ended.has_value());  // at once, not when the gateway is back
  EXPECT_EQ(ended->events().events(0).order().order_id(), IdOf("a").value());
  EXPECT_EQ(ended->events().events(0).order().rejection().reason(), type::v1::REJECT_REASON_ACCOUNT_HALTED);
  EXPECT_FALSE(Got(Halt(true)).account.halted);
  BrokerReady();
  EXPECT_EQ(SentUpTo("r"), std::vector{New("r")});
}

// Between the decision and the sending

TEST_F(ShardTest, AHaltInTheSameBatchKeepsAnOrderFromLeaving) {
  Begin();
  std::future<OrderReply> placed = Submit(MakeOrder("a"));
  std::future<OrderReply> reducing = Submit(Reducing("r"));
  risk::v1::ReserveResult first = Answer(true);
  risk::v1::ReserveResult second = Answer(true);
  std::future<AccountReply> halted;
  {
    Standing standing(*life_->shard);
    life_->shard->OnRiskResults({first});
    life_->shard->OnRiskResults({second});
    halted = Halt();
  }
  OrderReply reply = Get(placed);
  EXPECT_EQ(reply.order.status, OrderStatus::kDenied);
  ASSERT_TRUE(reply.rejection.has_value());
  EXPECT_EQ(reply.rejection->reason, RejectReason::kAccountHalted);
  EXPECT_EQ(Get(reducing).order.status, OrderStatus::kSubmitted);
  EXPECT_TRUE(Got(std::move(halted)).account.halted);
  EXPECT_EQ(SentUpTo("r"), std::vector{New("r")});
  EXPECT_EQ(LogOf("a").back(), OrderEventType::kDenied);
}

TEST_F(ShardTest, ACancelInTheSameBatchKeepsAnOrderFromLeaving) {
  Begin();
  std::future<OrderReply> placed = Submit(MakeOrder("a"));
  risk::v1::ReserveResult approval = Answer(true);
  std::future<OrderReply> cancelled;
  {
    Standing standing(*life_->shard);
    life_->shard->OnRiskResults({approval});
    cancelled = Cancel("a");
  }
  EXPECT_EQ(Get(placed).order.status, OrderStatus::kDenied);
  Get(cancelled);
  EXPECT_TRUE(Placed("b").status.ok());
  std::vector<std::string> sent = SentUpTo("b");
  EXPECT_EQ(std::count(sent.begin(), sent.end(), New("a")), 0);
  EXPECT_EQ(LogOf("a").back(), OrderEventType::kDenied);
}

TEST_F(ShardTest, AHaltRefusesWhatIsNewAndLetsReductionsThrough) {
  Begin();
  EXPECT_TRUE(Got(Halt()).account.halted);
  EXPECT_EQ(Got(Halt()).account.halt_reason, "told to");  // again: nothing more happens
  OrderReply refused = Got(Submit(MakeOrder("a")));
  EXPECT_EQ(refused.order.status, OrderStatus::kDenied);
  EXPECT_EQ(refused.order.rejection->reason, RejectReason::kAccountHalted);
  EXPECT_EQ(Placed(Reducing("r")).order.status, OrderStatus::kSubmitted);
  EXPECT_EQ(SentUpTo("r"), std::vector{New("r")});
  EXPECT_FALSE(Got(Halt(true)).account.halted);
  EXPECT_EQ(Placed("b").order.status, OrderStatus::kSubmitted);
  std::vector<OrderEventType> types;
  for (const OrderEvent& event : Log()) {
    if (!event.order) types.push_back(event.type);
  }
  EXPECT_EQ(types, (std::vector{OrderEventType::kAccountOpened, OrderEventType::kAccountHalted,
                                OrderEventType::kAccountResumed}));
}

TEST_F(ShardTest, AHaltOfAnUnknownAccountIsRefused) {
  Begin();
  std::promise<AccountReply> reply;
  life_->shard->Halt(AccountId("nobody"), "", "user:me", false, [&](AccountReply got) { reply.set_value(got); });
  EXPECT_TRUE(absl::IsNotFound(Got(reply.get_future()).status));
}

TEST_F(ShardTest, AHaltWhileRiskDecidesRefusesTheOrderAndGivesTheRoomBack) {
  Begin();
  std::future<OrderReply> placed = Submit(MakeOrder("a"));
  risk::v1::ReserveResult approval = Answer(true);
  EXPECT_TRUE(Got(Halt()).account.halted);
  life_->shard->OnRiskResults({approval});
  OrderReply reply = Get(placed);
  EXPECT_EQ(reply.order.status, OrderStatus::kDenied);
  EXPECT_EQ(reply.order.rejection->reason, RejectReason::kAccountHalted);
  EXPECT_TRUE(Voided("a"));
}

TEST_F(ShardTest, AHaltOutlivesTheProcess) {
  Begin();
  EXPECT_TRUE(Got(Halt()).account.halted);
  Begin();
  EXPECT_EQ(Got(Submit(MakeOrder("a"))).order.rejection->reason, RejectReason::kAccountHalted);
}

// Cancel all

TEST_F(ShardTest, CancelAllReachesAnOrderInEveryState) {
  Begin();
  for (const char* request : {"new", "part", "filled", "cancelling", "submitted"}) {
    Order order = MakeOrder(request, "2");
    EXPECT_EQ(Placed(order).order.status, OrderStatus::kSubmitted);
  }
  auto whole = Report("filled", 4, broker::v1::EXECUTION_TYPE_TRADE);
  whole.mutable_last_quantity()->set_value("2");
  life_->shard->OnReports({Report("new", 1, broker::v1::EXECUTION_TYPE_NEW),
                           Report("part", 2, broker::v1::EXECUTION_TYPE_NEW),
                           Report("part", 3, broker::v1::EXECUTION_TYPE_TRADE), whole,
                           Report("cancelling", 5, broker::v1::EXECUTION_TYPE_NEW)});
  ASSERT_TRUE(Acknowledged(5));
  EXPECT_EQ(Got(Cancel("cancelling")).order.status, OrderStatus::kPendingCancel);
  std::future<OrderReply> asking = Submit(MakeOrder("asking"));
  risk::v1::ReserveResult approval = Answer(true);
  // After the loss: what is accepted waits for the gateway.
  life_->shard->OnBrokerLost();
  EXPECT_EQ(Placed("pending").order.status, OrderStatus::kPendingNew);

  std::map<std::string, OrderStatus> touched;
  absl::StatusOr<std::vector<Order>> cancelled = Got(CancelAll());
  ASSERT_TRUE(cancelled.ok());
  for (const Order& order : *cancelled) touched[order.request_id.value()] = order.status;
  EXPECT_EQ(touched, (std::map<std::string, OrderStatus>{{"new", OrderStatus::kPendingCancel},
                                                         {"part", OrderStatus::kPendingCancel},
                                                         {"cancelling", OrderStatus::kPendingCancel},
                                                         {"submitted", OrderStatus::kPendingCancel},
                                                         {"pending", OrderStatus::kCanceled}}));
  OrderReply withdrawn = Get(asking);
  EXPECT_EQ(withdrawn.order.status, OrderStatus::kDenied);
  EXPECT_EQ(withdrawn.order.rejection->reason, RejectReason::kCancelPending);
  EXPECT_TRUE(Voided("asking"));
  life_->shard->OnRiskResults({approval});  // too late: it is gone

  life_->shard->OnBrokerReady({{"paper", 5}});
  EXPECT_TRUE(Placed("after").status.ok());
  std::vector<std::string> sent = SentUpTo("after");
  for (const char* request : {"new", "part", "cancelling"}) {
    EXPECT_GT(std::count(sent.begin(), sent.end(), CancelOf(request)), 0) << request;
  }
  for (const char* request : {"asking", "pending", "submitted"}) {
    EXPECT_EQ(std::count(sent.begin(), sent.end(), New(request)), 0) << request;
  }
  EXPECT_EQ(LogOf("submitted").back(), OrderEventType::kCanceled);
  EXPECT_EQ(LogOf("asking"), std::vector{OrderEventType::kDenied});
  EXPECT_EQ(LogOf("filled").back(), OrderEventType::kFilled);
  std::vector<OrderEventType> once = LogOf("cancelling");
  EXPECT_EQ(std::count(once.begin(), once.end(), OrderEventType::kPendingCancel), 1);
}

TEST_F(ShardTest, CancelAllTakesOnlyWhatIsMeant) {
  Begin();
  ASSERT_TRUE(Register("demo").ok());
  EXPECT_TRUE(Placed("btc").status.ok());
  Order other = MakeOrder("eth");
  other.symbol = Symbol("ETH-USD");
  EXPECT_TRUE(Placed(other).status.ok());
  Order of_deployment = MakeOrder("demo");
  of_deployment.deployment_id = DeploymentId("demo");
  EXPECT_TRUE(Placed(of_deployment).status.ok());
  auto names = [](const absl::StatusOr<std::vector<Order>>& orders) {
    std::vector<std::string> found;
    for (const Order& order : *orders) found.push_back(order.request_id.value());
    return found;
  };
  EXPECT_EQ(names(Got(CancelAll("ETH-USD"))), std::vector<std::string>{"eth"});
  EXPECT_EQ(names(Got(CancelAll("", "demo"))), std::vector<std::string>{"demo"});
  EXPECT_EQ(names(Got(CancelAll("SOL-USD"))), std::vector<std::string>{});
  EXPECT_EQ(LogOf("btc"), kClaimed);
  std::promise<absl::Status> reply;
  life_->shard->CancelAll(AccountId("nobody"), Symbol(), DeploymentId(), "user:me",
                          [&](const absl::StatusOr<std::vector<Order>>& got) { reply.set_value(got.status()); });
  EXPECT_TRUE(absl::IsNotFound(Got(reply.get_future())));
}

TEST_F(ShardTest, AnOrderForADeploymentNobodyRegisteredIsRefused) {
  Begin();
  Order order = MakeOrder("a");
  order.deployment_id = DeploymentId("ema");
  std::future<OrderReply> refused = Submit(order);
  EXPECT_EQ(Get(refused).rejection->reason, RejectReason::kUnknownDeployment);
  ASSERT_TRUE(Register("ema").ok());
  ASSERT_TRUE(Register("ema").ok());
  EXPECT_TRUE(absl::IsNotFound(Register("ema", "nobody")));
  Begin();  // and it is known to the next life
  order.request_id = RequestId("b");
  std::future<OrderReply> taken = Submit(order);
  Decide(true);
  EXPECT_EQ(Get(taken).order.status, OrderStatus::kSubmitted);
}

// A resting reduce-only order of a long position of 1, known to the broker.
TEST_F(ShardTest, WhatIsReduceOnlyIsTrimmedWhenThePositionIsGoneAlsoAfterARestart) {
  Begin();
  ASSERT_TRUE(Placed("in").status.ok());
  life_->shard->OnReports({Report("in", 1, broker::v1::EXECUTION_TYPE_TRADE)});
  ASSERT_TRUE(Acknowledged(1));
  Order exit = MakeOrder("exit");
  exit.side = Side::kSell;
  exit.reduce_only = true;
  std::future<OrderReply> taken = Submit(exit);
  Decide(true);
  ASSERT_TRUE(Get(taken).status.ok());
  life_->shard->OnReports({Report("exit", 2, broker::v1::EXECUTION_TYPE_NEW)});
  ASSERT_TRUE(Acknowledged(2));
  Order out = MakeOrder("out");
  out.side = Side::kSell;
  std::future<OrderReply> plain = Submit(out);
  Decide(true);
  ASSERT_TRUE(Get(plain).status.ok());
  auto sold = Report("out", 3, broker::v1::EXECUTION_TYPE_TRADE);
  sold.set_side(type::v1::SIDE_SELL);
  life_->shard->OnReports({sold});
  auto trim = [&] { return life_->broker.Next([](const auto& sent) { return sent.has_reduce(); }); };
  auto told = trim();
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->reduce().order_id(), IdOf("exit").value());
  EXPECT_EQ(told->reduce().quantity().value(), "0");
  EXPECT_EQ(told->reduce().rejection().reason(), type::v1::REJECT_REASON_REDUCE_ONLY);
  ASSERT_TRUE(Acknowledged(3));
  Begin();  // killed before the broker answered
  ASSERT_TRUE(trim().has_value());
  auto ended = Report("exit", 4, broker::v1::EXECUTION_TYPE_CANCELED);
  *ended.mutable_rejection() = told->reduce().rejection();
  life_->shard->OnReports({ended});
  ASSERT_TRUE(Acknowledged(4));
  EXPECT_EQ(LogOf("exit").back(), OrderEventType::kCanceled);
  for (const OrderEvent& event : Log()) {
    if (event.type == OrderEventType::kCanceled) EXPECT_EQ(event.order->rejection->reason, RejectReason::kReduceOnly);
  }
}

TEST_F(ShardTest, ClosingAPositionTakesItsSideAndSizeFromTheFills) {
  Begin();
  ASSERT_TRUE(Register("ema").ok());
  Order entry = MakeOrder("in");
  entry.deployment_id = DeploymentId("ema");
  std::future<OrderReply> taken = Submit(entry);
  Decide(true);
  ASSERT_TRUE(Get(taken).status.ok());
  life_->shard->OnReports({Report("in", 1, broker::v1::EXECUTION_TYPE_TRADE)});
  ASSERT_TRUE(Acknowledged(1));
  auto close = [&](const char* request, std::optional<DeploymentId> book) {
    auto promise = std::make_shared<std::promise<OrderReply>>();
    EXPECT_TRUE(life_->shard->ClosePosition({.request_id = RequestId(request),
                                             .account_id = AccountId("paper"),
                                             .symbol = Symbol("BTC-USD"),
                                             .deployment_id = std::move(book)},
                                            "user:me", [promise](OrderReply reply) { promise->set_value(reply); }));
    return promise->get_future();
  };
  auto by_hand = close("c0", DeploymentId());
  EXPECT_TRUE(absl::IsFailedPrecondition(Get(by_hand).status));
  auto net = close("c1", std::nullopt);
  Decide(true);
  OrderReply closing = Get(net);
  ASSERT_TRUE(closing.status.ok());
  EXPECT_EQ(closing.order.side, Side::kSell);
  EXPECT_EQ(closing.order.quantity, Decimal::FromInt(1));
  EXPECT_TRUE(closing.order.reduce_only);
  EXPECT_TRUE(closing.order.deployment_id.empty());
  auto sold = Report("c1", 2, broker::v1::EXECUTION_TYPE_TRADE);
  sold.set_side(type::v1::SIDE_SELL);
  life_->shard->OnReports({sold});
  ASSERT_TRUE(Acknowledged(2));
  EXPECT_EQ(Log().back().fill->deployment_id, DeploymentId("ema"));
  auto again = close("c1", std::nullopt);  // the same request, though nothing is left
  EXPECT_TRUE(Get(again).replayed);
  auto more = close("c2", DeploymentId("ema"));
  EXPECT_TRUE(absl::IsFailedPrecondition(Get(more).status));
}

}  // namespace
}  // namespace ballast
