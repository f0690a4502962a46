#include "services/strategy_runner/prerequisites.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

TEST(CheckTimeframeTest, FramesThatTheMarketsBarsCanMake) {
  for (const char* frame : {"1m", "5m", "15m", "1h", "1d"}) EXPECT_TRUE(CheckTimeframe(frame, 60).passed()) << frame;
  for (const char* frame : {"1s", "5s", "15s", "1m", "1d"}) EXPECT_TRUE(CheckTimeframe(frame, 1).passed()) << frame;
}

TEST(CheckTimeframeTest, AFinerFrameSaysWhatTheMarketHas) {
  for (const char* frame : {"1s", "5s", "15s"}) {
    auto verdict = CheckTimeframe(frame, 60);
    EXPECT_FALSE(verdict.passed());
    EXPECT_EQ(verdict.detail(),
              "'" + std::string(frame) + "' is finer than the market's 1m bars: no bar would ever come");
  }
}

TEST(CheckTimeframeTest, WhatIsNoMultipleOrUnknownIsRefused) {
  EXPECT_FALSE(CheckTimeframe("5m", 120).passed());
  EXPECT_FALSE(CheckTimeframe("15m", 420).passed());
  for (const char* frame : {"", "7m", "1M", "60", "1m ", "-1m", "0s"}) EXPECT_FALSE(CheckTimeframe(frame, 60).passed());
  EXPECT_FALSE(CheckTimeframe("1m", 0).passed());
  EXPECT_FALSE(CheckTimeframe("1m", -60).passed());
}

}  // namespace
}  // namespace ballast
