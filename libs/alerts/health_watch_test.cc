#include "libs/alerts/health_watch.h"

#include <gtest/gtest.h>

namespace ballast::alerts {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

class HealthWatchTest : public testing::Test {
 protected:
  std::optional<Alert> Check(const char* problem) {
    now_ns_ += 2 * kSecond;
    return watch_.Observe("risk", problem, now_ns_, UtcTime{now_ns_});
  }
  HealthWatch watch_{{"risk", "positions"}, {.failures_max = 2, .start_grace_ns = 30 * kSecond}};
  std::int64_t now_ns_ = 0;
};

TEST_F(HealthWatchTest, TwoFailuresInARowAreToldOnceAndTheReturnToo) {
  EXPECT_FALSE(Check(""));
  EXPECT_FALSE(Check("gone"));
  auto down = Check("gone");
  ASSERT_TRUE(down);
  EXPECT_EQ(down->type, AlertType::kSystem);
  EXPECT_EQ(down->level, AlertLevel::kError);
  EXPECT_EQ(down->title, "risk does not answer");
  EXPECT_EQ(down->text, "gone");
  EXPECT_EQ(down->first_time, UtcTime{now_ns_});
  EXPECT_FALSE(Check("gone"));
  EXPECT_EQ(watch_.down(), 1);
  auto back = Check("");
  ASSERT_TRUE(back);
  EXPECT_EQ(back->level, AlertLevel::kInfo);
  EXPECT_EQ(back->title, "risk is back");
  EXPECT_FALSE(Check(""));
  EXPECT_EQ(watch_.down(), 0);
}

TEST_F(HealthWatchTest, OneFailureIsNoNews) {
  EXPECT_FALSE(Check(""));
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(Check("gone"));
    EXPECT_FALSE(Check(""));
  }
}

TEST_F(HealthWatchTest, AServiceThatHasNotServedYetHasTime) {
  for (int i = 0; i < 15; ++i) EXPECT_FALSE(Check("not yet")) << i;
  EXPECT_TRUE(Check("not yet"));
}

TEST_F(HealthWatchTest, ServicesAreCountedEachByItself) {
  EXPECT_FALSE(Check(""));
  EXPECT_FALSE(watch_.Observe("positions", "", now_ns_, UtcTime{}));
  EXPECT_FALSE(watch_.Observe("positions", "gone", now_ns_, UtcTime{}));
  EXPECT_FALSE(Check("gone"));
  EXPECT_TRUE(watch_.Observe("positions", "gone", now_ns_, UtcTime{}));
}

TEST_F(HealthWatchTest, WhatWasToldBeforeARestartIsKnown) {
  Alert down;
  down.type = AlertType::kSystem;
  down.title = "risk does not answer";
  watch_.Restore(down);
  EXPECT_EQ(watch_.down(), 1);
  EXPECT_FALSE(Check("gone"));
  EXPECT_FALSE(Check("gone"));
  auto back = Check("");
  ASSERT_TRUE(back);
  EXPECT_EQ(back->title, "risk is back");
}

TEST_F(HealthWatchTest, AlertsOfOthersDoNotConfuseIt) {
  Alert other;
  other.type = AlertType::kSystem;
  other.title = "my strategy does not answer";
  watch_.Restore(other);
  other.type = AlertType::kSignal;
  other.title = "risk does not answer";
  watch_.Restore(other);
  EXPECT_EQ(watch_.down(), 0);
}

}  // namespace
}  // namespace ballast::alerts
