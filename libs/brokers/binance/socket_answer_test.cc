#include "libs/brokers/binance/socket_answer.h"

#include <gtest/gtest.h>

#include "libs/venue/json.h"

namespace ballast::binance {
namespace {

TEST(BinanceSocketAnswerTest, ReadsAnswersErrorsAndEvents) {
  SocketAnswer done = *ReadSocketAnswer(R"({"id":"d3df","status":200,"result":{"subscriptionId":3}})");
  EXPECT_EQ(done.id, "d3df");
  EXPECT_FALSE(done.problem);
  EXPECT_EQ(done.subscription, 3);
  EXPECT_FALSE(done.event);

  SocketAnswer refused = *ReadSocketAnswer(
      R"({"id":"7","status":400,"error":{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}})");
  ASSERT_TRUE(refused.problem);
  EXPECT_EQ(refused.problem->error, broker::ErrorClass::kCredentials);

  SocketAnswer busy = *ReadSocketAnswer(
      R"({"id":"7","status":429,"error":{"code":-1003,"msg":"Too much","data":{"serverTime":1659783035968,"retryAfter":1659783040000}}})");
  EXPECT_EQ(busy.problem->error, broker::ErrorClass::kThrottled);
  EXPECT_EQ(busy.retry_time, UtcTime{1659783040000'000'000});

  SocketAnswer event = *ReadSocketAnswer(R"({"subscriptionId":0,"event":{"e":"executionReport"}})");
  EXPECT_TRUE(event.event);
  EXPECT_EQ(event.subscription, 0);
  EXPECT_TRUE(ReadSocketAnswer(R"({"e":"serverShutdown","E":1})")->event);
}

TEST(BinanceSocketAnswerTest, WhatIsNeitherIsSaidToBe) {
  for (const char* text : {"", "[]", "{}", R"({"id":"1"})", R"({"id":"1","status":"ok"})", R"({"status":20})"})
    EXPECT_FALSE(ReadSocketAnswer(text).ok()) << text;
}

TEST(BinanceSocketAnswerTest, TheSubscriptionIsSignedOverItsParameters) {
  auto signer = signing::BinanceSigner::Of("key", Secret("secret"));
  ASSERT_TRUE(signer.ok());
  auto message = SubscribeMessage("u1", UtcTime{1747385641636'000'000}, *signer);
  ASSERT_TRUE(message.ok());
  auto json = venue::Json::Parse(*message);
  ASSERT_TRUE(json.ok()) << *message;
  EXPECT_EQ((*json)["method"].text(), "userDataStream.subscribe.signature");
  EXPECT_EQ((*json)["id"].text(), "u1");
  const venue::Json& params = (*json)["params"];
  EXPECT_EQ(params["timestamp"].kind(), venue::Json::Kind::kNumber);
  EXPECT_EQ(params["signature"].text(), signer->Sign("apiKey=key&recvWindow=5000&timestamp=1747385641636"));
}

}  // namespace
}  // namespace ballast::binance
