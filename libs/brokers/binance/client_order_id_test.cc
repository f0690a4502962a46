#include "libs/brokers/binance/client_order_id.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

namespace ballast::binance {
namespace {

constexpr const char* kOurs = "o0123456789abcdefghijklmnop";

TEST(BinanceClientOrderIdTest, ComesBackAsItWent) {
  for (int replacement : {0, 1, 10, kReplacementMax}) {
    ClientOrderId id{.order_id = OrderId(kOurs), .replacement = replacement};
    auto text = Encode(id);
    ASSERT_TRUE(text.ok()) << text.status();
    EXPECT_EQ(Decode(*text), id) << *text;
  }
}

TEST(BinanceClientOrderIdTest, TheLongestFitsWhatTheVenueTakes) {
  std::string text = Encode({.order_id = OrderId(kOurs), .replacement = kReplacementMax}).value();
  EXPECT_EQ(text, "bl-o0123456789abcdefghijklmnop-r9999");
  EXPECT_EQ(text.size(), 36U);
  EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) || c == '-'; }));
}

TEST(BinanceClientOrderIdTest, WhatIsNoIdOfOursIsNotWritten) {
  for (const char* id : {"", "o", "b1", "x0123456789abcdefghijklmnop", "o0123456789abcdefghijklmnoz",
                         "o0123456789abcdefghijklmnopq", "o0123456789ABCDEFGHIJKLMNOP"}) {
    EXPECT_EQ(Encode({.order_id = OrderId(id)}).status().code(), absl::StatusCode::kInvalidArgument) << id;
  }
  EXPECT_FALSE(Encode({.order_id = OrderId(kOurs), .replacement = -1}).ok());
  EXPECT_FALSE(Encode({.order_id = OrderId(kOurs), .replacement = kReplacementMax + 1}).ok());
}

TEST(BinanceClientOrderIdTest, IdsMadeElsewhereAreSeenToBe) {
  for (const char* text :
       {"", "6gCrw2kRUAF9CvJDGP16IP", "x-TKT5PX2F0001", "web_3f", "bl-", "bl-hello", "o0123456789abcdefghijklmnop",
        "bl-o0123456789abcdefghijklmnop-", "bl-o0123456789abcdefghijklmnop-r", "bl-o0123456789abcdefghijklmnop-r0",
        "bl-o0123456789abcdefghijklmnop-r01", "bl-o0123456789abcdefghijklmnop-r1x",
        "bl-o0123456789abcdefghijklmnop-r-1", "bl-o0123456789abcdefghijklmnop-r10000",
        "bl-o0123456789abcdefghijklmnop-x1", "BL-o0123456789abcdefghijklmnop"}) {
    EXPECT_EQ(Decode(text), std::nullopt) << text;
  }
  EXPECT_EQ(OrderIdOf("web_3f", "BTCUSDT", "28"), OrderId("BTCUSDT:28"));
  EXPECT_EQ(OrderIdOf(std::string("bl-") + kOurs, "BTCUSDT", "28"), OrderId(kOurs));
}

TEST(BinanceClientOrderIdTest, TradesOfTwoSymbolsAreTwo) {
  EXPECT_EQ(ExecutionIdOf("BTCUSDT", "56"), ExecutionId("BTCUSDT:56"));
  EXPECT_NE(ExecutionIdOf("BTCUSDT", "56"), ExecutionIdOf("ETHUSDT", "56"));
}

}  // namespace
}  // namespace ballast::binance
