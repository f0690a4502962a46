#include "libs/venue_simulator/binance/venue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/venue/signing/digest.h"
#include "libs/venue/signing/encoding.h"
#include "libs/venue_simulator/listings.h"

namespace ballast::venue_simulator::binance {
namespace {

using testing::HasSubstr;

// The documents' own key and secret (rest-api.md, "SIGNED Endpoint Examples").
constexpr const char* kKey = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A";
constexpr const char* kSecret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";

class VenueTest : public testing::Test {
 protected:
  VenueTest() : venue_(1) {
    venue_.maker().Run(false);
    for (Listing& listing : Listings()) venue_.List(listing.instrument, listing.price, now_);
    AccountSettings settings;
    settings.maker_fee = settings.taker_fee = Decimal::Of("0.001");
    account_ = venue_.market().exchange.Open(settings);
    venue_.market().exchange.Deposit(account_, "USDT", Decimal::Of("100000"), now_);
    venue_.market().exchange.Deposit(account_, "BTC", Decimal::Of("2"), now_);
    ApiKey key{.account = account_, .secret = Secret(kSecret)};
    venue_.keys().Add(kKey, std::move(key));
    venue_.Pump(now_);
    venue_.TakeOutgoing(now_);
  }

  std::string Time() const { return std::to_string(now_.nanos / 1'000'000); }
  static std::string Sign(const std::string& payload) {
    return signing::Hex(signing::HmacSha256(Secret(kSecret), payload));
  }
  Answer Ask(const std::string& method, const std::string& path, const std::string& query, bool sign = true) {
    Question question{.method = method, .path = "/api/v3/" + path, .query = query, .api_key = kKey, .remote = "a"};
    if (sign) {
      question.query += (query.empty() ? "timestamp=" : "&timestamp=") + Time();
      question.query += "&signature=" + Sign(question.query);
    }
    return venue_.Ask(question, now_);
  }
  std::vector<std::string> Sent() {
    std::vector<std::string> texts;
    for (Outgoing& message : venue_.TakeOutgoing(now_)) texts.push_back(message.close ? "<close>" : message.text);
    return texts;
  }
  void Subscribe() {
    venue_.Open(9, "/ws-api/v3", Parameters(), "b", now_);
    std::string payload = std::string("apiKey=") + kKey + "&timestamp=" + Time();
    venue_.Receive(9,
                   R"({"id":"s","method":"userDataStream.subscribe.signature","params":{"apiKey":")" +
                       std::string(kKey) + R"(","timestamp":)" + Time() + R"(,"signature":")" + Sign(payload) + "\"}}",
                   now_);
    ASSERT_THAT(Sent().at(0), HasSubstr(R"("status":200,"result":{"subscriptionId":0})"));
  }

