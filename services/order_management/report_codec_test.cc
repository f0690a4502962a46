#include "services/order_management/report_codec.h"

#include <gtest/gtest.h>

#include "libs/wire/wire.h"

namespace ballast {
namespace {

broker::v1::ExecutionReport Trade() {
  broker::v1::ExecutionReport report;
  report.set_account_id("paper");
  report.set_execution_sequence(7);
  report.set_type(broker::v1::EXECUTION_TYPE_TRADE);
  report.set_execution_id("e1");
  report.set_order_id("o1");
  report.set_symbol("BTC-USD");
  report.set_side(type::v1::SIDE_SELL);
  report.mutable_last_quantity()->set_value("0.5");
  report.mutable_last_price()->set_value("100.25");
  return report;
}

TEST(ReportCodecTest, ATradeIsRead) {
  auto report = DecodeReport(Trade());
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->type, OrderEventType::kFilled);
  EXPECT_EQ(report->fill.side, Side::kSell);
  EXPECT_EQ(report->fill.quantity, Decimal::Of("0.5"));
  EXPECT_TRUE(report->fill.fee.IsZero());
}

TEST(ReportCodecTest, WhatWouldBeBookedWronglyIsUnreadable) {
  const std::pair<const char*, void (*)(broker::v1::ExecutionReport&)> cases[] = {
      {"side", [](auto& report) { report.set_side(static_cast<type::v1::Side>(9)); }},
      {"side", [](auto& report) { report.clear_side(); }},
      {"execution_id", [](auto& report) { report.clear_execution_id(); }},
      {"last_quantity", [](auto& report) { report.mutable_last_quantity()->set_value("-1"); }},
      {"last_quantity", [](auto& report) { report.mutable_last_quantity()->set_value("0"); }},
      {"last_price", [](auto& report) { report.mutable_last_price()->set_value("much"); }},
      {"exec_ref_id", [](auto& report) { report.set_type(broker::v1::EXECUTION_TYPE_TRADE_CORRECT); }},
      {"exec_ref_id", [](auto& report) { report.set_type(broker::v1::EXECUTION_TYPE_TRADE_CANCEL); }},
      {"version",
       [](auto& report) {
         report.set_type(broker::v1::EXECUTION_TYPE_TRADE_CANCEL);
         report.set_exec_ref_id("e1");
       }},
      {"type 99", [](auto& report) { report.set_type(static_cast<broker::v1::ExecutionType>(99)); }},
  };
  for (const auto& [what, spoil] : cases) {
    broker::v1::ExecutionReport proto = Trade();
    spoil(proto);
    auto report = DecodeReport(proto);
    ASSERT_FALSE(report.ok()) << what;
    EXPECT_NE(std::string(report.status().message()).find(what), std::string::npos) << report.status();
  }
}

TEST(ReportCodecTest, EveryKindThereIsIsKnown) {
  const auto* kinds = broker::v1::ExecutionType_descriptor();
  for (int i = 0; i < kinds->value_count(); ++i) {
    if (kinds->value(i)->number() == 0) continue;
    broker::v1::ExecutionReport proto = Trade();
    proto.set_type(static_cast<broker::v1::ExecutionType>(kinds->value(i)->number()));
    proto.set_exec_ref_id("e1");
    proto.set_version(1);
    proto.mutable_cumulative_quantity()->set_value("0");
    proto.mutable_leaves_quantity()->set_value("1");
    if (proto.type() == broker::v1::EXECUTION_TYPE_ADOPTED) {
      Order order{.order_id = OrderId(proto.order_id()),
                  .account_id = AccountId("paper"),
                  .symbol = Symbol("SPY"),
                  .side = Side::kBuy,
                  .type = OrderType::kMarket,
                  .time_in_force = TimeInForce::kGtc,
                  .quantity = Decimal::FromInt(1),
                  .status = OrderStatus::kNew};
      wire::ToProto(order, proto.mutable_adopted());
    }
    EXPECT_TRUE(DecodeReport(proto).ok()) << kinds->value(i)->name() << DecodeReport(proto).status();
  }
}

}  // namespace
}  // namespace ballast
