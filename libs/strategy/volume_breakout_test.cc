#include "libs/strategy/volume_breakout.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/strategy/catalogue.h"
#include "libs/strategy/testing/walk.h"

namespace ballast::strategy {
namespace {

Evaluation Feed(Strategy& strategy, const char* price, const char* volume) {
  Bar bar;
  bar.high = bar.low = bar.close = Decimal::Of(price);
  bar.volume = Decimal::Of(volume);
  return strategy.OnBar(bar);
}

TEST(VolumeBreakout, NeedsARangeAndVolume) {
  VolumeBreakout strategy(3, 150);
  for (const char* price : {"10", "12", "11"}) EXPECT_EQ(Feed(strategy, price, "100").signal, Signal::kNone);
  EXPECT_EQ(Feed(strategy, "12", "900").signal, Signal::kNone) << "at the high is not above it";
  EXPECT_EQ(Feed(strategy, "13", "549").signal, Signal::kNone) << "a hundredth of 150 % of 366.67 too little";
  Evaluation up = Feed(strategy, "14", "775");  // of 516.33
  EXPECT_EQ(up.signal, Signal::kLong);
  EXPECT_EQ(up.inputs["highest"], "13");
  EXPECT_EQ(Feed(strategy, "15", "9000").signal, Signal::kNone) << "told once";
  EXPECT_EQ(Feed(strategy, "5", "9000").signal, Signal::kShort);
}

// Made by an independent program of exact fractions.
TEST(VolumeBreakout, GoldenSeries) {
  const std::vector<Bar> walk = Walk(400, 21);
  const Signals busy = {{14, 1},  {17, -1},  {87, 1},  {118, -1}, {201, 1}, {213, -1},
                        {240, 1}, {256, -1}, {281, 1}, {342, -1}, {358, 1}};
  const Signals any = {{24, -1}, {99, 1},   {115, -1}, {152, 1},  {171, -1},
                       {198, 1}, {225, -1}, {280, 1},  {298, -1}, {358, 1}};
  VolumeBreakout on_volume(10, 120);
  EXPECT_EQ(SignalsOf(on_volume, walk), busy);
  VolumeBreakout on_any(20, 0);
  EXPECT_EQ(SignalsOf(on_any, walk), any);
}

TEST(VolumeBreakout, BadParametersAreNamed) {
  const Entry& entry = *Find("volume_breakout");
  auto message = [&](const Parameters& parameters) { return std::string(entry.make(parameters).status().message()); };
  EXPECT_TRUE(entry.make({}).ok());
  EXPECT_THAT(message({{"window", "501"}}), ::testing::HasSubstr("2 to 500"));
  EXPECT_THAT(message({{"volume_percent", "x"}}), ::testing::HasSubstr("whole number"));
}

}  // namespace
}  // namespace ballast::strategy
