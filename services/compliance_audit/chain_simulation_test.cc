// The machines of the chain turn by turn, with the clock in hand and over a storage that fails: any commit may be
// refused or lose its answer, before or after it happened, and the process may die after any turn. Every event and
// every request is in the chain once, the chain is whole whenever somebody verifies it, and the same seed gives the
// same chain.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <random>
#include <set>

#include "libs/wire/wire.h"
#include "services/compliance_audit/chain_machine.h"
#include "services/compliance_audit/chain_verifier.h"
#include "services/compliance_audit/testing/memory_audit_store.h"

namespace ballast {
namespace {

constexpr std::uint64_t kEvents = 1'000;
constexpr int kRequests = 100;

class HandClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return {1'700'000'000'000'000'000 + nanos}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return nanos; }
  std::int64_t nanos = 1;
};

struct Outcome {
  std::vector<audit::Record> records;
  int lives = 0;
  int failures = 0;
  int faults = 0;
  int verified = 0;
};

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : dice_(seed) {
    EXPECT_TRUE(Logger::Make({.service = "simulation", .level = "CRITICAL"}, &log_).ok());
    std::remove(anchor_.c_str());
  }
  ~Simulation() { std::remove(anchor_.c_str()); }

  Outcome Run() {
    Begin();
    while (Left()) {
      clock_.nanos += Below(5'000'000);
      if (Chance(10)) Spoil();
      if (Chance(30) && asked_ < kRequests && !asking_) Ask();
      if (Chance(3) && !verifying_) Verify();
      if (!feeding_) Feed();
      machine_->Poll(clock_.nanos);
      verifier_->Poll(clock_.nanos);
      if (Chance(2)) {
        if (Chance(50)) Drain();
        Begin();
      }
    }
    Verify();
    Drain();
    EXPECT_GT(outcome_.verified, 5);
    EXPECT_EQ(disk_->head, keeper_->Head());
    EXPECT_EQ(AnchorFile(anchor_).Load()->value(), disk_->head) << "written when it ends";
    for (const auto& [sequence, record] : disk_->records) outcome_.records.push_back(record);
    return std::move(outcome_);
  }

 private:
  std::int64_t Below(std::uint64_t bound) { return static_cast<std::int64_t>(dice_() % bound); }
  bool Chance(std::int64_t percent) { return Below(100) < percent; }

  // The next life of the process, over the same disk.
  void Begin() {
    ++outcome_.lives;
    asking_ = feeding_ = verifying_ = false;
    machine_.reset();
    verifier_.reset();
    keeper_.reset();
    store_ = std::make_unique<MemoryAuditStore>(disk_);
    keeper_ = std::make_unique<ChainKeeper>(*store_, AnchorFile(anchor_), clock_, *log_, metrics_,
                                            [](const std::string& why) { ADD_FAILURE() << why; });
    machine_ = std::make_unique<ChainMachine>(*keeper_);
    verifier_ = std::make_unique<ChainVerifier>(*store_, *log_);
    ASSERT_TRUE(keeper_->Recover().ok());
  }
  // As the workers do it.
  void Drain() {
    for (runtime::Machine* machine :
         {static_cast<runtime::Machine*>(machine_.get()), static_cast<runtime::Machine*>(verifier_.get())}) {
      // Here what is being verified is finished first.
      while (verifying_) {
        machine_->Poll(clock_.nanos);
        verifier_->Poll(clock_.nanos);
      }
      machine->inbox().Close();
      while (machine->Poll(clock_.nanos).state != runtime::Turn::State::kEnded) {
      }
    }
  }
  void Verify() {
    verifying_ = machine_->Query([this](ChainKeeper& keeper) {
      auto expected = keeper.Expected();
      ASSERT_TRUE(expected.ok()) << expected.status();
      ASSERT_TRUE(verifier_->Verify({.expected = *expected,
                                     .cancelled = [] { return false; },
                                     .done =
                                         [this, head = expected->head](auto result) {
                                           verifying_ = false;
                                           ASSERT_TRUE(result.ok()) << result.status();
                                           EXPECT_FALSE(result->broken.has_value()) << result->broken->problem;
                                           EXPECT_EQ(result->records, head.sequence);
                                           ++outcome_.verified;
                                         }}));
    });
  }
  void Spoil() {
    ++outcome_.faults;
    bool applied = Chance(50);
    if (Chance(50))
      disk_->faults.FailNext(absl::UnknownError("the answer was lost"), applied);
    else
      disk_->faults.FailNext(absl::UnavailableError("away"), false);
  }
  // As who asks does: the same request again until it is answered.
  void Ask() {
    audit::Record record;
    record.actor = "user:ann";
    record.action = "login.succeeded";
    record.detail = "{}";
    record.request_id = "r" + std::to_string(asked_);
    asking_ = machine_->Command(100, [this, record](ChainKeeper& keeper) {
      if (keeper.Append(record).ok()) ++asked_;
      asking_ = false;
    });
  }
  // As the order log's stream does: on from the cursors, sometimes some of it again.
  void Feed() {
    order::v1::StreamOrderEventsResponse batch;
    AuditStore::Cursors cursors = keeper_->Cursors();
    for (const char* account : {"paper", "second"}) {
      std::uint64_t from = cursors[account];
      if (from > 0 && Chance(20)) --from;
      for (std::uint64_t left = 1 + static_cast<std::uint64_t>(Below(8)); left > 0 && from < kEvents; --left) {
        OrderEvent event;
        event.account_id = AccountId(account);
        event.sequence = ++from;
        event.type = event.sequence == 1 ? OrderEventType::kAccountOpened : OrderEventType::kAccountHalted;
        event.event_time = UtcTime{static_cast<std::int64_t>(event.sequence) * 1'000};
        event.actor = "event " + std::to_string(event.sequence);
        wire::ToProto(event, batch.add_events());
      }
    }
    feeding_ = true;
    auto message = std::make_shared<const order::v1::StreamOrderEventsResponse>(std::move(batch));
    machine_->OnOrderEvents(message, [this](bool counts) {
      if (!counts) ++outcome_.failures;
      feeding_ = false;
    });
  }
  bool Left() {
    AuditStore::Cursors cursors = keeper_->Cursors();
    return asked_ < kRequests || cursors["paper"] < kEvents || cursors["second"] < kEvents;
  }

  const std::string anchor_ = testing::TempDir() + "/simulated_anchor_" + std::to_string(::getpid());
  std::mt19937_64 dice_;
  HandClock clock_;
  std::unique_ptr<Logger> log_;
  Metrics metrics_;
  std::shared_ptr<MemoryAuditStore::Disk> disk_ = std::make_shared<MemoryAuditStore::Disk>();
  std::unique_ptr<MemoryAuditStore> store_;
  std::unique_ptr<ChainKeeper> keeper_;
  std::unique_ptr<ChainMachine> machine_;
  std::unique_ptr<ChainVerifier> verifier_;
  int asked_ = 0;
  bool asking_ = false;
  bool feeding_ = false;
  bool verifying_ = false;
  Outcome outcome_;
};

