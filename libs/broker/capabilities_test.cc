#include "libs/broker/capabilities.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ballast::broker {
namespace {

Order Of(OrderType type, TimeInForce time = TimeInForce::kGtc) {
  Order order;
  order.type = type;
  order.time_in_force = time;
  order.side = Side::kSell;
  order.stop_price = Decimal::FromInt(95);
  return order;
}

Capabilities StopsOnly() {
  Capabilities venue;
  venue.order_types = {OrderType::kMarket, OrderType::kLimit, OrderType::kStop};
  venue.times_in_force = {TimeInForce::kGtc, TimeInForce::kIoc};
  return venue;
}

TEST(CapabilitiesTest, ABrokerThatIsNotKnownCanDoNothing) {
  EXPECT_EQ(SupportFor(Of(OrderType::kMarket), CapabilitiesOf("nobody")).support, Support::kNone);
}

TEST(CapabilitiesTest, WhatTheVenueLacksIsWatchedHereOrRefused) {
  const Capabilities venue = StopsOnly();
  EXPECT_EQ(SupportFor(Of(OrderType::kStop), venue).support, Support::kNative);
  EXPECT_EQ(SupportFor(Of(OrderType::kTrailingStop), venue).support, Support::kEmulated);
  EXPECT_EQ(SupportFor(Of(OrderType::kTakeProfit), venue).support, Support::kEmulated);
  Supported limit = SupportFor(Of(OrderType::kTrailingStopLimit), venue);
  EXPECT_EQ(limit.support, Support::kNone);
  EXPECT_EQ(limit.why->reason, RejectReason::kBrokerUnsupported);
  EXPECT_EQ(limit.why->observed, "order_type.trailing_stop_limit");
  EXPECT_EQ(SupportFor(Of(OrderType::kLimit, TimeInForce::kGtd), venue).why->observed, "time_in_force.gtd");
  EXPECT_EQ(SupportFor(Of(OrderType::kTrailingStop, TimeInForce::kGtd), venue).support, Support::kEmulated);
}

TEST(CapabilitiesTest, AFlagTheVenueLacksIsNeverDropped) {
  Order order = Of(OrderType::kLimit);
  order.post_only = true;
  EXPECT_EQ(SupportFor(order, StopsOnly()).why->observed, "post_only");
  order.post_only = false;
  order.display_quantity = Decimal::FromInt(1);
  EXPECT_EQ(SupportFor(order, StopsOnly()).why->observed, "display_quantity");
  Order stop = Of(OrderType::kStop);
  stop.trigger_source = TriggerSource::kLast;
  EXPECT_EQ(SupportFor(stop, StopsOnly()).why->observed, "trigger_source.last");
}

TEST(CapabilitiesTest, AStopThatWasReachedHereStillProtectsThere) {
  Order trailing = Of(OrderType::kTrailingStop);
  trailing.trailing = Trailing{.offset = Decimal::FromInt(2), .offset_type = TrailingOffsetType::kPrice};
  Order sent = AfterTrigger(trailing);
  EXPECT_EQ(sent.type, OrderType::kStop);
  EXPECT_EQ(sent.stop_price, Decimal::FromInt(95));
  EXPECT_FALSE(sent.trailing.has_value());
  // The venue's bid need not have been where the last price was.
  trailing.trigger_source = TriggerSource::kLast;
  EXPECT_EQ(AfterTrigger(trailing).type, OrderType::kMarket);
  EXPECT_EQ(AfterTrigger(trailing).time_in_force, TimeInForce::kIoc);
}

TEST(CapabilitiesTest, AReachedTakeProfitIsWhatItBecomes) {
  EXPECT_EQ(AfterTrigger(Of(OrderType::kTakeProfit)).type, OrderType::kMarket);
  Order limit = Of(OrderType::kTakeProfitLimit);
  limit.limit_price = Decimal::FromInt(96);
  EXPECT_EQ(AfterTrigger(limit).type, OrderType::kLimit);
  EXPECT_EQ(AfterTrigger(limit).limit_price, Decimal::FromInt(96));
  EXPECT_FALSE(AfterTrigger(limit).stop_price.has_value());
}

TEST(CapabilitiesTest, EveryOneIsDescribedByName) {
  auto described = DescribeCapabilities(CapabilitiesOf("paper"));
  auto of = [&](const char* name) {
    auto found = std::find_if(described.begin(), described.end(), [&](const auto& each) { return each.first == name; });
    return found == described.end() ? Support::kNone : found->second;
  };
  EXPECT_EQ(of("order_type.stop"), Support::kNative);
  EXPECT_EQ(of("order_type.trailing_stop"), Support::kEmulated);
  EXPECT_EQ(of("contingency.bracket"), Support::kEmulated);
}

TEST(CapabilitiesTest, ABrokerThatIsNotThereIsRefusedWithThoseThatAre) {
  Rejection why = UnknownBroker("nowhere", {"paper", "other"});
  EXPECT_EQ(why.reason, RejectReason::kBrokerUnsupported);
  EXPECT_EQ(why.check, "broker");
  EXPECT_EQ(why.observed, "nowhere");
  EXPECT_EQ(why.limit, "paper, other");
  EXPECT_EQ(why.message, "there is no broker 'nowhere'; there are: paper, other");
  for (const std::string& known : KnownBrokers()) EXPECT_FALSE(CapabilitiesOf(known).order_types.empty()) << known;
  EXPECT_TRUE(CapabilitiesOf("nowhere").order_types.empty());
}

}  // namespace
}  // namespace ballast::broker
