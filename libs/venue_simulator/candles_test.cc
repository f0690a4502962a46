#include "libs/venue_simulator/candles.h"

#include <gtest/gtest.h>

namespace ballast::venue_simulator {
namespace {

Print At(std::int64_t second, const char* price) {
  return {.id = second, .price = Decimal::Of(price), .quantity = Decimal::Of("2"), .time = {second * 1'000'000'000}};
}

TEST(CandlesTest, TradesOfAPeriodAreOneBarAndEmptyPeriodsRepeatTheClose) {
  Candles candles;
  for (const Print& print : {At(0, "10"), At(30, "12"), At(59, "9"), At(185, "11")}) candles.Add(print);
  auto bars = candles.Of(60, 0, 0, 100);
  ASSERT_EQ(bars.size(), 4U);
  EXPECT_EQ(bars[0].open, Decimal::Of("10"));
  EXPECT_EQ(bars[0].high, Decimal::Of("12"));
  EXPECT_EQ(bars[0].low, Decimal::Of("9"));
  EXPECT_EQ(bars[0].close, Decimal::Of("9"));
  EXPECT_EQ(bars[0].volume, Decimal::Of("6"));
  EXPECT_EQ(bars[1].close, Decimal::Of("9"));
  EXPECT_EQ(bars[1].volume, Decimal());
  EXPECT_EQ(bars[3].start, 180);
  auto longer = candles.Of(300, 0, 0, 100);
  ASSERT_EQ(longer.size(), 1U);
  EXPECT_EQ(longer[0].close, Decimal::Of("11"));
  EXPECT_EQ(longer[0].trades, 4);
  EXPECT_EQ(candles.Of(60, 0, 0, 2).front().start, 120);
  EXPECT_EQ(candles.Of(60, 60, 0, 2).front().start, 180);
}

}  // namespace
}  // namespace ballast::venue_simulator
