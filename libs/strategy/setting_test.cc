#include "libs/strategy/setting.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ballast::strategy {
namespace {

using ::testing::HasSubstr;

Spec Good() {
  Spec spec;
  spec.timeframe = "1m";
  return spec;
}

TEST(Setting, EachIsReadIntoItsField) {
  Spec spec = Good();
  for (const auto& [name, value] :
       std::initializer_list<std::pair<const char*, const char*>>{{"position_size_ratio", "0.03"},
                                                                  {"stop_loss_ratio", "0.02"},
                                                                  {"take_profit_ratio", "0"},
                                                                  {"trailing_stop_ratio", "0.04"},
                                                                  {"daily_loss_ratio", "0.01"},
                                                                  {"drawdown_ratio", "0.05"},
                                                                  {"capital_ratio", "0.5"},
                                                                  {"max_open_positions", "4"},
                                                                  {"entries_wait_for_open", "true"},
                                                                  {"sides", "short_only"},
                                                                  {"days", "MON+FRI"},
                                                                  {"hours", "09:30-16:00"},
                                                                  {"time_zone", "America/New_York"},
                                                                  {"close_before_end_minutes", "15"},
                                                                  {"confirmation", "1h:20"},
                                                                  {"sizing.method", "consensus"},
                                                                  {"sizing.consensus", "weighted"},
                                                                  {"sizing.members", "kelly+risk_per_trade"},
                                                                  {"sizing.risk_ratio", "0.005"},
                                                                  {"sizing.volatility_measure", "atr"},
                                                                  {"sizing.volatility_periods", "20"}}) {
    auto set = SetSetting(spec, name, value);
    ASSERT_TRUE(set.ok()) << set.status();
    EXPECT_TRUE(*set) << name;
  }
  EXPECT_EQ(Fault(spec), "");
  EXPECT_EQ(spec.take_profit_ratio, std::nullopt);
  EXPECT_TRUE(spec.short_only && spec.allow_short && spec.entries_wait_for_open);
  EXPECT_EQ(spec.schedule, (Schedule{.zone = TimeZone::kNewYork,
                                     .days = {true, false, false, false, true, false, false},
                                     .start_minute = 570,
                                     .end_minute = 960,
                                     .close_before_end_minutes = 15}));
  EXPECT_EQ(spec.confirmation, (Confirmation{.timeframe = "1h", .periods = 20}));
  EXPECT_EQ(spec.sizing->members, (std::vector{sizing::Method::kKelly, sizing::Method::kRiskPerTrade}));
  EXPECT_EQ(spec.sizing->risk_ratio, Decimal::Of("0.005"));
  EXPECT_EQ(spec.sizing->volatility_periods, 20);
}

TEST(Setting, WhatIsNoneIsTheStrategys) {
  Spec spec = Good();
  EXPECT_EQ(SetSetting(spec, "fast", "3").value(), false);
  EXPECT_EQ(spec, Good());
}

TEST(Setting, AValueThatCannotBeIsNamed) {
  for (const auto& [name, value] :
       std::initializer_list<std::pair<const char*, const char*>>{{"stop_loss_ratio", "x"},
                                                                  {"max_open_positions", "-1"},
                                                                  {"sides", "up"},
                                                                  {"days", "MO"},
                                                                  {"hours", "9-5"},
                                                                  {"time_zone", "Mars"},
                                                                  {"confirmation", "1h"},
                                                                  {"sizing.method", "luck"},
                                                                  {"sizing.members", "a+b"}}) {
    Spec spec = Good();
    auto set = SetSetting(spec, name, value);
    ASSERT_FALSE(set.ok()) << name;
    EXPECT_THAT(std::string(set.status().message().data(), set.status().message().size()), HasSubstr(name));
  }
}

TEST(Setting, WhatCannotBeTogetherIsAFault) {
  struct Case {
    const char *name, *value, *says;
  };
  for (const Case& one :
       {Case{"capital_ratio", "1.1", "capital_ratio"}, Case{"daily_loss_ratio", "2", "daily_loss"},
        Case{"confirmation", "1m:20", "longer"}, Case{"confirmation", "1h:1", "periods"},
        Case{"sizing.method", "risk_per_trade", "needs a stop"}, Case{"sizing.risk_ratio", "1", "sizing.risk_ratio"},
        Case{"close_before_end_minutes", "1440", "close_before_end"}}) {
    Spec spec = Good();
    ASSERT_TRUE(SetSetting(spec, one.name, one.value).value());
    EXPECT_THAT(Fault(spec), HasSubstr(one.says));
  }
}

}  // namespace
}  // namespace ballast::strategy
