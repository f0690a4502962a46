#include "libs/sizing/arithmetic.h"

#include "gtest/gtest.h"

namespace ballast::sizing {
namespace {

TEST(Arithmetic, QuotientsAndProductsStayWithinWhatADecimalHolds) {
  EXPECT_EQ(QuotientWithin(Decimal::Of("10"), Decimal::Of("4")), Decimal::Of("2.5"));
  EXPECT_EQ(QuotientWithin(Decimal::Of("1"), Decimal::Of("3")), Decimal::Of("0.333333333333333333"));
  EXPECT_EQ(QuotientWithin(Decimal::Of("999999999999999999"), Decimal::Of("0.000000000000000001")), kMost);
  EXPECT_EQ(QuotientWithin(Decimal::Of("0.1"), Decimal::Of("0.000000000000000001")), kMost);
  EXPECT_EQ(QuotientWithin(Decimal::Of("0.01"), Decimal::Of("0.000000000000000001")), Decimal::Of("10000000000000000"));
  EXPECT_EQ(ProductWithin(Decimal::Of("999999999999999999"), Decimal::Of("999999999999999999")), kMost);
  EXPECT_EQ(ProductWithin(Decimal::Of("0.000000000000000001"), Decimal::Of("0.5")),
            Decimal::Of("0.000000000000000001"));
}

TEST(Arithmetic, SquareRootsAreRoundedDown) {
  for (const auto& [square, root] : {std::pair{"0", "0"},
                                     {"4", "2"},
                                     {"100", "10"},
                                     {"2", "1.414213562373095048"},
                                     {"0.0001", "0.01"},
                                     {"0.000000000000000001", "0.000000001"},
                                     {"0.000000123456789", "0.000351364182864446"}}) {
    EXPECT_EQ(SquareRoot(Decimal::Of(square)), Decimal::Of(root)) << square;
  }
}

}  // namespace
}  // namespace ballast::sizing
