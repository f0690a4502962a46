#include "libs/base/percent.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

TEST(PercentTest, ARatioIsExact) {
  EXPECT_EQ(PercentText(Decimal::Of("0.092")), "9.2 %");
  EXPECT_EQ(PercentText(Decimal::FromInt(2)), "200 %");
  EXPECT_EQ(PercentText(Decimal()), "0 %");
  EXPECT_EQ(PercentText(Decimal::Of("0.00000000000000001")), "0.000000000000001 %");
}

TEST(PercentTest, AQuotientNeverReadsAsLessThanItIs) {
  EXPECT_EQ(PercentText(Decimal::Of("1"), Decimal::Of("50")), "2 %");
  EXPECT_EQ(PercentText(Decimal::Of("1.000000000000000001"), Decimal::Of("50")), "2.01 %");
  EXPECT_EQ(PercentText(Decimal::Of("-1"), Decimal::Of("3")), "-33.34 %");
}

TEST(PercentTest, WhatHasNoMeaningIsEmpty) {
  EXPECT_EQ(PercentText(Decimal::FromInt(1), Decimal()), "");
  EXPECT_EQ(PercentText(Decimal::FromInt(1), Decimal::FromInt(-5)), "");
  EXPECT_EQ(PercentText(Decimal::Of("999999999999999999"), Decimal::Of("0.000000000000000001")), "");
}

}  // namespace
}  // namespace ballast
