#include "libs/strategy/vwap_cross.h"

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

// By hand: three bars at 10, 20 and 40 with volumes 6, 3 and 1 weigh (60 + 60 + 40) / 10 = 16.
TEST(VwapCross, VolumeWeighs) {
  VwapCross strategy(3, 0, false);
  EXPECT_EQ(Feed(strategy, "10", "6").signal, Signal::kNone);
  EXPECT_EQ(Feed(strategy, "20", "3").signal, Signal::kNone);
  EXPECT_EQ(Feed(strategy, "40", "1").signal, Signal::kNone) << "above from the first look on: no cross";
  Evaluation down = Feed(strategy, "10", "6");  // (60 + 40 + 60) / 10
  EXPECT_EQ(down.signal, Signal::kShort);
  EXPECT_EQ(down.inputs["vwap"], "16");
}

TEST(VwapCross, WithoutVolumeThePlainAverageStands) {
  VwapCross strategy(2, 0, false);
  Feed(strategy, "10", "0");
  Feed(strategy, "12", "0");
  Evaluation down = Feed(strategy, "9", "0");
  EXPECT_EQ(down.signal, Signal::kShort);
  EXPECT_EQ(down.inputs["vwap"], "10.5");
}

// The dearest price at the largest volume that a file of bars may have.
TEST(VwapCross, ABarBeyondAnyMarketHasNoAverageAndTheNextWindowBeginsBehindIt) {
  VwapCross strategy(2, 0, false);
  Feed(strategy, "10", "1");
  Feed(strategy, "20", "1");
  Evaluation beyond = Feed(strategy, "1000000000", "1000000000000000");
  EXPECT_EQ(beyond.signal, Signal::kNone);
  EXPECT_TRUE(beyond.noted);
  EXPECT_THAT(beyond.reason, ::testing::HasSubstr("10^17"));
  Feed(strategy, "10", "1");
  EXPECT_EQ(Feed(strategy, "20", "1").signal, Signal::kNone) << "above from the first look on";
  Evaluation down = Feed(strategy, "10", "1");
  EXPECT_EQ(down.signal, Signal::kShort);
  EXPECT_EQ(down.inputs["vwap"], "15");
}

TEST(VwapCross, TheLongestWindowOfTheLargestBarsFits) {
  VwapCross strategy(1'000, 9'999, false);
  for (int i = 0; i < 2'100; ++i) EXPECT_EQ(Feed(strategy, "1000000000", "99999999").signal, Signal::kNone) << i;
}

// Made by an independent program of exact fractions that sums each window anew.
TEST(VwapCross, GoldenSeries) {
  const std::vector<Bar> walk = Walk(400, 21);
  const Signals with = {{16, -1},  {29, 1},  {30, -1},  {37, 1},  {43, -1},  {52, 1},  {57, -1},  {61, 1},
                        {69, -1},  {85, 1},  {94, -1},  {96, 1},  {106, -1}, {108, 1}, {111, -1}, {125, 1},
                        {129, -1}, {139, 1}, {148, -1}, {149, 1}, {150, -1}, {151, 1}, {156, -1}, {157, 1},
                        {162, -1}, {166, 1}, {168, -1}, {192, 1}, {213, -1}, {231, 1}, {232, -1}, {235, 1},
                        {244, -1}, {271, 1}, {285, -1}, {288, 1}, {295, -1}, {302, 1}, {309, -1}, {315, 1},
                        {317, -1}, {335, 1}, {340, -1}, {350, 1}, {381, -1}, {392, 1}};
  const Signals against = {{63, -1}, {70, 1},   {99, -1}, {112, 1},  {152, -1}, {170, 1},  {198, -1},
                           {214, 1}, {239, -1}, {252, 1}, {279, -1}, {297, 1},  {352, -1}, {384, 1}};
  VwapCross trend(10, 20, false);
  EXPECT_EQ(SignalsOf(trend, walk), with);
  VwapCross revert(25, 50, true);
  EXPECT_EQ(SignalsOf(revert, walk), against);
}

TEST(VwapCross, BadParametersAreNamed) {
  const Entry& entry = *Find("vwap_cross");
  auto message = [&](const Parameters& parameters) { return std::string(entry.make(parameters).status().message()); };
  EXPECT_TRUE(entry.make({}).ok());
  EXPECT_THAT(message({{"window", "1"}}), ::testing::HasSubstr("2 to 1000"));
  EXPECT_THAT(message({{"band_bps", "-1"}}), ::testing::HasSubstr("parameters.band_bps"));
  EXPECT_THAT(message({{"revert", "2"}}), ::testing::HasSubstr("parameters.revert"));
}

}  // namespace
}  // namespace ballast::strategy
