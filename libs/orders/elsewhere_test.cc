#include "libs/orders/elsewhere.h"

#include <functional>

#include "gtest/gtest.h"

namespace ballast::orders {
namespace {

Order LeftUnsent() {
  Order order;
  order.order_id = OrderId("o7");
  order.account_id = AccountId("live-a");
  order.request_id = RequestId("mine-1");
  order.type = OrderType::kLimit;
  order.status = OrderStatus::kRejected;
  order.rejection = Rejection{.reason = RejectReason::kBrokerUnavailable, .check = std::string(kMayGoElsewhere)};
  return order;
}

TEST(ElsewhereTest, OnlyThatRefusalOfAnOrderThatTradedNothingIsOne) {
  EXPECT_TRUE(WasLeftUnsent(LeftUnsent()));
  const std::vector<std::function<void(Order&)>> others = {
      [](Order& o) { o.status = OrderStatus::kUnknown; },
      [](Order& o) { o.status = OrderStatus::kDenied; },
      [](Order& o) { o.rejection.reset(); },
      [](Order& o) { o.rejection->check = "session_down"; },
      [](Order& o) { o.rejection->reason = RejectReason::kBrokerRejected; },
      [](Order& o) { o.cumulative_quantity = Decimal::FromInt(1); },
  };
  for (const auto& change : others) {
    Order order = LeftUnsent();
    change(order);
    EXPECT_FALSE(WasLeftUnsent(order));
  }
}

TEST(ElsewhereTest, WhatBelongsToItsAccountStays) {
  EXPECT_EQ(StaysBecause(LeftUnsent(), false), std::nullopt);
  EXPECT_NE(StaysBecause(LeftUnsent(), true), std::nullopt);
  const std::vector<std::function<void(Order&)>> bound = {
      [](Order& o) { o.reduce_only = true; }, [](Order& o) { o.deployment_id = DeploymentId("d"); },
      [](Order& o) { o.list.emplace(); },     [](Order& o) { o.type = OrderType::kStop; },
      [](Order& o) { o.locate_id = "l"; },    [](Order& o) { o.external.emplace(); },
  };
  for (const auto& change : bound) {
    Order order = LeftUnsent();
    change(order);
    EXPECT_NE(StaysBecause(order, false), std::nullopt);
  }
}

TEST(ElsewhereTest, TheTwoNameEachOther) {
  Order went = LeftUnsent();
  went.reason = ElsewhereReason(OrderId("o3"));
  EXPECT_EQ(ElsewhereOrigin(went), std::nullopt);  // anybody may say that
  went.request_id = ElsewhereRequestId(OrderId("o3"), 2);
  EXPECT_EQ(went.request_id, RequestId("elsewhere-o3-2"));
  EXPECT_EQ(ElsewhereOrigin(went), OrderId("o3"));
  EXPECT_NE(StaysBecause(went, false), std::nullopt);  // once is enough
  went.request_id = ElsewhereRequestId(OrderId("o4"), 2);
  EXPECT_EQ(ElsewhereOrigin(went), std::nullopt);
}

}  // namespace
}  // namespace ballast::orders
