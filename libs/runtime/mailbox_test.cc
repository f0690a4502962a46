#include "libs/runtime/mailbox.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

namespace ballast::runtime {
namespace {

enum Lane : std::size_t { kUrgent, kUsual };
using Box = Mailbox<std::string, 2>;

TEST(MailboxTest, TheUrgentGoesFirstAndEachLaneKeepsItsOrder) {
  Box box({1'000, 1'000});
  for (const char* text : {"a", "b"}) ASSERT_TRUE(box.Post(kUsual, 1, text));
  for (const char* text : {"stop", "halt"}) ASSERT_TRUE(box.Post(kUrgent, 1, text));
  EXPECT_EQ(box.Take(3), (std::vector<std::string>{"stop", "halt", "a"}));
  EXPECT_EQ(box.Take(3), (std::vector<std::string>{"b"}));
  EXPECT_TRUE(box.Take(3).empty());
}

TEST(MailboxTest, AFullLaneRefusesAndTheOthersDoNot) {
  Box box({100, 100});
  EXPECT_TRUE(box.Post(kUsual, 60, "a"));
  EXPECT_FALSE(box.Post(kUsual, 60, "b"));
  EXPECT_TRUE(box.Post(kUsual, 40, "c"));
  EXPECT_FALSE(box.Post(kUsual, 1, "d"));
  EXPECT_TRUE(box.Post(kUrgent, 100, "e"));
  EXPECT_EQ(box.bytes(kUsual), 100U);
  EXPECT_EQ(box.Take(2), (std::vector<std::string>{"e", "a"}));
  EXPECT_EQ(box.bytes(kUsual), 40U);
  EXPECT_TRUE(box.Post(kUsual, 60, "f"));
}

// One that is larger than all the room would never get through.
TEST(MailboxTest, AnEmptyLaneTakesOneOfAnySize) {
  Box box({100, 100});
  EXPECT_TRUE(box.Post(kUsual, 5'000, "a"));
  EXPECT_FALSE(box.Post(kUsual, 1, "b"));
}

TEST(MailboxTest, WhatIsThereWhenItClosesIsStillGivenOut) {
  Box box({100, 100});
  EXPECT_TRUE(box.Post(kUsual, 1, "a"));
  box.Close();
  box.Wait(1'000'000'000'000);
  EXPECT_FALSE(box.Post(kUrgent, 1, "b"));
  EXPECT_EQ(box.Take(10), (std::vector<std::string>{"a"}));
  EXPECT_TRUE(box.Take(10).empty());
}

// Also when the call comes first.
TEST(MailboxTest, WhoIsWokenDoesNotWait) {
  Box box({100, 100});
  box.Wake();
  box.Wait(1'000'000'000'000);
  EXPECT_TRUE(box.Take(10).empty());
  box.Wake();
  box.Rest(1'000'000'000'000);
}

// There is one answer for each question: whoever asked has been counted already.
TEST(MailboxTest, WhatMayNotBeRefusedIsTakenBeyondTheBound) {
  Box box({100, 100});
  EXPECT_TRUE(box.Post(kUsual, 100, "a"));
  EXPECT_TRUE(box.PostAlways(kUsual, 100, "b"));
  EXPECT_FALSE(box.Post(kUsual, 1, "c"));
  EXPECT_EQ(box.size(kUsual), 2U);
  box.Close();
  EXPECT_FALSE(box.PostAlways(kUsual, 1, "d"));
}

TEST(MailboxTest, ManyPostAndEachItemComesOnceInItsOrder) {
  constexpr int kThreads = 4, kItems = 5'000;
  Mailbox<std::pair<int, int>, 2> box({1 << 30, 1 << 30});
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kItems; ++i) EXPECT_TRUE(box.Post(kUsual, 1, {t, i}));
    });
  }
  auto take_or_wait = [](auto& from) {
    from.Wait(1'000'000'000);
    return from.Take(100);
  };
  std::vector<int> next(kThreads, 0);
  for (int taken = 0; taken < kThreads * kItems;) {
    for (const auto& [thread, number] : take_or_wait(box)) {
      EXPECT_EQ(number, next[static_cast<std::size_t>(thread)]++);
      ++taken;
    }
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(box.size(), 0U);
}

}  // namespace
}  // namespace ballast::runtime
