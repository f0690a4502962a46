#include "libs/brokers/binance/errors.h"

#include <gtest/gtest.h>

namespace ballast::binance {
namespace {

using broker::ErrorClass;

Problem Of(int status, const std::string& body) {
  return Judge({.outcome = venue::Outcome::kAnswered, .status = status, .body = body});
}
Problem OfCode(int code, const std::string& text = "x", int status = 400) {
  return Of(status, "{\"code\":" + std::to_string(code) + ",\"msg\":\"" + text + "\"}");
}

TEST(BinanceErrorsTest, WhatMayHaveBeenDoneIsUnknown) {
  for (int code : {-1000, -1006, -1007}) EXPECT_FALSE(OfCode(code).outcome_known) << code;
  for (int status : {500, 502, 503, 504}) {
    EXPECT_FALSE(Of(status, "<html>").outcome_known) << status;
    EXPECT_EQ(Of(status, "<html>").error, ErrorClass::kVenueDown) << status;
    // A code that is a refusal elsewhere decides nothing here.
    EXPECT_FALSE(OfCode(-2010, "Market is closed.", status).outcome_known) << status;
    EXPECT_FALSE(OfCode(-1008, "busy", status).outcome_known) << status;
  }
  EXPECT_FALSE(Judge({.outcome = venue::Outcome::kUnknown, .problem = "timed out"}).outcome_known);
  EXPECT_FALSE(OfCode(-2021, "Order cancel-replace partially failed.", 409).outcome_known);
}

TEST(BinanceErrorsTest, WhatNobodyUnderstandsIsUnknown) {
  for (const auto& [status, body] : {std::pair{400, "nonsense"},
                                     {400, "{}"},
                                     {400, R"({"code":"abc"})"},
                                     {400, R"({"code":5,"msg":"x"})"},
                                     {302, ""},
                                     {200, "nonsense"}}) {
    Problem problem = Of(status, body);
    EXPECT_FALSE(problem.outcome_known) << body;
    EXPECT_EQ(problem.error, ErrorClass::kUnreadable) << body;
  }
  EXPECT_FALSE(OfCode(-7777).outcome_known);
  EXPECT_EQ(OfCode(-7777).error, ErrorClass::kUnreadable);
}

TEST(BinanceErrorsTest, WhatNeverLeftCannotBeThere) {
  Problem problem = Judge({.outcome = venue::Outcome::kNotSent, .problem = "no route"});
  EXPECT_TRUE(problem.outcome_known);
  EXPECT_EQ(problem.error, ErrorClass::kNetwork);
  EXPECT_EQ(problem.rejection.message, "no route");
}

TEST(BinanceErrorsTest, EachCodeHasItsClass) {
  for (int code : {-1013, -1021, -1100, -1111, -1121, -1130, -1160, -1199, -1220, -2010, -2011, -2013, -2026, -2038,
                   -2039, -2022}) {
    EXPECT_EQ(OfCode(code).error, ErrorClass::kRefused) << code;
    EXPECT_TRUE(OfCode(code).outcome_known) << code;
  }
  for (int code : {-1003, -1008, -1015}) {
    EXPECT_EQ(OfCode(code).error, ErrorClass::kThrottled) << code;
    EXPECT_TRUE(OfCode(code).outcome_known) << code;
  }
  for (int code : {-1002, -1022, -2014, -2015}) EXPECT_EQ(OfCode(code).error, ErrorClass::kCredentials) << code;
  for (int code : {-1001, -1016}) EXPECT_EQ(OfCode(code).error, ErrorClass::kVenueDown) << code;
  for (int status : {429, 418}) EXPECT_EQ(Of(status, "").error, ErrorClass::kThrottled) << status;
  for (int status : {401, 403}) EXPECT_EQ(Of(status, "<html>").error, ErrorClass::kCredentials) << status;
}

TEST(BinanceErrorsTest, OnlyTheClockAsksForTheTime) {
  EXPECT_TRUE(OfCode(-1021).clock);
  EXPECT_FALSE(OfCode(-1022).clock);
}

TEST(BinanceErrorsTest, TheTextSaysWhyMoreClosely) {
  auto reason = [](int code, const char* text) { return OfCode(code, text).rejection.reason; };
  EXPECT_EQ(reason(-1013, "Filter failure: LOT_SIZE"), RejectReason::kQuantityOffLot);
  EXPECT_EQ(reason(-1013, "Filter failure: PRICE_FILTER"), RejectReason::kPriceOffTick);
  EXPECT_EQ(reason(-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"), RejectReason::kPriceCollar);
  EXPECT_EQ(reason(-1013, "Filter failure: NOTIONAL"), RejectReason::kMinNotional);
  EXPECT_EQ(reason(-1013, "Filter failure: MAX_NUM_ALGO_ORDERS"), RejectReason::kMaxOpenOrders);
  EXPECT_EQ(reason(-1013, "Filter failure: SOMETHING_NEW"), RejectReason::kBrokerRejected);
  EXPECT_EQ(reason(-2010, "Account has insufficient balance for requested action."), RejectReason::kInsufficientFunds);
  EXPECT_EQ(reason(-2010, "Market is closed."), RejectReason::kMarketClosed);
  EXPECT_EQ(reason(-2010, "Order would trigger immediately."), RejectReason::kStopWrongSide);
  EXPECT_EQ(reason(-2010, "Order would immediately match and take."), RejectReason::kWouldTake);
  EXPECT_EQ(reason(-2010, "This account may not place or cancel orders."), RejectReason::kPermissionDenied);
  EXPECT_EQ(OfCode(-2010, "Market is closed.").rejection.message, "Market is closed.");
}

TEST(BinanceErrorsTest, ADuplicateIsTheOrderItself) {
  Problem problem = OfCode(-2010, "Duplicate order sent.");
  EXPECT_FALSE(problem.outcome_known);
  EXPECT_EQ(problem.rejection.reason, RejectReason::kDuplicateOrder);
}

}  // namespace
}  // namespace ballast::binance