  UtcTime now_{1'499'827'319'559'000'000};
  Venue venue_;
  AccountId account_ = 0;
};

constexpr const char* kBuy = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.1&price=50000";

TEST_F(VenueTest, TheDocumentsSignatureOfAMixedRequestIsAccepted) {
  // Vector 3: query and body are joined without anything between them. The symbol is none of ours: the refusal shows
  // that the signature has passed.
  Question question{.method = "POST",
                    .path = "/api/v3/order",
                    .query = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC",
                    .body =
                        "quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559&signature="
                        "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77",
                    .api_key = kKey};
  EXPECT_THAT(venue_.Ask(question, now_).body, HasSubstr("\"code\":-1121"));
  question.body.back() = '8';
  EXPECT_THAT(venue_.Ask(question, now_).body, HasSubstr("\"code\":-1022"));
}

TEST_F(VenueTest, KeysAndTimesThatAreNotGoodAreRefusedWithTheirCodes) {
  Question question{.method = "GET", .path = "/api/v3/account", .query = "timestamp=" + Time()};
  EXPECT_THAT(venue_.Ask(question, now_).body, HasSubstr("-2014"));
  question.api_key = "unknown";
  Answer unknown = venue_.Ask(question, now_);
  EXPECT_EQ(unknown.status, 401);
  EXPECT_THAT(unknown.body, HasSubstr("-2015"));
  question.api_key = kKey;
  EXPECT_THAT(venue_.Ask(question, now_).body, HasSubstr("'signature' was not sent"));
  auto at = [&](std::int64_t ms) {
    std::string payload = "timestamp=" + std::to_string(now_.nanos / 1'000'000 + ms);
    question.query = payload + "&signature=" + Sign(payload);
    return venue_.Ask(question, now_).body;
  };
  EXPECT_THAT(at(1000), HasSubstr("-1021"));
  EXPECT_THAT(at(-5001), HasSubstr("-1021"));
  EXPECT_THAT(at(999), HasSubstr("canTrade"));
  EXPECT_THAT(at(-5000), HasSubstr("canTrade"));
}

TEST_F(VenueTest, WhetherLimitsAreWantedIsSignedWithTheRest) {
  venue_.Open(9, "/ws-api/v3", Parameters(), "b", now_);
  auto ask = [&](const std::string& signed_payload) {
    venue_.Receive(9,
                   R"({"id":"s","method":"openOrders.status","params":{"returnRateLimits":false,"apiKey":")" +
                       std::string(kKey) + R"(","timestamp":)" + Time() + R"(,"signature":")" + Sign(signed_payload) +
                       "\"}}",
                   now_);
    return Sent().at(0);
  };
  std::string rest = std::string("apiKey=") + kKey;
  EXPECT_THAT(ask(rest + "&timestamp=" + Time()), HasSubstr("-1022"));
  EXPECT_EQ(ask(rest + "&returnRateLimits=false&timestamp=" + Time()), R"({"id":"s","status":200,"result":[]})");
}

TEST_F(VenueTest, AnOrderIsPlacedQueriedAndCancelled) {
  Answer placed = Ask("POST", "order", std::string(kBuy) + "&newClientOrderId=mine");
  EXPECT_EQ(placed.status, 200) << placed.body;
  EXPECT_THAT(placed.body, HasSubstr(R"("status":"NEW")"));
  EXPECT_THAT(Ask("POST", "order", std::string(kBuy) + "&newClientOrderId=mine").body,
              HasSubstr(R"({"code":-2010,"msg":"Duplicate order sent."})"));
  EXPECT_THAT(Ask("GET", "openOrders", "symbol=BTCUSDT").body, HasSubstr(R"("clientOrderId":"mine")"));
  EXPECT_THAT(Ask("GET", "account", "").body,
              HasSubstr(R"("asset":"USDT","free":"95000.00000000","locked":"5000.00000000")"));
  Answer cancelled = Ask("DELETE", "order", "symbol=BTCUSDT&origClientOrderId=mine");
  EXPECT_THAT(cancelled.body, HasSubstr(R"("origClientOrderId":"mine")"));
  EXPECT_THAT(cancelled.body, HasSubstr(R"("status":"CANCELED")"));
  EXPECT_THAT(Ask("DELETE", "order", "symbol=BTCUSDT&origClientOrderId=mine").body,
              HasSubstr(R"({"code":-2011,"msg":"Unknown order sent."})"));
  EXPECT_THAT(Ask("GET", "order", "symbol=BTCUSDT&orderId=999999").body, HasSubstr("-2013"));
  EXPECT_THAT(Ask("DELETE", "openOrders", "symbol=BTCUSDT").body, HasSubstr("-2011"));
}

TEST_F(VenueTest, AMarketOrderAnswersItsFillsAndTheyAreInTheHistory) {
  Answer placed = Ask("POST", "order", "symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=50");
  EXPECT_THAT(placed.body, HasSubstr(R"("status":"FILLED")"));
  EXPECT_THAT(placed.body, HasSubstr(R"("commissionAsset":"BTC")"));
  EXPECT_THAT(Ask("GET", "myTrades", "symbol=BTCUSDT").body, HasSubstr(R"("isMaker":false)"));
}

