#include "libs/platform/http/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

Router Orders() {
  Router router;
  router.Add("GET", "/api/orders", 0);
  router.Add("POST", "/api/orders", 1);
  router.Add("GET", "/api/orders/{id}", 2);
  router.Add("DELETE", "/api/orders/{id}", 3);
  router.Add("GET", "/api/orders/{id}/events", 4);
  router.Add("GET", "/api/orders/summary", 5);
  router.Add("POST", "/api/orders/cancel-all", 6);
  return router;
}

TEST(RouterTest, FindsByMethodAndPath) {
  Router router = Orders();
  EXPECT_EQ(router.Find("GET", {"api", "orders"}).route, 0);
  EXPECT_EQ(router.Find("POST", {"api", "orders"}).route, 1);
  auto events = router.Find("GET", {"api", "orders", "o 1/2", "events"});
  EXPECT_EQ(events.route, 4);
  EXPECT_THAT(events.params, ElementsAre(Pair("id", "o 1/2")));
}
TEST(RouterTest, PrefersFixedParts) {
  Router router = Orders();
  EXPECT_EQ(router.Find("GET", {"api", "orders", "summary"}).route, 5);
  EXPECT_EQ(router.Find("DELETE", {"api", "orders", "summary"}).route, 3);
}
TEST(RouterTest, SaysWhichMethodsAPathHas) {
  auto match = Orders().Find("PUT", {"api", "orders"});
  EXPECT_EQ(match.route, -1);
  EXPECT_THAT(match.allowed, ElementsAre("GET", "POST"));
}
TEST(RouterTest, DoesNotMatchMoreOrLess) {
  Router router = Orders();
  for (std::vector<std::string> path : {std::vector<std::string>{"api"},
                                        {"api", "orders", ""},
                                        {"api", "orders", "a", "events", ""},
                                        {"", "api", "orders"},
                                        {"api", "Orders"}}) {
    auto match = router.Find("GET", path);
    EXPECT_EQ(match.route, -1);
    EXPECT_THAT(match.allowed, IsEmpty());
  }
}

}  // namespace
}  // namespace ballast
