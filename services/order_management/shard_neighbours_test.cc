// Risk and the broker gateway come, go, are late and say things twice.
#include "services/order_management/testing/shard_fixture.h"

namespace ballast {
namespace {

TEST_F(ShardTest, WhatATurnSendsTheGatewayIsOneMessageInItsOrder) {
  Begin();
  EXPECT_EQ(MessagesForTwenty(), 1);
}

TEST_F(ShardTest, AGatewayThatTakesNoBatchesGetsEachAlone) {
  Begin(false);
  BrokerReady(false);
  EXPECT_EQ(MessagesForTwenty(), 20);
}

TEST_F(ShardTest, ACancelDoesNotWaitUntilRiskHasReadTheLog) {
  Begin();
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(Placed("a" + std::to_string(i)).status.ok());
  life_.reset();
  life_ = std::make_unique<Life>(*this);
  life_->risk_unsent = 1'000;  // it reads nothing
  ASSERT_TRUE(life_->shard->Recover().ok());
  life_->Start();
  life_->shard->OnRiskReady({});
  std::future<OrderReply> cancelled = Cancel("a7");
  EXPECT_TRUE(Get(cancelled).status.ok());
  EXPECT_EQ(life_->risk_messages, 0);
  EXPECT_FALSE(life_->shard->risk_ready());
  life_->risk_unsent = 0;
  std::uint64_t expected = 1;
  while (true) {
    auto sent = life_->risk.Next([](const auto& request) { return request.has_events() || request.has_replayed(); });
    ASSERT_TRUE(sent.has_value());
    if (sent->has_replayed()) break;
    for (const auto& event : sent->events().events()) EXPECT_EQ(event.sequence(), expected++);
  }
  EXPECT_EQ(expected, Log().size() + 1);
}

TEST_F(ShardTest, WhenRiskIsLostWhatWaitsIsRefused) {
  Begin();
  std::future<OrderReply> waiting = Submit(MakeOrder("a"));
  ASSERT_TRUE(life_->risk.Next([](const auto& request) { return request.has_reserve(); }).has_value());
  life_->shard->OnRiskLost();
  EXPECT_EQ(Get(waiting).order.rejection->reason, RejectReason::kRiskUnavailable);
  std::future<OrderReply> next = Submit(MakeOrder("b"));
  EXPECT_EQ(Get(next).order.rejection->reason, RejectReason::kRiskUnavailable);
  life_->shard->OnRiskReady({});
  EXPECT_TRUE(Placed("c").status.ok());
}

TEST_F(ShardTest, ALateAnswerOfRiskChangesNothing) {
  options_.risk_timeout_ms = 30;
  Begin();
  std::future<OrderReply> late = Submit(MakeOrder("a"));
  auto asked = life_->risk.Next([](const auto& request) { return request.has_reserve(); });
  ASSERT_TRUE(asked.has_value());
  EXPECT_EQ(Get(late).order.rejection->reason, RejectReason::kRiskUnavailable);
  auto forgotten = life_->risk.Next([](const auto& request) { return request.has_void_(); });
  ASSERT_TRUE(forgotten.has_value());
  EXPECT_EQ(forgotten->void_().order_id(), IdOf("a").value());
  risk::v1::ReserveResult result;
  result.set_correlation_id(asked->reserve().correlation_id());
  result.set_approved(true);
  life_->shard->OnRiskResults({result});
  std::future<OrderReply> again = Submit(MakeOrder("a"));
  EXPECT_EQ(Get(again).order.status, OrderStatus::kDenied);
  EXPECT_EQ(LogOf("a"), std::vector{OrderEventType::kDenied});
}

TEST_F(ShardTest, RiskGetsTheWholeLogOfASessionBeforeItIsAsked) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  life_->shard->OnRiskLost();
  life_->shard->OnRiskReady({{"paper", 1}});
  auto events = life_->risk.Next(
      [](const auto& request) { return request.has_events() && request.events().events(0).sequence() == 2; });
  ASSERT_TRUE(events.has_value());
  EXPECT_EQ(events->events().events_size(), 2);
}

TEST_F(ShardTest, ReportsAreAppliedOnceAndInOrder) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  auto accepted = Report("a", 1, broker::v1::EXECUTION_TYPE_NEW);
  auto filled = Report("a", 2, broker::v1::EXECUTION_TYPE_TRADE);
  life_->shard->OnReports({filled});  // before the first: refused, the session starts again
  life_->shard->OnReports({accepted, filled});
  ASSERT_TRUE(Acknowledged(2));
  EXPECT_EQ(life_->broker_drops, 1);
  life_->shard->OnReports({accepted, filled});  // the new session sends all of them again
  ASSERT_TRUE(Acknowledged(2));
  EXPECT_EQ(LogOf("a"), (std::vector{OrderEventType::kPendingNew, OrderEventType::kSubmitted, OrderEventType::kAccepted,
                                     OrderEventType::kFilled}));
}

