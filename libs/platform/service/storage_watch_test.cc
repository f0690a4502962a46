#include "libs/platform/service/storage_watch.h"

#include <pqxx/pqxx>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/platform/postgres/testing/test_postgres.h"

namespace ballast {
namespace {

using ::testing::HasSubstr;

TEST(StorageWatchTest, AServiceThatCannotStoreIsNotHealthyUntilItCan) {
  std::unique_ptr<Logger> log;
  ASSERT_TRUE(Logger::Make({.service = "test", .directory = "", .level = "CRITICAL"}, &log).ok());
  Metrics metrics;
  auto database = TestPostgres::Get().NewSchema();
  ASSERT_TRUE(database->Migrate({}).ok());
  auto sql = [&](const std::string& text) {
    return database->Transaction([&](pqxx::transaction_base& work) {
      work.exec(text);
      return absl::OkStatus();
    });
  };
  StorageWatch watch(*database, *log, metrics);
  ASSERT_EQ(sql("CREATE TABLE thing (id int); CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
                "$$BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END$$; "
                "CREATE TRIGGER full_disk BEFORE INSERT ON thing EXECUTE FUNCTION full_disk()"),
            absl::OkStatus());
  watch.Look();
  EXPECT_TRUE(watch.ok());
  // One table's trouble is over at the second look: no alarm.
  EXPECT_FALSE(sql("INSERT INTO thing VALUES (1)").ok());
  watch.Look();
  EXPECT_TRUE(watch.ok());
  ASSERT_EQ(sql("CREATE TRIGGER full_disk BEFORE INSERT ON storage_probe EXECUTE FUNCTION full_disk()"),
            absl::OkStatus());
  watch.Look();
  EXPECT_TRUE(watch.ok()) << "nobody has met it yet";
  EXPECT_FALSE(sql("INSERT INTO thing VALUES (1)").ok());
  watch.Look();
  EXPECT_FALSE(watch.ok());
  EXPECT_THAT(metrics.Text(), HasSubstr("ballast_service_storage_ok 0"));
  // Reading goes on; that does not make it better.
  ASSERT_EQ(sql("SELECT 1"), absl::OkStatus());
  watch.Look();
  EXPECT_FALSE(watch.ok());
  ASSERT_EQ(sql("DROP TRIGGER full_disk ON storage_probe"), absl::OkStatus());
  watch.Look();
  EXPECT_TRUE(watch.ok());
  EXPECT_THAT(metrics.Text(), HasSubstr("ballast_service_storage_ok 1"));
}

}  // namespace
}  // namespace ballast
