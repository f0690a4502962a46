#include "libs/audit/order_record.h"

#include <gtest/gtest.h>

#include <set>

#include "libs/audit/canonical_json.h"

namespace ballast::audit {
namespace {

OrderEvent Filled() {
  OrderEvent event;
  event.account_id = AccountId("paper");
  event.sequence = 7;
  event.type = OrderEventType::kFilled;
  event.event_time = UtcTime{1'700'000'000'123'456'789};
  event.actor = "broker";
  event.execution_sequence = 3;
  Order order;
  order.order_id = OrderId("o1");
  order.account_id = event.account_id;
  order.request_id = RequestId("r1");
  order.symbol = Symbol("AAPL");
  order.side = Side::kBuy;
  order.type = OrderType::kLimit;
  order.time_in_force = TimeInForce::kGtc;
  order.quantity = Decimal::Of("10");
  order.limit_price = Decimal::Of("100.5");
  order.status = OrderStatus::kFilled;
  order.cumulative_quantity = Decimal::Of("10");
  order.average_price = Decimal::Of("100.123456789012345678");
  order.fees = Decimal::Of("1");
  event.order = order;
  Fill fill;
  fill.execution_id = ExecutionId("e1");
  fill.order_id = order.order_id;
  fill.symbol = order.symbol;
  fill.side = Side::kBuy;
  fill.quantity = Decimal::Of("10");
  fill.price = Decimal::Of("100.123456789012345678");
  fill.fee = Decimal::Of("1");
  fill.fee_currency = "USD";
  fill.transact_time = event.event_time;
  event.fill = fill;
  return event;
}

TEST(OrderRecordTest, AFillKeepsEveryNumberExactly) {
  Record record = RecordOf(Filled());
  EXPECT_EQ(record.time.nanos, 1'700'000'000'123'456'789);
  EXPECT_EQ(record.actor, "broker");
  EXPECT_EQ(record.action, "order.filled");
  EXPECT_EQ(record.subject, "order:o1");
  EXPECT_EQ(record.account_id, "paper");
  EXPECT_EQ(record.request_id, "");
  EXPECT_EQ(record.detail,
            R"({"execution_sequence":3,"fill":{"execution_id":"e1","fee":"1","fee_currency":"USD",)"
            R"("price":"100.123456789012345678","quantity":"10","transact_time":"2023-11-14T22:13:20.123456Z"},)"
            R"("order":{"average_price":"100.123456789012345678","cumulative_quantity":"10"},"sequence":7})");
}

TEST(OrderRecordTest, TheFirstRecordOfAnOrderHasItsIntent) {
  OrderEvent event = Filled();
  event.type = OrderEventType::kPendingNew;
  event.fill.reset();
  event.execution_sequence = 0;
  event.checks = {{.name = "max_position", .limit = "50", .used = "0", .after = "10", .passed = true}};
  Record record = RecordOf(event);
  EXPECT_EQ(record.request_id, "r1");
  EXPECT_EQ(record.detail,
            R"({"order":{"limit_price":"100.5","quantity":"10","request_id":"r1","side":"BUY","symbol":"AAPL",)"
            R"("time_in_force":"GTC","type":"LIMIT"},"sequence":7})");
}

TEST(OrderRecordTest, AFillOfAnOrderThatIsNotKnownSaysWhatItIsOf) {
  OrderEvent event = Filled();
  event.order.reset();
  std::string detail = RecordOf(event).detail;
  for (const char* part : {R"("order_id":"o1")", R"("side":"BUY")", R"("symbol":"AAPL")"}) {
    EXPECT_NE(detail.find(part), std::string::npos) << detail;
  }
}

TEST(OrderRecordTest, WhatIsRareOrUnknownIsKeptWhole) {
  OrderEvent event = Filled();
  for (OrderEventType type :
       {OrderEventType::kIllegalReport, OrderEventType::kRestated, static_cast<OrderEventType>(999)}) {
    event.type = type;
    std::string detail = RecordOf(event).detail;
    for (const char* part : {R"("fees":"1")", R"("status":"FILLED")", R"("symbol":"AAPL")", R"("fill":{)"}) {
      EXPECT_NE(detail.find(part), std::string::npos) << detail;
    }
  }
}

TEST(OrderRecordTest, ADenialCarriesTheRiskDecisionWithItsNumbers) {
  OrderEvent event = Filled();
  event.type = OrderEventType::kDenied;
  event.fill.reset();
  event.rejection = Rejection{.reason = RejectReason::kMaxPosition,
                              .check = "max_position",
                              .limit = "5",
                              .observed = "10",
                              .message = "too large"};
  event.checks = {{.name = "order_rate", .limit = "5", .used = "0", .after = "1", .passed = true},
                  {.name = "max_position", .limit = "5", .used = "0", .after = "10", .passed = false}};
  Record record = RecordOf(event);
  EXPECT_EQ(record.action, "order.denied");
  EXPECT_NE(record.detail.find(R"("checks":[{"after":"10","limit":"5","name":"max_position","used":"0"}],)"),
            std::string::npos);
  EXPECT_NE(
      record.detail.find(R"("rejection":{"check":"max_position","limit":"5","message":"too large","observed":"10",)"
                         R"("reason":2007})"),
      std::string::npos);
}

TEST(OrderRecordTest, DetailsAreCanonical) {
  OrderEvent event = Filled();
  event.order->reason = "line\n\"quoted\" \\ \x01";
  event.rejection = Rejection{.message = "m"};
  event.checks = {{.name = "n", .passed = false}};
  event.order->requested_quantity = Decimal::Of("12");
  event.order->reduce_only = event.order->cancel_requested = true;
  event.order->stop_price = Decimal::Of("99");
  event.order->deployment_id = DeploymentId("d");
  event.order->broker_order_id = "b";
  event.order->leaves_quantity = Decimal::Of("1");
  event.order->rejection = event.rejection;
  event.fill->maker = true;
  for (int type = 0; type <= 40; ++type) {
    for (OrderEvent one : {Filled(), event}) {
      one.type = static_cast<OrderEventType>(type);
      for (bool known : {true, false}) {
        if (!known) one.order.reset();
        Record record = RecordOf(one);
        auto canonical = CanonicalJson(record.detail);
        ASSERT_TRUE(canonical.ok()) << canonical.status();
        EXPECT_EQ(*canonical, record.detail);
      }
    }
  }
}

TEST(OrderRecordTest, AnAccountEventIsAboutTheAccount) {
  OrderEvent event;
  event.account_id = AccountId("paper");
  event.sequence = 1;
  event.type = OrderEventType::kAccountOpened;
  event.cash = Decimal::Of("100000");
  event.currency = "USD";
  Record record = RecordOf(event);
  EXPECT_EQ(record.action, "account.opened");
  EXPECT_EQ(record.subject, "account:paper");
  EXPECT_EQ(record.actor, "system");
  EXPECT_EQ(record.detail, R"({"cash":"100000","currency":"USD","mode":"PAPER","sequence":1})");
}

TEST(OrderRecordTest, WhatCannotBeStoredAsTextIsReplaced) {
  OrderEvent event = Filled();
  event.actor = std::string("user:\0x", 7);
  event.type = OrderEventType::kPendingNew;
  event.order->reason = std::string("a\0b", 3);
  Record record = RecordOf(event);
  EXPECT_EQ(record.actor, "user:?x");
  EXPECT_EQ(record.detail.find('\0'), std::string::npos);
  EXPECT_NE(record.detail.find(R"("reason":"a\u0000b")"), std::string::npos);
}

TEST(OrderRecordTest, EveryTypeHasAnActionOfItsOwn) {
  std::set<std::string> actions;
  for (int type = 0; type <= static_cast<int>(OrderEventType::kAccountResumed); ++type) {
    actions.insert(ActionOf(static_cast<OrderEventType>(type)));
  }
  EXPECT_EQ(actions.size(), 17U);
}

}  // namespace
}  // namespace ballast::audit
