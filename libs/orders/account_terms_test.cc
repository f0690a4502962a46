#include <gtest/gtest.h>

#include "libs/orders/account.h"
#include "libs/orders/order_id.h"

namespace ballast::orders {
namespace {

using enum OrderStatus;

constexpr UtcTime kNow{1'700'000'000'000'000'000};

Order LimitOrder(const char* quantity) {
  Order order;
  order.account_id = AccountId("paper");
  order.request_id = RequestId("r1");
  order.order_id = OrderIdFor(order.account_id, order.request_id);
  order.symbol = Symbol("SPY");
  order.side = Side::kBuy;
  order.type = OrderType::kLimit;
  order.time_in_force = TimeInForce::kGtc;
  order.quantity = Decimal::Of(quantity);
  order.limit_price = Decimal::Of("100");
  return order;
}

// An account with one order that the venue has.
class ReplaceTest : public testing::Test {
 protected:
  ReplaceTest() {
    account_.Open(AccountId("paper"), AccountMode::kPaper, "USD", Decimal::FromInt(100'000), kNow);
    account_.Accept(LimitOrder("10"), "user:a", {}, true, kNow);
    Hear(OrderEventType::kAccepted);
  }
  const Order& Now() { return *account_.Find(id_); }
  Report Make(OrderEventType type) {
    Report report{.execution_sequence = ++sequence_, .type = type, .order_id = id_, .broker_order_id = "b1"};
    return report;
  }
  void Hear(OrderEventType type) { account_.ApplyReport(Make(type), kNow); }
  void Fill(const char* quantity) {
    Report report = Make(OrderEventType::kFilled);
    report.fill.execution_id = ExecutionId("e" + std::to_string(sequence_));
    report.fill.symbol = Symbol("SPY");
    report.fill.side = Side::kBuy;
    report.fill.quantity = Decimal::Of(quantity);
    report.fill.price = Decimal::Of("100");
    account_.ApplyReport(report, kNow);
  }
  void Answer(OrderEventType type, Replacement what) {
    Report report = Make(type);
    report.replacement = std::move(what);
    if (type == OrderEventType::kReplaceRejected)
      report.rejection = Rejection{.reason = RejectReason::kBrokerRejected, .check = "venue", .message = "no"};
    account_.ApplyReport(report, kNow);
  }
  std::vector<OrderEvent> Ask(const char* quantity, const char* limit) {
    return account_.RequestReplace(id_, {.quantity = Decimal::Of(quantity), .limit_price = Decimal::Of(limit)},
                                   "user:a", kNow);
  }

  Account account_;
  OrderId id_ = LimitOrder("10").order_id;
  std::uint64_t sequence_ = 0;
};

TEST_F(ReplaceTest, TheOldTermsHoldUntilTheVenueSaysOtherwise) {
  EXPECT_EQ(Ask("20", "101").size(), 1U);
  EXPECT_EQ(Now().status, kPendingReplace);
  EXPECT_EQ(Now().quantity, Decimal::Of("10"));
  EXPECT_EQ(Now().pending_replace->number, 1U);
  EXPECT_TRUE(Ask("30", "101").empty()) << "one at a time";
  Answer(OrderEventType::kReplaced, {.quantity = Decimal::Of("20"), .limit_price = Decimal::Of("101"), .number = 1});
  EXPECT_EQ(Now().status, kNew);
  EXPECT_EQ(Now().quantity, Decimal::Of("20"));
  EXPECT_EQ(Now().leaves_quantity, Decimal::Of("20"));
  EXPECT_EQ(Now().limit_price, Decimal::Of("101"));
  EXPECT_EQ(Now().requested_quantity, Decimal::Of("10"));
  EXPECT_FALSE(Now().pending_replace.has_value());
  EXPECT_FALSE(account_.snapshot().halted);
}

TEST_F(ReplaceTest, AFillWhileAReplacementIsPendingIsAtTheOldTerms) {
  Ask("20", "101");
  Fill("4");
  EXPECT_EQ(Now().status, kPendingReplace);
  EXPECT_EQ(Now().leaves_quantity, Decimal::Of("6"));
  Answer(OrderEventType::kReplaced, {.quantity = Decimal::Of("20"), .limit_price = Decimal::Of("101"), .number = 1});
  EXPECT_EQ(Now().status, kPartiallyFilled);
  EXPECT_EQ(Now().leaves_quantity, Decimal::Of("16"));
}

TEST_F(ReplaceTest, TheWholeFillBeatsTheReplacementAndItsRefusalComesLate) {
  Ask("20", "101");
  Fill("10");
  EXPECT_EQ(Now().status, kFilled);
  EXPECT_FALSE(Now().pending_replace.has_value());
  Answer(OrderEventType::kReplaceRejected, {.number = 1});
  EXPECT_EQ(Now().status, kFilled);
  EXPECT_FALSE(account_.snapshot().halted);
}

TEST_F(ReplaceTest, ARefusedReplacementLeavesTheOrderAsItWas) {
  Fill("4");
  Ask("20", "101");
  Answer(OrderEventType::kReplaceRejected, {.number = 1});
  EXPECT_EQ(Now().status, kPartiallyFilled);
  EXPECT_EQ(Now().quantity, Decimal::Of("10"));
  EXPECT_EQ(Now().limit_price, Decimal::Of("100"));
  EXPECT_FALSE(Now().rejection.has_value());
  EXPECT_EQ(Ask("20", "101").front().order->pending_replace->number, 2U) << "and may be asked for again";
}

TEST_F(ReplaceTest, ACancelWhileReplacingWinsOrIsRefusedIntoTheReplacement) {
  Ask("20", "101");
  account_.RequestCancel(id_, "user:a", kNow);
  EXPECT_EQ(Now().status, kPendingCancel);
  Hear(OrderEventType::kCancelRejected);
  EXPECT_EQ(Now().status, kPendingReplace) << "the replacement is still unanswered";
  account_.RequestCancel(id_, "user:a", kNow);
  Answer(OrderEventType::kReplaced, {.quantity = Decimal::Of("20"), .limit_price = Decimal::Of("101"), .number = 1});
  EXPECT_EQ(Now().status, kPendingCancel);
  EXPECT_EQ(Now().quantity, Decimal::Of("20"));
  Hear(OrderEventType::kCanceled);
  EXPECT_EQ(Now().status, kCanceled);
  EXPECT_FALSE(account_.snapshot().halted);
}

TEST_F(ReplaceTest, AReplacementDownToWhatHasTradedFillsTheOrder) {
  Fill("6");
  Ask("6", "100");
  Answer(OrderEventType::kReplaced, {.quantity = Decimal::Of("6"), .limit_price = Decimal::Of("100"), .number = 1});
  EXPECT_EQ(Now().status, kFilled);
}

TEST_F(ReplaceTest, WhatHasEndedOrIsNotConfirmedIsNotReplaced) {
  Fill("10");
  EXPECT_TRUE(Ask("20", "101").empty());
}

TEST_F(ReplaceTest, AnAnswerNobodyAskedForOfADeadOrderHaltsTheAccount) {
  Hear(OrderEventType::kCanceled);
  Answer(OrderEventType::kReplaced, {.quantity = Decimal::Of("20"), .number = 1});
  EXPECT_TRUE(account_.snapshot().halted);
}

class HoldTest : public testing::Test {
 protected:
  HoldTest() {
    account_.Open(AccountId("paper"), AccountMode::kPaper, "USD", Decimal::FromInt(100'000), kNow);
    Order order = LimitOrder("10");
    order.hold = HoldReason::kParent;
    Keep(account_.Hold(order, "user:a", {}, kNow));
  }
  void Keep(const std::vector<OrderEvent>& events) {
    for (const OrderEvent& event : events) log_.push_back(event);
  }
  const Order& Now() { return *account_.Find(id_); }

  Account account_;
  std::vector<OrderEvent> log_;
  OrderId id_ = LimitOrder("10").order_id;
};

TEST_F(HoldTest, ItWaitsAndGoesOutAsOldAsItsRelease) {
  EXPECT_EQ(Now().status, kHeld);
  EXPECT_EQ(Now().leaves_quantity, Decimal::Of("10"));
  Order order = Now();
  order.quantity = Decimal::Of("4");
  UtcTime later = kNow + Duration::Seconds(3600);
  std::vector<OrderEvent> events = account_.ReleaseHeld(order, true, later);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].type, OrderEventType::kReleased);
  EXPECT_EQ(events[1].type, OrderEventType::kSubmitted);
  EXPECT_EQ(Now().quantity, Decimal::Of("4"));
  EXPECT_EQ(Now().requested_quantity, Decimal::Of("10"));
  EXPECT_EQ(Now().hold, HoldReason::kUnspecified);
  EXPECT_EQ(SentFrom(Now()), later);
}

TEST_F(HoldTest, ItsTriggerIsToldAsOne) {
  account_.HoldOn(id_, HoldReason::kTrigger, Decimal::Of("10"), kNow);
  EXPECT_EQ(account_.ReleaseHeld(Now(), false, kNow)[0].type, OrderEventType::kTriggered);
  EXPECT_EQ(Now().status, kPendingNew);
}

TEST_F(HoldTest, ItIsCancelledAndReplacedAtOnce) {
  std::vector<OrderEvent> replaced = account_.RequestReplace(id_, {.limit_price = Decimal::Of("99")}, "user:a", kNow);
  ASSERT_EQ(replaced.size(), 1U);
  EXPECT_EQ(replaced[0].type, OrderEventType::kReplaced);
  EXPECT_EQ(Now().limit_price, Decimal::Of("99"));
  std::vector<OrderEvent> events = account_.RequestCancel(id_, "user:a", kNow);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].type, OrderEventType::kCanceled);
  EXPECT_EQ(Now().status, kCanceled);
}

TEST_F(HoldTest, TheLogAloneBringsTheHighWaterMarkBack) {
  Order order = LimitOrder("10");
  order.request_id = RequestId("r2");
  order.order_id = OrderIdFor(order.account_id, order.request_id);
  order.type = OrderType::kTrailingStop;
  order.limit_price.reset();
  order.hold = HoldReason::kTrigger;
  order.trailing = Trailing{.offset = Decimal::Of("2"), .offset_type = TrailingOffsetType::kPrice};
  Keep(account_.Hold(order, "user:a", {}, kNow));
  Order followed = *account_.Find(order.order_id);
  followed.trailing->high_water_mark = Decimal::Of("90");
  followed.stop_price = Decimal::Of("92");
  Keep(account_.Trail(followed, kNow));
  Account again;
  again.Open(AccountId("paper"), AccountMode::kPaper, "USD", Decimal::FromInt(100'000), kNow);
  for (const OrderEvent& event : log_) again.Apply(event);
  EXPECT_EQ(*again.Find(order.order_id), *account_.Find(order.order_id));
  EXPECT_EQ(again.Find(order.order_id)->trailing->high_water_mark, Decimal::Of("90"));
}

}  // namespace
}  // namespace ballast::orders
