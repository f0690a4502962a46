#include "libs/sizing/volatility.h"

#include <cmath>

#include "gtest/gtest.h"

namespace ballast::sizing {
namespace {

Bar BarOf(int minute, const char* high, const char* low, const char* close) {
  Bar bar;
  bar.start_time = UtcTime{minute * 60'000'000'000LL};
  bar.high = Decimal::Of(high);
  bar.low = Decimal::Of(low);
  bar.close = Decimal::Of(close);
  return bar;
}

double ToDouble(Decimal value) { return std::stod(value.ToString()); }

TEST(Volatility, AverageTrueRangeIsWilders) {
  Settings settings{.volatility_measure = VolatilityMeasure::kAtr, .volatility_periods = 3};
  Volatility volatility;
  // True ranges 2, 3 (10 to 13, gap included), 4, then 1: 3 of the first three, then (3 x 2 + 1) / 3.
  Observe(volatility, BarOf(1, "11", "9", "10"), settings);
  Observe(volatility, BarOf(2, "13", "12", "12"), settings);
  EXPECT_FALSE(UsualMove(volatility, settings).has_value()) << "two bars of three";
  Observe(volatility, BarOf(3, "14", "10", "14"), settings);
  EXPECT_EQ(volatility.range, Decimal::Of("3"));
  EXPECT_EQ(UsualMove(volatility, settings), Divide(Decimal::Of("3"), Decimal::Of("14"), Rounding::kDown));
  Observe(volatility, BarOf(4, "14", "13", "13"), settings);
  EXPECT_EQ(volatility.range, Decimal::Of("3") + Divide(Decimal::Of("-2"), Decimal::Of("3"), Rounding::kHalfEven));
}

TEST(Volatility, ExponentialVarianceIsThatOfThePlainFormula) {
  Settings settings;
  Volatility volatility;
  double variance = 0, before = 0;
  for (int i = 0; i < 60; ++i) {
    int cents = 10'000 + (i * 37) % 101;
    std::string close = std::to_string(cents / 100) + "." + (cents % 100 < 10 ? "0" : "") + std::to_string(cents % 100);
    Observe(volatility, BarOf(i, close.c_str(), close.c_str(), close.c_str()), settings);
    double price = cents / 100.0;
    if (i > 0) {
      double change = price / before - 1;
      variance = i == 1 ? change * change : 0.94 * variance + 0.06 * change * change;
    }
    before = price;
    EXPECT_EQ(UsualMove(volatility, settings).has_value(), i >= 20) << i;
  }
  EXPECT_NEAR(ToDouble(*UsualMove(volatility, settings)), std::sqrt(variance), 1e-9);
}

TEST(Volatility, ABarThatWasSeenOrHasNoPriceChangesNothing) {
  Settings settings;
  Volatility volatility;
  Observe(volatility, BarOf(2, "11", "9", "10"), settings);
  Volatility before = volatility;
  Observe(volatility, BarOf(2, "20", "9", "15"), settings);
  Observe(volatility, BarOf(1, "20", "9", "15"), settings);
  Observe(volatility, BarOf(3, "0", "0", "0"), settings);
  EXPECT_EQ(volatility, before);
}

TEST(Volatility, WhatDoesNotMoveHasNone) {
  Settings settings;
  Volatility volatility;
  for (int i = 0; i < 50; ++i) Observe(volatility, BarOf(i, "10", "10", "10"), settings);
  EXPECT_FALSE(UsualMove(volatility, settings).has_value());
}

}  // namespace
}  // namespace ballast::sizing