TEST_F(VenueTest, WhatIsWrongWithAnOrderIsSaidInTheVenuesWords) {
  struct Case {
    const char* query;
    const char* says;
  };
  for (const Case& c : {
           Case{"symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=1", "'timeInForce' was not sent"},
           Case{"symbol=BTCUSDT&side=HOLD&type=MARKET&quantity=1", "-1117"},
           Case{"symbol=BTCUSDT&side=BUY&type=WISH&quantity=1", "-1116"},
           Case{"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&price=1", "-1106"},
           Case{"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&timeInForce=GTC", "-1114"},
           Case{"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=x", "-1100"},
           Case{"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.000000001", "-1111"},
           Case{"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&quantity=1", "-1101"},
           Case{"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&colour=red", "-1104"},
           Case{"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=", "-1105"},
           Case{"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.1&price=50000.001",
                "Filter failure: PRICE_FILTER"},
           Case{"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.00001&price=50000",
                "Filter failure: NOTIONAL"},
           Case{"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=9&price=50000", "insufficient balance"},
           Case{"symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.1&price=61000", "immediately match and take"},
           Case{"symbol=BTCUSDT&side=SELL&type=STOP_LOSS&quantity=0.1&stopPrice=61000", "trigger immediately"},
           Case{"symbol=NONE&side=SELL&type=MARKET&quantity=0.1", "-1121"},
       }) {
    Answer answer = Ask("POST", "order", c.query);
    EXPECT_EQ(answer.status, 400) << c.query;
    EXPECT_THAT(answer.body, HasSubstr(c.says)) << c.query;
  }
  EXPECT_EQ(Ask("GET", "openOrders", "").body, "[]");
}

TEST_F(VenueTest, ACancelThatReplacesSaysWhatOfItWasDone) {
  Ask("POST", "order", std::string(kBuy) + "&newClientOrderId=old");
  std::string again = std::string(kBuy) + "&cancelReplaceMode=STOP_ON_FAILURE&cancelOrigClientOrderId=old";
  EXPECT_THAT(Ask("POST", "order/cancelReplace", again).body, HasSubstr(R"("newOrderResult":"SUCCESS")"));
  Answer neither = Ask("POST", "order/cancelReplace", again);
  EXPECT_EQ(neither.status, 400);
  EXPECT_THAT(neither.body, HasSubstr("-2022"));
  EXPECT_THAT(neither.body, HasSubstr("NOT_ATTEMPTED"));
  Answer half = Ask("POST", "order/cancelReplace",
                    std::string(kBuy) + "&cancelReplaceMode=ALLOW_FAILURE&cancelOrigClientOrderId=old");
  EXPECT_EQ(half.status, 409);
  EXPECT_THAT(half.body, HasSubstr("-2021"));
}

TEST_F(VenueTest, AnAccountIsToldOfItsOrdersAndOnlyOnceUnlessAFaultSaysOtherwise) {
  Subscribe();
  Ask("POST", "order", std::string(kBuy) + "&newClientOrderId=mine");
  std::vector<std::string> told = Sent();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_THAT(told[0], HasSubstr(R"("e":"executionReport")"));
  EXPECT_THAT(told[0], HasSubstr(R"("c":"mine")"));
  EXPECT_THAT(told[1], HasSubstr(R"("a":"USDT","f":"95000.00000000","l":"5000.00000000")"));
  ASSERT_TRUE(venue_.maker().MoveTo("BTCUSDT", Decimal::Of("50000"), Decimal::Of("0.04"), now_));
  venue_.Pump(now_);
  EXPECT_THAT(Sent(), testing::Contains(testing::AllOf(HasSubstr(R"("x":"TRADE","X":"PARTIALLY_FILLED")"),
                                                       HasSubstr(R"("l":"0.04000000")"))));
  venue_.faults().duplicate_reports = 1;
  Ask("DELETE", "order", "symbol=BTCUSDT&origClientOrderId=mine");
  told = Sent();
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[0], told[1]);
  EXPECT_THAT(told[0], HasSubstr(R"("C":"mine","x":"CANCELED")"));
}

