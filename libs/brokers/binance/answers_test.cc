#include "libs/brokers/binance/answers.h"

#include <gtest/gtest.h>

namespace ballast::binance {
namespace {

constexpr const char* kId = "o0123456789abcdefghijklmnop";
constexpr UtcTime kNow{1507725180000'000'000};

Symbols Listed() {
  Symbols symbols;
  symbols.Add(Symbol("BTC-USDT"), "BTCUSDT");
  return symbols;
}
Order Sell() {
  Order order;
  order.order_id = OrderId(kId);
  order.symbol = Symbol("BTC-USDT");
  order.side = Side::kSell;
  order.quantity = Decimal::FromInt(10);
  return order;
}
venue::HttpAnswer Of(int status, std::string body) {
  return {.outcome = venue::Outcome::kAnswered, .status = status, .body = std::move(body)};
}
venue::HttpAnswer Error(int code, const std::string& text) {
  return Of(400, "{\"code\":" + std::to_string(code) + ",\"msg\":\"" + text + "\"}");
}
const venue::HttpAnswer kLost{.outcome = venue::Outcome::kUnknown, .problem = "timed out"};
const venue::HttpAnswer kUnsent{.outcome = venue::Outcome::kNotSent, .problem = "no route"};

// rest-api.md's answer to a market order, of our id and status.
std::string Placed(const std::string& status, const std::string& traded, const std::string& fills) {
  return R"({"symbol":"BTCUSDT","orderId":9007199254740993,"orderListId":-1,"clientOrderId":"bl-)" + std::string(kId) +
         R"(","transactTime":1507725176595,"price":"0.00000000","origQty":"10.00000000","executedQty":")" + traded +
         R"(","cummulativeQuoteQty":"10.00000000","status":")" + status +
         R"(","timeInForce":"GTC","type":"MARKET","side":"SELL","fills":[)" + fills + "]}";
}
const std::string kFill = R"({"price":"4000.00000000","qty":"1.00000000","commission":"4.00000000",)"
                          R"("commissionAsset":"BNB","tradeId":56})";

template <typename F>
const F* At(const Answer& answer, std::size_t index) {
  return index < answer.facts.size() ? std::get_if<F>(&answer.facts[index]) : nullptr;
}

TEST(BinanceAnswersTest, APlacedOrderIsAcknowledgedWithItsTrades) {
  Answer answer = OnPlaced(Sell(), Of(200, Placed("PARTIALLY_FILLED", "1.00000000", kFill)), kNow);
  ASSERT_EQ(answer.facts.size(), 3U);
  EXPECT_FALSE(answer.problem);
  const auto* ack = At<broker::Ack>(answer, 0);
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(ack->order_id, OrderId(kId));
  EXPECT_EQ(ack->broker_order_id, "9007199254740993");
  EXPECT_EQ(ack->time, UtcTime{1507725176595'000'000});
  const auto* trade = At<broker::Trade>(answer, 1);
  ASSERT_NE(trade, nullptr);
  EXPECT_EQ(trade->root_id, ExecutionId("BTCUSDT:56"));
  EXPECT_EQ(trade->price, Decimal::FromInt(4000));
  EXPECT_EQ(trade->fee, Decimal::FromInt(4));
  EXPECT_EQ(trade->fee_currency, "BNB");
  EXPECT_EQ(trade->side, Side::kSell);
  EXPECT_EQ(trade->symbol, Symbol("BTC-USDT"));
  EXPECT_FALSE(trade->maker);
  EXPECT_EQ(At<broker::OrderRecord>(answer, 2)->cumulative_quantity, Decimal::FromInt(1));
}

TEST(BinanceAnswersTest, WhatIsLeftOfIocHasEnded) {
  Answer answer = OnPlaced(Sell(), Of(200, Placed("EXPIRED", "1.00000000", kFill)), kNow);
  ASSERT_EQ(answer.facts.size(), 3U);
  EXPECT_EQ(At<broker::OrderRecord>(answer, 2)->status, OrderStatus::kExpired);
}

TEST(BinanceAnswersTest, TheShortAnswerIsAnAck) {
  const std::string body = R"({"symbol":"BTCUSDT","orderId":28,"orderListId":-1,"clientOrderId":"bl-)" +
                           std::string(kId) + R"(","transactTime":1507725176595})";
  Answer answer = OnPlaced(Sell(), Of(200, body), kNow);
  ASSERT_EQ(answer.facts.size(), 1U);
  EXPECT_NE(At<broker::Ack>(answer, 0), nullptr);
  EXPECT_FALSE(answer.problem);
}

