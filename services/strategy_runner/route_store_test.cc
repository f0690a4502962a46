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
  static execution::v1::KeptRoute Route(const std::string& id, const std::string& quantity) {
    execution::v1::KeptRoute route;
    route.mutable_request()->set_request_id(id);
    route.mutable_request()->mutable_spec()->mutable_quantity()->set_value(quantity);
    route.mutable_create_time()->set_seconds(7);
    return route;
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
  EXPECT_EQ(first->request().spec().quantity().value(), "1");
  EXPECT_EQ(store->Insert(Route("r1", "2"))->request().spec().quantity().value(), "1");
  auto next = Open();
  ASSERT_TRUE(next->Fence().ok());
  EXPECT_EQ((*next->Find("r1"))->request().spec().quantity().value(), "1");
  EXPECT_TRUE(absl::IsFailedPrecondition(store->Insert(Route("r2", "1")).status()));
  EXPECT_FALSE(next->Find("r2")->has_value());
}

INSTANTIATE_TEST_SUITE_P(Stores, RouteStoreTest, ::testing::Values("Memory", "Postgres"),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace ballast
