// Settings of deployments in the runner: what is kept over a restart, changes while running, capital, the open, limits.
#include "gmock/gmock.h"
#include "services/strategy_runner/testing/runner_stage.h"

namespace ballast {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class RunnerSettingsTest : public RunnerStage {
 protected:
  void StartWith(const std::string& settings) {
    StrategyStore::Batch batch;
    batch.rows.push_back(DemoRow(strategy::DeploymentState::kActive));
    auto configured = ParseDeployment(std::string(kDemo) + "," + settings, RuleShelf());
    ASSERT_TRUE(configured.ok()) << configured.status();
    batch.rows[0].spec = configured->spec;
    Keep(std::move(batch));
    Restart();
  }
  struct Updated {
    absl::Status status = absl::UnknownError("not answered");
    strategy::v1::Deployment deployment;
  };
  Updated Update(const std::string& settings, std::uint64_t revision = 0) {
    strategy::v1::UpdateDeploymentRequest request;
    request.set_deployment_id("demo");
    *request.mutable_spec() = ParseDeployment("demo|ema_cross|paper|SPY|1m|" + settings, RuleShelf())->spec;
    request.set_revision(revision);
    request.set_actor("user:test");
    request.set_reason("calmer");
    auto updated = std::make_shared<Updated>();
    EXPECT_TRUE(runner_->Update(request, [updated](const absl::Status& status, const auto& deployment) {
      *updated = {status, deployment};
    }));
    Poll();
    return *updated;
  }
  strategy::v1::ListDecisionsResponse Stored() {
    strategy::v1::ListDecisionsRequest request;
    request.set_deployment_id("demo");
    return store_->ListDecisions(request).value();
  }
};

TEST_F(RunnerSettingsTest, ASizingAsksForTheLimitsAndSaysHowItSized) {
  StartWith("sizing.method=risk_per_trade,sizing.risk_ratio=0.001");
  Step(4, "110");
  EXPECT_EQ(neighbours_.Count("limits paper"), 1);
  ASSERT_EQ(neighbours_.submitted.size(), 1U);
  // 100 of money over 5.5 a share.
  EXPECT_EQ(neighbours_.submitted[0].quantity().value(), "18");
  auto decision = Stored().decisions(0);
  EXPECT_EQ(decision.inputs().at("sizing"), "risk_per_trade");
  EXPECT_EQ(decision.inputs().at("sizing_loss_per_unit"), "5.5");
}

TEST_F(RunnerSettingsTest, WithoutASizingNobodyIsAskedForLimits) {
  StartWithDemo();
  Step(4, "110");
  EXPECT_EQ(neighbours_.Count("limits"), 0);
  EXPECT_EQ(neighbours_.submitted.at(0).quantity().value(), "9");
}

TEST_F(RunnerSettingsTest, ABarWaitsForTheLimitsAndStopsDoNot) {
  neighbours_.silent.insert("limits");
  StartWith("sizing.method=fixed_fraction");
  Step(4, "110");
  EXPECT_TRUE(neighbours_.submitted.empty());
  neighbours_.Release("limits");
  Poll();
  EXPECT_EQ(neighbours_.submitted.size(), 1U);
}

TEST_F(RunnerSettingsTest, TradesAndProfitAreKeptOverARestart) {
  StartWith("sizing.method=fixed_fraction");
  Enter();
  Stop(true);
  Filled("demo-2", type::v1::SIDE_SELL);
  auto before = Now();
  EXPECT_EQ(before.closed_trades(), 1);
  EXPECT_EQ(before.sizing_records_size(), 3) << "fixed fraction, risk per trade, Kelly";
  Restart();
  auto after = Now();
  EXPECT_EQ(after.closed_trades(), 1);
  EXPECT_EQ(after.realised_pnl().value(), before.realised_pnl().value());
  EXPECT_EQ(after.sizing_records_size(), 3);
}

TEST_F(RunnerSettingsTest, AChangeWhileRunningHoldsFromTheNextBarAndRepeatsNoSignal) {
  StartWithDemo();
  Step(4, "110");
  Filled("demo-1", type::v1::SIDE_BUY);
  neighbours_.past.push_back(MakeBar(4, "110"));
  Updated updated = Update("fast=1,slow=2,position_size_ratio=0.02,take_profit_ratio=0.5");
  ASSERT_TRUE(updated.status.ok()) << updated.status;
  EXPECT_EQ(updated.deployment.revision(), 1U);
  auto remark = Stored().decisions(0);
  EXPECT_EQ(remark.action(), "settings");
  EXPECT_THAT(remark.reason(), HasSubstr("user:test: calmer"));
  EXPECT_THAT(remark.inputs().at("changes"), HasSubstr("position_size_ratio"));
  // The bar of the signal is told again: nothing.
  std::size_t orders = neighbours_.submitted.size();
  Step(4, "110");
  Step(5, "111");
  EXPECT_EQ(neighbours_.submitted.size(), orders);
  EXPECT_EQ(Now().open_positions(), 1);
  // And the turn the other way is followed by the mind that has seen the past.
  Step(6, "90");
  ASSERT_EQ(neighbours_.submitted.size(), orders + 1);
  EXPECT_TRUE(neighbours_.submitted.back().reduce_only());
  Restart();
  EXPECT_EQ(Now().revision(), 1U);
  EXPECT_EQ(Now().spec().position_size_ratio().value(), "0.02");
}

TEST_F(RunnerSettingsTest, AChangeIsRefusedWhereItCannotBe) {
  StartWithDemo();
  EXPECT_TRUE(absl::IsAborted(Update("position_size_ratio=0.02", 7).status));
  strategy::v1::UpdateDeploymentRequest request;
  request.set_deployment_id("demo");
  *request.mutable_spec() = ParseDeployment("demo|ema_cross|paper|QQQ|1m|", RuleShelf())->spec;
  absl::Status refusal;
  runner_->Update(request, [&](const absl::Status& status, const auto&) { refusal = status; });
  Poll();
  EXPECT_THAT(std::string(refusal.message().data(), refusal.message().size()), HasSubstr("symbols"));
  *request.mutable_spec() = ParseDeployment("demo|ema_cross|other|SPY|1m|", RuleShelf())->spec;
  runner_->Update(request, [&](const absl::Status& status, const auto&) { refusal = status; });
  Poll();
  EXPECT_THAT(std::string(refusal.message().data(), refusal.message().size()), HasSubstr("account"));
  // A timeframe the market has no bars of.
  *request.mutable_spec() = ParseDeployment("demo|ema_cross|paper|SPY|1s|", RuleShelf())->spec;
  runner_->Update(request, [&](const absl::Status& status, const auto&) { refusal = status; });
  Poll();
  EXPECT_THAT(std::string(refusal.message().data(), refusal.message().size()), HasSubstr("timeframe"));
  EXPECT_EQ(Now().revision(), 0U);
  EXPECT_TRUE(Decisions().empty());
}

TEST_F(RunnerSettingsTest, NoMoreThanAllOfTheEquityIsGivenAway) {
  StartWith("capital_ratio=0.7");
  strategy::v1::CreateDeploymentRequest request;
  request.set_request_id("second");
  *request.mutable_spec() = ParseDeployment("x|ema_cross|paper|SPY|1m|capital_ratio=0.31", RuleShelf())->spec;
  absl::Status refusal;
  runner_->Create(request, [&](const absl::Status& status, const auto&) { refusal = status; });
  Poll();
  EXPECT_TRUE(absl::IsFailedPrecondition(refusal));
  EXPECT_THAT(std::string(refusal.message().data(), refusal.message().size()), HasSubstr("only 0.3"));
  *request.mutable_spec() = ParseDeployment("x|ema_cross|paper|SPY|1m|capital_ratio=0.3", RuleShelf())->spec;
  runner_->Create(request, [&](const absl::Status& status, const auto&) { refusal = status; });
  Poll();
  EXPECT_TRUE(refusal.ok()) << refusal;
  EXPECT_TRUE(absl::IsFailedPrecondition(Update("capital_ratio=0.71").status));
  EXPECT_TRUE(Update("capital_ratio=0.5").status.ok());
}

TEST_F(RunnerSettingsTest, ASignalWhileTheMarketIsClosedIsEnteredAtTheOpenAndOnce) {
  StartWith("entries_wait_for_open=true");
  auto closed = MakeStep(4, "110", true, true);
  closed.mutable_quotes(0)->set_session_open(false);
  Bring(std::move(closed));
  EXPECT_TRUE(neighbours_.submitted.empty());
  EXPECT_THAT(Decisions().at(0), HasSubstr("entered at the open"));
  // Another process sees the open.
  Restart();
  Quote(5, "110");
  ASSERT_EQ(neighbours_.submitted.size(), 1U);
  EXPECT_EQ(neighbours_.submitted[0].request_id(), "demo-2");
  Quote(6, "110");
  Restart();
  Quote(7, "110");
  EXPECT_EQ(neighbours_.submitted.size(), 1U);
}

TEST_F(RunnerSettingsTest, ATrailingStopIsKeptOverARestart) {
  StartWith("trailing_stop_ratio=0.1");
  Enter();
  Quote(5, "200");
  Restart();
  Quote(6, "181");
  EXPECT_EQ(neighbours_.submitted.size(), 1U);
  Quote(7, "180");
  ASSERT_EQ(neighbours_.submitted.size(), 2U);
  EXPECT_EQ(neighbours_.submitted[1].reason(), "trailing_stop");
}

TEST_F(RunnerSettingsTest, TheLongerBarsArePartOfThePast) {
  StartWith("confirmation=1h:2");
  Step(4, "110");
  EXPECT_EQ(neighbours_.Count("bars SPY"), 2);
  // No bar of an hour has come: nothing confirms.
  EXPECT_THAT(Decisions(), Contains(HasSubstr("1h bars do not confirm")));
}

TEST_F(RunnerSettingsTest, APreviewSaysWhatEachMethodWouldTakeAndOrdersNothing) {
  StartWithDemo();
  strategy::v1::PreviewSizingRequest request;
  request.set_account_id("paper");
  request.set_symbol("SPY");
  request.set_side(type::v1::SIDE_BUY);
  request.mutable_price()->set_value("100");
  request.mutable_stop_price()->set_value("98");
  strategy::v1::PreviewSizingResponse answer;
  absl::Status answered = absl::UnknownError("");
  runner_->Preview(request, [&](const absl::Status& status, const auto& response) {
    answered = status;
    answer = response;
  });
  Poll();
  ASSERT_TRUE(answered.ok()) << answered;
  std::map<std::string, std::string> quantities;
  for (const auto& result : answer.results()) quantities[result.name()] = result.quantity().value();
  EXPECT_EQ(quantities["fixed_fraction"], "20");
  EXPECT_EQ(quantities["risk_per_trade"], "500");
  EXPECT_EQ(quantities["volatility_target"], "0") << "three bars are too few";
  EXPECT_EQ(quantities.size(), 6U);
  request.mutable_money()->set_value("450");
  runner_->Preview(request, [&](const absl::Status&, const auto& response) { answer = response; });
  Poll();
  ASSERT_EQ(answer.results_size(), 1);
  EXPECT_EQ(answer.results(0).quantity().value(), "4");
  request.set_symbol("NONE");
  runner_->Preview(request, [&](const absl::Status& status, const auto&) { answered = status; });
  Poll();
  EXPECT_TRUE(absl::IsNotFound(answered));
  EXPECT_TRUE(neighbours_.submitted.empty());
}

}  // namespace
}  // namespace ballast