TEST(BinanceAnswersTest, AStatusNobodyKnowsLeavesTheOrderTaken) {
  Answer answer = OnPlaced(Sell(), Of(200, Placed("DREAMING", "0", "")), kNow);
  ASSERT_EQ(answer.facts.size(), 1U);
  EXPECT_NE(At<broker::Ack>(answer, 0), nullptr);
  EXPECT_EQ(answer.problem->error, broker::ErrorClass::kUnreadable);
}

TEST(BinanceAnswersTest, OnlyWhatTheVenueDecidedIsRefused) {
  Answer refused = OnPlaced(Sell(), Error(-2010, "Account has insufficient balance for requested action."), kNow);
  ASSERT_NE(At<broker::DefinitiveReject>(refused, 0), nullptr);
  EXPECT_EQ(At<broker::DefinitiveReject>(refused, 0)->rejection.reason, RejectReason::kInsufficientFunds);
  EXPECT_NE(At<broker::NotSent>(OnPlaced(Sell(), kUnsent, kNow), 0), nullptr);
  for (const venue::HttpAnswer& answer :
       {kLost, Error(-1007, "Timeout"), Error(-1006, "x"), Of(503, ""), Of(200, "<html>"), Of(200, "{}"), Of(200, "[]"),
        Error(-2010, "Duplicate order sent."), Of(502, R"({"code":-2010,"msg":"x"})"),
        Of(200, R"({"symbol":"BTCUSDT","orderId":28,"clientOrderId":"another"})")}) {
    Answer unknown = OnPlaced(Sell(), answer, kNow);
    ASSERT_EQ(unknown.facts.size(), 1U) << answer.body;
    EXPECT_NE(At<broker::OutcomeUnknown>(unknown, 0), nullptr) << answer.body;
  }
}

TEST(BinanceAnswersTest, ACancelTellsTheRecord) {
  const std::string body = R"({"symbol":"BTCUSDT","origClientOrderId":"bl-)" + std::string(kId) +
                           R"(","orderId":28,"clientOrderId":"cancelMyOrder1","transactTime":1684804350068,)"
                           R"("executedQty":"2.5","status":"CANCELED"})";
  Answer answer = OnCanceled(OrderId(kId), Of(200, body), kNow);
  const auto* record = At<broker::OrderRecord>(answer, 0);
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->status, OrderStatus::kCanceled);
  EXPECT_EQ(record->cumulative_quantity, Decimal::Of("2.5"));
  EXPECT_EQ(record->as_of, UtcTime{1684804350068'000'000});
}

TEST(BinanceAnswersTest, AnUnknownOrderToCancelProvesNothing) {
  Answer answer = OnCanceled(OrderId(kId), Error(-2011, "Unknown order sent."), kNow);
  ASSERT_EQ(answer.facts.size(), 1U);
  ASSERT_NE(At<broker::CancelReject>(answer, 0), nullptr);
  EXPECT_EQ(At<broker::CancelReject>(answer, 0)->rejection.reason, RejectReason::kOrderNotFound);
}

TEST(BinanceAnswersTest, ACancelThatDidNotLeaveSaysNothingOfTheOrder) {
  EXPECT_NE(At<broker::CancelReject>(OnCanceled(OrderId(kId), kUnsent, kNow), 0), nullptr);
  EXPECT_NE(At<broker::OutcomeUnknown>(OnCanceled(OrderId(kId), kLost, kNow), 0), nullptr);
  EXPECT_NE(At<broker::OutcomeUnknown>(OnCanceled(OrderId(kId), Of(200, "{}"), kNow), 0), nullptr);
}

