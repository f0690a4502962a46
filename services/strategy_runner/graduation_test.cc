// Stages of a deployment, and what each does to it.
#include "libs/base/civil_day.h"
#include "services/strategy_runner/risk_proposal.h"
#include "services/strategy_runner/testing/runner_stage.h"

namespace ballast {
namespace {

namespace graduation_pb = graduation::v1;

class GraduationTest : public RunnerStage {
 protected:
  using Answer = std::pair<absl::Status, graduation_pb::Graduation>;

  GraduationTest() { neighbours_.calendar = TradingCalendar::kAlwaysOpen; }

  Answer Ask(const std::function<bool(Runner::Reply<graduation_pb::Graduation>)>& ask) {
    auto answer = std::make_shared<std::optional<Answer>>();
    EXPECT_TRUE(ask([answer](const absl::Status& status, const graduation_pb::Graduation& graduation) {
      *answer = Answer(status, graduation);
    }));
    Poll();
    EXPECT_TRUE(answer->has_value());
    return answer->value_or(Answer());
  }
  graduation_pb::Graduation Stage() {
    return Ask([&](auto reply) { return runner_->GetGraduation("demo", reply); }).second;
  }
  // A plan that a handful of trades can meet.
  void Plan(double drawdown = 0.5) {
    graduation_pb::SetGraduationPlanRequest request;
    request.set_deployment_id("demo");
    graduation_pb::GraduationPlan plan;
    plan.set_minimum_trades(1);
    plan.set_minimum_days(1);
    plan.set_backtest_drawdown_ratio(drawdown);
    plan.set_slippage_bps_max(1'000);
    plan.mutable_canary_ratio()->set_value("0.5");
    *request.mutable_plan() = WithDefaults(plan);
    EXPECT_TRUE(Ask([&](auto reply) { return runner_->SetGraduationPlan(request, reply); }).first.ok());
  }
  Answer Promote(graduation_pb::Stage from) {
    graduation_pb::PromoteDeploymentRequest request;
    request.set_deployment_id("demo");
    request.set_from(from);
    request.set_actor("user:me");
    request.set_reason("it is good");
    return Ask([&](auto reply) { return runner_->Promote(request, reply); });
  }
  Answer Demote(graduation_pb::Stage to) {
    graduation_pb::DemoteDeploymentRequest request;
    request.set_deployment_id("demo");
    request.set_to(to);
    request.set_actor("user:me");
    request.set_reason("it is not");
    return Ask([&](auto reply) { return runner_->Demote(request, reply); });
  }
  // Bought at 110, sold at 90: one closed trade.
  void Trade() {
    Enter();
    Step(5, "90");
    Filled(neighbours_.submitted.back().request_id(), type::v1::SIDE_SELL);
    Pass(1'000'000'000);
  }
  // From the paper stage, with what it takes, to that one.
  void Reach(graduation_pb::Stage stage) {
    StartWithDemo();
    Plan();
    Trade();
    auto promoted = Promote(graduation_pb::STAGE_PAPER);
    ASSERT_TRUE(promoted.first.ok()) << promoted.first;
    if (stage == graduation_pb::STAGE_SHADOW) return;
    minute_ = 6;
    for (const char* close : {"80", "120", "60"}) Step(minute_++, close);
    Pass(1'000'000'000);
    promoted = Promote(graduation_pb::STAGE_SHADOW);
    ASSERT_TRUE(promoted.first.ok()) << promoted.first;
  }

  int minute_ = 6;
};

TEST_F(GraduationTest, APersonConfirmsWhatEveryGateHolds) {
  StartWithDemo();
  EXPECT_EQ(Stage().stage(), graduation_pb::STAGE_PAPER);
  EXPECT_FALSE(Stage().ready());
  EXPECT_EQ(Promote(graduation_pb::STAGE_PAPER).first.code(), absl::StatusCode::kFailedPrecondition);
  Plan();
  Trade();
  EXPECT_TRUE(Stage().ready()) << Stage().DebugString();
  EXPECT_EQ(Stage().evidence().trades(), 1);
  EXPECT_EQ(Stage().evidence().days(), 1);
  EXPECT_EQ(Stage().evidence().slippage_count(), 1);
  EXPECT_EQ(Promote(graduation_pb::STAGE_SHADOW).first.code(), absl::StatusCode::kAborted) << "it is in another stage";
  accounts_.open_breaks = 1;
  EXPECT_EQ(Promote(graduation_pb::STAGE_PAPER).first.message(), "reconciliation: 1, required 0");
  accounts_.open_breaks = 0;
  EXPECT_TRUE(Promote(graduation_pb::STAGE_PAPER).first.ok());
  EXPECT_EQ(Stage().stage(), graduation_pb::STAGE_SHADOW);
  ASSERT_EQ(Stage().changes_size(), 1);
  EXPECT_EQ(Stage().changes(0).actor(), "user:me");
  EXPECT_EQ(Stage().changes(0).evidence().trades(), 1);
  EXPECT_EQ(Stage().evidence().trades(), 0) << "each stage has its own";
  EXPECT_EQ(tables_->graduations.size(), 1U);
  // Those who send orders on other threads know, and so does the next process before its first step.
  EXPECT_NE(gate_.For("paper", "demo", TradingCalendar::kAlwaysOpen, UtcTime{1}).nothing, "");
  gate_.SetStanding("demo", {});
  Restart();
  EXPECT_NE(gate_.For("paper", "demo", TradingCalendar::kAlwaysOpen, UtcTime{1}).nothing, "");
  EXPECT_TRUE(Demote(graduation_pb::STAGE_PAPER).first.ok());
  EXPECT_EQ(gate_.For("paper", "demo", TradingCalendar::kAlwaysOpen, UtcTime{1}).nothing, "");
}

TEST_F(GraduationTest, AShadowBeginsFlat) {
  StartWithDemo();
  Plan();
  Trade();
  Step(6, "130");
  Filled(neighbours_.submitted.back().request_id(), type::v1::SIDE_BUY);
  EXPECT_EQ(Promote(graduation_pb::STAGE_PAPER).first.message(), "it holds something: a shadow begins flat");
}

TEST_F(GraduationTest, AShadowDecidesAndSendsNothing) {
  Reach(graduation_pb::STAGE_SHADOW);
  const std::size_t sent = neighbours_.submitted.size();
  Step(6, "80");
  Step(7, "120");
  EXPECT_EQ(Now().open_positions(), 1) << "it goes on as if it held it";
  Step(8, "60");
  Pass(1'000'000'000);
  EXPECT_EQ(neighbours_.submitted.size(), sent);
  EXPECT_EQ(Now().open_positions(), 0);
  EXPECT_EQ(Stage().evidence().trades(), 1);
  EXPECT_EQ(Stage().evidence().withheld_orders(), 2);
  bool told = false;
  for (const std::string& decision : Decisions()) told |= decision.find("withheld, a shadow: ") != std::string::npos;
  EXPECT_TRUE(told);
  // Over a restart.
  Restart();
  Step(9, "140");
  EXPECT_EQ(neighbours_.submitted.size(), sent);
  EXPECT_EQ(Stage().stage(), graduation_pb::STAGE_SHADOW);
}

TEST_F(GraduationTest, WhatAShadowHeldWasNeverThere) {
  Reach(graduation_pb::STAGE_SHADOW);
  Step(6, "80");
  Step(7, "120");
  ASSERT_EQ(Now().open_positions(), 1);
  EXPECT_TRUE(Demote(graduation_pb::STAGE_PAPER).first.ok());
  EXPECT_EQ(Now().open_positions(), 0);
}

TEST_F(GraduationTest, ACanaryTradesAPartAndGoesBackByItself) {
  Reach(graduation_pb::STAGE_CANARY);
  EXPECT_EQ(Stage().stage(), graduation_pb::STAGE_CANARY);
  Step(minute_++, "110");
  ASSERT_FALSE(neighbours_.submitted.empty());
  EXPECT_EQ(neighbours_.submitted.back().quantity().value(), "4") << "half of 9, in whole lots";
  // A break with the venue leads back to the shadow, which enters nothing while it still holds something for real.
  Filled(neighbours_.submitted.back().request_id(), type::v1::SIDE_BUY);
  accounts_.open_breaks = 1;
  Pass(31'000'000'000);
  Pass(1'000'000'000);
  EXPECT_EQ(Stage().stage(), graduation_pb::STAGE_SHADOW);
  EXPECT_EQ(Stage().changes(0).actor(), "system");
  ASSERT_FALSE(neighbours_.alerts.empty());
  EXPECT_EQ(neighbours_.alerts.back().title(), "demo went back to shadow");
  const std::size_t sent = neighbours_.submitted.size();
  Step(minute_++, "60");
  ASSERT_EQ(neighbours_.submitted.size(), sent + 1) << "what it holds for real is closed for real";
  EXPECT_TRUE(neighbours_.submitted.back().reduce_only());
  Filled(neighbours_.submitted.back().request_id(), type::v1::SIDE_SELL);
  Pass(1'000'000'000);
  Step(minute_++, "150");
  EXPECT_EQ(neighbours_.submitted.size(), sent + 1);
}

TEST_F(GraduationTest, AWayBackIsToldOverARestart) {
  Reach(graduation_pb::STAGE_CANARY);
  accounts_.open_breaks = 1;
  neighbours_.refuse_alerts = 1'000;
  Pass(31'000'000'000);
  Pass(1'000'000'000);
  ASSERT_EQ(Stage().stage(), graduation_pb::STAGE_SHADOW);
  EXPECT_TRUE(neighbours_.alerts.empty());
  neighbours_.refuse_alerts = 0;
  Restart();
  Pass(1'000'000'000);
  ASSERT_EQ(neighbours_.alerts.size(), 1U);
  EXPECT_EQ(neighbours_.alerts[0].title(), "demo went back to shadow");
  Restart();
  Pass(31'000'000'000);
  EXPECT_EQ(neighbours_.alerts.size(), 1U) << "once";
}

TEST_F(GraduationTest, WhoAsksAsTheServiceStopsIsAnswered) {
  StartWithDemo();
  std::optional<absl::Status> answer;
  ASSERT_TRUE(runner_->GetGraduation("demo", [&](const absl::Status& status, const auto&) { answer = status; }));
  Finish();
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(absl::IsUnavailable(*answer)) << *answer;
}

TEST_F(GraduationTest, WhatWasSoBeforeAStageWasLeftIsNotHeldAgainstTheNext) {
  neighbours_.mode = type::v1::ACCOUNT_MODE_LIVE;
  Reach(graduation_pb::STAGE_CANARY);
  Step(minute_++, "110");
  Filled(neighbours_.submitted.back().request_id(), type::v1::SIDE_BUY);
  Step(minute_++, "90");
  Filled(neighbours_.submitted.back().request_id(), type::v1::SIDE_SELL);
  Pass(1'000'000'000);
  auto promoted = Promote(graduation_pb::STAGE_CANARY);
  ASSERT_TRUE(promoted.first.ok()) << promoted.first;
  accounts_.open_breaks = 1;
  clock_.nanos += 31'000'000'000;
  // It has been asked for and not been held against it yet.
  (void)runner_->Poll(clock_.nanos);
  accounts_.open_breaks = 0;
  Pass(1'000'000'000);
  Pass(31'000'000'000);
  EXPECT_EQ(Stage().stage(), graduation_pb::STAGE_CANARY) << Stage().DebugString();
}

TEST_F(GraduationTest, ADrawdownBeyondTheBandLeadsBack) {
  Reach(graduation_pb::STAGE_CANARY);
  Plan(0.0001);
  Step(minute_++, "110");
  Filled(neighbours_.submitted.back().request_id(), type::v1::SIDE_BUY);
  Quote(minute_++, "106");
  Pass(1'000'000'000);
  EXPECT_EQ(Stage().stage(), graduation_pb::STAGE_SHADOW);
  EXPECT_NE(Stage().changes(0).reason().find("draw-down"), std::string::npos);
}

TEST_F(GraduationTest, TheLastStageIsForRealMoney) {
  Reach(graduation_pb::STAGE_CANARY);
  Step(minute_++, "110");
  Filled(neighbours_.submitted.back().request_id(), type::v1::SIDE_BUY);
  Step(minute_++, "90");
  Filled(neighbours_.submitted.back().request_id(), type::v1::SIDE_SELL);
  Pass(1'000'000'000);
  EXPECT_EQ(Promote(graduation_pb::STAGE_CANARY).first.message(), "account: paper, required live");
  EXPECT_EQ(Demote(graduation_pb::STAGE_LIVE).first.code(), absl::StatusCode::kFailedPrecondition);
}

TEST(GraduationPlanText, NoSlippageAtAllIsNotTheUsualBound) {
  graduation_pb::GraduationPlan plan;
  EXPECT_EQ(WithDefaults(plan).slippage_bps_max(), 10);
  plan.set_slippage_bps_max(0);
  std::vector<FieldError> errors;
  EXPECT_EQ(PlanFromProto(WithDefaults(plan), errors).slippage_bps_max, 0);
  EXPECT_TRUE(errors.empty());
}

TEST(RiskProposal, WhatASpecSaysOfItself) {
  strategy::Spec spec;
  spec.symbols = {Symbol("SPY"), Symbol("QQQ")};
  spec.position_size_ratio = Decimal::Of("0.04");
  spec.capital_ratio = Decimal::Of("0.5");
  spec.stop_loss_ratio = Decimal::Of("0.05");
  spec.trailing_stop_ratio = Decimal::Of("0.03");
  std::vector<Bar> bars;
  for (int day = 0; day < 7; ++day)
    bars.push_back({.symbol = Symbol("SPY"), .timeframe = "1d", .close = Decimal::FromInt(day % 2 == 0 ? 100 : 101)});
  graduation::Proposal proposal = ProposalOf(spec, {{Symbol("SPY"), bars}});
  EXPECT_DOUBLE_EQ(proposal.position_ratio, 0.02);
  EXPECT_DOUBLE_EQ(proposal.stop_ratio.value(), 0.03);
  EXPECT_EQ(proposal.symbols, 2);
  EXPECT_NEAR(proposal.daily_move.value(), 0.00995, 1e-5);
  EXPECT_FALSE(DailyMove({bars.begin(), bars.begin() + 5})) << "four returns are too few";
}

}  // namespace
}  // namespace ballast