TEST_F(VenueTest, AnAnswerThatIsDroppedHasPlacedItsOrderAndARequestThatIsLostHasNot) {
  venue_.faults().drop_answers = 1;
  EXPECT_TRUE(Ask("POST", "order", std::string(kBuy) + "&newClientOrderId=mine").dropped);
  EXPECT_THAT(Ask("GET", "order", "symbol=BTCUSDT&origClientOrderId=mine").body, HasSubstr("NEW"));
  venue_.faults().drop_requests = 1;
  EXPECT_TRUE(Ask("POST", "order", std::string(kBuy) + "&newClientOrderId=other").dropped);
  EXPECT_THAT(Ask("GET", "order", "symbol=BTCUSDT&origClientOrderId=other").body, HasSubstr("-2013"));
  venue_.faults().timeouts_after = 1;
  Answer unknown = Ask("POST", "order", std::string(kBuy) + "&newClientOrderId=third");
  EXPECT_EQ(unknown.status, 504);
  EXPECT_THAT(unknown.body, HasSubstr("-1007"));
  EXPECT_THAT(Ask("GET", "order", "symbol=BTCUSDT&origClientOrderId=third").body, HasSubstr("NEW"));
}

TEST_F(VenueTest, WhoAsksTooMuchIsToldWhenToComeBackAndThenBanned) {
  int status = 200;
  for (int asked = 0; asked < 400 && status == 200; ++asked) status = Ask("GET", "account", "").status;
  EXPECT_EQ(status, 429);
  for (int ignored = 0; ignored < 11; ++ignored) Ask("GET", "account", "");
  Answer banned = Ask("GET", "time", "", false);
  EXPECT_EQ(banned.status, 418);
  EXPECT_THAT(banned.headers, testing::Contains(testing::Pair("Retry-After", testing::_)));
}

TEST_F(VenueTest, UpdatesOfABookFollowOneAnotherWithoutAGap) {
  venue_.Open(1, "/stream", Parameters(Parameters::List{{"streams", "btcusdt@depth@100ms"}}), "a", now_);
  venue_.maker().Run(true);
  std::int64_t last = -1;
  int updates = 0;
  for (int step = 0; step < 40; ++step) {
    now_ = now_ + Duration::Millis(100);
    venue_.Advance(now_);
    for (const std::string& text : Sent()) {
      auto message = venue::Json::Parse(text);
      ASSERT_TRUE(message.ok()) << text;
      EXPECT_EQ((*message)["stream"].text(), "btcusdt@depth@100ms");
      std::int64_t first = *(*message)["data"]["U"].AsInt();
      if (last >= 0) EXPECT_EQ(first, last + 1);
      last = *(*message)["data"]["u"].AsInt();
      ++updates;
    }
  }
  EXPECT_GT(updates, 5);
}

TEST_F(VenueTest, TheWebSocketApiPlacesWhatRestSees) {
  venue_.Open(5, "/ws-api/v3", Parameters(), "b", now_);
  std::string payload = std::string("apiKey=") + kKey + "&newClientOrderId=socket&price=50000&quantity=0.1&side=BUY" +
                        "&symbol=BTCUSDT&timeInForce=GTC&timestamp=" + Time() + "&type=LIMIT";
  venue_.Receive(5,
                 R"({"id":7,"method":"order.place","params":{"symbol":"BTCUSDT","side":"BUY","type":"LIMIT",)"
                 R"("timeInForce":"GTC","quantity":"0.1","price":"50000","newClientOrderId":"socket","apiKey":")" +
                     std::string(kKey) + R"(","timestamp":)" + Time() + R"(,"signature":")" + Sign(payload) + "\"}}",
                 now_);
  EXPECT_THAT(Sent().at(0), testing::AllOf(HasSubstr(R"({"id":7,"status":200,"result":{)"), HasSubstr("rateLimits")));
  EXPECT_THAT(Ask("GET", "openOrders", "").body, HasSubstr(R"("clientOrderId":"socket")"));
  venue_.Receive(5, "not json", now_);
  EXPECT_THAT(Sent().at(0), HasSubstr(R"({"id":null,"status":400,"error":{"code":-1135)"));
}

}  // namespace
}  // namespace ballast::venue_simulator::binance
