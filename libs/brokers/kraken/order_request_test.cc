#include "libs/brokers/kraken/order_request.h"

#include "gtest/gtest.h"
#include "libs/brokers/kraken/client_order_id.h"
#include "libs/venue/json.h"

namespace ballast::kraken {
namespace {

constexpr std::string_view kUuid = "6d1b345e282140e2ad834ecb18a06876";
const UtcTime kNow = UtcTime::Parse("2026-03-01T10:00:00Z").value();
const Sending kSending{.token = "to\"ken", .req_id = 42, .now = kNow};

Order Limit() {
  Order order;
  order.order_id = OrderIdOf(kUuid).value();
  order.symbol = Symbol("BTC-USD");
  order.side = Side::kBuy;
  order.type = OrderType::kLimit;
  order.time_in_force = TimeInForce::kGtc;
  order.quantity = Decimal::Of("0.010000000000000001");
  order.limit_price = Decimal::Of("30000.10");
  return order;
}
venue::Json Sent(const Message& message) {
  const auto* text = std::get_if<std::string>(&message);
  return text == nullptr ? venue::Json() : venue::Json::Parse(*text).value();
}
venue::Json Params(const Message& message) { return Sent(message)["params"]; }
RejectReason Refused(const Message& message) {
  const auto* why = std::get_if<Rejection>(&message);
  return why == nullptr ? RejectReason::kUnspecified : why->reason;
}

TEST(KrakenOrderRequest, ALimitIsSaidWithEveryDigitAndADeadline) {
  Order order = Limit();
  order.post_only = true;
  venue::Json sent = Sent(AddOrder(order, kSending));
  EXPECT_EQ(sent["method"].text(), "add_order");
  EXPECT_EQ(sent["req_id"].text(), "42");
  const venue::Json& params = sent["params"];
  EXPECT_EQ(params["order_type"].text(), "limit");
  EXPECT_EQ(params["side"].text(), "buy");
  EXPECT_EQ(params["symbol"].text(), "BTC/USD");
  EXPECT_EQ(params["order_qty"].kind(), venue::Json::Kind::kNumber);
  EXPECT_EQ(params["order_qty"].text(), "0.010000000000000001");
  EXPECT_EQ(params["limit_price"].kind(), venue::Json::Kind::kNumber);
  EXPECT_EQ(params["limit_price"].text(), "30000.1");
  EXPECT_EQ(params["time_in_force"].text(), "GTC");
  EXPECT_TRUE(params["post_only"].IsTrue());
  EXPECT_EQ(params["cl_ord_id"].text(), kUuid);
  EXPECT_EQ(params["deadline"].text(), "2026-03-01T10:00:05.000000Z");
  EXPECT_EQ(params["fee_preference"].text(), "quote");
  EXPECT_EQ(params["token"].text(), "to\"ken");
  EXPECT_FALSE(params.Has("triggers"));
  EXPECT_FALSE(params.Has("display_qty"));
}

TEST(KrakenOrderRequest, StopsAndTakeProfitsWaitForTheLastTrade) {
  Order order = Limit();
  order.type = OrderType::kStopLimit;
  order.stop_price = Decimal::Of("29000");
  venue::Json params = Params(AddOrder(order, kSending));
  EXPECT_EQ(params["order_type"].text(), "stop-loss-limit");
  EXPECT_EQ(params["limit_price"].text(), "30000.1");
  EXPECT_EQ(params["triggers"]["reference"].text(), "last");
  EXPECT_EQ(params["triggers"]["price"].text(), "29000");
  EXPECT_EQ(params["triggers"]["price_type"].text(), "static");
  order.type = OrderType::kTakeProfit;
  order.limit_price.reset();
  params = Params(AddOrder(order, kSending));
  EXPECT_EQ(params["order_type"].text(), "take-profit");
  EXPECT_FALSE(params.Has("limit_price"));
  order.trigger_source = TriggerSource::kBidAsk;
  EXPECT_EQ(Refused(AddOrder(order, kSending)), RejectReason::kBrokerUnsupported);
}

TEST(KrakenOrderRequest, APartIsShownOfAnIceberg) {
  Order order = Limit();
  order.quantity = Decimal::Of("15");
  order.display_quantity = Decimal::Of("1");
  venue::Json params = Params(AddOrder(order, kSending));
  EXPECT_EQ(params["order_type"].text(), "iceberg");
  EXPECT_EQ(params["display_qty"].text(), "1");
  order.display_quantity = Decimal::Of("0.999");
  EXPECT_EQ(Refused(AddOrder(order, kSending)), RejectReason::kOutOfRange);
}

TEST(KrakenOrderRequest, ADateIsAtMostAMonthAhead) {
  Order order = Limit();
  order.time_in_force = TimeInForce::kGtd;
  order.expire_time = kNow + Duration::Seconds(3600);
  venue::Json params = Params(AddOrder(order, kSending));
  EXPECT_EQ(params["time_in_force"].text(), "GTD");
  EXPECT_EQ(params["expire_time"].text(), "2026-03-01T11:00:00.000000Z");
  order.expire_time = kNow + Duration::Seconds(31LL * 24 * 3600);
  EXPECT_EQ(Refused(AddOrder(order, kSending)), RejectReason::kOutOfRange);
  order.expire_time = kNow;
  EXPECT_EQ(Refused(AddOrder(order, kSending)), RejectReason::kOutOfRange);
}

TEST(KrakenOrderRequest, WhatTheVenueHasNoWordsForIsRefused) {
  Order order = Limit();
  order.time_in_force = TimeInForce::kFok;
  EXPECT_EQ(Refused(AddOrder(order, kSending)), RejectReason::kBrokerUnsupported);
  order = Limit();
  order.type = OrderType::kTrailingStop;
  EXPECT_EQ(Refused(AddOrder(order, kSending)), RejectReason::kBrokerUnsupported);
  order = Limit();
  order.post_only = true;
  order.time_in_force = TimeInForce::kIoc;
  EXPECT_EQ(Refused(AddOrder(order, kSending)), RejectReason::kBrokerUnsupported);
  order = Limit();
  order.limit_price.reset();
  EXPECT_EQ(Refused(AddOrder(order, kSending)), RejectReason::kPriceRequired);
  order = Limit();
  order.order_id = OrderId("elsewhere");
  EXPECT_EQ(Refused(AddOrder(order, kSending)), RejectReason::kBadIdentifier);
  order = Limit();
  order.quantity = Decimal();
  EXPECT_EQ(Refused(AddOrder(order, kSending)), RejectReason::kOutOfRange);
}

TEST(KrakenOrderRequest, AMarketOrderSaysNoTime) {
  Order order = Limit();
  order.type = OrderType::kMarket;
  order.time_in_force = TimeInForce::kIoc;
  order.limit_price.reset();
  venue::Json params = Params(AddOrder(order, kSending));
  EXPECT_EQ(params["order_type"].text(), "market");
  EXPECT_FALSE(params.Has("time_in_force"));
}

TEST(KrakenOrderRequest, AnAmendmentAlwaysSaysTheQuantity) {
  broker::ReplaceIntent intent{.order_id = Limit().order_id, .broker_order_id = "OFGKYQ-FHPCQ-HUQFEK"};
  EXPECT_EQ(Refused(AmendOrder(intent, Decimal::Of("2"), kSending)), RejectReason::kMissingField);
  intent.terms.stop_price = Decimal::Of("61031.3");
  venue::Json sent = Sent(AmendOrder(intent, Decimal::Of("2"), kSending));
  EXPECT_EQ(sent["method"].text(), "amend_order");
  EXPECT_EQ(sent["params"]["order_id"].text(), "OFGKYQ-FHPCQ-HUQFEK");
  EXPECT_FALSE(sent["params"].Has("cl_ord_id"));
  EXPECT_EQ(sent["params"]["order_qty"].text(), "2");
  EXPECT_EQ(sent["params"]["trigger_price"].text(), "61031.3");
  EXPECT_EQ(sent["params"]["deadline"].text(), "2026-03-01T10:00:05.000000Z");
  intent.broker_order_id.clear();
  intent.terms.quantity = Decimal::Of("1.5");
  EXPECT_EQ(Params(AmendOrder(intent, Decimal::Of("2"), kSending))["order_qty"].text(), "1.5");
  EXPECT_EQ(Params(AmendOrder(intent, Decimal::Of("2"), kSending))["cl_ord_id"].text(), kUuid);
}

TEST(KrakenOrderRequest, ACancellationNamesOneOrder) {
  broker::CancelIntent intent{.order_id = Limit().order_id};
  venue::Json sent = Sent(CancelOrder(intent, kSending));
  EXPECT_EQ(sent["method"].text(), "cancel_order");
  ASSERT_EQ(sent["params"]["cl_ord_id"].items().size(), 1u);
  EXPECT_EQ(sent["params"]["cl_ord_id"].items()[0].text(), kUuid);
  intent.broker_order_id = "OABCDE-12345-FGHIJK";
  EXPECT_EQ(Params(CancelOrder(intent, kSending))["order_id"].items()[0].text(), "OABCDE-12345-FGHIJK");
  EXPECT_EQ(Refused(CancelOrder({.order_id = OrderId("elsewhere")}, kSending)), RejectReason::kBadIdentifier);
}

}  // namespace
}  // namespace ballast::kraken
