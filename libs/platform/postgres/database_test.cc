#include "libs/platform/postgres/database.h"

#include <gtest/gtest.h>

#include <future>

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

// The same promises for statements that are prepared, and the values arrive as they were.
TEST(DatabaseTest, AFencedBatchIsAllOrNothing) {
  auto database = TestPostgres::Get().NewSchema();
  ASSERT_TRUE(
      database
          ->Migrate({{"0001_init",
                      "CREATE TABLE thing (id bigint PRIMARY KEY, small int, flag boolean, name text, raw bytea, "
                      "amount numeric)"}})
          .ok());
  auto epoch = database->ClaimEpoch("oms");
  ASSERT_TRUE(epoch.ok());
  const std::string raw("\0\xff'\\x", 5);
  auto write = [&](std::uint64_t as, std::vector<std::int64_t> ids, const char* last = nullptr) {
    SqlArray id(SqlArray::Type::kBigint), small(SqlArray::Type::kInteger), flag(SqlArray::Type::kBoolean);
    SqlArray name(SqlArray::Type::kText), bytes(SqlArray::Type::kBytes);
    for (std::int64_t each : ids) {
      id.Add(each);
      small.Add(-each);
      flag.Add(each % 2);
      name.Add("na'me " + std::to_string(each));
      bytes.Add(raw);
    }
    SqlBatch batch;
    batch.Statement(
        "INSERT INTO thing SELECT * FROM unnest($1::bigint[], $2::int[], $3::boolean[], $4::text[], "
        "$5::bytea[])");
    batch.Value(id).Value(small).Value(flag).Value(name).Value(bytes);
    batch.Statement("UPDATE thing SET amount = $1::numeric WHERE id = $2::bigint AND flag = $3::boolean");
    batch.Numeric(Decimal::Of("-0.000000000000000001")).Bigint(1).Boolean(true);
    if (last != nullptr) batch.Statement(last);
    return database->FencedWrite("oms", as, batch).code();
  };
  auto count = [&] {
    int rows = -1;
    absl::Status read = database->Transaction([&](pqxx::transaction_base& work) {
      rows = work.exec1("SELECT count(*) FROM thing")[0].as<int>();
      return absl::OkStatus();
    });
    return read.ok() ? rows : -1;
  };
  EXPECT_EQ(write(*epoch, {1, 2, 9'000'000'000}), absl::StatusCode::kOk);
  EXPECT_EQ(write(*epoch, {}), absl::StatusCode::kOk);
  EXPECT_EQ(write(*epoch, {3, 1}), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(write(*epoch, {3}, "SELECT nothing FROM nowhere"), absl::StatusCode::kInternal);
  EXPECT_EQ(write(*epoch, {3}, "SELECT require(false, 'not so')"), absl::StatusCode::kAborted);
  EXPECT_EQ(write(*epoch, {3}, "SELECT pg_terminate_backend(pg_backend_pid())"), absl::StatusCode::kUnknown);
  EXPECT_EQ(count(), 3);
  EXPECT_EQ(write(*epoch, {3}), absl::StatusCode::kOk);
  ASSERT_TRUE(database->ClaimEpoch("oms").ok());
  EXPECT_EQ(write(*epoch, {4}), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(count(), 4);
  ASSERT_TRUE(database
                  ->Transaction([&](pqxx::transaction_base& work) {
                    pqxx::row row = work.exec1("SELECT small, flag, name, raw, amount::text FROM thing WHERE id = 1");
                    EXPECT_EQ(row[0].as<int>(), -1);
                    EXPECT_TRUE(row[1].as<bool>());
                    EXPECT_EQ(row[2].as<std::string>(), "na'me 1");
                    EXPECT_EQ(pqxx::binarystring(row[3]).str(), raw);
                    EXPECT_EQ(row[4].as<std::string>(), "-0.000000000000000001");
                    return absl::OkStatus();
                  })
                  .ok());
}

// One who writes in several places writes in none when one of them is somebody else's by now.
TEST(DatabaseTest, AWriteHoldsAllItsFences) {
  auto database = TestPostgres::Get().NewSchema();
  ASSERT_TRUE(database->Migrate({{"0001_init", "CREATE TABLE thing (id bigint PRIMARY KEY)"}}).ok());
  std::vector<Fence> fences{{"account/a", *database->ClaimEpoch("account/a")},
                            {"account/b", *database->ClaimEpoch("account/b")}};
  auto write = [&](std::int64_t id) {
    SqlBatch batch;
    batch.Statement("INSERT INTO thing VALUES ($1::bigint)").Bigint(id);
    return database->FencedWrite(fences, batch).code();
  };
  EXPECT_EQ(write(1), absl::StatusCode::kOk);
  auto newer = database->ClaimEpoch("account/b");
  ASSERT_TRUE(newer.ok());
  EXPECT_EQ(write(2), absl::StatusCode::kFailedPrecondition);
  fences[1].epoch = *newer;
  EXPECT_EQ(write(2), absl::StatusCode::kOk);
}

// A write whose answer was lost may still be under way when it is asked for again: the second sees all of the first.
TEST(DatabaseTest, FencedWritesOfOneWriterFollowEachOther) {
  auto database = TestPostgres::Get().NewSchema();
  ASSERT_TRUE(database->Migrate({{"0001_init", "CREATE TABLE thing (id int PRIMARY KEY)"}}).ok());
  auto epoch = database->ClaimEpoch("oms");
  ASSERT_TRUE(epoch.ok());
  auto write = [&](const std::string& sql) {
    return database->FencedWrite("oms", *epoch, [&](pqxx::transaction_base&) { return sql; }).code();
  };
  auto late =
      std::async(std::launch::async, [&] { return write("SELECT pg_sleep(0.5);INSERT INTO thing VALUES (1)"); });
  int under_way = 0;
  while (under_way == 0) {
    ASSERT_TRUE(database
                    ->Transaction([&](pqxx::transaction_base& work) {
                      under_way =
                          work.exec1("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")[0].as<int>();
                      return absl::OkStatus();
                    })
                    .ok());
  }
  EXPECT_EQ(write("SELECT require((SELECT count(*) FROM thing) = 0, 'not where it was')"), absl::StatusCode::kAborted);
  EXPECT_EQ(late.get(), absl::StatusCode::kOk);
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

absl::Status Raise(Database& database, const std::string& state) {
  return database.Transaction([&](pqxx::transaction_base& work) {
    work.exec("DO $$BEGIN RAISE EXCEPTION 'as told' USING ERRCODE = '" + state + "'; END$$");
    return absl::OkStatus();
  });
}

TEST(DatabaseTest, WhatCannotBeStoredIsRemembered) {
  auto database = TestPostgres::Get().NewSchema();
  ASSERT_TRUE(database->Migrate({{"0001_init", "CREATE TABLE thing (id int PRIMARY KEY)"}}).ok());
  // The disk is full, it fails, it may only be read, the server is going away.
  for (const char* state : {"53100", "58030", "25006", "57P01"}) {
    EXPECT_FALSE(database->StorageSuspected());
    EXPECT_FALSE(Raise(*database, state).ok());
    EXPECT_TRUE(database->StorageSuspected()) << state;
    EXPECT_EQ(database->ProbeStorage(), absl::OkStatus());
  }
  // Somebody asked for something wrong, was too slow or met somebody else.
  for (const char* state : {"22012", "57014", "40001", "23505"}) {
    EXPECT_FALSE(Raise(*database, state).ok());
    EXPECT_FALSE(database->StorageSuspected()) << state;
  }
}

TEST(DatabaseTest, AFullDiskIsSuspectedByBatchesAndAsLongAsNothingFits) {
  auto database = TestPostgres::Get().NewSchema();
  ASSERT_TRUE(database
                  ->Migrate({{"0001_init",
                              "CREATE TABLE thing (id int); CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE "
                              "plpgsql AS $$BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; "
                              "END$$; CREATE TRIGGER full_disk BEFORE INSERT ON thing EXECUTE FUNCTION full_disk(); "
                              "CREATE TRIGGER full_disk BEFORE INSERT ON storage_probe EXECUTE FUNCTION full_disk()"}})
                  .ok());
  auto epoch = database->ClaimEpoch("writer");
  ASSERT_TRUE(epoch.ok());
  SqlBatch batch;
  batch.Statement("INSERT INTO thing VALUES (1)");
  EXPECT_EQ(database->FencedWrite("writer", *epoch, batch).code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(database->StorageSuspected());
  EXPECT_FALSE(database->ProbeStorage().ok());
  EXPECT_TRUE(database->StorageSuspected());
  ASSERT_TRUE(database
                  ->Transaction([](pqxx::transaction_base& work) {
                    work.exec("DROP TRIGGER full_disk ON storage_probe");
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_TRUE(database->StorageSuspected()) << "only a write that fits says that there is room";
  EXPECT_EQ(database->ProbeStorage(), absl::OkStatus());
  EXPECT_FALSE(database->StorageSuspected());
}

// What runs in each transaction of these tests before the row is asked for.
absl::Status LockRow(pqxx::transaction_base& work) {
  work.exec("UPDATE thing SET note = note || 'x' WHERE id = 1");
  return absl::OkStatus();
}

class DatabaseLimitsTest : public testing::Test {
 protected:
  DatabaseLimitsTest() {
    auto maker = TestPostgres::Get().NewSchema();
    EXPECT_TRUE(maker
                    ->Migrate({{"0001_init",
                                "CREATE TABLE thing (id int PRIMARY KEY, note text NOT NULL);"
                                "INSERT INTO thing VALUES (1, '')"}})
                    .ok());
    absl::Status found = maker->Transaction([this](pqxx::transaction_base& work) {
      schema_ = work.exec1("SELECT current_schema()")[0].as<std::string>();
      return absl::OkStatus();
    });
    EXPECT_TRUE(found.ok());
  }

  std::unique_ptr<Database> Connect(std::int64_t statement_ms, std::int64_t lock_ms, std::int64_t idle_ms = 60'000) {
    Database::Options options = TestPostgres::Get().OptionsFor(schema_);
    options.application_name = "ballast_test";
    options.statement_timeout_ms = statement_ms;
    options.lock_timeout_ms = lock_ms;
    options.idle_in_transaction_timeout_ms = idle_ms;
    return std::make_unique<Database>(options);
  }
  std::string Note() {
    std::string note;
    EXPECT_TRUE(Connect(60'000, 60'000)
                    ->Transaction([&](pqxx::transaction_base& work) {
                      note = work.exec1("SELECT note FROM thing WHERE id = 1")[0].as<std::string>();
                      return absl::OkStatus();
                    })
                    .ok());
    return note;
  }

  std::string schema_;
};

TEST_F(DatabaseLimitsTest, ARowHeldBySomebodyElseIsWaitedForInVain) {
  auto holder = Connect(60'000, 60'000);
  absl::Status blocked;
  // The holder's transaction is open for exactly as long as the other one tries.
  EXPECT_TRUE(holder
                  ->Transaction([&](pqxx::transaction_base& work) {
                    EXPECT_TRUE(LockRow(work).ok());
                    blocked = Connect(60'000, 50)->Transaction(LockRow);
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_EQ(blocked.code(), absl::StatusCode::kAborted) << blocked;
  EXPECT_EQ(Note(), "x");
}

TEST_F(DatabaseLimitsTest, AStatementThatTakesTooLongIsCancelledAndTheConnectionGoesOn) {
  auto database = Connect(50, 60'000);
  absl::Status slow = database->Transaction([](pqxx::transaction_base& work) {
    work.exec("UPDATE thing SET note = 'slow' WHERE id = 1");
    work.exec("SELECT pg_sleep(60)");
    return absl::OkStatus();
  });
  EXPECT_EQ(slow.code(), absl::StatusCode::kUnavailable) << slow;
  EXPECT_TRUE(database->Transaction(LockRow).ok());
  EXPECT_EQ(Note(), "x");
}

TEST_F(DatabaseLimitsTest, ALongTransactionHasNoLimitAndLeavesNoneBehind) {
  auto database = Connect(50, 50);
  auto setting = [&](pqxx::transaction_base& work) {
    return work.exec1("SELECT current_setting('statement_timeout') || ' ' || current_setting('lock_timeout')")[0]
        .as<std::string>();
  };
  EXPECT_TRUE(database
                  ->LongTransaction([&](pqxx::transaction_base& work) {
                    EXPECT_EQ(setting(work), "0 0");
                    work.exec("SELECT pg_sleep(0.2)");
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_TRUE(database
                  ->Transaction([&](pqxx::transaction_base& work) {
                    EXPECT_EQ(setting(work), "50ms 50ms");
                    EXPECT_EQ(work.exec1("SHOW application_name")[0].as<std::string>(), "ballast_test");
                    return absl::OkStatus();
                  })
                  .ok());
}

TEST_F(DatabaseLimitsTest, ATransactionThatStandsStillLosesItsLocks) {
  auto standing = Connect(60'000, 60'000, 50);
  absl::Status other;
  absl::Status lost = standing->Transaction([&](pqxx::transaction_base& work) {
    EXPECT_TRUE(LockRow(work).ok());
    // Gets the row only when Postgres has ended the transaction around it.
    other = Connect(60'000, 60'000)->Transaction(LockRow);
    return LockRow(work);
  });
  EXPECT_TRUE(other.ok()) << other;
  EXPECT_EQ(lost.code(), absl::StatusCode::kUnavailable) << lost;
  EXPECT_EQ(Note(), "x");
  EXPECT_TRUE(standing->Transaction(LockRow).ok());
}

}  // namespace
}  // namespace ballast
