// What only the store in Postgres does: pages for readers, and the thinning of the equity curve.
#include "services/positions/postgres_store.h"

#include <pqxx/pqxx>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/platform/postgres/testing/test_postgres.h"

namespace ballast {

std::vector<Migration> Migrations_positions();

namespace {

class PostgresPositionStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    database = TestPostgres::Get().NewSchema();
    ASSERT_TRUE(database->Migrate(Migrations_positions()).ok());
    store = std::make_unique<PostgresPositionStore>(*database);
    ASSERT_TRUE(store->Fence().ok());
    OrderEvent opened;
    opened.type = OrderEventType::kAccountOpened;
    opened.cash = Decimal::FromInt(1000);
    opened.currency = "USD";
    Add(opened);
  }
  void Add(OrderEvent event) {
    event.account_id = account;
    event.sequence = books[account].totals().sequence + 1;
    if (event.fill) event.fill->sequence = event.sequence;
    PositionStore::Batch batch{.after = books[account].totals().sequence};
    auto applied = books[account].Apply(event);
    ASSERT_TRUE(applied.ok);
    if (applied.fill) batch.fills.push_back(*applied.fill);
    if (applied.trade) batch.trades.push_back(*applied.trade);
    ASSERT_EQ(store->Save(books, {{account, batch}}), absl::OkStatus());
  }
  void Trade(Side side, const char* quantity, const char* price) {
    OrderEvent event;
    event.type = OrderEventType::kFilled;
    event.fill = Fill{.execution_id = ExecutionId("e" + std::to_string(books[account].totals().fills)),
                      .account_id = account,
                      .deployment_id = DeploymentId("demo"),
                      .symbol = Symbol("BTC-USD"),
                      .side = side,
                      .quantity = Decimal::Of(quantity),
                      .price = Decimal::Of(price),
                      .fee = Decimal::Of("0.0001"),
                      .transact_time = UtcTime{books[account].totals().fills + 1}};
    Add(event);
  }

  std::unique_ptr<Database> database;
  std::unique_ptr<PostgresPositionStore> store;
  AccountId account{"paper"};
  AccountBooks books;
};

TEST_F(PostgresPositionStoreTest, ClosedHoldingLeavesNoRow) {
  Trade(Side::kBuy, "1", "10");
  Trade(Side::kSell, "1", "11");
  auto loaded = store->Load();
  ASSERT_EQ(loaded.status(), absl::OkStatus());
  EXPECT_TRUE(loaded->at(account).net().empty());
  position::v1::ListTradesRequest request;
  request.set_account_id("paper");
  auto trades = store->ListTrades(request);
  ASSERT_EQ(trades.status(), absl::OkStatus());
  ASSERT_EQ(trades->trades_size(), 1);
  EXPECT_EQ(trades->trades(0).pnl().value(), "0.9998");
}

TEST_F(PostgresPositionStoreTest, EquityCurveIsThinnedButEndsAtTheNewestPoint) {
  std::vector<EquityMark> marks;
  for (int i = 1; i <= 1003; ++i) marks.push_back({account, UtcTime{i}, Decimal::FromInt(i), Decimal::FromInt(1)});
  ASSERT_EQ(store->SaveMarks(books, marks), absl::OkStatus());
  position::v1::ListEquityPointsRequest request;
  request.set_account_id("paper");
  request.set_limit(100);
  auto points = store->ListEquityPoints(request);
  ASSERT_EQ(points.status(), absl::OkStatus());
  EXPECT_LE(points->points_size(), 100);
  EXPECT_GE(points->points_size(), 50);
  EXPECT_EQ(points->points(points->points_size() - 1).equity().value(), "1003");
}

TEST_F(PostgresPositionStoreTest, PagesFollowEachOtherWithoutGapAndBadTokensAreRefused) {
  for (int i = 0; i < 5; ++i) Trade(Side::kBuy, "1", "10");
  position::v1::ListFillsRequest request;
  request.set_account_id("paper");
  request.set_page_size(2);
  std::vector<std::uint64_t> seen;
  while (true) {
    auto page = store->ListFills(request);
    ASSERT_EQ(page.status(), absl::OkStatus());
    for (const auto& fill : page->fills()) seen.push_back(fill.sequence());
    if (page->next_page_token().empty()) break;
    request.set_page_token(page->next_page_token());
  }
  EXPECT_THAT(seen, ::testing::ElementsAre(6, 5, 4, 3, 2));
  request.set_page_token("x'; DROP TABLE fill; --");
  EXPECT_TRUE(absl::IsInvalidArgument(store->ListFills(request).status()));
}

TEST_F(PostgresPositionStoreTest, AnOldEquityCurveKeepsItsShapeAndNotEveryPoint) {
  constexpr std::int64_t kSecond = 1'000'000'000, kDay = 86'400 * kSecond;
  const std::int64_t newest = 100 * kDay;
  // Four points a minute: an hour of yesterday, an hour of the day before, two hours of long ago.
  auto add = [&](std::int64_t from, int minutes) {
    std::vector<EquityMark> marks;
    for (int i = 0; i < 4 * minutes; ++i) {
      marks.push_back({.account_id = account,
                       .time = UtcTime{from + i * 15 * kSecond},
                       .equity = Decimal::FromInt(i),
                       .cash = Decimal::FromInt(1)});
    }
    ASSERT_EQ(store->SaveMarks(books, marks), absl::OkStatus());
  };
  add(newest - kDay, 60);
  add(newest - 2 * kDay, 60);
  add(newest - 40 * kDay, 120);
  add(newest, 1);
  auto counted = [&](std::int64_t from, std::int64_t to) {
    std::int64_t count = 0;
    EXPECT_TRUE(database
                    ->Transaction([&](pqxx::transaction_base& work) {
                      count = work.exec_params1(
                                      "SELECT count(*) FROM equity_point WHERE time_nanos >= $1 AND time_nanos < $2",
                                      from, to)[0]
                                  .as<std::int64_t>();
                      return absl::OkStatus();
                    })
                    .ok());
    return count;
  };
  for (int round = 0; round < 2; ++round) {
    ASSERT_EQ(store->ThinEquity(), absl::OkStatus());
    EXPECT_EQ(counted(newest, newest + kDay), 4);
    EXPECT_EQ(counted(newest - kDay + 60 * kSecond, newest), 236) << "the newest day";
    EXPECT_EQ(counted(newest - 2 * kDay, newest - kDay), 60) << "one a minute";
    EXPECT_EQ(counted(0, newest - 30 * kDay), 2) << "one an hour";
  }
  position::v1::ListEquityPointsRequest request;
  request.set_account_id("paper");
  EXPECT_EQ(store->ListEquityPoints(request)->points(0).equity().value(), "239") << "the last of its hour";
}

}  // namespace
}  // namespace ballast
