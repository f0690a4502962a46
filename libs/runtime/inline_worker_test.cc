#include "libs/runtime/inline_worker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "libs/runtime/mailbox.h"

namespace ballast::runtime {
namespace {

constexpr std::int64_t kHourNs = 3'600'000'000'000;

class SteadyClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return {MonotonicNanos()}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override {
    return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
  }
};

using Task = std::function<void()>;

// Does what it is told, and says who did. Two turns at once would be found: nothing here has a lock.
class Doer : public Machine {
 public:
  Turn Poll(std::int64_t now_ns) override {
    EXPECT_FALSE(busy.exchange(true)) << "two at once";
    Turn turn = Make(now_ns);
    busy = false;
    return turn;
  }
  Inbox& inbox() override { return box; }

  Mailbox<Task, 1> box{{1'000'000}};
  std::atomic<bool> busy = false;
  std::int64_t turns = 0;
  // What it says of the turns that follow.
  bool endless = false;
  bool blocked = false;
  std::int64_t timed_ns = kHourNs;
  // Told by the first turn that nobody asked for.
  std::promise<std::thread::id>* timed = nullptr;

 private:
  Turn Make(std::int64_t now_ns) {
    ++turns;
    // Before the inbox is asked: what is posted after this is seen by the next turn.
    bool closed = box.closed();
    std::vector<Task> tasks = box.Take(4);
    for (Task& task : tasks) task();
    if (tasks.empty() && timed != nullptr) {
      timed_ns = kHourNs;
      std::exchange(timed, nullptr)->set_value(std::this_thread::get_id());
    }
    if (closed && tasks.empty()) return {Turn::State::kEnded, 0};
    if (blocked) return {Turn::State::kBlocked, now_ns + 1'000'000};
    if (endless) return {Turn::State::kReady, now_ns};
    return {Turn::State::kReady, box.size() > 0 ? now_ns : now_ns + timed_ns};
  }
};

class InlineWorkerTest : public testing::Test {
 protected:
  // Asks on this thread and waits for the answer: who made the turn.
  std::thread::id Ask(Task also = {}) {
    std::promise<std::thread::id> done;
    EXPECT_TRUE(machine.box.Post(0, 1, [&done, also = std::move(also)] {
      if (also) also();
      done.set_value(std::this_thread::get_id());
    }));
    return done.get_future().get();
  }
  // Until the thread has left the machine to who posts. Each try asks.
  void AwaitIdle() {
    while (Ask() != std::this_thread::get_id()) std::this_thread::yield();
  }

  SteadyClock clock;
  Doer machine;
};

TEST_F(InlineWorkerTest, WhoPostsWhileNobodyDrivesMakesTheTurnItself) {
  InlineWorker worker(machine, clock);
  worker.Start();
  AwaitIdle();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Ask(), std::this_thread::get_id());
  // What a turn posts is of another turn, of the same thread.
  std::thread::id second;
  bool nested = false;
  (void)Ask([&] {
    EXPECT_TRUE(machine.box.Post(0, 1, [&] { second = std::this_thread::get_id(); }));
    nested = second == std::thread::id();
  });
  (void)Ask();
  EXPECT_TRUE(nested) << "not in the turn that posted it";
  EXPECT_EQ(second, std::this_thread::get_id());
}

TEST_F(InlineWorkerTest, NobodyIsKeptLongerThanItsTurnsAndTheThreadGoesOn) {
  InlineWorker worker(machine, clock, {.turns_max = 3, .nanos_max = kHourNs});
  worker.Start();
  AwaitIdle();
  std::int64_t before = 0, after = 0;
  // There is more to do at once for as long as nobody says otherwise: this comes back all the same.
  ASSERT_TRUE(machine.box.Post(0, 1, [&] {
    before = machine.turns;
    machine.endless = true;
  }));
  EXPECT_NE(Ask([&] {
              machine.endless = false;
              after = machine.turns;
            }),
            std::this_thread::get_id())
      << "the thread has it";
  EXPECT_GT(after, before + 2);
}

TEST_F(InlineWorkerTest, NobodyIsKeptLongerThanItsTimeEither) {
  InlineWorker worker(machine, clock, {.turns_max = 1'000'000, .nanos_max = 0});
  worker.Start();
  AwaitIdle();
  ASSERT_TRUE(machine.box.Post(0, 1, [&] { machine.endless = true; }));
  EXPECT_NE(Ask([&] { machine.endless = false; }), std::this_thread::get_id());
}

// The time that a poster's turn names is kept, though the thread had meant to sleep for an hour.
TEST_F(InlineWorkerTest, WhatIsDueByTimeIsTheThreads) {
  InlineWorker worker(machine, clock);
  worker.Start();
  AwaitIdle();
  std::promise<std::thread::id> timed;
  EXPECT_EQ(Ask([&] {
              machine.timed_ns = 5'000'000;
              machine.timed = &timed;
            }),
            std::this_thread::get_id());
  EXPECT_NE(timed.get_future().get(), std::this_thread::get_id());
}

TEST_F(InlineWorkerTest, OneThatIsBlockedHoldsNobodyWhoPosts) {
  InlineWorker worker(machine, clock);
  worker.Start();
  AwaitIdle();
  ASSERT_TRUE(machine.box.Post(0, 1, [&] { machine.blocked = true; }));
  EXPECT_NE(Ask([&] { machine.blocked = false; }), std::this_thread::get_id());
  AwaitIdle();
}

// Nothing is lost between who leaves and who posts: each waits for its own answer.
TEST_F(InlineWorkerTest, ManyWhoAskAtOnceAreAllAnswered) {
  InlineWorker worker(machine, clock, {.turns_max = 2});
  worker.Start();
  constexpr int kThreads = 4, kAsked = 5'000;
  std::int64_t sum = 0;
  std::set<std::thread::id> drivers;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int asked = 0; asked < kAsked; ++asked) {
        (void)Ask([&] {
          ++sum;
          drivers.insert(std::this_thread::get_id());
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  worker.Drain();
  EXPECT_EQ(sum, kThreads * kAsked);
  EXPECT_FALSE(machine.box.Post(0, 1, [] {}));
  EXPECT_GT(drivers.size(), 1U);
}

TEST_F(InlineWorkerTest, WhatWasPostedIsDoneBeforeTheEndAndBeforeTheStart) {
  int done = 0;
  InlineWorker worker(machine, clock);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(machine.box.Post(0, 1, [&] { ++done; }));
  EXPECT_EQ(machine.turns, 0);
  worker.Start();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(machine.box.Post(0, 1, [&] { ++done; }));
  worker.Drain();
  EXPECT_EQ(done, 100);
  worker.Drain();
  Doer idle;
  { InlineWorker never_started(idle, clock); }
  EXPECT_FALSE(idle.box.Post(0, 1, [] {})) << "whoever asks is told so";
}

}  // namespace
}  // namespace ballast::runtime