// One that will never be readable does not come again for ever: it is kept, its account is halted, and what follows it
// is booked.
TEST_F(ShardTest, AReportOfAnUnknownKindIsKeptAndTheNextOneIsTaken) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  auto strange = Report("a", 1, static_cast<broker::v1::ExecutionType>(99));
  life_->shard->OnReports({strange, Report("a", 2, broker::v1::EXECUTION_TYPE_TRADE)});
  ASSERT_TRUE(Acknowledged(2));
  EXPECT_EQ(life_->broker_drops, 0);
  EXPECT_EQ(LogOf("a").back(), OrderEventType::kFilled);
  std::vector<OrderEvent> log = disk_->Events(AccountId("paper"));
  EXPECT_TRUE(std::any_of(log.begin(), log.end(), [](const OrderEvent& event) {
    return event.type == OrderEventType::kIllegalReport && event.execution_sequence == 1;
  }));
  EXPECT_TRUE(std::any_of(log.begin(), log.end(),
                          [](const OrderEvent& event) { return event.type == OrderEventType::kAccountHalted; }));
}

TEST_F(ShardTest, AReportIsAcknowledgedOnlyWhenItIsDurable) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  int before = disk_->appends();
  disk_->FailNext(absl::UnavailableError("down"), false);
  disk_->FailNext(absl::UnavailableError("down"), false);
  life_->shard->OnReports({Report("a", 1, broker::v1::EXECUTION_TYPE_NEW)});
  ASSERT_TRUE(Acknowledged(1));
  EXPECT_EQ(disk_->appends(), before + 3);
  EXPECT_EQ(LogOf("a").back(), OrderEventType::kAccepted);
}

TEST_F(ShardTest, AfterARestartTheUnansweredIsSentAgainUnderTheSameId) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  EXPECT_TRUE(Placed("b").status.ok());
  life_->shard->OnReports({Report("a", 1, broker::v1::EXECUTION_TYPE_NEW)});
  ASSERT_TRUE(Acknowledged(1));
  std::future<OrderReply> cancel = Cancel("a");
  EXPECT_TRUE(Get(cancel).order.cancel_requested);
  Begin();
  EXPECT_EQ(life_->shard->ExecutionCursors().at("paper"), 1U);
  auto cancelled = life_->broker.Next([](const auto& sent) { return sent.has_new_order() || sent.has_cancel(); });
  auto resent = life_->broker.Next([](const auto& sent) { return sent.has_new_order() || sent.has_cancel(); });
  ASSERT_TRUE(cancelled && resent);
  if (cancelled->has_new_order()) std::swap(cancelled, resent);
  EXPECT_EQ(cancelled->cancel().order_id(), IdOf("a").value());
  EXPECT_EQ(resent->new_order().order().order_id(), IdOf("b").value());
  std::future<OrderReply> again = Submit(MakeOrder("b"));
  EXPECT_TRUE(Get(again).replayed);
}

