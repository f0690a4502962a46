// What every store of routes promises, asked of each of them.
#include "services/strategy_runner/route_store.h"

#include "gtest/gtest.h"
#include "libs/platform/postgres/testing/test_postgres.h"
#include "services/strategy_runner/route_postgres.h"
#include "services/strategy_runner/testing/memory_route_store.h"

namespace ballast {

std::vector<Migration> Migrations_strategy_runner();

namespace {

class RouteStoreTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (GetParam() == std::string("Postgres")) {
      database = TestPostgres::Get().NewSchema();
      ASSERT_TRUE(database->Migrate(Migrations_strategy_runner()).ok());
    }
  }
  std::unique_ptr<RouteStore> Open() {
    if (database) return std::make_unique<PostgresRouteStore>(*database);
    return std::make_unique<MemoryRouteStore>(tables);
  }
  static execution::v1::Route Route(const std::string& id, const std::string& quantity, std::int64_t seconds = 7) {
    execution::v1::Route route;
    route.set_request_id(id);
    route.set_state(execution::v1::ROUTE_STATE_WORKING);
    route.mutable_spec()->mutable_quantity()->set_value(quantity);
    route.mutable_create_time()->set_seconds(seconds);
    return route;
  }
  static std::string Ids(const absl::StatusOr<std::vector<execution::v1::Route>>& routes) {
    std::string ids;
    for (const execution::v1::Route& route : *routes) ids += route.request_id() + " ";
    return ids;
  }

  std::unique_ptr<Database> database;
  std::shared_ptr<MemoryRouteTables> tables = std::make_shared<MemoryRouteTables>();
};

TEST_P(RouteStoreTest, TheFirstOneOfAnIdStands) {
  auto store = Open();
  ASSERT_TRUE(store->Fence().ok());
  EXPECT_FALSE(store->Find("r1")->has_value());
  auto first = store->Insert(Route("r1", "1"));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->spec().quantity().value(), "1");
  EXPECT_EQ(store->Insert(Route("r1", "2"))->spec().quantity().value(), "1");
  auto next = Open();
  ASSERT_TRUE(next->Fence().ok());
  EXPECT_EQ((*next->Find("r1"))->spec().quantity().value(), "1");
  EXPECT_TRUE(absl::IsFailedPrecondition(store->Insert(Route("r2", "1")).status()));
  EXPECT_FALSE(next->Find("r2")->has_value());
}

TEST_P(RouteStoreTest, TheNewestComeFirstAndThoseThatHaveEndedAreLeftOut) {
  auto store = Open();
  ASSERT_TRUE(store->Fence().ok());
  for (const auto& [id, seconds] : {std::pair("a", 7), std::pair("b", 9), std::pair("c", 8)})
    ASSERT_TRUE(store->Insert(Route(id, "1", seconds)).ok());
  EXPECT_EQ(Ids(store->Read({.most = 10})), "b c a ");
  EXPECT_EQ(Ids(store->Read({.before_nanos = 9'000'000'000, .before_id = "b", .most = 1})), "c ");
  execution::v1::Route ended = Route("c", "1", 8);
  ended.set_state(execution::v1::ROUTE_STATE_ENDED);
  ASSERT_TRUE(store->Save(ended).ok());
  EXPECT_EQ(Ids(store->Read({.active_only = true, .most = 10})), "b a ");
  EXPECT_EQ((*store->Find("c"))->state(), execution::v1::ROUTE_STATE_ENDED);
  ASSERT_TRUE(Open()->Fence().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(store->Save(ended)));
}

INSTANTIATE_TEST_SUITE_P(Stores, RouteStoreTest, ::testing::Values("Memory", "Postgres"),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace ballast
