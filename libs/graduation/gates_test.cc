#include "libs/graduation/gates.h"

#include <cmath>

#include "gtest/gtest.h"

namespace ballast::graduation {
namespace {

Plan Backtested() {
  Plan plan;
  plan.backtest_drawdown_ratio = 0.04;
  plan.backtest_mean_return = 0.002;
  plan.backtest_return_deviation = 0.01;
  return plan;
}
// 40 trades of the backtest's mean.
Evidence Good() {
  return {.trades = 40,
          .days = 10,
          .return_sum = 0.08,
          .return_square_sum = 0.004,
          .drawdown_ratio = 0.05,
          .slippage_count = 40,
          .slippage_bps_sum = 120};
}
const Surroundings kWell{.open_breaks = 0, .unprotected_positions = 0, .live_account = false};

std::string Failing(Stage stage, const Plan& plan, const Evidence& evidence, const Surroundings& around) {
  std::string names;
  for (const Gate& gate : GatesOf(stage, plan, evidence, around)) {
    if (!gate.passed) names += (names.empty() ? "" : " ") + gate.name;
  }
  return names;
}

TEST(Gates, WhatIsGoodEnoughPasses) {
  EXPECT_EQ(Failing(Stage::kPaper, Backtested(), Good(), kWell), "");
  EXPECT_TRUE(AllPass(GatesOf(Stage::kPaper, Backtested(), Good(), kWell)));
  EXPECT_TRUE(GatesOf(Stage::kLive, Backtested(), Good(), kWell).empty());
  EXPECT_FALSE(AllPass({})) << "there is no stage after the last";
}

TEST(Gates, EachHoldsBackWhatItIsFor) {
  auto failing = [](auto change) {
    Evidence evidence = Good();
    Plan plan = Backtested();
    Surroundings around = kWell;
    change(plan, evidence, around);
    return Failing(Stage::kPaper, plan, evidence, around);
  };
  EXPECT_EQ(failing([](Plan&, Evidence& e, Surroundings&) { e.trades = 29; }), "trades");
  EXPECT_EQ(failing([](Plan&, Evidence& e, Surroundings&) { e.days = 4; }), "days");
  EXPECT_EQ(failing([](Plan&, Evidence& e, Surroundings&) { e.drawdown_ratio = 0.0601; }), "drawdown");
  EXPECT_EQ(failing([](Plan& p, Evidence&, Surroundings&) { p.backtest_drawdown_ratio.reset(); }), "drawdown");
  EXPECT_EQ(failing([](Plan&, Evidence& e, Surroundings&) { e.return_sum = -0.04; }), "return");
  EXPECT_EQ(failing([](Plan&, Evidence& e, Surroundings&) { e.slippage_bps_sum = 401; }), "slippage");
  EXPECT_EQ(failing([](Plan&, Evidence& e, Surroundings&) { e.slippage_count = 0; }), "slippage");
  EXPECT_EQ(failing([](Plan&, Evidence&, Surroundings& a) { a.open_breaks = 1; }), "reconciliation");
  EXPECT_EQ(failing([](Plan&, Evidence&, Surroundings& a) { a.open_breaks.reset(); }), "reconciliation")
      << "what is not known is taken for good";
  EXPECT_EQ(failing([](Plan&, Evidence&, Surroundings& a) { a.unprotected_positions = 2; }), "protection");
}

TEST(Gates, AMeanReturnIsHeldAgainstChance) {
  // z of -1.64 and -1.65 around the 5 % of one side: the deviation of a mean of 40 is 0.01 / sqrt(40).
  Evidence evidence = Good();
  const double error = 0.01 / std::sqrt(40.0);
  evidence.return_sum = 40 * (0.002 - 1.64 * error);
  EXPECT_EQ(Failing(Stage::kPaper, Backtested(), evidence, kWell), "");
  evidence.return_sum = 40 * (0.002 - 1.65 * error);
  EXPECT_EQ(Failing(Stage::kPaper, Backtested(), evidence, kWell), "return");
  EXPECT_NEAR(NormalBelow(0), 0.5, 1e-12);
  EXPECT_NEAR(NormalBelow(-1.6448536269514722), 0.05, 1e-12);
}

TEST(Gates, TradesThatNeverDifferLeaveNothingToChance) {
  Plan plan = Backtested();
  plan.backtest_return_deviation = 0;
  Evidence evidence = Good();
  evidence.return_sum = 40 * 0.002;
  EXPECT_EQ(Failing(Stage::kPaper, plan, evidence, kWell), "");
  evidence.return_sum = 40 * 0.0019;
  EXPECT_EQ(Failing(Stage::kPaper, plan, evidence, kWell), "return");
}

TEST(Gates, AShadowHasNoSlippageAndACanaryNeedsALiveAccount) {
  Evidence evidence = Good();
  evidence.slippage_count = 0;
  EXPECT_EQ(Failing(Stage::kShadow, Backtested(), evidence, kWell), "");
  EXPECT_EQ(Failing(Stage::kCanary, Backtested(), Good(), kWell), "account");
}

TEST(Gates, WhatLeadsBack) {
  Evidence deep = Good();
  deep.drawdown_ratio = 0.0801;
  for (Stage stage : {Stage::kCanary, Stage::kLive}) {
    EXPECT_EQ(WhyBack(stage, Backtested(), Good(), kWell), "");
    EXPECT_NE(WhyBack(stage, Backtested(), deep, kWell).find("draw-down"), std::string::npos);
    Surroundings around = kWell;
    around.open_breaks = 2;
    EXPECT_EQ(WhyBack(stage, Backtested(), Good(), around), "2 open breaks with the venue");
    around = kWell;
    around.unprotected_positions = 1;
    EXPECT_FALSE(WhyBack(stage, Backtested(), Good(), around).empty());
    // Not known is no reason to go back, and none to go on.
    around = {};
    EXPECT_EQ(WhyBack(stage, Backtested(), Good(), around), "");
  }
  EXPECT_EQ(WhyBack(Stage::kPaper, Backtested(), deep, kWell), "");
  EXPECT_EQ(WhyBack(Stage::kShadow, Backtested(), deep, kWell), "");
}

TEST(Gates, AFaultIsNamed) {
  EXPECT_EQ(Fault(Plan()), "");
  auto field = [](auto change) {
    Plan plan = Backtested();
    change(plan);
    std::string fault = Fault(plan);
    return fault.substr(0, fault.find(':'));
  };
  EXPECT_EQ(field([](Plan& p) { p.minimum_trades = 0; }), "minimum_trades");
  EXPECT_EQ(field([](Plan& p) { p.minimum_days = 0; }), "minimum_days");
  EXPECT_EQ(field([](Plan& p) { p.backtest_drawdown_ratio = 1.5; }), "backtest_drawdown_ratio");
  EXPECT_EQ(field([](Plan& p) { p.backtest_mean_return = std::nan(""); }), "backtest_mean_return");
  EXPECT_EQ(field([](Plan& p) { p.backtest_return_deviation = -1; }), "backtest_return_deviation");
  EXPECT_EQ(field([](Plan& p) { p.drawdown_band = 0; }), "drawdown_band");
  EXPECT_EQ(field([](Plan& p) { p.demotion_band = 1; }), "demotion_band");
  EXPECT_EQ(field([](Plan& p) { p.significance = 0.6; }), "significance");
  EXPECT_EQ(field([](Plan& p) { p.slippage_bps_max = -1; }), "slippage_bps_max");
}

}  // namespace
}  // namespace ballast::graduation