TEST_F(ShardTest, WhatWaitedForTheBrokerIsSentWhenItIsBackAndYoungEnough) {
  Begin(false);
  std::future<OrderReply> waiting = Submit(MakeOrder("a"));
  Decide(true);
  EXPECT_EQ(Get(waiting).order.status, OrderStatus::kPendingNew);
  BrokerReady();
  EXPECT_TRUE(SentToBroker("a"));
  EXPECT_EQ(LogOf("a"), kClaimed);
}

TEST_F(ShardTest, WhatWaitedTooLongIsEndedAndNeverSent) {
  options_.intent_age_ms_max = 30;
  Begin(false);
  std::future<OrderReply> waiting = Submit(MakeOrder("a"));
  Decide(true);
  EXPECT_EQ(Get(waiting).order.status, OrderStatus::kPendingNew);
  auto freed = life_->risk.Next([](const auto& request) {
    return request.has_events() && request.events().events(0).type() == order::v1::ORDER_EVENT_TYPE_REJECTED;
  });
  ASSERT_TRUE(freed.has_value());
  BrokerReady();
  EXPECT_TRUE(Placed("b").status.ok());
  auto first = life_->broker.Next([](const auto& sent) { return sent.has_new_order(); });
  EXPECT_EQ(first->new_order().order().order_id(), IdOf("b").value());
  EXPECT_EQ(LogOf("a").back(), OrderEventType::kRejected);
}

// What the gateway never took

TEST_F(ShardTest, AnOrderCancelledWhileTheGatewayWasAwayIsNeverSentAgain) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  ASSERT_TRUE(SentToBroker("a"));
  life_->shard->OnBrokerLost();  // before it took it
  EXPECT_EQ(Got(Cancel("a")).order.status, OrderStatus::kPendingCancel);
  BrokerReady();
  EXPECT_TRUE(Placed("b").status.ok());
  EXPECT_EQ(SentUpTo("b"), std::vector{New("b")});
  EXPECT_EQ(LogOf("a"), (std::vector{OrderEventType::kPendingNew, OrderEventType::kSubmitted,
                                     OrderEventType::kPendingCancel, OrderEventType::kCanceled}));
}

TEST_F(ShardTest, AnOrderCancelledBeforeARestartIsNeverSentAgain) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  EXPECT_TRUE(Got(Cancel("a")).order.cancel_requested);
  Begin();
  EXPECT_TRUE(Placed("b").status.ok());
  EXPECT_EQ(SentUpTo("b"), std::vector{New("b")});
  EXPECT_EQ(LogOf("a").back(), OrderEventType::kCanceled);
}

TEST_F(ShardTest, AnOrderThatTheGatewayTookIsStillCancelledAfterAReconnect) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  ASSERT_TRUE(SentToBroker("a"));
  life_->shard->OnBrokerLost();
  EXPECT_EQ(Got(Cancel("a")).order.status, OrderStatus::kPendingCancel);
  // The next session tells first what the gateway has.
  life_->shard->OnReports({Report("a", 1, broker::v1::EXECUTION_TYPE_NEW)});
  ASSERT_TRUE(Acknowledged(1));
  life_->shard->OnBrokerReady({{"paper", 1}});
  EXPECT_TRUE(Placed("b").status.ok());
  EXPECT_EQ(SentUpTo("b"), (std::vector{CancelOf("a"), New("b")}));
  EXPECT_EQ(LogOf("a").back(), OrderEventType::kAccepted);
}

