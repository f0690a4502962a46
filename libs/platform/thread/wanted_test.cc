#include "libs/platform/thread/wanted.h"

#include "gtest/gtest.h"

namespace ballast {
namespace {

class HandClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return UtcTime{}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return nanos; }
  std::int64_t nanos = 0;
};

TEST(WantedTest, IsTriedOnceASecondUntilItSucceeded) {
  HandClock clock;
  int tries = 0;
  bool works = false;
  Wanted wanted(
      [&] {
        ++tries;
        return works;
      },
      clock);
  wanted.Retry();
  EXPECT_EQ(tries, 0) << "nobody has asked for it";
  wanted.Want();
  wanted.Retry();
  EXPECT_EQ(tries, 1);
  EXPECT_TRUE(wanted.wanted());
  clock.nanos += 1'000'000'000;
  works = true;
  wanted.Retry();
  EXPECT_EQ(tries, 2);
  EXPECT_FALSE(wanted.wanted());
  clock.nanos += 5'000'000'000;
  wanted.Retry();
  EXPECT_EQ(tries, 2);
  works = false;
  wanted.Want();
  EXPECT_EQ(tries, 3);
  EXPECT_TRUE(wanted.wanted());
}

}  // namespace
}  // namespace ballast
