// A parent order while its account's day is ended, and in its deployment's stage.
#include "gtest/gtest.h"
#include "services/strategy_runner/testing/algo_stage.h"

namespace ballast {
namespace {

namespace algo_pb = execution::v1;

class AlgoPermitTest : public ::testing::Test {
 protected:
  void SetUp() override { stage.Restart(); }

  // A day of the account is ended from so many seconds after now on, for so many.
  void EndDay(std::int64_t after, std::int64_t seconds) {
    const UtcTime from{(stage.seconds + after) * AlgoStage::kSecondNs};
    EntryGate::Days days;
    days.begun.push_back({TradingCalendar::kNewYorkStockExchange, from, from + Duration::Seconds(seconds)});
    stage.gate.SetDays({{"paper", days}});
  }
  std::string Create(algo_pb::CreateAlgoOrderRequest request) {
    auto created = stage.Create(request);
    EXPECT_TRUE(created.ok()) << created.status();
    return created.ok() ? created->algo_order().algo_order_id() : "";
  }
  static algo_pb::CreateAlgoOrderRequest Twap(const std::string& quantity, const std::string& deployment = "") {
    auto request = AlgoStage::Request(algo_pb::ALGO_TYPE_TWAP, quantity);
    request.mutable_spec()->set_slices(10);
    request.mutable_spec()->set_deployment_id(deployment);
    return request;
  }