TEST(BinanceAnswersTest, BothHalvesOfAReplacementAreTold) {
  const std::string canceled =
      R"("cancelResult":"SUCCESS","cancelResponse":{"symbol":"BTCUSDT","origClientOrderId":"a",)"
      R"("orderId":28,"executedQty":"1","status":"CANCELED"})";
  ReplaceAnswer half =
      OnCancelReplaced(OrderId(kId),
                       Of(409, R"({"code":-2021,"msg":"partially failed.","data":{)" + canceled +
                                   R"(,"newOrderResult":"FAILURE","newOrderResponse":{"code":-2010,"msg":"no"}}})"),
                       kNow);
  ASSERT_NE(At<broker::OrderRecord>(half.canceled, 0), nullptr);
  EXPECT_EQ(At<broker::OrderRecord>(half.canceled, 0)->status, OrderStatus::kCanceled);
  EXPECT_TRUE(half.replacement.empty() && half.replacement_known);

  ReplaceAnswer none = OnCancelReplaced(
      OrderId(kId),
      Of(400, R"({"code":-2022,"msg":"failed.","data":{"cancelResult":"FAILURE","newOrderResult":"NOT_ATTEMPTED",)"
              R"("cancelResponse":{"code":-2011,"msg":"Unknown order sent."},"newOrderResponse":null}})"),
      kNow);
  ASSERT_NE(At<broker::CancelReject>(none.canceled, 0), nullptr);
  EXPECT_TRUE(none.replacement.empty() && none.replacement_known);

  ReplaceAnswer both = OnCancelReplaced(
      OrderId(kId), Of(200, "{" + canceled + R"(,"newOrderResult":"SUCCESS","newOrderResponse":{"orderId":29}})"),
      kNow);
  ASSERT_NE(At<broker::OrderRecord>(both.canceled, 0), nullptr);
  EXPECT_EQ(both.replacement, "29");

  ReplaceAnswer lost = OnCancelReplaced(OrderId(kId), kLost, kNow);
  EXPECT_NE(At<broker::OutcomeUnknown>(lost.canceled, 0), nullptr);
  EXPECT_FALSE(lost.replacement_known);
}

TEST(BinanceAnswersTest, AQueryTellsTheRecordOrThatThereIsNone) {
  Answer found = OnQueried(OrderId(kId), Of(200, Placed("FILLED", "10.00000000", "")), kNow);
  ASSERT_NE(At<broker::OrderRecord>(found, 0), nullptr);
  EXPECT_EQ(At<broker::OrderRecord>(found, 0)->status, OrderStatus::kFilled);
  EXPECT_EQ(At<broker::OrderRecord>(found, 0)->as_of, kNow);
  Answer none = OnQueried(OrderId(kId), Error(-2013, "Order does not exist."), kNow);
  ASSERT_NE(At<broker::NotFound>(none, 0), nullptr);
  EXPECT_EQ(At<broker::NotFound>(none, 0)->question, VenueQuestion::kOrder);
  EXPECT_EQ(At<broker::NotFound>(none, 0)->as_of, kNow);
  Answer archived = OnQueried(OrderId(kId), Error(-2026, "Order was canceled or expired."), kNow);
  EXPECT_EQ(At<broker::OrderRecord>(archived, 0)->status, OrderStatus::kCanceled);
}

TEST(BinanceAnswersTest, AQueryThatFailedSaysNothing) {
  for (const venue::HttpAnswer& answer :
       {kLost, kUnsent, Error(-1003, "Too many requests"), Of(503, R"({"code":-2013,"msg":"x"})"), Of(200, "{}"),
        Of(200, Placed("DREAMING", "0", "")), Of(429, "")}) {
    Answer out = OnQueried(OrderId(kId), answer, kNow);
    EXPECT_TRUE(out.facts.empty()) << answer.body;
    EXPECT_TRUE(out.problem) << answer.body;
    EXPECT_TRUE(OnOpenOrders(OrderId(kId), answer, kNow).facts.empty()) << answer.body;
    EXPECT_TRUE(OnTrades({.order_id = OrderId(kId)}, Listed(), answer, kNow).answer.facts.empty()) << answer.body;
  }
}

TEST(BinanceAnswersTest, OfWhatIsOpenOnlyTheOneAskedForCounts) {
  Answer found = OnOpenOrders(OrderId(kId), Of(200, "[" + Placed("NEW", "0.00", "") + "]"), kNow);
  ASSERT_EQ(found.facts.size(), 1U);
  EXPECT_EQ(At<broker::OrderRecord>(found, 0)->status, OrderStatus::kNew);
  Answer none = OnOpenOrders(
      OrderId(kId), Of(200, R"([{"symbol":"BTCUSDT","orderId":1,"clientOrderId":"web","status":"NEW"}])"), kNow);
  ASSERT_NE(At<broker::NotFound>(none, 0), nullptr);
  EXPECT_EQ(At<broker::NotFound>(none, 0)->question, VenueQuestion::kOpenOrders);
}

