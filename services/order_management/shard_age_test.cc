// What is too old, or waited for by nobody, does not leave.
#include "services/order_management/testing/shard_fixture.h"

namespace ballast {
namespace {

TEST_F(ShardTest, WhatWasClaimedTooLongAgoIsNotSentAgain) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  ASSERT_TRUE(SentToBroker("a"));
  life_->shard->OnBrokerLost();
  clock_.Advance(options_.intent_age_ms_max + 1);
  BrokerReady();
  EXPECT_TRUE(Placed("b").status.ok());
  EXPECT_EQ(SentUpTo("b"), std::vector{New("b")});
  EXPECT_EQ(LogOf("a").back(), OrderEventType::kRejected);
}

TEST_F(ShardTest, WhatBecameTooOldWhileItWasStoredIsNotSent) {
  Begin();
  std::promise<void> stored;
  std::promise<void> go;
  EXPECT_TRUE(life_->shard->Submit(MakeOrder("a"), "user:me", true,
                                   [&stored, wait = go.get_future().share()](const OrderReply&) {
                                     stored.set_value();
                                     wait.wait();
                                   }));
  std::future<OrderReply> placed = Submit(MakeOrder("b"));
  risk::v1::ReserveResult first = Answer(true);
  risk::v1::ReserveResult second = Answer(true);
  {
    Standing standing(*life_->shard);
    life_->shard->OnRiskResults({first});
    life_->shard->OnRiskResults({second});
  }
  stored.get_future().wait();  // one commit for both; b is about to be sent
  clock_.Advance(options_.intent_age_ms_max + 1);
  go.set_value();
  OrderReply reply = Get(placed);
  EXPECT_EQ(reply.order.status, OrderStatus::kRejected);
  EXPECT_EQ(reply.rejection->reason, RejectReason::kStaleIntent);
  EXPECT_EQ(LogOf("b").back(), OrderEventType::kRejected);
}

// Whoever asked has stopped waiting

TEST_F(ShardTest, AnOrderWhoseCallerGaveUpBeforeItsTurnIsRefused) {
  Begin();
  std::future<OrderReply> late;
  {
    Standing standing(*life_->shard);
    late = Submit(MakeOrder("a"), clock_.Now() + Duration::Millis(500));
    clock_.Advance(501);
  }
  OrderReply reply = Get(late);
  EXPECT_EQ(reply.order.status, OrderStatus::kDenied);
  EXPECT_EQ(reply.order.rejection->reason, RejectReason::kStaleIntent);
  EXPECT_EQ(reply.order.rejection->check, "deadline");
  EXPECT_FALSE(life_->risk.Any([](const auto& request) { return request.has_reserve(); }));
}

TEST_F(ShardTest, AnApprovalForACallerThatGaveUpIsGivenBack) {
  Begin();
  std::future<OrderReply> late = Submit(MakeOrder("a"), clock_.Now() + Duration::Millis(500));
  risk::v1::ReserveResult approval = Answer(true);
  clock_.Advance(501);
  life_->shard->OnRiskResults({approval});
  EXPECT_EQ(Get(late).order.status, OrderStatus::kDenied);
  EXPECT_TRUE(Voided("a"));
  EXPECT_FALSE(life_->broker.Any([](const auto& sent) { return sent.has_new_order(); }));
}

TEST_F(ShardTest, WhatItsCallerGaveUpOnWhileItWasStoredIsNotSent) {
  Begin();
  std::promise<void> stored;
  std::promise<void> go;
  EXPECT_TRUE(life_->shard->Submit(MakeOrder("a"), "user:me", true,
                                   [&stored, wait = go.get_future().share()](const OrderReply&) {
                                     stored.set_value();
                                     wait.wait();
                                   }));
  std::future<OrderReply> placed = Submit(MakeOrder("b"), clock_.Now() + Duration::Millis(500));
  risk::v1::ReserveResult first = Answer(true);
  risk::v1::ReserveResult second = Answer(true);
  {
    Standing standing(*life_->shard);
    life_->shard->OnRiskResults({first, second});
  }
  stored.get_future().wait();  // one commit for both; b is about to be sent
  clock_.Advance(501);
  go.set_value();
  EXPECT_EQ(Get(placed).order.status, OrderStatus::kRejected);
  EXPECT_EQ(LogOf("b").back(), OrderEventType::kRejected);
}

// A stale approval

TEST_F(ShardTest, AnApprovalForAnOrderThatIsTooOldByNowIsGivenBack) {
  options_.risk_timeout_ms = 60'000;
  for (OrderType type : {OrderType::kLimit, OrderType::kMarket}) {
    std::string request = type == OrderType::kLimit ? "limit" : "market";
    Begin();
    Order order = MakeOrder(request);
    order.type = type;
    if (type == OrderType::kMarket) order.limit_price.reset();
    std::future<OrderReply> late = Submit(order);
    risk::v1::ReserveResult approval = Answer(true);
    clock_.Advance((type == OrderType::kLimit ? options_.intent_age_ms_max : options_.intent_age_ms_max * 2 / 5) + 1);
    life_->shard->OnRiskResults({approval});
    OrderReply reply = Get(late);
    EXPECT_EQ(reply.order.status, OrderStatus::kDenied);
    EXPECT_EQ(reply.order.rejection->reason, RejectReason::kStaleIntent);
    EXPECT_TRUE(Voided(request));
  }
}

TEST_F(ShardTest, AnApprovalThatHasLapsedIsGivenBack) {
  Begin();
  std::future<OrderReply> late = Submit(MakeOrder("a"));
  risk::v1::ReserveResult approval = Answer(true);
  approval.mutable_expire_time()->set_seconds(clock_.Now().nanos / 1'000'000'000 - 1);
  life_->shard->OnRiskResults({approval});
  OrderReply reply = Get(late);
  EXPECT_EQ(reply.order.status, OrderStatus::kDenied);
  EXPECT_EQ(reply.order.rejection->reason, RejectReason::kRiskUnavailable);
  EXPECT_TRUE(Voided("a"));
  std::future<OrderReply> good = Submit(MakeOrder("b"));
  approval = Answer(true);
  approval.mutable_expire_time()->set_seconds(clock_.Now().nanos / 1'000'000'000 + 60);
  life_->shard->OnRiskResults({approval});
  EXPECT_EQ(Get(good).order.status, OrderStatus::kSubmitted);
}

TEST_F(ShardTest, AnOrderThatWaitedTooLongForTheThreadIsRefused) {
  Begin();
  std::future<OrderReply> late;
  {
    Standing standing(*life_->shard);
    late = Submit(MakeOrder("a"));
    clock_.Advance(options_.intent_age_ms_max + 1);
  }
  OrderReply reply = Get(late);
  EXPECT_EQ(reply.order.status, OrderStatus::kDenied);
  EXPECT_EQ(reply.order.rejection->reason, RejectReason::kStaleIntent);
}

// Halt

}  // namespace
}  // namespace ballast
