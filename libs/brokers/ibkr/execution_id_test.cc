#include "libs/brokers/ibkr/execution_id.h"

#include <gtest/gtest.h>

namespace ballast::ibkr {
namespace {

TEST(ExecutionIdTest, ACorrectionHasTheSameRootAndAHigherVersion) {
  auto first = ReadExecutionId("000e1a2b.67890abc.01.01");
  auto corrected = ReadExecutionId("000e1a2b.67890abc.01.02");
  ASSERT_TRUE(first && corrected);
  EXPECT_EQ(*first, (ExecutionVersion{.root = "000e1a2b.67890abc.01", .version = 1}));
  EXPECT_EQ(corrected->root, first->root);
  EXPECT_GT(corrected->version, first->version);
}

TEST(ExecutionIdTest, AnotherTradeHasAnotherRoot) {
  EXPECT_NE(ReadExecutionId("000e1a2b.67890abc.01.01")->root, ReadExecutionId("000e1a2b.67890abc.02.01")->root);
}

TEST(ExecutionIdTest, VersionsAscendHoweverTheyAreCounted) {
  std::uint32_t last = 0;
  for (const char* id : {"a.01", "a.09", "a.0a", "a.0F", "a.10", "a.11", "a.99"}) {
    ASSERT_TRUE(ReadExecutionId(id)) << id;
    EXPECT_GT(ReadExecutionId(id)->version, last) << id;
    last = ReadExecutionId(id)->version;
  }
}

TEST(ExecutionIdTest, WhatHasNoVersionIsNoCorrection) {
  for (const char* id : {"", "000e1a2b", ".01", "a.", "a.x", "a.-1", "a.+1", "a.1 ", "a.123456789"}) {
    EXPECT_FALSE(ReadExecutionId(id)) << id;
  }
}

}  // namespace
}  // namespace ballast::ibkr