std::string BytesOf(const std::vector<audit::Record>& records) {
  std::string bytes;
  for (const audit::Record& record : records) bytes += audit::CanonicalBytes(record) + record.hash;
  return bytes;
}

class ChainSimulationTest : public testing::TestWithParam<std::uint64_t> {};

TEST_P(ChainSimulationTest, EverythingIsInTheChainOnceAndTheSameSeedIsTheSameChain) {
  Outcome first = Simulation(GetParam()).Run();
  std::set<std::string> requests;
  std::map<std::string, std::uint64_t> events;
  std::uint64_t expected = 1;
  for (const audit::Record& record : first.records) {
    ASSERT_EQ(record.sequence, expected++);
    if (!record.request_id.empty())
      ASSERT_TRUE(requests.insert(record.request_id).second) << record.request_id << " twice";
    else
      ASSERT_EQ(record.actor, "event " + std::to_string(++events[record.account_id]));
  }
  EXPECT_EQ(requests.size(), static_cast<std::size_t>(kRequests));
  EXPECT_EQ(events, (std::map<std::string, std::uint64_t>{{"paper", kEvents}, {"second", kEvents}}));
  EXPECT_GT(first.failures, 5);
  EXPECT_LE(first.failures, first.faults) << "each fault is felt once: what is stored is read back";
  EXPECT_GT(first.lives, 3);
  Outcome second = Simulation(GetParam()).Run();
  EXPECT_EQ(second.lives, first.lives);
  EXPECT_TRUE(BytesOf(second.records) == BytesOf(first.records)) << "the same seed gave another chain";
}

INSTANTIATE_TEST_SUITE_P(Seeds, ChainSimulationTest, testing::Values(1, 2, 3, 7, 11));

}  // namespace
}  // namespace ballast
