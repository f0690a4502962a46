#include "libs/brokers/kraken/client_order_id.h"

#include <set>

#include "gtest/gtest.h"

namespace ballast::kraken {
namespace {

TEST(KrakenClientOrderId, AnIdOfOursIsAUuidAndComesBack) {
  // Of account "a" and request "r1" (libs/orders/order_id.h).
  OrderId ours("ocs5ev384v8o5v8kdeha4m44uo4");
  EXPECT_EQ(ClientOrderIdOf(ours), "98f109622a2e6d11f2e11f2207f7178c");
  EXPECT_EQ(OrderIdOf("98f109622a2e6d11f2e11f2207f7178c"), ours);
}

TEST(KrakenClientOrderId, EveryBitGoesThereAndBack) {
  std::set<OrderId> seen;
  for (std::size_t at = 0; at < 32; ++at) {
    for (char digit : {'1', '2', '4', '8'}) {
      std::string theirs(32, '0');
      theirs[at] = digit;
      OrderId ours = OrderIdOf(theirs).value();
      EXPECT_EQ(ClientOrderIdOf(ours), theirs);
      EXPECT_TRUE(seen.insert(ours).second) << theirs;
    }
  }
}

TEST(KrakenClientOrderId, BitsStandWhereAUuidHasThem) {
  EXPECT_EQ(ClientOrderIdOf(OrderId("o1" + std::string(25, '0'))), std::string(31, '0') + "1");
  EXPECT_EQ(ClientOrderIdOf(OrderId("o" + std::string(25, 'v') + "7")), std::string(32, 'f'));
}

TEST(KrakenClientOrderId, WhatIsNoIdOfOursGetsNone) {
  for (const char* text : {"", "o", "x00000000000000000000000000", "o0000000000000000000000000w",
                           "o00000000000000000000000008", "o000000000000000000000000000"}) {
    EXPECT_FALSE(ClientOrderIdOf(OrderId(text)).has_value()) << text;
  }
}

TEST(KrakenClientOrderId, AUuidIsReadAsTheVenueMayWriteIt) {
  OrderId ours = OrderIdOf("6d1b345e282140e2ad834ecb18a06876").value();
  EXPECT_EQ(OrderIdOf("6d1b345e-2821-40e2-ad83-4ecb18a06876"), ours);
  EXPECT_EQ(OrderIdOf("6D1B345E-2821-40E2-AD83-4ECB18A06876"), ours);
}

TEST(KrakenClientOrderId, IdsOfOthersAreForeign) {
  for (const char* text : {"", "bot-7", "arb-20240509-00010", "6d1b345e282140e2ad834ecb18a0687",
                           "6d1b345e282140e2ad834ecb18a0687g", "6d1b345e_2821_40e2_ad83_4ecb18a06876"}) {
    EXPECT_FALSE(OrderIdOf(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace ballast::kraken
