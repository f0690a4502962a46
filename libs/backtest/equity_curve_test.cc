#include "libs/backtest/equity_curve.h"

#include <gtest/gtest.h>

namespace ballast::backtest {
namespace {

UtcTime Second(std::int64_t seconds) { return {seconds * 1'000'000'000}; }

EquityCurve Of(const std::vector<int>& values, std::size_t points_max = 2'000) {
  EquityCurve curve(points_max);
  std::int64_t second = 0;
  for (int value : values) {
    ++second;
    curve.Add(Second(second), second / 4, Decimal::FromInt(value), value % 2 == 1);
  }
  return curve;
}

TEST(EquityCurveTest, TheDeepestFallIsOfItsOwnPeak) {
  // 10 of 100, then 15 of 200: the first is deeper as a part, the second in money.
  EquityCurve curve = Of({100, 90, 200, 185, 210});
  ASSERT_TRUE(curve.deepest());
  EXPECT_EQ(curve.deepest()->peak, Decimal::FromInt(100));
  EXPECT_EQ(curve.deepest()->trough, Decimal::FromInt(90));
  EXPECT_EQ(curve.deepest()->peak_time, Second(1));
  EXPECT_EQ(curve.deepest()->trough_time, Second(2));
  EXPECT_EQ(curve.deepest()->recovered_time, Second(3));
}

TEST(EquityCurveTest, AFallThatIsNotOverHasNoEnd) {
  EquityCurve curve = Of({100, 101, 60, 70, 50, 80});
  ASSERT_TRUE(curve.deepest());
  EXPECT_EQ(curve.deepest()->peak, Decimal::FromInt(101));
  EXPECT_EQ(curve.deepest()->trough, Decimal::FromInt(50));
  EXPECT_FALSE(curve.deepest()->recovered_time);
  EXPECT_EQ(curve.longest_fall(), Duration::Seconds(4));
}

TEST(EquityCurveTest, NothingHasFallen) { EXPECT_FALSE(Of({1, 2, 2, 3}).deepest()); }

TEST(EquityCurveTest, DaysAreTheirLastPoints) {
  EquityCurve curve = Of({1, 2, 3, 4, 5, 6, 7, 8, 9});
  ASSERT_EQ(curve.days().size(), 3U);
  EXPECT_EQ(curve.days()[0].equity, Decimal::FromInt(3));
  EXPECT_EQ(curve.days()[1].equity, Decimal::FromInt(7));
  EXPECT_EQ(curve.days()[2].equity, Decimal::FromInt(9));
  EXPECT_EQ(curve.invested(), 5U);
  EXPECT_EQ(curve.count(), 9U);
}

TEST(EquityCurveTest, APictureStaysSmallAndEven) {
  std::vector<int> values(10'000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int>(i);
  EquityCurve curve = Of(values, 100);
  ASSERT_GT(curve.points().size(), 40U);
  ASSERT_LE(curve.points().size(), 100U);
  Duration step = curve.points()[1].time - curve.points()[0].time;
  for (std::size_t i = 1; i < curve.points().size(); ++i)
    EXPECT_EQ(curve.points()[i].time - curve.points()[i - 1].time, step);
  EXPECT_EQ(curve.points().front().equity, Decimal());
  EXPECT_EQ(curve.last().equity, Decimal::FromInt(9'999));
}

}  // namespace
}  // namespace ballast::backtest
