#include "libs/strategy/ema_cross.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/strategy/catalogue.h"

namespace ballast::strategy {
namespace {

Evaluation Feed(Strategy& strategy, const char* close) {
  Bar bar;
  bar.close = Decimal::Of(close);
  return strategy.OnBar(bar);
}

// By hand: EMA(2) has alpha 2/3, EMA(4) has 2/5; both start at the first close.
//   close 10: 10, 10; 10: 10, 10; 9: 9.333.., 9.6; 9: 9.111.., 9.36; 9: 9.037.., 9.216; 12: 11.012.., 10.3296
TEST(EmaCross, GoldenSeriesByHand) {
  EmaCross strategy(2, 4);
  for (const char* close : {"10", "10", "9", "9"}) EXPECT_EQ(Feed(strategy, close).signal, Signal::kNone) << close;
  EXPECT_EQ(Feed(strategy, "9").signal, Signal::kNone) << "below all the time: no cross";
  Evaluation up = Feed(strategy, "12");
  EXPECT_EQ(up.signal, Signal::kLong);
  EXPECT_EQ(up.inputs["slow"], "10.3296");
  EXPECT_EQ(up.inputs["fast"].substr(0, 7), "11.0123");
  EXPECT_EQ(Feed(strategy, "13").signal, Signal::kNone);
  EXPECT_EQ(Feed(strategy, "8").signal, Signal::kShort);
}

TEST(EmaCross, NoSignalBeforeTheSlowAverageHasItsBars) {
  EmaCross strategy(1, 10);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Feed(strategy, i % 2 == 0 ? "10" : "20").signal, Signal::kNone);
}

TEST(EmaCross, TouchIsNoCross) {
  EmaCross strategy(1, 2);
  Feed(strategy, "10");
  Feed(strategy, "12");
  Feed(strategy, "13");
  // Constant prices let the averages meet from above; they never change sides.
  for (int i = 0; i < 200; ++i) ASSERT_EQ(Feed(strategy, "13").signal, Signal::kNone);
  EXPECT_EQ(Feed(strategy, "14").signal, Signal::kNone);
}

TEST(Catalogue, BadParametersAreNamed) {
  const Entry& entry = *Find("ema_cross");
  auto message = [&](const Parameters& parameters) { return std::string(entry.make(parameters).status().message()); };
  EXPECT_TRUE(entry.make({}).ok());
  EXPECT_THAT(message({{"fast", "20"}, {"slow", "10"}}), ::testing::HasSubstr("parameters.fast"));
  EXPECT_THAT(message({{"fast", "x"}}), ::testing::HasSubstr("parameters.fast"));
  EXPECT_THAT(message({{"fast", "0"}}), ::testing::HasSubstr("1 to 500"));
  EXPECT_THAT(message({{"fast", "5 "}}), ::testing::HasSubstr("whole number"));
  EXPECT_THAT(message({{"speed", "1"}}), ::testing::HasSubstr("parameters.speed"));
  EXPECT_EQ(Find("nothing"), nullptr);
}

}  // namespace
}  // namespace ballast::strategy
