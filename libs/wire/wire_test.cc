#include "libs/wire/wire.h"

#include <gtest/gtest.h>

#include <set>

namespace ballast::wire {
namespace {

Order FullOrder() {
  Order order;
  order.order_id = OrderId("o1");
  order.account_id = AccountId("paper");
  order.request_id = RequestId("r-1");
  order.deployment_id = DeploymentId("demo");
  order.symbol = Symbol("BTC-USD");
  order.side = Side::kSell;
  order.type = OrderType::kStopLimit;
  order.time_in_force = TimeInForce::kGtc;
  order.quantity = Decimal::Of("0.00000123");
  order.limit_price = Decimal::Of("64257.49");
  order.stop_price = Decimal::Of("64258");
  order.reduce_only = true;
  order.status = OrderStatus::kPartiallyFilled;
  order.cumulative_quantity = Decimal::Of("0.00000023");
  order.leaves_quantity = Decimal::Of("0.000001");
  order.average_price = Decimal::Of("64257.490000000000000001");
  order.fees = Decimal::Of("0.01");
  order.broker_order_id = "b-9";
  order.rejection = Rejection{.reason = RejectReason::kMaxPosition,
                              .check = "max_position",
                              .limit = "2000",
                              .observed = "2500",
                              .message = "too large"};
  order.create_time = UtcTime{1'700'000'000'123'456'789};
  order.update_time = UtcTime{-1};
  order.sequence = 42;
  order.mode = AccountMode::kPaper;
  order.reason = "signal";
  order.cancel_requested = true;
  order.requested_quantity = Decimal::Of("3");
  return order;
}

TEST(WireTest, OrderRoundTripsWithEveryField) {
  order::v1::Order proto;
  ToProto(FullOrder(), &proto);
  absl::StatusOr<Order> back = FromProto(proto);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, FullOrder());
}

TEST(WireTest, EventRoundTripsWithFillRejectionAndChecks) {
  OrderEvent event;
  event.account_id = AccountId("paper");
  event.sequence = 7;
  event.type = OrderEventType::kFilled;
  event.event_time = UtcTime{5};
  event.order = FullOrder();
  event.fill = Fill{.execution_id = ExecutionId("e1"),
                    .order_id = OrderId("o1"),
                    .account_id = AccountId("paper"),
                    .deployment_id = DeploymentId("demo"),
                    .symbol = Symbol("BTC-USD"),
                    .side = Side::kSell,
                    .quantity = Decimal::Of("0.00000023"),
                    .price = Decimal::Of("64257.49"),
                    .fee = Decimal::Of("0.01"),
                    .fee_currency = "USD",
                    .maker = true,
                    .transact_time = UtcTime{4},
                    .sequence = 7,
                    .reason = "signal"};
  event.rejection = FullOrder().rejection;
  event.actor = "broker";
  event.checks = {{.name = "max_position", .limit = "1", .used = "0", .after = "0.5", .passed = true}};
  event.execution_sequence = 3;
  order::v1::OrderEvent proto;
  ToProto(event, &proto);
  absl::StatusOr<OrderEvent> back = FromProto(proto);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, event);
}

TEST(WireTest, OpeningCashTravelsOnlyWithTheOpeningEvent) {
  OrderEvent event;
  event.account_id = AccountId("paper");
  event.sequence = 1;
  event.type = OrderEventType::kAccountOpened;
  event.cash = Decimal::Of("100000");
  event.currency = "USD";
  order::v1::OrderEvent proto;
  ToProto(event, &proto);
  ASSERT_TRUE(FromProto(proto).ok());
  EXPECT_EQ(*FromProto(proto), event);
}