// The gateway says that there are reports we do not have, or has fewer than we have: whether it took the order nobody
// knows, so it is neither sent again nor taken for dead.
TEST_F(ShardTest, WhatTheGatewayMayHaveTakenIsNotSentAgain) {
  for (std::uint64_t head : {7U, 0U}) {
    disk_ = std::make_shared<MemoryJournal::Disk>();
    Begin();
    EXPECT_TRUE(Placed("first").status.ok());
    life_->shard->OnReports({Report("first", 1, broker::v1::EXECUTION_TYPE_NEW)});
    ASSERT_TRUE(Acknowledged(1));
    EXPECT_TRUE(Placed("a").status.ok());
    EXPECT_TRUE(Placed("c").status.ok());
    ASSERT_TRUE(SentToBroker("c"));
    life_->shard->OnBrokerLost();
    EXPECT_EQ(Got(Cancel("c")).order.status, OrderStatus::kPendingCancel);
    life_->shard->OnBrokerReady({{"paper", head}});
    EXPECT_TRUE(Placed("b").status.ok());
    EXPECT_EQ(SentUpTo("b"), (std::vector{CancelOf("c"), New("b")})) << head;
    EXPECT_EQ(LogOf("a"), kClaimed) << head;
    EXPECT_EQ(LogOf("c").back(), OrderEventType::kPendingCancel) << head;
  }
}

// The gateway has handed them over, and no report says so yet.
TEST_F(ShardTest, WhatTheGatewayHasAndTheVenueHasNotAnsweredIsNeitherEndedNorSentAgain) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  EXPECT_TRUE(Placed("c").status.ok());
  EXPECT_TRUE(Placed("d").status.ok());
  ASSERT_TRUE(SentToBroker("d"));
  life_->shard->OnBrokerLost();
  EXPECT_EQ(Got(Cancel("c")).order.status, OrderStatus::kPendingCancel);
  life_->shard->OnBrokerReady({{"paper", 0}}, true, false, {IdOf("a"), IdOf("c")});
  EXPECT_TRUE(Placed("b").status.ok());
  // Of the third one nobody knows anything: it never got there.
  EXPECT_EQ(SentUpTo("b"), (std::vector{CancelOf("c"), New("d"), New("b")}));
  EXPECT_EQ(LogOf("a"), kClaimed);
  EXPECT_EQ(LogOf("c").back(), OrderEventType::kPendingCancel);
}

TEST_F(ShardTest, NoNewRiskInAnInstrumentWhileWhatBecameOfAnOrderThereIsNotKnown) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  life_->shard->OnReports({Report("a", 1, broker::v1::EXECUTION_TYPE_STATUS_UNKNOWN)});
  ASSERT_TRUE(Acknowledged(1));
  Order more = MakeOrder("b");
  OrderReply refused = Got(Submit(more));
  EXPECT_EQ(refused.order.status, OrderStatus::kDenied);
  ASSERT_TRUE(refused.rejection.has_value());
  EXPECT_EQ(refused.rejection->reason, RejectReason::kOutcomeUnknown);
  EXPECT_EQ(refused.rejection->observed, IdOf("a").value());
  EXPECT_TRUE(Placed(Reducing("r")).status.ok());
  EXPECT_TRUE(SentToBroker("r"));
  life_->shard->OnReports({Report("a", 2, broker::v1::EXECUTION_TYPE_NEVER_ACCEPTED)});
  ASSERT_TRUE(Acknowledged(2));
  EXPECT_EQ(LogOf("a").back(), OrderEventType::kNeverAccepted);
  EXPECT_EQ(Placed("e").order.status, OrderStatus::kSubmitted);
}

// A session that was over before the thread looked at its beginning settles nothing: the next one may have taken more.
TEST_F(ShardTest, TheBeginningOfASessionThatIsOverSaysNothing) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  ASSERT_TRUE(SentToBroker("a"));
  EXPECT_TRUE(Got(Cancel("a")).order.cancel_requested);
  {
    Standing standing(*life_->shard);
    life_->shard->OnBrokerLost();
    BrokerReady();
    life_->shard->OnBrokerLost();
  }
  EXPECT_EQ(Placed("b").order.status, OrderStatus::kPendingNew);
  EXPECT_EQ(LogOf("a").back(), OrderEventType::kPendingCancel);
}

}  // namespace
}  // namespace ballast