  AlgoStage stage;
};

TEST_F(AlgoPermitTest, NothingIsOpenedWhileTheDayIsEndedAndItGoesOnAfterwards) {
  std::string id = Create(Twap("20"));
  stage.Pass(25);
  EndDay(0, 30);
  int sent = stage.Calls("submit");
  stage.Pass(29);
  EXPECT_EQ(stage.Calls("submit"), sent);
  auto order = *stage.Get(id);
  EXPECT_EQ(order.status(), algo_pb::ALGO_STATUS_RUNNING);
  EXPECT_EQ(order.waits_for(), "the end of its account's day at 22:14:15 UTC");
  stage.Pass(50);
  EXPECT_EQ(stage.Get(id)->status(), algo_pb::ALGO_STATUS_FILLED);
}

TEST_F(AlgoPermitTest, WhatOnlyReducesGoesOn) {
  auto request = Twap("20");
  request.mutable_spec()->set_reduce_only(true);
  std::string id = Create(request);
  EndDay(0, 1'000);
  stage.Pass(101);
  EXPECT_EQ(stage.Get(id)->status(), algo_pb::ALGO_STATUS_FILLED);
}

TEST_F(AlgoPermitTest, NobodyKnowsTheDaysYet) {
  EntryGate unknown;
  EXPECT_NE(unknown.For("paper", "", TradingCalendar::kAlwaysOpen, UtcTime{1}).wait, "");
}

TEST_F(AlgoPermitTest, AChildThatNobodyHasHeardIsNotSentAgainIntoTheDaysEnd) {
  std::string id = Create(Twap("20"));
  stage.orders.lose_requests = 1;
  stage.Pass(1);
  ASSERT_EQ(stage.Calls("submit"), 1);
  EndDay(0, 60);
  stage.Pass(30);
  EXPECT_EQ(stage.Calls("submit"), 1) << "the first that is heard would open";
  EXPECT_TRUE(stage.Get(id)->children(0).never_sent());
  stage.Pass(69);
  EXPECT_EQ(stage.Get(id)->filled_quantity().value(), "20");
}

TEST_F(AlgoPermitTest, WhatRestsIsCancelledAndTheDaysEndDoesNotPauseIt) {
  auto request = AlgoStage::Request(algo_pb::ALGO_TYPE_ICEBERG, "10");
  request.mutable_spec()->clear_duration_seconds();
  request.mutable_spec()->mutable_limit_price()->set_value("100");
  request.mutable_spec()->mutable_display_quantity()->set_value("4");
  stage.orders.fills = false;
  std::string id = Create(request);
  stage.Pass(2);
  ASSERT_EQ(stage.orders.by_request.size(), 1U);
  // The day's end is faster than the parent.
  EndDay(0, 20);
  auto& resting = stage.orders.by_request.begin()->second;
  stage.orders.Change(resting, order::v1::ORDER_STATUS_CANCELED, "0");
  ASSERT_TRUE(stage.runner->OnOrder(resting));
  stage.Pass(15);
  EXPECT_EQ(stage.Get(id)->status(), algo_pb::ALGO_STATUS_RUNNING);
  stage.orders.fills = true;
  stage.Pass(20);
  EXPECT_EQ(stage.Get(id)->status(), algo_pb::ALGO_STATUS_FILLED);
}

TEST_F(AlgoPermitTest, AShadowsParentOrderIsRefused) {
  stage.gate.SetStanding("demo", {.shadow = true, .withholding = true});
  auto refused = stage.Create(Twap("20", "demo"));
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status())) << refused.status();
  stage.Pass(10);
  EXPECT_EQ(stage.Calls("submit"), 0);
  EXPECT_TRUE(stage.tables->orders.empty());
}

TEST_F(AlgoPermitTest, OneThatBecomesAShadowStopsAndSaysSo) {
  std::string id = Create(Twap("20", "demo"));
  stage.Pass(25);
  int sent = stage.Calls("submit");
  stage.gate.SetStanding("demo", {.shadow = true});
  stage.Pass(30);
  EXPECT_EQ(stage.Calls("submit"), sent);
  auto order = *stage.Get(id);
  EXPECT_EQ(order.status(), algo_pb::ALGO_STATUS_STOPPED);
  EXPECT_EQ(order.status_reason().message(), "the deployment demo is a shadow: its orders are not sent");
  EXPECT_EQ(stage.neighbours->alerts.size(), 1U);
}

TEST_F(AlgoPermitTest, AShadowClosesForRealWhatItStillHoldsForReal) {
  stage.gate.SetStanding("demo", {.shadow = true, .withholding = false});
  auto request = Twap("20", "demo");
  request.mutable_spec()->set_reduce_only(true);
  std::string id = Create(request);
  stage.Pass(100);
  EXPECT_EQ(stage.Get(id)->status(), algo_pb::ALGO_STATUS_FILLED);
}

TEST_F(AlgoPermitTest, ADeploymentThatIsNotItsAccountsIsRefused) {
  stage.gate.SetDeployment("others", "other");
  for (const char* deployment : {"nobody", "others"}) {
    absl::Status refused = stage.Create(Twap("20", deployment)).status();
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
    EXPECT_NE(refused.message().find("spec.deployment_id"), std::string::npos) << refused;
  }
  EXPECT_TRUE(stage.tables->orders.empty());
  EXPECT_TRUE(stage.Create(Twap("20", "demo")).ok());
}

TEST_F(AlgoPermitTest, ACanarysParentOrderIsCutToItsPart) {
  stage.gate.SetStanding("demo", {.size_ratio = Decimal::Of("0.25")});
  auto created = stage.Create(Twap("21", "demo"));
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->algo_order().spec().quantity().value(), "5");
  EXPECT_EQ(created->algo_order().requested_quantity().value(), "21");
  stage.Pass(100);
  EXPECT_EQ(stage.orders.Filled(), Decimal::Of("5"));
  EXPECT_EQ(stage.Get(created->algo_order().algo_order_id())->status(), algo_pb::ALGO_STATUS_FILLED);
  auto again = stage.Create(Twap("21", "demo"));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->replayed());
  auto less = Twap("3", "demo");
  less.set_request_id("r2");
  EXPECT_TRUE(absl::IsFailedPrecondition(stage.Create(less).status())) << "less than a lot";
}

TEST_F(AlgoPermitTest, OneThatBecomesACanaryHasNoMoreThanThePart) {
  std::string id = Create(Twap("20", "demo"));
  stage.Pass(15);
  ASSERT_EQ(stage.orders.Filled(), Decimal::Of("4"));
  stage.gate.SetStanding("demo", {.size_ratio = Decimal::Of("0.25")});
  stage.Pass(60);
  EXPECT_EQ(stage.orders.Filled(), Decimal::Of("5"));
  auto order = *stage.Get(id);
  EXPECT_EQ(order.status(), algo_pb::ALGO_STATUS_STOPPED);
  EXPECT_EQ(order.status_reason().message(), "its deployment's stage permits 5 of 20");
}

}  // namespace
}  // namespace ballast
