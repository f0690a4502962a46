// What the machine adds to its keeper: who goes first, what is refused, what is kept while the storage is away, and how
// it ends.
#include "services/alerts/alert_machine.h"

#include <gtest/gtest.h>

#include <optional>

#include "services/alerts/testing/memory_alert_store.h"

namespace ballast {
namespace {

class HandClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return {1'700'000'000'000'000'000 + nanos}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return nanos; }
  std::int64_t nanos = 1;
};

class AlertMachineTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Logger::Make({.service = "test", .level = "CRITICAL"}, &log_).ok());
    store_ = std::make_unique<MemoryAlertStore>(disk_);
    keeper_ = std::make_unique<AlertKeeper>(AlertKeeper::Options{}, *store_, clock_, *log_, metrics_,
                                            [this](const std::string& why) { failure_ = why; });
    machine_ = std::make_unique<AlertMachine>(*keeper_, clock_, *log_);
    ASSERT_TRUE(keeper_->Recover().ok());
  }
  static alerts::Alert Fact(const std::string& text) {
    alerts::Alert fact;
    fact.type = alerts::AlertType::kSystem;
    fact.level = alerts::AlertLevel::kError;
    fact.title = "risk does not answer";
    fact.text = text;
    return fact;
  }
  void Away(int commits) {
    for (int i = 0; i < commits; ++i) disk_->faults.FailNext(absl::UnavailableError("away"), false);
  }
  // Turns until one ends, or would wait for something to come.
  runtime::Turn Turns() {
    while (true) {
      runtime::Turn turn = machine_->Poll(clock_.nanos);
      if (turn.state == runtime::Turn::State::kEnded || turn.next_ns > clock_.nanos) return turn;
    }
  }

  HandClock clock_;
  Metrics metrics_;
  std::unique_ptr<Logger> log_;
  std::shared_ptr<MemoryAlertStore::Disk> disk_ = std::make_shared<MemoryAlertStore::Disk>();
  std::unique_ptr<MemoryAlertStore> store_;
  std::unique_ptr<AlertKeeper> keeper_;
  std::unique_ptr<AlertMachine> machine_;
  std::string failure_;
};

TEST_F(AlertMachineTest, WhoAsksForAChangeGoesBeforeWhoReads) {
  std::string order;
  ASSERT_TRUE(machine_->Query([&](AlertKeeper&) { order += "q"; }));
  machine_->OnOrderEvents(std::make_shared<const order::v1::StreamOrderEventsResponse>(), [&](bool) { order += "f"; });
  ASSERT_TRUE(machine_->Command(10, [&](AlertKeeper&) { order += "c"; }));
  Turns();
  EXPECT_EQ(order, "cfq");
}

TEST_F(AlertMachineTest, AFullLaneRefusesAndTheOthersDoNot) {
  int queries = 0;
  while (machine_->Query([](AlertKeeper&) {})) ASSERT_LT(++queries, 100'000);
  EXPECT_GT(queries, 500);
  EXPECT_TRUE(machine_->Command(10, [](AlertKeeper&) {}));
  Turns();
  EXPECT_TRUE(machine_->Query([](AlertKeeper&) {}));
}

TEST_F(AlertMachineTest, WhoAsksWhileTheStorageIsAwayIsToldAtOnce) {
  Away(1);
  std::optional<absl::Status> answered;
  ASSERT_TRUE(
      machine_->Command(10, [&](AlertKeeper& keeper) { answered = keeper.Raise(Fact("x"), "r1", "x").status(); }));
  Turns();
  ASSERT_TRUE(answered.has_value());
  EXPECT_TRUE(absl::IsUnavailable(*answered));
  EXPECT_TRUE(disk_->alerts.empty());
}

TEST_F(AlertMachineTest, WhatTheHealthWatchTellsIsKeptUntilItIsStoredAndThenStoredOnce) {
  Away(3);
  machine_->Tell(Fact("first"));
  runtime::Turn turn = Turns();
  EXPECT_TRUE(disk_->alerts.empty());
  EXPECT_EQ(turn.next_ns - clock_.nanos, 20'000'000) << "it says when it tries again";
  machine_->Tell(Fact("second"));
  for (int i = 0; i < 20; ++i) {
    clock_.nanos = turn.next_ns;
    turn = Turns();
  }
  ASSERT_EQ(disk_->alerts.size(), 2U);
  EXPECT_EQ(disk_->alerts[1].text, "first");
  EXPECT_EQ(disk_->alerts[2].text, "second");
}

TEST_F(AlertMachineTest, WhatWasStoredWithoutAnAnswerIsNotStoredAgain) {
  auto fact = Fact("once");
  fact.first_time = fact.last_time = clock_.Now();
  disk_->faults.FailNext(absl::UnknownError("the answer was lost"), true);
  machine_->Tell(fact);
  for (int i = 0; i < 5; ++i) clock_.nanos = Turns().next_ns;
  ASSERT_EQ(disk_->alerts.size(), 1U);
  EXPECT_EQ(disk_->alerts[1].count, 1);
}

TEST_F(AlertMachineTest, ItEndsWhenWhatItWasToldIsStoredAndAtLatestAfterTheDrain) {
  Away(2);
  machine_->Tell(Fact("stored in time"));
  bool asked = false;
  ASSERT_TRUE(machine_->Command(10, [&](AlertKeeper&) { asked = true; }));
  machine_->inbox().Close();
  runtime::Turn turn = Turns();
  while (turn.state != runtime::Turn::State::kEnded) {
    clock_.nanos = turn.next_ns;
    turn = Turns();
  }
  EXPECT_TRUE(asked);
  EXPECT_EQ(disk_->alerts.size(), 1U);
  EXPECT_FALSE(machine_->Command(10, [](AlertKeeper&) {}));
  // The next one never finds its storage again.
  SetUp();
  Away(1'000);
  machine_->Tell(Fact("never"));
  machine_->inbox().Close();
  std::int64_t began_ns = clock_.nanos;
  for (turn = Turns(); turn.state != runtime::Turn::State::kEnded; turn = Turns()) clock_.nanos = turn.next_ns;
  EXPECT_GT(clock_.nanos - began_ns, runtime::Committer::kDrainNs);
  EXPECT_LT(clock_.nanos - began_ns, runtime::Committer::kDrainNs + 1'000'000'000);
}

TEST_F(AlertMachineTest, AStreamThatIsReadingIsClosedWhenItEnds) {
  class Reader : public AlertKeeper::Sender {
   public:
    bool Push(alert::v1::StreamAlertsResponse) override { return true; }
    void Close(grpc::Status) override { closed = true; }
    [[nodiscard]] bool done() const override { return closed; }
    bool closed = false;
  };
  auto early = std::make_shared<Reader>(), late = std::make_shared<Reader>();
  ASSERT_TRUE(machine_->Query([&](AlertKeeper& keeper) { keeper.Subscribe(0, early); }));
  Turns();
  ASSERT_TRUE(machine_->Query([&](AlertKeeper& keeper) { keeper.Subscribe(0, late); }));
  machine_->inbox().Close();
  EXPECT_EQ(Turns().state, runtime::Turn::State::kEnded);
  EXPECT_TRUE(early->closed);
  EXPECT_TRUE(late->closed);
}

}  // namespace
}  // namespace ballast
