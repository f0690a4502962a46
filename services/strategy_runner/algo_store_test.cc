// What every store of parent orders promises, asked of each of them.
#include "services/strategy_runner/algo_store.h"

#include "gtest/gtest.h"
#include "libs/platform/postgres/testing/test_postgres.h"
#include "services/strategy_runner/algo_postgres.h"
#include "services/strategy_runner/testing/memory_algo_store.h"

namespace ballast {

std::vector<Migration> Migrations_strategy_runner();

namespace {

namespace algo_pb = execution::v1;

// Makes stores over the same rows: one process after another.
class AlgoRows {
 public:
  virtual ~AlgoRows() = default;
  virtual std::unique_ptr<AlgoStore> Open() = 0;
};

class MemoryAlgoRows final : public AlgoRows {
 public:
  std::unique_ptr<AlgoStore> Open() override { return std::make_unique<MemoryAlgoStore>(tables_); }

 private:
  std::shared_ptr<MemoryAlgoTables> tables_ = std::make_shared<MemoryAlgoTables>();
};

class PostgresAlgoRows final : public AlgoRows {
 public:
  PostgresAlgoRows() : database_(TestPostgres::Get().NewSchema()) {
    EXPECT_TRUE(database_->Migrate(Migrations_strategy_runner()).ok());
  }
  std::unique_ptr<AlgoStore> Open() override { return std::make_unique<PostgresAlgoStore>(*database_); }

 private:
  std::unique_ptr<Database> database_;
};

class AlgoStoreTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (GetParam() == std::string("Postgres"))
      rows = std::make_unique<PostgresAlgoRows>();
    else
      rows = std::make_unique<MemoryAlgoRows>();
    store = rows->Open();
    ASSERT_TRUE(store->Fence().ok());
  }
  static AlgoStore::Row Row(const std::string& id, int second, algo_pb::AlgoStatus status,
                            std::vector<std::uint32_t> children, const std::string& account = "paper") {
    AlgoStore::Row row;
    algo_pb::AlgoOrder& order = *row.kept.mutable_order();
    order.set_algo_order_id(id);
    order.set_request_id("r-" + id);
    order.mutable_spec()->set_account_id(account);
    order.set_status(status);
    order.mutable_create_time()->set_seconds(second);
    for (std::uint32_t number : children) {
      algo_pb::ChildOrder& child = row.children.emplace_back();
      child.set_number(number);
      child.set_order_id("o" + std::to_string(number));
    }
    return row;
  }
  std::vector<std::string> Listed(const algo_pb::ListAlgoOrdersRequest& request, std::string* token) {
    auto page = store->List(request);
    EXPECT_TRUE(page.ok()) << page.status();
    std::vector<std::string> ids;
    for (const auto& order : page->algo_orders()) ids.push_back(order.algo_order_id());
    *token = page->next_page_token();
    return ids;
  }

  std::unique_ptr<AlgoRows> rows;
  std::unique_ptr<AlgoStore> store;
};

TEST_P(AlgoStoreTest, TheNextProcessFindsWhatHasNotEnded) {
  using enum algo_pb::AlgoStatus;
  ASSERT_EQ(store->Save({{Row("b", 2, ALGO_STATUS_PAUSED, {1, 2, 10}), Row("a", 1, ALGO_STATUS_CANCELING, {}),
                          Row("c", 3, ALGO_STATUS_FILLED, {1})}}),
            absl::OkStatus());
  auto next = rows->Open();
  ASSERT_TRUE(next->Fence().ok());
  auto active = next->LoadActive();
  ASSERT_TRUE(active.ok()) << active.status();
  ASSERT_EQ(active->size(), 2U);
  EXPECT_EQ((*active)[0].kept.order().algo_order_id(), "a");
  EXPECT_EQ((*active)[1].kept.order().status(), ALGO_STATUS_PAUSED);
  ASSERT_EQ((*active)[1].children.size(), 3U);
  EXPECT_EQ((*active)[1].children[2].number(), 10U);
  auto ended = next->Find("c");
  ASSERT_TRUE(ended.ok() && ended->has_value());
  EXPECT_EQ((*ended)->children.size(), 1U);
  EXPECT_FALSE(next->Find("d")->has_value());
}

