#include "libs/runtime/worker.h"

#include <gtest/gtest.h>

#include <atomic>

namespace ballast::runtime {
namespace {

class Countdown : public Machine {
 public:
  bool Turn(std::int64_t wait_ns) override {
    EXPECT_EQ(wait_ns, 1'000);
    return --left > 0;
  }
  std::atomic<int> left = 100;
};

TEST(WorkerTest, MakesTurnsUntilTheMachineEnds) {
  Countdown machine;
  {
    Worker worker(machine, 1'000);
    worker.Start();
    worker.Join();
    EXPECT_EQ(machine.left, 0);
    worker.Join();
  }
  Worker never_started(machine, 1'000);
}

}  // namespace
}  // namespace ballast::runtime
