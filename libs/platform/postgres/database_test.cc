#include "libs/platform/postgres/database.h"

#include <gtest/gtest.h>

#include <pqxx/pqxx>

#include "libs/platform/postgres/testing/test_postgres.h"

namespace ballast {
namespace {

TEST(DatabaseTest, MigratesOnceAndRefusesAChangedStep) {
  auto database = TestPostgres::Get().NewSchema();
  std::vector<Migration> steps = {{"0001_init", "CREATE TABLE thing (id int PRIMARY KEY)"}};
  ASSERT_TRUE(database->Migrate(steps).ok());
  ASSERT_TRUE(database->Migrate(steps).ok());
  steps[0].sql += " ";
  EXPECT_EQ(database->Migrate(steps).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(DatabaseTest, ErrorsRollBackAndAreTold) {
  auto database = TestPostgres::Get().NewSchema();
  ASSERT_TRUE(database->Migrate({{"0001_init", "CREATE TABLE thing (id int PRIMARY KEY)"}}).ok());
  auto insert = [&](bool fail) {
    return database->Transaction([&](pqxx::transaction_base& work) -> absl::Status {
      work.exec("INSERT INTO thing VALUES (1)");
      return fail ? absl::CancelledError("no") : absl::OkStatus();
    });
  };
  EXPECT_EQ(insert(true).code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(insert(false).ok());
  EXPECT_EQ(insert(false).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(database
                ->Transaction([](pqxx::transaction_base& work) {
                  work.exec("SELECT nothing FROM nowhere");
                  return absl::OkStatus();
                })
                .code(),
            absl::StatusCode::kInternal);
}

TEST(DatabaseTest, AnOldWriterCannotCommit) {
  auto database = TestPostgres::Get().NewSchema();
  ASSERT_TRUE(database->Migrate({}).ok());
  auto old_epoch = database->ClaimEpoch("oms");
  auto new_epoch = database->ClaimEpoch("oms");
  ASSERT_TRUE(old_epoch.ok() && new_epoch.ok());
  EXPECT_GT(*new_epoch, *old_epoch);
  auto commit_as = [&](std::uint64_t epoch) {
    return database->Transaction(
        [&](pqxx::transaction_base& work) { return Database::CheckEpoch(work, "oms", epoch); });
  };
  EXPECT_EQ(commit_as(*old_epoch).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(commit_as(*new_epoch).ok());
}

TEST(DatabaseTest, AFencedWriteIsAllOrNothing) {
  auto database = TestPostgres::Get().NewSchema();
  ASSERT_TRUE(database->Migrate({{"0001_init", "CREATE TABLE thing (id int PRIMARY KEY)"}}).ok());
  auto old_epoch = database->ClaimEpoch("oms");
  ASSERT_TRUE(old_epoch.ok());
  auto write = [&](std::uint64_t epoch, const std::string& sql) {
    return database->FencedWrite("oms", epoch, [&](pqxx::transaction_base&) { return sql; }).code();
  };
  auto count = [&] {
    int rows = -1;
    absl::Status read = database->Transaction([&](pqxx::transaction_base& work) {
      rows = work.exec1("SELECT count(*) FROM thing")[0].as<int>();
      return absl::OkStatus();
    });
    return read.ok() ? rows : -1;
  };
  EXPECT_EQ(write(*old_epoch, "INSERT INTO thing VALUES (1);INSERT INTO thing VALUES (2)"), absl::StatusCode::kOk);
  EXPECT_EQ(write(*old_epoch, "INSERT INTO thing VALUES (3);INSERT INTO thing VALUES (1)"),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(write(*old_epoch, "INSERT INTO thing VALUES (3);SELECT nothing FROM nowhere"), absl::StatusCode::kInternal);
  EXPECT_EQ(count(), 2);
  EXPECT_EQ(write(*old_epoch, "INSERT INTO thing VALUES (4);SELECT pg_terminate_backend(pg_backend_pid())"),
            absl::StatusCode::kUnknown);
  EXPECT_EQ(count(), 2);
  ASSERT_TRUE(database->ClaimEpoch("oms").ok());
  EXPECT_EQ(write(*old_epoch, "INSERT INTO thing VALUES (5)"), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(count(), 2);
}

TEST(DatabaseTest, ABrokenConnectionIsReplaced) {
  auto database = TestPostgres::Get().NewSchema();
  absl::Status killed = database->Transaction([](pqxx::transaction_base& work) {
    work.exec("SELECT pg_terminate_backend(pg_backend_pid())");
    return absl::OkStatus();
  });
  EXPECT_EQ(killed.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(database->WaitReachable(5'000'000'000).ok());
}

}  // namespace
}  // namespace ballast
