#include "services/strategy_runner/backtest_plan.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/strategy/setting.h"

namespace ballast {
namespace {

namespace bt = backtest::v1;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

bt::BacktestSpec Sweep() {
  bt::BacktestSpec spec;
  spec.set_kind(bt::BACKTEST_KIND_SWEEP);
  auto& deployment = *spec.mutable_deployment();
  deployment.set_strategy_id("ema_cross");
  deployment.add_symbols("SPY");
  deployment.set_timeframe("1m");
  auto& axis = *spec.add_grid();
  axis.set_name("fast");
  axis.set_values("5..15/5");
  return spec;
}

std::vector<std::string> FieldsOf(const bt::BacktestSpec& spec) {
  RuleShelf shelf;
  std::vector<FieldError> errors;
  (void)PlanOf(spec, shelf, errors);
  std::vector<std::string> fields;
  for (const FieldError& error : errors) fields.push_back(error.field);
  return fields;
}

TEST(BacktestPlanTest, SettingsComeBackAsTheyWere) {
  strategy::Spec spec{.strategy_id = "ema_cross", .symbols = {Symbol("SPY")}, .timeframe = "1m"};
  spec.position_size_ratio = Decimal::Of("0.015");
  spec.stop_loss_ratio = Decimal::Of("0.02");
  spec.take_profit_ratio = std::nullopt;
  spec.max_open_positions = 7;
  spec.allow_short = true;
  spec.short_only = true;
  spec.trailing_stop_ratio = Decimal::Of("0.03");
  spec.daily_loss_ratio = Decimal::Of("0.01");
  spec.drawdown_ratio = Decimal::Of("0.1");
  spec.capital_ratio = Decimal::Of("0.5");
  spec.entries_wait_for_open = true;
  spec.confirmation = strategy::Confirmation{.timeframe = "1h", .periods = 20};
  spec.schedule.emplace();
  spec.schedule->days = {true, false, true, false, false, false, true};
  spec.schedule->start_minute = 570;
  spec.schedule->end_minute = 960;
  spec.schedule->close_before_end_minutes = 5;
  spec.sizing = sizing::Settings{.method = sizing::Method::kConsensus,
                                 .risk_ratio = Decimal::Of("0.005"),
                                 .kelly_prior_trades = 11,
                                 .volatility_measure = sizing::VolatilityMeasure::kAtr,
                                 .members = {sizing::Method::kKelly, sizing::Method::kRiskPerTrade},
                                 .consensus = sizing::Consensus::kMinimum};
  strategy::Spec read{.strategy_id = "ema_cross", .symbols = {Symbol("SPY")}, .timeframe = "1m"};
  for (const std::string& text : SettingTexts(spec)) {
    std::size_t equals = text.find('=');
    auto set = strategy::SetSetting(read, text.substr(0, equals), text.substr(equals + 1));
    ASSERT_TRUE(set.ok() && *set) << text << " " << set.status();
  }
  EXPECT_EQ(read, spec);
}

TEST(BacktestPlanTest, AGoodOneIsTheCommandsOptions) {
  RuleShelf shelf;
  std::vector<FieldError> errors;
  bt::BacktestSpec spec = Sweep();
  spec.set_by("calmar");
  (*spec.mutable_limits())["drawdown_ratio"] = "0.2";
  spec.mutable_cash()->set_value("5000");
  BacktestPlan plan = PlanOf(spec, shelf, errors);
  ASSERT_THAT(errors, IsEmpty());
  EXPECT_EQ(plan.arguments.front(), "sweep");
  for (const char* word : {"--grid=fast=5..15/5", "--by=calmar", "--limit=drawdown_ratio=0.2", "--cash=5000",
                           "--symbols=SPY", "--strategy=ema_cross", "--set=sides=long_only"})
    EXPECT_THAT(plan.arguments, Contains(word));
}

TEST(BacktestPlanTest, WhatSomebodyTypesIsNeverAnOptionOfItsOwn) {
  RuleShelf shelf;
  std::vector<FieldError> errors;
  bt::BacktestSpec spec = Sweep();
  spec.mutable_deployment()->add_symbols("--short");
  (*spec.mutable_deployment()->mutable_parameters())["--out"] = "file";
  BacktestPlan plan = PlanOf(spec, shelf, errors);
  EXPECT_THAT(plan.arguments, Contains("--symbols=--short"));
  for (const std::string& word : plan.arguments) {
    EXPECT_FALSE(word.starts_with("--short") || word.starts_with("--out")) << word;
    EXPECT_TRUE(word == "sweep" || word.find('=') != std::string::npos) << word;
  }
}

TEST(BacktestPlanTest, EveryFieldThatIsWrongIsNamed) {
  bt::BacktestSpec spec = Sweep();
  spec.mutable_deployment()->set_strategy_id("nothing");
  spec.mutable_deployment()->set_timeframe("7m");
  spec.mutable_grid(0)->set_values("9..1");
  spec.set_by("luck");
  spec.set_folds(-1);
  spec.mutable_cash()->set_value("0");
  spec.mutable_spread_ratio()->set_value("x");
  (*spec.mutable_limits())["nonsense"] = "1";
  spec.set_data_set("a/../b");
  EXPECT_THAT(FieldsOf(spec),
              UnorderedElementsAre("spec.deployment.strategy_id", "spec.deployment.timeframe", "spec.grid", "spec.by",
                                   "spec.folds", "spec.cash", "spec.spread_ratio", "spec.limits", "spec.data_set"));
}

// What nanoseconds cannot hold, or what stands for "not given", would play the whole data.
TEST(BacktestPlanTest, ATimeThatIsNoneIsRefusedByName) {
  // 9999-12-31, 2962-11-28, 2262-04-12, 2200-01-01, 1970-01-01 and 0001-01-01.
  for (std::int64_t seconds : {253'402'214'400, 31'330'022'400, 9'223'372'800, 7'258'118'400, 0L, -62'135'596'800}) {
    bt::BacktestSpec spec = Sweep();
    spec.mutable_start_time()->set_seconds(seconds);
    EXPECT_THAT(FieldsOf(spec), ElementsAre("spec.start_time")) << seconds;
    spec = Sweep();
    spec.mutable_end_time()->set_seconds(seconds);
    EXPECT_THAT(FieldsOf(spec), ElementsAre("spec.end_time")) << seconds;
  }
  bt::BacktestSpec spec = Sweep();
  spec.mutable_start_time()->set_seconds(1'700'000'000);
  spec.mutable_end_time()->set_seconds(1'700'000'000);
  EXPECT_THAT(FieldsOf(spec), ElementsAre("spec.end_time"));
  spec.mutable_end_time()->set_seconds(1'700'000'001);
  EXPECT_THAT(FieldsOf(spec), IsEmpty());
}

TEST(BacktestPlanTest, AGridIsOfParametersAndBounded) {
  bt::BacktestSpec spec = Sweep();
  spec.mutable_grid(0)->set_name("speed");
  EXPECT_THAT(FieldsOf(spec), ElementsAre("spec.grid"));
  spec = Sweep();
  spec.mutable_grid(0)->set_values("1..20000");
  EXPECT_THAT(FieldsOf(spec), ElementsAre("spec.grid"));
  spec = Sweep();
  spec.set_kind(bt::BACKTEST_KIND_RUN);
  EXPECT_THAT(FieldsOf(spec), ElementsAre("spec.grid"));
}

TEST(BacktestPlanTest, DefaultsAndSpellingMakeNoOtherFingerprint) {
  RuleShelf shelf;
  const strategy::Entry& ema = *strategy::Find("ema_cross");
  strategy::Parameters all;
  for (const auto& parameter : ema.parameters) all[parameter.name] = parameter.default_value + ".0";
  EXPECT_EQ(FingerprintOf("ema_cross", {}, shelf), FingerprintOf("ema_cross", all, shelf));
  all["fast"] = "3";
  EXPECT_NE(FingerprintOf("ema_cross", {}, shelf), FingerprintOf("ema_cross", all, shelf));
}

}  // namespace
}  // namespace ballast