TEST_P(AlgoStoreTest, ARowIsWrittenOverWithThoseOfItsChildrenThatChanged) {
  using enum algo_pb::AlgoStatus;
  AlgoStore::Batch batch{{Row("a", 1, ALGO_STATUS_RUNNING, {1, 2})}};
  ASSERT_EQ(store->Save(batch), absl::OkStatus());
  ASSERT_EQ(store->Save(batch), absl::OkStatus());
  AlgoStore::Row later = Row("a", 1, ALGO_STATUS_RUNNING, {2, 3});
  later.children[0].set_order_id("other");
  ASSERT_EQ(store->Save({{later}}), absl::OkStatus());
  auto found = store->Find("a");
  ASSERT_TRUE(found.ok() && found->has_value());
  ASSERT_EQ((*found)->children.size(), 3U);
  EXPECT_EQ((*found)->children[0].order_id(), "o1");
  EXPECT_EQ((*found)->children[1].order_id(), "other");
}

TEST_P(AlgoStoreTest, AnOlderProcessWritesNothing) {
  auto next = rows->Open();
  ASSERT_TRUE(next->Fence().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(store->Save({{Row("a", 1, algo_pb::ALGO_STATUS_RUNNING, {1})}})));
  EXPECT_FALSE(next->Find("a")->has_value());
}

TEST_P(AlgoStoreTest, ListsPagesNewestFirst) {
  using enum algo_pb::AlgoStatus;
  ASSERT_EQ(store->Save({{Row("a", 1, ALGO_STATUS_FILLED, {}), Row("b", 3, ALGO_STATUS_RUNNING, {1}),
                          Row("c", 3, ALGO_STATUS_PAUSED, {}), Row("d", 4, ALGO_STATUS_STOPPED, {}, "other")}}),
            absl::OkStatus());
  algo_pb::ListAlgoOrdersRequest request;
  std::string token;
  EXPECT_EQ(Listed(request, &token), (std::vector<std::string>{"d", "c", "b", "a"}));
  EXPECT_EQ(token, "");
  request.set_page_size(2);
  request.set_account_id("paper");
  EXPECT_EQ(Listed(request, &token), (std::vector<std::string>{"c", "b"}));
  request.set_page_token(token);
  EXPECT_EQ(Listed(request, &token), std::vector<std::string>{"a"});
  request.Clear();
  request.set_active_only(true);
  EXPECT_EQ(Listed(request, &token), (std::vector<std::string>{"c", "b"}));
  for (const char* bad : {"x", "1.", ".a", "1x.a"}) {
    request.set_page_token(bad);
    EXPECT_TRUE(absl::IsInvalidArgument(store->List(request).status())) << bad;
  }
}

TEST_P(AlgoStoreTest, ReadsARangeWithItsChildrenAndLoadsWhatIsWatched) {
  using enum algo_pb::AlgoStatus;
  AlgoStore::Row watched = Row("a", 1, ALGO_STATUS_FILLED, {1, 2});
  watched.kept.set_watched(true);
  watched.kept.mutable_order()->mutable_spec()->set_symbol("SPY");
  AlgoStore::Row other = Row("b", 2, ALGO_STATUS_FILLED, {1});
  other.kept.mutable_order()->mutable_spec()->set_deployment_id("demo");
  ASSERT_EQ(store->Save({{watched, other, Row("c", 3, ALGO_STATUS_FILLED, {}, "live")}}), absl::OkStatus());
  auto ids = [&](const AlgoStore::Range& range) {
    auto rows = store->Read(range);
    EXPECT_TRUE(rows.ok()) << rows.status();
    std::string all;
    for (const AlgoStore::Row& row : *rows)
      all += row.kept.order().algo_order_id() + std::to_string(row.children.size());
    return all;
  };
  EXPECT_EQ(ids({}), "c0b1a2");
  EXPECT_EQ(ids({.most = 2}), "c0b1");
  EXPECT_EQ(ids({.account_id = "paper"}), "b1a2");
  EXPECT_EQ(ids({.deployment_id = "demo"}), "b1");
  EXPECT_EQ(ids({.symbol = "SPY"}), "a2");
  EXPECT_EQ(ids({.from = UtcTime{2'000'000'000}, .to = UtcTime{3'000'000'000}}), "b1");
  auto loaded = store->LoadActive();
  ASSERT_TRUE(loaded.ok());
  ASSERT_EQ(loaded->size(), 1U);
  EXPECT_EQ(loaded->front().kept.order().algo_order_id(), "a");
}

INSTANTIATE_TEST_SUITE_P(Stores, AlgoStoreTest, ::testing::Values("Memory", "Postgres"),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace ballast
