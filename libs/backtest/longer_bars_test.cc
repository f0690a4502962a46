#include "libs/backtest/longer_bars.h"

#include "gtest/gtest.h"

namespace ballast::backtest {
namespace {

Bar Minute(int minute, const char* high, const char* low, const char* close) {
  return {.symbol = Symbol("A"),
          .timeframe = "1m",
          .start_time = UtcTime{minute * 60'000'000'000LL},
          .open = Decimal::Of(close),
          .high = Decimal::Of(high),
          .low = Decimal::Of(low),
          .close = Decimal::Of(close),
          .volume = Decimal::Of("2")};
}

TEST(LongerBars, OneIsCompleteWithItsLastPart) {
  LongerBars bars("5m", Duration::Seconds(300), Duration::Seconds(60));
  for (int minute = 5; minute < 9; ++minute) EXPECT_FALSE(bars.Add(Minute(minute, "11", "9", "10")).has_value());
  auto five = bars.Add(Minute(9, "12", "8", "11"));
  ASSERT_TRUE(five.has_value());
  EXPECT_EQ(*five, (Bar{.symbol = Symbol("A"),
                        .timeframe = "5m",
                        .start_time = UtcTime{300'000'000'000LL},
                        .open = Decimal::Of("10"),
                        .high = Decimal::Of("12"),
                        .low = Decimal::Of("8"),
                        .close = Decimal::Of("11"),
                        .volume = Decimal::Of("10")}));
  EXPECT_FALSE(bars.Add(Minute(10, "1", "1", "1")).has_value());
}

TEST(LongerBars, WithoutItsLastPartTheNextOneCompletesIt) {
  LongerBars bars("5m", Duration::Seconds(300), Duration::Seconds(60));
  EXPECT_FALSE(bars.Add(Minute(5, "11", "9", "10")).has_value());
  auto five = bars.Add(Minute(12, "7", "7", "7"));
  ASSERT_TRUE(five.has_value());
  EXPECT_EQ(five->close, Decimal::Of("10"));
  EXPECT_EQ(five->volume, Decimal::Of("2"));
}

}  // namespace
}  // namespace ballast::backtest
