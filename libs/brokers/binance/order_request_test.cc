#include "libs/brokers/binance/order_request.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ballast::binance {
namespace {

constexpr const char* kId = "o0123456789abcdefghijklmnop";

Symbols Listed() {
  Symbols symbols;
  symbols.Add(Symbol("BTC-USDT"), "BTCUSDT");
  symbols.Add(Symbol("LTC-BTC"), "LTCBTC");
  return symbols;
}

Order Limit() {
  Order order;
  order.order_id = OrderId(kId);
  order.symbol = Symbol("LTC-BTC");
  order.side = Side::kBuy;
  order.type = OrderType::kLimit;
  order.time_in_force = TimeInForce::kGtc;
  order.quantity = Decimal::FromInt(1);
  order.limit_price = Decimal::Of("0.1");
  return order;
}

Order OfType(OrderType type, bool limit, bool stop) {
  Order order = Limit();
  order.type = type;
  if (!limit) order.limit_price.reset();
  if (stop) order.stop_price = Decimal::Of("0.09");
  return order;
}

std::string Text(const Parameters& parameters) {
  std::string text;
  for (const auto& [name, value] : parameters) text += (text.empty() ? "" : "&") + name + "=" + value;
  return text;
}
// Without what every placing ends with.
std::string Said(const RequestOrRejection& said) {
  const Request* request = std::get_if<Request>(&said);
  if (request == nullptr) return "refused: " + std::get<Rejection>(said).observed;
  std::string text = Text(request->parameters);
  return text.substr(0, text.find("&newClientOrderId=bl-o0123456789abcdefghijklmnop&newOrderRespType=FULL"));
}
std::string Place(const Order& order) { return Said(PlaceRequest(order, Listed())); }
RejectReason ReasonOf(const RequestOrRejection& said) {
  const Rejection* why = std::get_if<Rejection>(&said);
  return why == nullptr ? RejectReason::kUnspecified : why->reason;
}

TEST(BinanceOrderRequestTest, SaysTheDocumentedOrderInTheDocumentedOrder) {
  Request request = std::get<Request>(PlaceRequest(Limit(), Listed()));
  EXPECT_EQ(request.method + " " + request.path, "POST /api/v3/order");
  std::erase_if(request.parameters, [](const auto& each) { return each.first.starts_with("new"); });
  AddTime(request, UtcTime{1499827319559'000'000});
  // The payload that rest-api.md signs.
  EXPECT_EQ(Text(request.parameters),
            "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&"
            "timestamp=1499827319559");
}

TEST(BinanceOrderRequestTest, SaysEachType) {
  const std::string head = "symbol=LTCBTC&side=BUY&type=";
  Order market = OfType(OrderType::kMarket, false, false);
  market.time_in_force = TimeInForce::kIoc;
  EXPECT_EQ(Place(market), head + "MARKET&quantity=1");
  EXPECT_EQ(Place(OfType(OrderType::kStop, false, true)), head + "STOP_LOSS&quantity=1&stopPrice=0.09");
  EXPECT_EQ(Place(OfType(OrderType::kTakeProfit, false, true)), head + "TAKE_PROFIT&quantity=1&stopPrice=0.09");
  EXPECT_EQ(Place(OfType(OrderType::kStopLimit, true, true)),
            head + "STOP_LOSS_LIMIT&timeInForce=GTC&quantity=1&price=0.1&stopPrice=0.09");
  EXPECT_EQ(Place(OfType(OrderType::kTakeProfitLimit, true, true)),
            head + "TAKE_PROFIT_LIMIT&timeInForce=GTC&quantity=1&price=0.1&stopPrice=0.09");
  Order fok = Limit();
  fok.time_in_force = TimeInForce::kFok;
  EXPECT_EQ(Place(fok), head + "LIMIT&timeInForce=FOK&quantity=1&price=0.1");
  Order maker = Limit();
  maker.post_only = true;
  maker.display_quantity = Decimal::Of("0.25");
  EXPECT_EQ(Place(maker), head + "LIMIT_MAKER&quantity=1&price=0.1&icebergQty=0.25");
  Order small = Limit();
  small.side = Side::kSell;
  small.reduce_only = true;
  small.quantity = Decimal::Of("0.00000100");
  EXPECT_EQ(Place(small), "symbol=LTCBTC&side=SELL&type=LIMIT&timeInForce=GTC&quantity=0.000001&price=0.1");
}

TEST(BinanceOrderRequestTest, EveryOrderHasItsIdAndAsksForItsTrades) {
  const Request request = std::get<Request>(PlaceRequest(OfType(OrderType::kStop, false, true), Listed()));
  EXPECT_TRUE(
      Text(request.parameters).ends_with("&newClientOrderId=bl-o0123456789abcdefghijklmnop&newOrderRespType=FULL"));
}

TEST(BinanceOrderRequestTest, WhatItCannotSayIsRefused) {
  auto refused = [](auto change) {
    Order order = Limit();
    change(order);
    return Place(order);
  };
  EXPECT_EQ(refused([](Order& o) { o.time_in_force = TimeInForce::kDay; }), "refused: time_in_force.day");
  EXPECT_EQ(refused([](Order& o) { o.time_in_force = TimeInForce::kGtd; }), "refused: time_in_force.gtd");
  EXPECT_EQ(refused([](Order& o) { o.type = OrderType::kTrailingStop; }), "refused: order_type.trailing_stop");
  EXPECT_EQ(refused([](Order& o) { o.reduce_only = true; }), "refused: reduce_only");
  auto taking = [](Order& o) {
    o.post_only = true;
    o.time_in_force = TimeInForce::kIoc;
  };
  EXPECT_EQ(refused(taking), "refused: post_only");
  auto hidden = [](Order& o) {
    o.display_quantity = Decimal::Of("0.5");
    o.time_in_force = TimeInForce::kIoc;
  };
  EXPECT_EQ(refused(hidden), "refused: display_quantity");
  Order stop = OfType(OrderType::kStop, false, true);
  stop.time_in_force = TimeInForce::kIoc;
  EXPECT_EQ(Place(stop), "refused: time_in_force.ioc");
  stop.time_in_force = TimeInForce::kGtc;
  stop.trigger_source = TriggerSource::kBidAsk;
  EXPECT_EQ(Place(stop), "refused: trigger_source.bid_ask");
  stop.trigger_source = TriggerSource::kLast;
  EXPECT_EQ(Place(stop), "symbol=LTCBTC&side=BUY&type=STOP_LOSS&quantity=1&stopPrice=0.09");
}

TEST(BinanceOrderRequestTest, WhatMakesNoSenseIsRefused) {
  auto reason = [](auto change) {
    Order order = Limit();
    change(order);
    return ReasonOf(PlaceRequest(order, Listed()));
  };
  EXPECT_EQ(reason([](Order&) {}), RejectReason::kUnspecified);
  EXPECT_EQ(reason([](Order& o) { o.symbol = Symbol("LTCBTC"); }), RejectReason::kUnknownInstrument);
  EXPECT_EQ(reason([](Order& o) { o.limit_price.reset(); }), RejectReason::kPriceRequired);
  EXPECT_EQ(reason([](Order& o) { o.stop_price = Decimal::FromInt(1); }), RejectReason::kPriceForbidden);
  EXPECT_EQ(reason([](Order& o) { o.limit_price = Decimal(); }), RejectReason::kOutOfRange);
  EXPECT_EQ(reason([](Order& o) { o.quantity = Decimal(); }), RejectReason::kOutOfRange);
  EXPECT_EQ(reason([](Order& o) { o.display_quantity = Decimal::FromInt(2); }), RejectReason::kOutOfRange);
  EXPECT_EQ(reason([](Order& o) { o.side = Side::kUnspecified; }), RejectReason::kBadEnum);
  EXPECT_EQ(reason([](Order& o) { o.order_id = OrderId("28"); }), RejectReason::kBadIdentifier);
}

TEST(BinanceOrderRequestTest, CancelsByOurIdAndWhatIsForeignByTheVenues) {
  Request ours = std::get<Request>(
      CancelRequest({.order_id = OrderId(kId), .broker_order_id = "28"}, Symbol("BTC-USDT"), Listed()));
  EXPECT_EQ(ours.method + " " + ours.path, "DELETE /api/v3/order");
  EXPECT_EQ(Text(ours.parameters), "symbol=BTCUSDT&origClientOrderId=bl-o0123456789abcdefghijklmnop");
  Request foreign = std::get<Request>(
      CancelRequest({.order_id = OrderId("BTCUSDT:28"), .broker_order_id = "28"}, Symbol("BTC-USDT"), Listed()));
  EXPECT_EQ(Text(foreign.parameters), "symbol=BTCUSDT&orderId=28");
  EXPECT_EQ(ReasonOf(CancelRequest({.order_id = OrderId("BTCUSDT:28")}, Symbol("BTC-USDT"), Listed())),
            RejectReason::kBadIdentifier);
}

TEST(BinanceOrderRequestTest, ReplacesWhatIsLeftAndOnlyWhatWasCancelled) {
  Order order = Limit();
  order.quantity = Decimal::FromInt(3);
  order.cumulative_quantity = Decimal::FromInt(1);
  order.broker_order_id = "28";
  Request request = std::get<Request>(CancelReplaceRequest(
      order, {.quantity = Decimal::FromInt(5), .limit_price = Decimal::Of("0.2"), .number = 2}, Listed()));
  EXPECT_EQ(request.method + " " + request.path, "POST /api/v3/order/cancelReplace");
  EXPECT_EQ(Text(request.parameters),
            "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=4&price=0.2&cancelReplaceMode=STOP_ON_FAILURE&"
            "cancelOrderId=28&newClientOrderId=bl-o0123456789abcdefghijklmnop-r2&newOrderRespType=FULL");
  // So much has traded already.
  EXPECT_EQ(ReasonOf(CancelReplaceRequest(order, {.quantity = Decimal::FromInt(1), .number = 1}, Listed())),
            RejectReason::kOutOfRange);
  EXPECT_EQ(ReasonOf(CancelReplaceRequest(order, {.quantity = Decimal::FromInt(5)}, Listed())),
            RejectReason::kBadIdentifier);
}

TEST(BinanceOrderRequestTest, AsksForOrdersAndTrades) {
  const Symbol btc("BTC-USDT");
  Request query = std::get<Request>(QueryOrderRequest(OrderId(kId), "", btc, Listed()));
  EXPECT_EQ(query.method + " " + query.path, "GET /api/v3/order");
  EXPECT_EQ(Text(query.parameters), "symbol=BTCUSDT&origClientOrderId=bl-o0123456789abcdefghijklmnop");
  EXPECT_EQ(std::get<Request>(OpenOrdersRequest(btc, Listed())).weight, 6);
  EXPECT_EQ(std::get<Request>(OpenOrdersRequest(Symbol(), Listed())).weight, 80);
  Request trades = std::get<Request>(TradesRequest({.symbol = btc, .broker_order_id = "28"}, Listed()));
  EXPECT_EQ(Text(trades.parameters), "symbol=BTCUSDT&orderId=28&limit=1000");
  EXPECT_EQ(trades.weight, 5);
  UtcTime since{1499827319559'000'000};
  EXPECT_EQ(Text(std::get<Request>(TradesRequest({.symbol = btc, .since = since}, Listed())).parameters),
            "symbol=BTCUSDT&startTime=1499827319559&limit=1000");
  EXPECT_EQ(
      Text(std::get<Request>(TradesRequest({.symbol = btc, .since = since, .from_trade = 57}, Listed())).parameters),
      "symbol=BTCUSDT&fromId=57&limit=1000");
}

}  // namespace
}  // namespace ballast::binance
