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
