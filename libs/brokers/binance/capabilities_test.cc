#include "libs/brokers/binance/capabilities.h"

#include <gtest/gtest.h>

namespace ballast::binance {
namespace {

Order Of(OrderType type, TimeInForce time) {
  Order order;
  order.type = type;
  order.time_in_force = time;
  return order;
}

broker::Support SupportOf(OrderType type, TimeInForce time = TimeInForce::kGtc) {
  return broker::SupportFor(Of(type, time), SpotCapabilities()).support;
}

TEST(BinanceCapabilitiesTest, KnowsSixTypesAndThreeTimes) {
  for (OrderType type : {OrderType::kMarket, OrderType::kLimit, OrderType::kStop, OrderType::kStopLimit,
                         OrderType::kTakeProfit, OrderType::kTakeProfitLimit}) {
    EXPECT_EQ(SupportOf(type), broker::Support::kNative) << static_cast<int>(type);
  }
  EXPECT_EQ(SupportOf(OrderType::kTrailingStop), broker::Support::kEmulated);
  EXPECT_EQ(SupportOf(OrderType::kLimit, TimeInForce::kIoc), broker::Support::kNative);
  EXPECT_EQ(SupportOf(OrderType::kLimit, TimeInForce::kFok), broker::Support::kNative);
  for (TimeInForce time : {TimeInForce::kDay, TimeInForce::kGtd, TimeInForce::kAtOpen, TimeInForce::kAtClose}) {
    EXPECT_EQ(SupportOf(OrderType::kLimit, time), broker::Support::kNone) << static_cast<int>(time);
  }
}

TEST(BinanceCapabilitiesTest, SaysWhatItLacks) {
  const broker::Capabilities& can = SpotCapabilities();
  EXPECT_FALSE(can.reduce_only);
  EXPECT_FALSE(can.replace);
  EXPECT_FALSE(can.corrections);
  EXPECT_TRUE(can.post_only && can.display_quantity && can.last_trigger);
  EXPECT_TRUE(can.query_by_order_id && can.query_trades && can.query_open_orders);
  EXPECT_EQ(can.client_id_rule, broker::ClientIdRule::kUniqueAmongOpen);
  EXPECT_FALSE(can.asset_classes.contains(AssetClass::kEquity));
}

TEST(BinanceCapabilitiesTest, TheAcceptanceWindowIsWhatRequestsAreSentWith) {
  EXPECT_EQ(SpotCapabilities().acceptance_window, (Duration{kRecvWindow.nanos + Duration::Seconds(1).nanos}));
}

TEST(BinanceCapabilitiesTest, TheHorizonFollowsFromTheAcceptanceWindow) {
  // 5 s recvWindow and 1 s of a clock that is behind, 10 s of silence, 5 s of margin.
  EXPECT_EQ(broker::HorizonOf(SpotCapabilities()), Duration::Seconds(21));
  EXPECT_GT(SpotCapabilities().send_timeout, SpotCapabilities().processing_limit);
}

}  // namespace
}  // namespace ballast::binance
