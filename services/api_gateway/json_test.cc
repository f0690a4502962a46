#include "services/api_gateway/json.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "ballast/broker/v1/broker_service.pb.h"
#include "ballast/order/v1/order_service.pb.h"
#include "ballast/risk/v1/risk_service.pb.h"
#include "ballast/strategy/v1/strategy_service.pb.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

template <typename Message>
std::vector<FieldError> Read(std::string_view text, Message* message) {
  std::vector<FieldError> errors;
  Json object = ParseObject(text, errors);
  if (errors.empty()) FromJson(object, message, errors);
  return errors;
}

TEST(JsonTest, FlattensDecimalsWhereverTheyAre) {
  order::v1::SubmitOrderResponse response;
  response.mutable_order()->mutable_quantity()->set_value("1.50");
  response.mutable_order()->mutable_fees();
  response.mutable_order()->set_status(order::v1::ORDER_STATUS_NEW);
  response.mutable_order()->set_sequence(9007199254740993);
  response.mutable_order()->mutable_create_time()->set_seconds(1'000'000'000);
  Json json = ToJson(response);
  EXPECT_EQ(json["order"]["quantity"], "1.50");
  EXPECT_EQ(json["order"]["fees"], "");
  EXPECT_EQ(json["order"]["status"], "ORDER_STATUS_NEW");
  EXPECT_EQ(json["order"]["sequence"], "9007199254740993");
  EXPECT_EQ(json["order"]["create_time"], "2001-09-09T01:46:40Z");
  EXPECT_EQ(json["replayed"], false);
  EXPECT_EQ(json["checks"], Json::array());
  EXPECT_FALSE(json["order"].contains("limit_price"));
  EXPECT_FALSE(json["order"].contains("rejection"));
}

TEST(JsonTest, FlattensInListsAndNestedMessages) {
  broker::v1::GetBrokerAccountResponse account;
  account.add_positions()->mutable_quantity()->set_value("-3");
  EXPECT_EQ(ToJson(account)["positions"][0]["quantity"], "-3");
  strategy::v1::ListDeploymentsResponse deployments;
  deployments.add_deployments()->mutable_spec()->mutable_stop_loss_ratio()->set_value("0.02");
  EXPECT_EQ(ToJson(deployments)["deployments"][0]["spec"]["stop_loss_ratio"], "0.02");
}

TEST(JsonTest, AFieldThatIsOnlyCalledValueStaysText) {
  strategy::v1::DeploymentSpec spec;
  (*spec.mutable_parameters())["value"] = "5";
  EXPECT_EQ(ToJson(spec)["parameters"], (Json{{"value", "5"}}));
}

TEST(JsonTest, WhatHasNoTextIsNotFatal) {
  order::v1::Order order;
  order.mutable_create_time()->set_seconds(std::numeric_limits<std::int64_t>::max());
  EXPECT_TRUE(ToJson(order).contains("unreadable"));
}

TEST(JsonTest, ReadsARequest) {
  order::v1::SubmitOrderRequest request;
  EXPECT_THAT(Read(R"({"request_id":"a","symbol":"AAPL","side":"SIDE_BUY","type":"ORDER_TYPE_LIMIT","quantity":"1.5",
                       "limit_price":"100.25","stop_price":null,"reduce_only":true})",
                   &request),
              IsEmpty());
  EXPECT_EQ(request.quantity().value(), "1.5");
  EXPECT_EQ(request.limit_price().value(), "100.25");
  EXPECT_FALSE(request.has_stop_price());
  EXPECT_EQ(request.side(), type::v1::SIDE_BUY);
  EXPECT_TRUE(request.reduce_only());
}

TEST(JsonTest, AnEmptyDecimalIsUnset) {
  order::v1::SubmitOrderRequest request;
  EXPECT_THAT(Read(R"({"limit_price":""})", &request), IsEmpty());
  EXPECT_FALSE(request.has_limit_price());
}

TEST(JsonTest, WhatWasWrittenReadsBackTheSame) {
  risk::v1::UpdateLimitsRequest request;
  request.set_request_id("r");
  risk::v1::Limits& limits = *request.mutable_limits();
  limits.set_account_id("paper");
  limits.set_version(18446744073709551);
  limits.mutable_max_order_quantity()->set_value("0.000000000000000001");
  limits.set_max_open_orders(50);
  limits.set_quote_age_ms_max(5000);
  limits.set_allow_short(true);
  limits.add_restricted_symbols("GME");
  limits.mutable_update_time()->set_seconds(1'700'000'000);
  limits.mutable_update_time()->set_nanos(5);
  risk::v1::UpdateLimitsRequest back;
  EXPECT_THAT(Read(ToJsonText(request), &back), IsEmpty());
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(request, back));
}

TEST(JsonTest, ReadsMapsAndDeepFields) {
  strategy::v1::CreateDeploymentRequest request;
  EXPECT_THAT(
      Read(
          R"({"spec":{"parameters":{"fast":"9"},"symbols":["A","B"],"position_size_ratio":"0.02","max_open_positions":5},"start":true})",
          &request),
      IsEmpty());
  EXPECT_EQ(request.spec().parameters().at("fast"), "9");
  EXPECT_EQ(request.spec().position_size_ratio().value(), "0.02");
  EXPECT_EQ(request.spec().max_open_positions(), 5);
}

