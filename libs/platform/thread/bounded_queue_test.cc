#include "libs/platform/thread/bounded_queue.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace ballast {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t Now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

TEST(BoundedQueueTest, RefusesWhenItIsFullAndKeepsTheOrder) {
  BoundedQueue<int> queue(2);
  EXPECT_TRUE(queue.TryPush(1));
  EXPECT_TRUE(queue.TryPush(2));
  EXPECT_FALSE(queue.TryPush(3));
  EXPECT_EQ(queue.PopBatch(10, kSecond), (std::vector<int>{1, 2}));
  queue.Close();
  EXPECT_FALSE(queue.TryPush(4));
  EXPECT_TRUE(queue.PopBatch(10, 60 * kSecond).empty()) << "closed: nobody waits";
}

// The consumer has looked for what to do, and is about to wait: it is told that something is due earlier.
TEST(BoundedQueueTest, AWakeBeforeTheWaitIsNotLost) {
  BoundedQueue<int> queue(2);
  const std::int64_t begun = Now();
  queue.Wake();
  EXPECT_TRUE(queue.PopBatch(10, 5 * kSecond).empty());
  EXPECT_LT(Now() - begun, 2 * kSecond);
  // Once: the next one waits again.
  const std::int64_t again = Now();
  EXPECT_TRUE(queue.PopBatch(10, kSecond / 20).empty());
  EXPECT_GE(Now() - again, kSecond / 40);
}

TEST(BoundedQueueTest, AWakeEndsAWait) {
  BoundedQueue<int> queue(2);
  const std::int64_t begun = Now();
  std::thread waits([&] { EXPECT_TRUE(queue.PopBatch(10, 60 * kSecond).empty()); });
  queue.Wake();
  waits.join();
  EXPECT_LT(Now() - begun, 30 * kSecond);
}

}  // namespace
}  // namespace ballast
