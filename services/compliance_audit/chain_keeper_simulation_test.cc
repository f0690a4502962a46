// The writer of the chain on one thread and over a storage that fails: any commit may be refused or lose its answer,
// before or after it happened, and the process may die after any. Every event and every request is in the chain once,
// the chain is whole, and the same seed gives the same chain.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <random>
#include <set>

#include "libs/wire/wire.h"
#include "services/compliance_audit/chain_keeper.h"
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
      if (Chance(30) && asked_ < kRequests) Ask();
      if (Chance(10)) keeper_->Anchor(false);
      if (!Feed()) ++outcome_.failures;
      if (Chance(2)) Begin();
    }
    auto verified = keeper_->Verify([] { return false; });
    EXPECT_TRUE(verified.ok());
    EXPECT_FALSE(verified->broken.has_value()) << verified->broken->problem;
    EXPECT_EQ(disk_->head, keeper_->Head());
    for (const auto& [sequence, record] : disk_->records) outcome_.records.push_back(record);
    return std::move(outcome_);
  }

 private:
  std::int64_t Below(std::uint64_t bound) { return static_cast<std::int64_t>(dice_() % bound); }
  bool Chance(std::int64_t percent) { return Below(100) < percent; }

  // The next life of the process, over the same disk.
  void Begin() {
    ++outcome_.lives;
    keeper_.reset();
    store_ = std::make_unique<MemoryAuditStore>(disk_);
    keeper_ = std::make_unique<ChainKeeper>(*store_, AnchorFile(anchor_), clock_, *log_, metrics_,
                                            [](const std::string& why) { ADD_FAILURE() << why; });
    ASSERT_TRUE(keeper_->Recover().ok());
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
    if (keeper_->Append(record).ok()) ++asked_;
  }
  // As the order log's stream does: on from the cursors, sometimes some of it again.
  bool Feed() {
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
    return keeper_->OnOrderEvents(batch);
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
  int asked_ = 0;
  Outcome outcome_;
};

std::string BytesOf(const std::vector<audit::Record>& records) {
  std::string bytes;
  for (const audit::Record& record : records) bytes += audit::CanonicalBytes(record) + record.hash;
  return bytes;
}

class ChainKeeperSimulationTest : public testing::TestWithParam<std::uint64_t> {};

TEST_P(ChainKeeperSimulationTest, EverythingIsInTheChainOnceAndTheSameSeedIsTheSameChain) {
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

INSTANTIATE_TEST_SUITE_P(Seeds, ChainKeeperSimulationTest, testing::Values(1, 2, 3, 7, 11));

}  // namespace
}  // namespace ballast
