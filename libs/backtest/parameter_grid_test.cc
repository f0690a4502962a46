#include "libs/backtest/parameter_grid.h"

#include <gtest/gtest.h>

#include <set>

namespace ballast::backtest {
namespace {

TEST(ParameterGridTest, TheLastWrittenMovesFirst) {
  ParameterGrid grid;
  ASSERT_TRUE(grid.Add("fast=5..15/5").ok());
  ASSERT_TRUE(grid.Add("slow=20,50").ok());
  ASSERT_EQ(grid.size(), 6U);
  EXPECT_EQ(grid.At(0), (strategy::Parameters{{"fast", "5"}, {"slow", "20"}}));
  EXPECT_EQ(grid.At(1), (strategy::Parameters{{"fast", "5"}, {"slow", "50"}}));
  EXPECT_EQ(grid.At(5), (strategy::Parameters{{"fast", "15"}, {"slow", "50"}}));
  EXPECT_EQ(grid.At(2, {{"other", "x"}, {"fast", "1"}}),
            (strategy::Parameters{{"fast", "10"}, {"other", "x"}, {"slow", "20"}}));
  std::set<strategy::Parameters> all;
  for (std::size_t i = 0; i < grid.size(); ++i) all.insert(grid.At(i));
  EXPECT_EQ(all.size(), 6U);
}

TEST(ParameterGridTest, FractionsAreExact) {
  ParameterGrid grid;
  ASSERT_TRUE(grid.Add("x=0.1..0.3/0.1").ok());
  ASSERT_EQ(grid.size(), 3U);
  EXPECT_EQ(grid.At(2).at("x"), "0.3");
}

TEST(ParameterGridTest, WhatIsNoGridIsRefused) {
  for (const char* text : {"", "=1", "fast", "fast=", "fast=1,,2", "fast=3..1", "fast=1..5/0", "fast=a..b", "fast=1..",
                           "fast=0..1000000"}) {
    ParameterGrid grid;
    EXPECT_FALSE(grid.Add(text).ok()) << text;
    EXPECT_EQ(grid.size(), 1U);
  }
  ParameterGrid grid;
  ASSERT_TRUE(grid.Add("a=1..1000").ok());
  EXPECT_FALSE(grid.Add("a=1,2").ok());
  EXPECT_FALSE(grid.Add("b=1..1001").ok());
  EXPECT_TRUE(grid.Add("b=1..1000").ok());
}

}  // namespace
}  // namespace ballast::backtest
