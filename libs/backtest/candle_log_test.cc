#include "libs/backtest/candle_log.h"

#include "gtest/gtest.h"

namespace ballast::backtest {
namespace {

Bar Minute(int number) {
  Decimal price = Decimal::FromInt(100 + number);
  return {.symbol = Symbol("SPY"),
          .timeframe = "1m",
          .start_time = UtcTime{number * 60'000'000'000LL},
          .open = price,
          .high = price + Decimal::FromInt(number % 3),
          .low = price - Decimal::FromInt(number % 5),
          .close = price + Decimal::FromInt(1),
          .volume = Decimal::FromInt(10)};
}

TEST(CandleLogTest, FewBarsAreKeptAsTheyAre) {
  CandleLog log(4);
  for (int i = 0; i < 4; ++i) log.Add(Minute(i));
  ASSERT_EQ(log.Of(Symbol("SPY")).size(), 4U);
  EXPECT_EQ(log.StrideOf(Symbol("SPY")), 1U);
  EXPECT_EQ(log.Of(Symbol("SPY"))[2].open, Decimal::FromInt(102));
  EXPECT_TRUE(log.Of(Symbol("IBM")).empty());
}

// Whatever the number of bars: first open, last close, extremes and volume are those of the bars of each candle.
TEST(CandleLogTest, EveryCandleIsMadeOfTheBarsItStandsFor) {
  for (int count = 1; count <= 70; ++count) {
    CandleLog log(4);
    for (int i = 0; i < count; ++i) log.Add(Minute(i));
    const auto& candles = log.Of(Symbol("SPY"));
    const int stride = static_cast<int>(log.StrideOf(Symbol("SPY")));
    ASSERT_LE(candles.size(), 4U) << count;
    ASSERT_EQ(candles.size(), static_cast<std::size_t>((count + stride - 1) / stride)) << count;
    for (int c = 0; c < static_cast<int>(candles.size()); ++c) {
      Decimal high = Minute(c * stride).high, low = Minute(c * stride).low, volume;
      int last = std::min(count, (c + 1) * stride) - 1;
      for (int i = c * stride; i <= last; ++i) {
        high = std::max(high, Minute(i).high);
        low = std::min(low, Minute(i).low);
        volume += Minute(i).volume;
      }
      EXPECT_EQ(candles[c].start_time, Minute(c * stride).start_time) << count;
      EXPECT_EQ(candles[c].open, Minute(c * stride).open) << count;
      EXPECT_EQ(candles[c].close, Minute(last).close) << count;
      EXPECT_EQ(candles[c].high, high) << count;
      EXPECT_EQ(candles[c].low, low) << count;
      EXPECT_EQ(candles[c].volume, volume) << count;
    }
  }
}

}  // namespace
}  // namespace ballast::backtest
