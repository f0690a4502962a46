#include "services/strategy_runner/spec_codec.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ballast {
namespace {

strategy::v1::DeploymentSpec Good() {
  return ParseDeployment(
             "demo|ema_cross|paper|BTC-USD,AAPL|5s|fast=5,slow=20,position_size_ratio=0.0195,stop_loss_ratio=0.02,"
             "take_profit_ratio=0.05,max_open_positions=3,allow_short=true",
             RuleShelf())
      ->spec;
}

std::string FirstWrong(const strategy::v1::DeploymentSpec& proto) {
  std::vector<FieldError> errors;
  (void)SpecFromProto(proto, RuleShelf(), errors);
  return errors.empty() ? "" : errors.front().field;
}

TEST(SpecCodec, RoundTripKeepsEverything) {
  std::vector<FieldError> errors;
  strategy::Spec spec = SpecFromProto(Good(), RuleShelf(), errors);
  ASSERT_TRUE(errors.empty());
  EXPECT_EQ(spec.position_size_ratio, Decimal::Of("0.0195"));
  EXPECT_EQ(spec.symbols.front(), Symbol("AAPL")) << "sorted: the order of symbols decides nothing";
  EXPECT_TRUE(spec.allow_short);
  strategy::v1::DeploymentSpec again;
  ToProto(spec, &again);
  EXPECT_EQ(SpecFromProto(again, RuleShelf(), errors), spec);
}

TEST(SpecCodec, RoundTripKeepsEverySettingBeyondTheFirst) {
  auto configured = ParseDeployment(
      "demo|ema_cross|paper|AAPL|1m|sizing.method=consensus,sizing.members=kelly+risk_parity,sizing.consensus=weighted,"
      "sizing.volatility_measure=atr,sides=short_only,trailing_stop_ratio=0.03,daily_loss_ratio=0.01,drawdown_ratio=0."
      "05,"
      "days=MON+TUE,hours=22:00-02:00,time_zone=INSTRUMENT,close_before_end_minutes=5,confirmation=1h:20,"
      "capital_ratio=0.25,entries_wait_for_open=true",
      RuleShelf());
  ASSERT_TRUE(configured.ok()) << configured.status();
  std::vector<FieldError> errors;
  strategy::Spec spec = SpecFromProto(configured->spec, RuleShelf(), errors);
  ASSERT_TRUE(errors.empty()) << errors[0].field;
  EXPECT_TRUE(spec.short_only && spec.entries_wait_for_open);
  EXPECT_EQ(spec.schedule->start_minute, 22 * 60);
  EXPECT_EQ(spec.sizing->members, (std::vector{sizing::Method::kKelly, sizing::Method::kRiskParity}));
  strategy::v1::DeploymentSpec again;
  ToProto(spec, &again);
  EXPECT_EQ(SpecFromProto(again, RuleShelf(), errors), spec);
}

TEST(SpecCodec, NoPriorTradesAreNotTheUsualThirty) {
  std::vector<FieldError> errors;
  strategy::v1::DeploymentSpec proto = Good();
  proto.mutable_sizing()->set_method(strategy::v1::SIZING_METHOD_KELLY);
  EXPECT_EQ(SpecFromProto(proto, RuleShelf(), errors).sizing->kelly_prior_trades, 30);
  proto.mutable_sizing()->set_kelly_prior_trades(0);
  strategy::Spec spec = SpecFromProto(proto, RuleShelf(), errors);
  EXPECT_EQ(spec.sizing->kelly_prior_trades, 0);
  strategy::v1::DeploymentSpec again;
  ToProto(spec, &again);
  ASSERT_TRUE(again.ParseFromString(again.SerializeAsString()));
  EXPECT_EQ(SpecFromProto(again, RuleShelf(), errors), spec) << "also once it was stored";
  EXPECT_TRUE(errors.empty());
}

TEST(SpecCodec, ALossLimitOfZeroIsNoneAndNothingSaidIsTheUsualOneOnlyWhereOneIsMade) {
  RuleShelf shelf;
  auto read = [&](const strategy::v1::DeploymentSpec& proto) {
    std::vector<FieldError> errors;
    strategy::Spec spec = SpecFromProto(proto, shelf, errors);
    EXPECT_TRUE(errors.empty());
    return std::pair(spec.daily_loss_ratio, spec.drawdown_ratio);
  };
  strategy::v1::DeploymentSpec spec = Good();
  spec.clear_daily_loss_ratio();
  spec.clear_drawdown_ratio();
  const std::pair<std::optional<Decimal>, std::optional<Decimal>> none;
  EXPECT_EQ(read(spec), none) << "a backtest, a change of settings";
  EXPECT_EQ(read(WithUsualLimits(spec)),
            std::pair(std::optional(Decimal::Of("0.01")), std::optional(Decimal::Of("0.05"))));
  spec.mutable_daily_loss_ratio()->set_value("0");
  spec.mutable_drawdown_ratio()->set_value("0.00");
  EXPECT_EQ(read(spec), none);
  EXPECT_EQ(read(WithUsualLimits(spec)), none);
}

TEST(SpecCodec, EachWrongFieldIsNamed) {
  using Spec = strategy::v1::DeploymentSpec;
  const std::vector<std::pair<std::string, std::function<void(Spec&)>>> cases = {
      {"spec.strategy_id", [](Spec& spec) { spec.set_strategy_id("gut_feeling"); }},
      {"spec.parameters", [](Spec& spec) { (*spec.mutable_parameters())["fast"] = "99"; }},
      {"spec.account_id", [](Spec& spec) { spec.clear_account_id(); }},
      {"spec.symbols", [](Spec& spec) { spec.clear_symbols(); }},
      {"spec.symbols", [](Spec& spec) { spec.add_symbols("AAPL"); }},
      {"spec.symbols", [](Spec& spec) { spec.add_symbols("A B"); }},
      {"spec.symbols",
       [](Spec& spec) {
         for (int i = 0; i < 51; ++i) spec.add_symbols("S" + std::to_string(i));
       }},
      {"spec.timeframe", [](Spec& spec) { spec.set_timeframe("7m"); }},
      {"spec.position_size_ratio", [](Spec& spec) { spec.mutable_position_size_ratio()->set_value("1.01"); }},
      {"spec.position_size_ratio", [](Spec& spec) { spec.mutable_position_size_ratio()->set_value("2%"); }},
      {"spec.stop_loss_ratio", [](Spec& spec) { spec.mutable_stop_loss_ratio()->set_value("-0.02"); }},
      {"spec.take_profit_ratio", [](Spec& spec) { spec.mutable_take_profit_ratio()->set_value("0"); }},
      {"spec.max_open_positions", [](Spec& spec) { spec.set_max_open_positions(-1); }},
      {"spec.sizing.method",
       [](Spec& spec) { spec.mutable_sizing()->set_method(static_cast<strategy::v1::SizingMethod>(77)); }},
      {"spec.sizing.risk_ratio", [](Spec& spec) { spec.mutable_sizing()->mutable_risk_ratio()->set_value("x"); }},
      {"spec.sizing.risk_ratio", [](Spec& spec) { spec.mutable_sizing()->mutable_risk_ratio()->set_value("0.3"); }},
      {"spec.sizing.members",
       [](Spec& spec) { spec.mutable_sizing()->add_members(strategy::v1::SIZING_METHOD_CONSENSUS); }},
      {"spec.trailing_stop_ratio", [](Spec& spec) { spec.mutable_trailing_stop_ratio()->set_value("1"); }},
      {"spec.daily_loss_ratio", [](Spec& spec) { spec.mutable_daily_loss_ratio()->set_value("-0.01"); }},
      {"spec.drawdown_ratio", [](Spec& spec) { spec.mutable_drawdown_ratio()->set_value("1.1"); }},
      {"spec.capital_ratio", [](Spec& spec) { spec.mutable_capital_ratio()->set_value("2"); }},
      {"spec.schedule.time_zone", [](Spec& spec) { spec.mutable_schedule()->set_time_zone("Mars"); }},
      {"spec.schedule.days", [](Spec& spec) { spec.mutable_schedule()->add_days("Monday"); }},
      {"spec.schedule.start_time", [](Spec& spec) { spec.mutable_schedule()->set_start_time("9:30"); }},
      {"spec.confirmation.timeframe", [](Spec& spec) { spec.mutable_confirmation()->set_periods(20); }},
      {"spec.display_name", [](Spec& spec) { spec.set_display_name(std::string(101, 'x')); }},
  };
  for (const auto& [field, spoil] : cases) {
    Spec spec = Good();
    ASSERT_EQ(FirstWrong(spec), "");
    spoil(spec);
    EXPECT_EQ(FirstWrong(spec), field);
  }
}

TEST(SpecCodec, ConfiguredTextIsReadOrRefusedWithItsReason) {
  EXPECT_EQ(ParseDeployment("demo|ema_cross|paper|AAPL|1m|", RuleShelf())->spec.symbols_size(), 1);
  for (const char* text :
       {"demo|ema_cross|paper|AAPL|1m", "|ema_cross|paper|AAPL|1m|", "demo|ema_cross|paper|AAPL|1m|fast",
        "demo|ema_cross|paper|AAPL|1m|allow_short=yes", "demo|ema_cross|paper|AAPL|1m|max_open_positions=x",
        "demo|none|paper|AAPL|1m|", "demo|ema_cross|paper||1m|"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseDeployment(text, RuleShelf()).status())) << text;
  }
}

}  // namespace
}  // namespace ballast
