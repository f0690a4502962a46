#include "services/strategy_runner/external_store.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/platform/postgres/testing/test_postgres.h"
#include "services/strategy_runner/rule_shelf.h"

namespace ballast {

std::vector<Migration> Migrations_strategy_runner();

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ExternalRow Described(const char* name, const char* version, int warmup_bars, std::int64_t time = 7) {
  ExternalRow row{.registration = {}, .create_time = UtcTime{time}};
  row.registration.set_name(name);
  row.registration.set_version(version);
  row.registration.set_warmup_bars(warmup_bars);
  return row;
}

class ExternalStoreTest : public ::testing::Test {
 protected:
  ExternalStoreTest() : database_(TestPostgres::Get().NewSchema()) {
    EXPECT_TRUE(database_->Migrate(Migrations_strategy_runner()).ok());
    EXPECT_TRUE(store_.Fence().ok());
  }
  std::unique_ptr<Database> database_;
  ExternalStore store_{*database_};
};

TEST_F(ExternalStoreTest, AVersionStaysAsItWasFirst) {
  EXPECT_EQ(store_.Insert(Described("probe", "1", 10))->registration.warmup_bars(), 10);
  EXPECT_EQ(store_.Insert(Described("probe", "1", 20))->registration.warmup_bars(), 10) << "what is stored";
  EXPECT_EQ(store_.Insert(Described("probe", "2", 20))->registration.warmup_bars(), 20);
  auto rows = store_.Load();
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0].registration.version(), "1");
  EXPECT_EQ((*rows)[0].create_time, UtcTime{7});
}

TEST_F(ExternalStoreTest, AnOlderInstanceWritesNothing) {
  ExternalStore newer(*database_);
  ASSERT_TRUE(newer.Fence().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(store_.Insert(Described("probe", "1", 10)).status()));
  EXPECT_THAT(*newer.Load(), IsEmpty());
}

TEST(ExternalShelf, OffersWhatIsConnectedAndTheNewestOfEachOther) {
  ExternalShelf shelf;
  for (const ExternalRow& row :
       {Described("a", "1", 1, 10), Described("a", "2", 1, 20), Described("a", "3", 1, 15), Described("b", "1", 1, 5)})
    EXPECT_TRUE(shelf.Put(row).ok());
  auto ids = [&] {
    std::vector<std::string> all;
    for (const ShelvedExternal& each : shelf.Offered())
      all.push_back(each.registration.strategy_id().substr(9) + (each.connected ? "+" : ""));
    return all;
  };
  EXPECT_THAT(ids(), ElementsAre("a@2", "b@1"));
  shelf.SetConnected("external:a@1", true);
  EXPECT_THAT(ids(), ElementsAre("a@1+", "a@2", "b@1"));
  EXPECT_TRUE(shelf.Put(Described("a", "1", 1, 10)).ok());
  EXPECT_TRUE(shelf.Find("external:a@1")->connected) << "described again";
  EXPECT_FALSE(shelf.Put(Described("Bad name", "1", 1)).ok());
}

TEST(RuleShelf, HasExternalStrategiesWithTheirBounds) {
  RuleShelf shelf;
  ExternalRow row = Described("probe", "1", 33);
  external::v1::Parameter& size = *row.registration.add_parameters();
  size.set_name("window");
  size.set_type(external::v1::PARAMETER_TYPE_INTEGER);
  size.set_default_value("5");
  size.set_minimum("1");
  size.set_maximum("9");
  EXPECT_FALSE(shelf.FindEntry("external:probe@1"));
  ASSERT_TRUE(shelf.external().Put(row).ok());
  auto entry = shelf.FindEntry("external:probe@1");
  ASSERT_TRUE(entry);
  EXPECT_EQ((*entry->make({}))->warmup_bars(), 33);
  EXPECT_FALSE(entry->make({{"window", "10"}}).ok());
}

}  // namespace
}  // namespace ballast
