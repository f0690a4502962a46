// What the two machines add to the keeper of the chain: who goes first, what is refused, the anchor, a verification
// beside the writer, and how they end.
#include "services/compliance_audit/chain_machine.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <optional>

#include "services/compliance_audit/chain_verifier.h"
#include "services/compliance_audit/testing/memory_audit_store.h"

namespace ballast {
namespace {

class HandClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return {1'700'000'000'000'000'000 + nanos}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return nanos; }
  std::int64_t nanos = 1;
};

class ChainMachineTest : public testing::Test {
 protected:
  void SetUp() override {
    std::remove(anchor_.c_str());
    ASSERT_TRUE(Logger::Make({.service = "test", .level = "CRITICAL"}, &log_).ok());
    ASSERT_TRUE(keeper().Recover().ok());
  }
  void TearDown() override { std::remove(anchor_.c_str()); }
  ChainKeeper& keeper() {
    if (!keeper_) {
      keeper_ = std::make_unique<ChainKeeper>(store_, AnchorFile(anchor_), clock_, *log_, metrics_,
                                              [](const std::string& why) { ADD_FAILURE() << why; });
      machine_ = std::make_unique<ChainMachine>(*keeper_);
      verifier_ = std::make_unique<ChainVerifier>(store_, *log_);
    }
    return *keeper_;
  }
  bool Append(int number) {
    audit::Record record;
    record.actor = "user:ann";
    record.action = "login.succeeded";
    record.detail = "{}";
    record.request_id = "r" + std::to_string(number);
    return machine_->Command(100, [this, record](ChainKeeper& keeper) { status_ = keeper.Append(record).status(); });
  }
  runtime::Turn Turns(runtime::Machine& machine) {
    while (true) {
      runtime::Turn turn = machine.Poll(clock_.nanos);
      if (turn.state == runtime::Turn::State::kEnded || turn.next_ns > clock_.nanos) return turn;
    }
  }
  std::uint64_t Anchored() {
    auto anchor = AnchorFile(anchor_).Load();
    return anchor.ok() && *anchor ? (*anchor)->sequence : 0;
  }
  ChainVerifier::Request Wanted(const bool& cancelled) {
    auto expected = keeper().Expected();
    EXPECT_TRUE(expected.ok());
    return {.expected = *expected,
            .cancelled = [&cancelled] { return cancelled; },
            .done = [this](auto result) { verified_.push_back(std::move(result)); }};
  }

  const std::string anchor_ = testing::TempDir() + "/machine_anchor_" + std::to_string(::getpid());
  HandClock clock_;
  Metrics metrics_;
  std::unique_ptr<Logger> log_;
  std::shared_ptr<MemoryAuditStore::Disk> disk_ = std::make_shared<MemoryAuditStore::Disk>();
  MemoryAuditStore store_{disk_};
  std::unique_ptr<ChainKeeper> keeper_;
  std::unique_ptr<ChainMachine> machine_;
  std::unique_ptr<ChainVerifier> verifier_;
  std::optional<absl::Status> status_;
  std::vector<absl::StatusOr<Verification::Result>> verified_;
};

TEST_F(ChainMachineTest, WhatIsToBeKeptGoesBeforeWhoReads) {
  std::string order;
  ASSERT_TRUE(machine_->Query([&](ChainKeeper&) { order += "q"; }));
  machine_->OnOrderEvents(std::make_shared<const order::v1::StreamOrderEventsResponse>(), [&](bool) { order += "f"; });
  ASSERT_TRUE(machine_->Command(10, [&](ChainKeeper&) { order += "c"; }));
  Turns(*machine_);
  EXPECT_EQ(order, "cfq");
}

TEST_F(ChainMachineTest, ItIsBoundedInBytes) {
  int records = 0;
  while (machine_->Command(64 * 1024, [](ChainKeeper&) {})) ASSERT_LT(++records, 10'000);
  EXPECT_GT(records, 100);
  EXPECT_LT(records, 1'000);
  EXPECT_TRUE(machine_->Query([](ChainKeeper&) {}));
  Turns(*machine_);
  EXPECT_TRUE(machine_->Command(64 * 1024, [](ChainKeeper&) {}));
}

TEST_F(ChainMachineTest, TheEndOfTheChainIsAnchoredOnceASecondAndWhenItEnds) {
  ASSERT_TRUE(Append(1));
  Turns(*machine_);
  EXPECT_EQ(Anchored(), 1U);
  ASSERT_TRUE(Append(2));
  runtime::Turn turn = Turns(*machine_);
  EXPECT_EQ(Anchored(), 1U);
  clock_.nanos = turn.next_ns;
  Turns(*machine_);
  EXPECT_EQ(Anchored(), 2U);
  ASSERT_TRUE(Append(3));
  machine_->inbox().Close();
  EXPECT_EQ(Turns(*machine_).state, runtime::Turn::State::kEnded);
  EXPECT_EQ(Anchored(), 3U);
  EXPECT_FALSE(Append(4));
}

TEST_F(ChainMachineTest, WhoAsksWhileTheStorageIsAwayIsToldAtOnce) {
  disk_->faults.FailNext(absl::UnavailableError("away"), false);
  ASSERT_TRUE(Append(1));
  Turns(*machine_);
  EXPECT_TRUE(absl::IsUnavailable(*status_));
  ASSERT_TRUE(Append(1));
  Turns(*machine_);
  EXPECT_TRUE(status_->ok());
  EXPECT_EQ(disk_->records.size(), 1U);
}

// A page a turn, beside the writer: what is appended meanwhile is not what was asked about.
TEST_F(ChainMachineTest, AVerificationTakesTurnsAndIsOfTheChainAsItWas) {
  for (int i = 0; i < 2'500; ++i) {
    ASSERT_TRUE(Append(i));
    Turns(*machine_);
  }
  bool cancelled = false;
  ASSERT_TRUE(verifier_->Verify(Wanted(cancelled)));
  verifier_->Poll(clock_.nanos);
  EXPECT_TRUE(verified_.empty());
  ASSERT_TRUE(Append(2'500));
  Turns(*machine_);
  Turns(*verifier_);
  ASSERT_EQ(verified_.size(), 1U);
  ASSERT_TRUE(verified_[0].ok());
  EXPECT_EQ(verified_[0]->records, 2'500U);
  EXPECT_FALSE(verified_[0]->broken.has_value());
}

TEST_F(ChainMachineTest, VerificationsAreCalledOffByWhoAskedAndByTheEndAndFewMayWait) {
  ASSERT_TRUE(Append(1));
  Turns(*machine_);
  bool cancelled = true, wanted = false;
  ASSERT_TRUE(verifier_->Verify(Wanted(cancelled)));
  Turns(*verifier_);
  ASSERT_EQ(verified_.size(), 1U);
  EXPECT_TRUE(absl::IsCancelled(verified_[0].status()));
  int waiting = 0;
  while (verifier_->Verify(Wanted(wanted))) ASSERT_LT(++waiting, 100);
  EXPECT_EQ(waiting, 8);
  verifier_->inbox().Close();
  EXPECT_EQ(Turns(*verifier_).state, runtime::Turn::State::kEnded);
  ASSERT_EQ(verified_.size(), 9U) << "each is answered";
  for (const auto& result : verified_) EXPECT_TRUE(absl::IsCancelled(result.status()));
}

}  // namespace
}  // namespace ballast
