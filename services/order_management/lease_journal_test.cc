// What every store of leases promises, held against the one in memory and the one in a real Postgres.
#include "services/order_management/lease_journal.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "libs/platform/postgres/testing/test_postgres.h"
#include "services/order_management/lease_store.h"
#include "services/order_management/shard_place.h"
#include "services/order_management/testing/memory_leases.h"

namespace ballast {

std::vector<Migration> Migrations_order_management();

namespace {

std::unique_ptr<Database> NewDatabase() {
  std::unique_ptr<Database> database = TestPostgres::Get().NewSchema();
  EXPECT_TRUE(database->Migrate(Migrations_order_management()).ok());
  return database;
}

struct Leases {
  std::unique_ptr<Database> database;
  std::unique_ptr<LeaseJournal> journal;
};
struct Kind {
  const char* name;
  std::function<Leases()> make;
};

class LeaseJournalTest : public testing::TestWithParam<Kind> {
 protected:
  orders::Lease Row(int shard) {
    auto rows = leases_.journal->Read();
    EXPECT_TRUE(rows.ok());
    for (const orders::Lease& row : *rows) {
      if (row.shard == shard) return row;
    }
    return {.shard = -1};
  }
  absl::StatusCode Arrange(int shards) { return leases_.journal->Arrange(shards, *leases_.journal->Read()).code(); }

  Leases leases_ = GetParam().make();
};

TEST_P(LeaseJournalTest, AShardIsClaimedOnceForEachEpoch) {
  orders::Lease before = Row(0);
  EXPECT_EQ(before.owner, "");
  auto claimed = leases_.journal->Claim(0, before.epoch, "one", "127.0.0.1:1");
  ASSERT_TRUE(claimed.ok()) << claimed.status();
  EXPECT_GT(*claimed, before.epoch);
  EXPECT_EQ(leases_.journal->Claim(0, before.epoch, "two", "127.0.0.1:2").status().code(), absl::StatusCode::kAborted);
  orders::Lease row = Row(0);
  EXPECT_EQ(row.owner, "one");
  EXPECT_EQ(row.address, "127.0.0.1:1");
  EXPECT_EQ(row.epoch, *claimed);
}

TEST_P(LeaseJournalTest, RenewalsAreTheOwnersOnly) {
  ASSERT_TRUE(leases_.journal->Claim(0, Row(0).epoch, "one", "").ok());
  ASSERT_TRUE(leases_.journal->Renew("one").ok());
  ASSERT_TRUE(leases_.journal->Renew("one").ok());
  ASSERT_TRUE(leases_.journal->Renew("two").ok());
  EXPECT_EQ(Row(0).renewals, 2U);
}

TEST_P(LeaseJournalTest, AWishStandsUntilTheShardIsClaimed) {
  auto epoch = leases_.journal->Claim(0, Row(0).epoch, "two", "");
  ASSERT_TRUE(leases_.journal->Want(0, "one").ok());
  EXPECT_EQ(Row(0).wanted_by, "one");
  ASSERT_TRUE(leases_.journal->GiveBack(0, *epoch - 1).ok());
  EXPECT_EQ(Row(0).owner, "two");
  ASSERT_TRUE(leases_.journal->GiveBack(0, *epoch).ok());
  EXPECT_EQ(Row(0).owner, "");
  EXPECT_EQ(Row(0).wanted_by, "one");
  ASSERT_TRUE(leases_.journal->Claim(0, Row(0).epoch, "one", "").ok());
  EXPECT_EQ(Row(0).wanted_by, "");
}

TEST_P(LeaseJournalTest, EpochsGrowOverAllShardsAndArrangements) {
  std::uint64_t first = *leases_.journal->Claim(0, Row(0).epoch, "one", "");
  ASSERT_EQ(Arrange(2), absl::StatusCode::kOk);
  EXPECT_GT(Row(0).epoch, first);
  EXPECT_EQ(Row(0).owner, "");
  std::uint64_t second = *leases_.journal->Claim(1, Row(1).epoch, "two", "");
  std::uint64_t third = *leases_.journal->Claim(0, Row(0).epoch, "one", "");
  EXPECT_GT(second, first);
  EXPECT_GT(third, second);
  ASSERT_EQ(Arrange(1), absl::StatusCode::kOk);
  EXPECT_GT(Row(0).epoch, third);
  EXPECT_EQ(Row(1).shard, -1);
}

TEST_P(LeaseJournalTest, NothingIsArrangedUnderALivingOwner) {
  ASSERT_TRUE(leases_.journal->Claim(0, Row(0).epoch, "one", "").ok());
  auto seen = leases_.journal->Read();
  ASSERT_TRUE(leases_.journal->Renew("one").ok());
  EXPECT_EQ(leases_.journal->Arrange(2, *seen).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Row(1).shard, -1);
}

INSTANTIATE_TEST_SUITE_P(
    Leases, LeaseJournalTest,
    testing::Values(
        Kind{"Memory",
             [] {
               return Leases{nullptr, std::make_unique<MemoryLeases>(std::make_shared<MemoryLeases::Table>())};
             }},
        Kind{"Postgres",
             [] {
               Leases leases{NewDatabase(), nullptr};
               leases.journal = std::make_unique<LeaseStore>(*leases.database);
               return leases;
             }}),
    [](const auto& info) { return info.param.name; });

// Of Postgres alone: the epoch of a lease is the one that commits are held against.
TEST(LeaseStoreTest, AClaimFencesTheFormerWriter) {
  std::unique_ptr<Database> database = NewDatabase();
  LeaseStore leases(*database);
  auto write = [&](int shard, std::uint64_t epoch) {
    SqlBatch batch;
    batch.Statement("SELECT 1");
    return database->FencedWrite(ShardKey(shard), epoch, batch).code();
  };
  std::uint64_t first = *leases.Claim(0, leases.Read()->front().epoch, "one", "");
  EXPECT_EQ(write(0, first), absl::StatusCode::kOk);
  std::uint64_t second = *leases.Claim(0, first, "two", "");
  EXPECT_EQ(write(0, first), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(write(0, second), absl::StatusCode::kOk);
  ASSERT_TRUE(leases.Arrange(2, *leases.Read()).ok());
  EXPECT_EQ(write(0, second), absl::StatusCode::kFailedPrecondition);
  std::uint64_t third = *leases.Claim(1, leases.Read()->back().epoch, "two", "");
  EXPECT_EQ(write(1, third), absl::StatusCode::kOk);
}

}  // namespace
}  // namespace ballast