struct Bad {
  const char* text;
  const char* field;
  RejectReason reason;
};

TEST(JsonTest, NamesTheFieldThatIsWrong) {
  const Bad kBad[] = {
      {R"({"quantity":1.5})", "quantity", RejectReason::kBadDecimal},
      {R"({"quantity":1})", "quantity", RejectReason::kBadDecimal},
      {R"({"quantity":{"value":"1"}})", "quantity", RejectReason::kBadDecimal},
      {R"({"quantity":"1e5"})", "quantity", RejectReason::kBadDecimal},
      {R"({"quantity":"+1"})", "quantity", RejectReason::kBadDecimal},
      {R"({"quantity":"1.0000000000000000001"})", "quantity", RejectReason::kBadDecimal},
      {R"({"quantity":["1"]})", "quantity", RejectReason::kBadDecimal},
      {R"({"side":"BUY"})", "side", RejectReason::kBadEnum},
      {R"({"side":1})", "side", RejectReason::kBadEnum},
      {R"({"symbol":5})", "symbol", RejectReason::kMalformed},
      {R"({"reduce_only":"true"})", "reduce_only", RejectReason::kMalformed},
      {R"({"reduceOnly":true})", "reduceOnly", RejectReason::kMalformed},
      {R"({"leverage":"2"})", "leverage", RejectReason::kMalformed},
  };
  for (const Bad& bad : kBad) {
    order::v1::SubmitOrderRequest request;
    auto errors = Read(bad.text, &request);
    ASSERT_EQ(errors.size(), 1U) << bad.text;
    EXPECT_EQ(errors[0].field, bad.field) << bad.text;
    EXPECT_EQ(errors[0].reason, bad.reason) << bad.text;
  }
}

TEST(JsonTest, NamesDeepFieldsByTheirPath) {
  const Bad kBad[] = {
      {R"({"limits":{"drawdown_ratio":0.1}})", "limits.drawdown_ratio", RejectReason::kBadDecimal},
      {R"({"limits":{"max_open_orders":3000000000}})", "limits.max_open_orders", RejectReason::kOutOfRange},
      {R"({"limits":{"max_open_orders":1.5}})", "limits.max_open_orders", RejectReason::kMalformed},
      {R"({"limits":{"version":-1}})", "limits.version", RejectReason::kOutOfRange},
      {R"({"limits":{"version":"x"}})", "limits.version", RejectReason::kMalformed},
      {R"({"limits":{"version":99999999999999999999}})", "limits.version", RejectReason::kMalformed},
      {R"({"limits":{"restricted_symbols":["A",1]}})", "limits.restricted_symbols[1]", RejectReason::kMalformed},
      {R"({"limits":{"restricted_symbols":"A"}})", "limits.restricted_symbols", RejectReason::kMalformed},
      {R"({"limits":{"update_time":5}})", "limits.update_time", RejectReason::kMalformed},
      {R"({"limits":[]})", "limits", RejectReason::kMalformed},
  };
  for (const Bad& bad : kBad) {
    risk::v1::UpdateLimitsRequest request;
    auto errors = Read(bad.text, &request);
    ASSERT_EQ(errors.size(), 1U) << bad.text;
    EXPECT_EQ(errors[0].field, bad.field) << bad.text;
    EXPECT_EQ(errors[0].reason, bad.reason) << bad.text;
  }
}

TEST(JsonTest, TellsEveryWrongFieldAtOnce) {
  order::v1::SubmitOrderRequest request;
  auto errors = Read(R"({"quantity":1,"side":"x","nonsense":0})", &request);
  std::vector<std::string> fields;
  for (const FieldError& error : errors) fields.push_back(error.field);
  EXPECT_THAT(fields, ElementsAre("quantity", "side", "nonsense"));
}

TEST(JsonTest, RefusesWhatIsNotOneObject) {
  std::string deep(100, '[');
  for (const std::string& bad :
       {std::string(""), std::string("nonsense"), std::string("[]"), std::string("1"), std::string("null"),
        std::string("{"), std::string("{}{}"), std::string(R"({"a":1,})"), std::string(R"({"a":NaN})"),
        std::string("{\"a\":\"\xff\"}"), R"({"a":)" + deep + std::string(100, ']') + "}"}) {
    std::vector<FieldError> errors;
    ParseObject(bad, errors);
    EXPECT_EQ(errors.size(), 1U) << bad;
  }
}

TEST(JsonTest, RefusesANameGivenTwice) {
  std::vector<FieldError> errors;
  ParseObject(R"({"quantity":"1","limits":{"a":1},"quantity":"100"})", errors);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_THAT(errors[0].message, HasSubstr("quantity"));
  errors.clear();
  ParseObject(R"({"a":{"x":1},"b":{"x":1}})", errors);
  EXPECT_THAT(errors, IsEmpty());
}

}  // namespace
}  // namespace ballast
