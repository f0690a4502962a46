#include "libs/brokers/kraken/capabilities.h"

#include "gtest/gtest.h"

namespace ballast::kraken {
namespace {

TEST(KrakenCapabilities, TheVenueMayTakeAnOrderNoLongerThanItsDeadline) {
  broker::Capabilities can = KrakenCapabilities();
  ASSERT_TRUE(can.acceptance_window.has_value());
  EXPECT_EQ(*can.acceptance_window, kDeadline);
  // What the venue takes as a deadline.
  EXPECT_GE(kDeadline, Duration::Millis(500));
  EXPECT_LE(kDeadline, Duration::Seconds(60));
}

TEST(KrakenCapabilities, WhatWebSocketV2CannotSayIsRefusedOrWatchedHere) {
  broker::Capabilities can = KrakenCapabilities();
  Order order{.type = OrderType::kLimit, .time_in_force = TimeInForce::kFok};
  EXPECT_EQ(broker::SupportFor(order, can).support, broker::Support::kNone);
  order.time_in_force = TimeInForce::kDay;
  EXPECT_EQ(broker::SupportFor(order, can).support, broker::Support::kNone);
  order.time_in_force = TimeInForce::kGtd;
  EXPECT_EQ(broker::SupportFor(order, can).support, broker::Support::kNative);
  order = Order{.type = OrderType::kTrailingStop, .time_in_force = TimeInForce::kGtc};
  EXPECT_EQ(broker::SupportFor(order, can).support, broker::Support::kEmulated);
}

TEST(KrakenCapabilities, AnIdOfAClosedOrderIsTakenAgain) {
  EXPECT_EQ(KrakenCapabilities().client_id_rule, broker::ClientIdRule::kUniqueAmongOpen);
}

}  // namespace
}  // namespace ballast::kraken
