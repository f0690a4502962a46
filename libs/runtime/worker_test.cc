#include "libs/runtime/worker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "libs/runtime/mailbox.h"

namespace ballast::runtime {
namespace {

constexpr std::int64_t kHourNs = 3'600'000'000'000;

class RealClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return {MonotonicNanos()}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override {
    return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
  }
};

// Adds up what it is told; ends when it is told no more.
class Adder : public Machine {
 public:
  Turn Poll(std::int64_t now_ns) override {
    ++turns;
    std::vector<int> taken = box.Take(10);
    for (int one : taken) sum += one;
    if (blocked_for_ns > 0) return {Turn::State::kBlocked, now_ns + blocked_for_ns.exchange(0)};
    if (taken.empty() && box.closed()) return {Turn::State::kEnded, 0};
    return {Turn::State::kReady, taken.empty() ? now_ns + kHourNs : now_ns};
  }
  Inbox& inbox() override { return box; }

  Mailbox<int, 1> box{{1'000}};
  std::atomic<int> sum = 0, turns = 0;
  std::atomic<std::int64_t> blocked_for_ns = 0;
};

TEST(WorkerTest, WhatIsPostedIsDoneAndTheRestOfItBeforeTheEnd) {
  RealClock clock;
  Adder machine;
  Worker worker(machine, clock);
  worker.Start();
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(machine.box.Post(0, 1, 1));
  worker.Drain();
  EXPECT_EQ(machine.sum, 200);
  worker.Drain();
  Adder idle;
  { Worker never_started(idle, clock); }
  EXPECT_FALSE(idle.box.Post(0, 1, 1)) << "whoever asks is told so";
}

// An hour's wait ends with the first thing to do; one for the storage only with the time, or the end.
TEST(WorkerTest, OneThatIsBlockedIsNotTurnedByWhatIsPosted) {
  RealClock clock;
  Adder machine;
  machine.blocked_for_ns = kHourNs;
  {
    Worker worker(machine, clock);
    worker.Start();
    while (machine.turns == 0) std::this_thread::yield();
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(machine.box.Post(0, 1, 1));
    EXPECT_EQ(machine.turns, 1);
    // Until it rests, closing cannot end that: closed in any case.
    while (!machine.box.resting()) std::this_thread::yield();
  }
  EXPECT_EQ(machine.sum, 100);
}

}  // namespace
}  // namespace ballast::runtime
