#include "libs/orders/reserved_request.h"

#include "gtest/gtest.h"
#include "libs/orders/elsewhere.h"

namespace ballast::orders {
namespace {

Order Sent(const char* request_id, const char* reason) {
  Order order;
  order.request_id = RequestId(request_id);
  order.reason = reason;
  return order;
}

TEST(ReservedRequestTest, ACallersOrderMayNotStandWhereALegHasToBe) {
  EXPECT_TRUE(TakesReservedRequest(Sent("route-r1-1", "manual")));
  EXPECT_TRUE(TakesReservedRequest(Sent("route-r1-1", "")));
  EXPECT_FALSE(TakesReservedRequest(Sent("route-r1-1", "route")));
  EXPECT_FALSE(TakesReservedRequest(Sent("router-1", "manual")));
  EXPECT_FALSE(TakesReservedRequest(Sent("my-route-1", "route")));
}

TEST(ReservedRequestTest, NorWhereAnOrderGoesThatWentElsewhere) {
  const OrderId origin("o1");
  Order order = Sent("elsewhere-o1-1", "manual");
  EXPECT_TRUE(TakesReservedRequest(order));
  order.reason = ElsewhereReason(OrderId("o2"));
  EXPECT_TRUE(TakesReservedRequest(order));
  order.reason = ElsewhereReason(origin);
  EXPECT_FALSE(TakesReservedRequest(order));
  order.request_id = ElsewhereRequestId(origin, kElsewhereMost + 1);
  EXPECT_TRUE(TakesReservedRequest(order));
}

TEST(ReservedRequestTest, ADeploymentsOrderAndOneOfAListAreNeverOfTheRouter) {
  Order order = Sent("route-r1-1", "route");
  order.deployment_id = DeploymentId("d1");
  EXPECT_TRUE(TakesReservedRequest(order));
  order.deployment_id = DeploymentId();
  order.list = ListPlace{};
  EXPECT_TRUE(TakesReservedRequest(order));
}

}  // namespace
}  // namespace ballast::orders