TEST(WireTest, MarketValuesRoundTrip) {
  Quote quote{.symbol = Symbol("SPY"),
              .bid_price = Decimal::Of("168.1"),
              .bid_size = Decimal::Of("100"),
              .ask_price = Decimal::Of("168.11"),
              .ask_size = Decimal::Of("200"),
              .last_price = Decimal::Of("168.105"),
              .quote_time = UtcTime{9},
              .sequence = 4,
              .session_open = true};
  broker::v1::Quote quote_proto;
  ToProto(quote, &quote_proto);
  EXPECT_EQ(*FromProto(quote_proto), quote);

  Bar bar{.symbol = Symbol("SPY"),
          .timeframe = "1m",
          .start_time = UtcTime{60'000'000'000},
          .open = Decimal::Of("1"),
          .high = Decimal::Of("3"),
          .low = Decimal::Of("0.5"),
          .close = Decimal::Of("2"),
          .volume = Decimal::Of("10")};
  broker::v1::Bar bar_proto;
  ToProto(bar, &bar_proto);
  EXPECT_EQ(*FromProto(bar_proto), bar);
}

TEST(WireTest, BadOutsideDataIsNamedNeverFatal) {
  order::v1::Order proto;
  ToProto(FullOrder(), &proto);
  proto.mutable_limit_price()->set_value("1e5");
  EXPECT_EQ(FromProto(proto).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(FromProto(proto).status().message()).find("limit_price"), std::string::npos);

  ToProto(FullOrder(), &proto);
  proto.set_side(static_cast<type::v1::Side>(77));
  EXPECT_FALSE(FromProto(proto).ok());

  ToProto(FullOrder(), &proto);
  proto.clear_quantity();
  EXPECT_FALSE(FromProto(proto).ok());

  google::protobuf::Timestamp far;
  far.set_seconds(253'402'300'799);
  EXPECT_EQ(FromProto(far), UtcTime{});
}

// The C++ enums are written by hand beside the proto's; a number in one and not in the other is a silent misreading.
TEST(WireTest, RejectReasonsAreTheSameNumbersOnBothSides) {
  const std::set<int> ours = {0,    1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 2001,
                              2002, 2003, 2004, 2005, 2006, 2007, 2008, 2009, 2010, 2011, 2012, 2013, 2014,
                              2015, 2016, 2017, 2018, 2019, 2020, 2021, 2022, 2023, 2025, 3001, 3002, 3003,
                              3004, 3005, 4001, 4002, 4003, 4004, 4005, 4006, 5001, 5002, 5003, 5004, 5005};
  std::set<int> proto;
  const auto* descriptor = type::v1::RejectReason_descriptor();
  for (int i = 0; i < descriptor->value_count(); ++i) proto.insert(descriptor->value(i)->number());
  EXPECT_EQ(ours, proto);
  EXPECT_EQ(static_cast<int>(RejectReason::kAccountHalted), type::v1::REJECT_REASON_ACCOUNT_HALTED);
  EXPECT_EQ(static_cast<int>(RejectReason::kRestricted), type::v1::REJECT_REASON_RESTRICTED);
  EXPECT_EQ(static_cast<int>(RejectReason::kInsufficientFunds), type::v1::REJECT_REASON_INSUFFICIENT_FUNDS);
  EXPECT_EQ(static_cast<int>(RejectReason::kIllegalTransition), type::v1::REJECT_REASON_ILLEGAL_TRANSITION);
  EXPECT_EQ(static_cast<int>(RejectReason::kDuplicateOrder), type::v1::REJECT_REASON_DUPLICATE_ORDER);
}

TEST(WireTest, OrderEnumsAreTheSameNumbersOnBothSides) {
  EXPECT_EQ(static_cast<int>(OrderStatus::kExpired), order::v1::ORDER_STATUS_EXPIRED);
  EXPECT_EQ(static_cast<int>(OrderStatus::kPendingCancel), order::v1::ORDER_STATUS_PENDING_CANCEL);
  EXPECT_EQ(static_cast<int>(OrderStatus::kUnknown), order::v1::ORDER_STATUS_UNKNOWN);
  EXPECT_EQ(static_cast<int>(OrderEventType::kAccountResumed), order::v1::ORDER_EVENT_TYPE_ACCOUNT_RESUMED);
  EXPECT_EQ(static_cast<int>(OrderEventType::kRestated), order::v1::ORDER_EVENT_TYPE_RESTATED);
  EXPECT_EQ(static_cast<int>(RejectReason::kReduceOnly), type::v1::REJECT_REASON_REDUCE_ONLY);
  EXPECT_EQ(static_cast<int>(RejectReason::kUnknownDeployment), type::v1::REJECT_REASON_UNKNOWN_DEPLOYMENT);
  EXPECT_EQ(static_cast<int>(OrderEventType::kTriggered), order::v1::ORDER_EVENT_TYPE_TRIGGERED);
  EXPECT_EQ(static_cast<int>(OrderType::kStopLimit), type::v1::ORDER_TYPE_STOP_LIMIT);
  EXPECT_EQ(static_cast<int>(TimeInForce::kFok), type::v1::TIME_IN_FORCE_FOK);
}

}  // namespace
}  // namespace ballast::wire
