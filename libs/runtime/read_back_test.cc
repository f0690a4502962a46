#include "libs/runtime/read_back.h"

#include <gtest/gtest.h>

namespace ballast::runtime {
namespace {

class HandClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return {nanos}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return nanos; }
  std::int64_t nanos = 0;
};

class ReadBackTest : public testing::Test {
 protected:
  absl::Status Current() {
    return read_back.Current([this] {
      ++reads;
      return answer;
    });
  }

  HandClock clock;
  ReadBack read_back{clock};
  absl::Status answer;
  int reads = 0;
};

TEST_F(ReadBackTest, WhatIsStoredIsReadOnceAndAgainAfterAnyCommitThatFailed) {
  EXPECT_FALSE(read_back.current());
  EXPECT_TRUE(Current().ok());
  EXPECT_TRUE(Current().ok());
  EXPECT_EQ(reads, 1);
  read_back.After(absl::OkStatus());
  EXPECT_TRUE(Current().ok());
  EXPECT_EQ(reads, 1);
  for (const absl::Status& failed : {absl::UnknownError("the answer was lost"), absl::UnavailableError("away")}) {
    read_back.After(failed);
    EXPECT_FALSE(read_back.current());
    int before = reads;
    EXPECT_TRUE(Current().ok()) << "at once";
    EXPECT_EQ(reads, before + 1);
  }
}

TEST_F(ReadBackTest, WhileItCannotBeReadItIsAskedWithGrowingPausesAndWhoeverAsksIsTold) {
  answer = absl::UnavailableError("away");
  std::vector<std::int64_t> asked_at;
  for (; clock.nanos < 3'000'000'000; clock.nanos += 1'000'000) {
    int before = reads;
    EXPECT_EQ(Current(), answer);
    if (reads > before) asked_at.push_back(clock.nanos);
  }
  ASSERT_GE(asked_at.size(), 4U);
  EXPECT_EQ(asked_at[0], 0);
  EXPECT_EQ(asked_at[1], 20'000'000);
  EXPECT_EQ(asked_at[2], 60'000'000);
  EXPECT_EQ(asked_at.back() - asked_at[asked_at.size() - 2], 500'000'000);
  // Back, and away once more: the pauses begin anew.
  answer = absl::OkStatus();
  clock.nanos += 500'000'000;
  EXPECT_TRUE(Current().ok());
  read_back.After(absl::UnavailableError("away"));
  answer = absl::UnavailableError("away");
  EXPECT_FALSE(Current().ok());
  int before = reads;
  clock.nanos += 20'000'000;
  EXPECT_FALSE(Current().ok());
  EXPECT_EQ(reads, before + 1);
}

}  // namespace
}  // namespace ballast::runtime