TEST(BinanceAnswersTest, TradesAreToldAsTheStreamTellsThem) {
  // rest-api.md's example.
  const std::string body = R"([{"symbol":"BTCUSDT","id":28457,"orderId":100234,"orderListId":-1,"price":"4.00000100",)"
                           R"("qty":"12.00000000","quoteQty":"48.000012","commission":"10.10000000",)"
                           R"("commissionAsset":"BNB","time":1499865549590,"isBuyer":true,"isMaker":true}])";
  TradesAnswer out = OnTrades({.order_id = OrderId(kId), .broker_order_id = "100234"}, Listed(), Of(200, body), kNow);
  const auto* trade = At<broker::Trade>(out.answer, 0);
  ASSERT_NE(trade, nullptr);
  EXPECT_EQ(trade->root_id, ExecutionId("BTCUSDT:28457"));
  EXPECT_EQ(trade->price, Decimal::Of("4.000001"));
  EXPECT_EQ(trade->fee_currency, "BNB");
  EXPECT_TRUE(trade->maker);
  EXPECT_EQ(trade->side, Side::kBuy);
  EXPECT_FALSE(out.next_trade);
  // Somebody else's.
  TradesAnswer other = OnTrades({.order_id = OrderId(kId), .broker_order_id = "7"}, Listed(), Of(200, body), kNow);
  ASSERT_NE(At<broker::NotFound>(other.answer, 0), nullptr);
  EXPECT_EQ(At<broker::NotFound>(other.answer, 0)->question, VenueQuestion::kTrades);
}

TEST(BinanceAnswersTest, WhatATradeDoesNotSayIsNotGuessed) {
  const std::string whole = R"([{"symbol":"BTCUSDT","id":28457,"orderId":100234,"price":"4","qty":"12",)"
                            R"("commission":"10.1","commissionAsset":"BNB","time":1499865549590,"isBuyer":true}])";
  for (const char* part : {R"(,"isBuyer":true)", R"("commissionAsset":"BNB",)", R"("orderId":100234,)"}) {
    std::string body = whole;
    body.erase(body.find(part), std::string_view(part).size());
    TradesAnswer out = OnTrades({.order_id = OrderId(kId), .broker_order_id = "100234"}, Listed(), Of(200, body), kNow);
    EXPECT_TRUE(out.answer.facts.empty()) << part;
    EXPECT_TRUE(out.answer.problem) << part;
  }
  EXPECT_NE(
      At<broker::Trade>(
          OnTrades({.order_id = OrderId(kId), .broker_order_id = "100234"}, Listed(), Of(200, whole), kNow).answer, 0),
      nullptr);
}

TEST(BinanceAnswersTest, AnOpenOrderThatNamesNobodyProvesNothing) {
  Answer out = OnOpenOrders(OrderId(kId), Of(200, R"([{"symbol":"BTCUSDT","orderId":1,"status":"NEW"}])"), kNow);
  EXPECT_TRUE(out.facts.empty());
  EXPECT_TRUE(out.problem);
}

TEST(BinanceAnswersTest, WithoutTheVenuesNumberOnlyNoTradeAtAllSaysSomething) {
  EXPECT_NE(At<broker::NotFound>(OnTrades({.order_id = OrderId(kId)}, Listed(), Of(200, "[]"), kNow).answer, 0),
            nullptr);
  TradesAnswer some = OnTrades({.order_id = OrderId(kId)}, Listed(), Of(200, R"([{"id":1,"orderId":2}])"), kNow);
  EXPECT_TRUE(some.answer.facts.empty());
  EXPECT_TRUE(some.answer.problem);
}

TEST(BinanceAnswersTest, AFullPageOfTradesIsNotTheLast) {
  std::string body = "[";
  for (int i = 1; i <= 1000; ++i)
    body += (i > 1 ? "," : "") + std::string(R"({"orderId":1,"id":)") + std::to_string(i) + "}";
  TradesAnswer out = OnTrades({.order_id = OrderId(kId), .broker_order_id = "28"}, Listed(), Of(200, body + "]"), kNow);
  EXPECT_TRUE(out.answer.facts.empty());
  EXPECT_EQ(out.next_trade, 1001);
}

}  // namespace
}  // namespace ballast::binance
