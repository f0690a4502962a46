// What every store of books promises, held against the one in memory and the one in a real Postgres.
#include "services/positions/store.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "libs/platform/postgres/testing/test_postgres.h"
#include "services/positions/postgres_store.h"
#include "services/positions/testing/memory_position_store.h"

namespace ballast {

std::vector<Migration> Migrations_positions();

namespace {

// Where stores of one process after another find the same rows.
class Storage {
 public:
  virtual ~Storage() = default;
  virtual std::unique_ptr<PositionStore> Open() = 0;
};

class InMemory : public Storage {
 public:
  std::unique_ptr<PositionStore> Open() override { return std::make_unique<MemoryPositionStore>(disk_); }

 private:
  std::shared_ptr<MemoryPositionStore::Disk> disk_ = std::make_shared<MemoryPositionStore::Disk>();
};

class InPostgres : public Storage {
 public:
  InPostgres() : database_(TestPostgres::Get().NewSchema()) {
    EXPECT_TRUE(database_->Migrate(Migrations_positions()).ok());
  }
  std::unique_ptr<PositionStore> Open() override { return std::make_unique<PostgresPositionStore>(*database_); }

 private:
  std::unique_ptr<Database> database_;
};

struct Kind {
  const char* name;
  std::function<std::unique_ptr<Storage>()> make;
};

class PositionStoreTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    storage = GetParam().make();
    store = storage->Open();
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

  std::unique_ptr<Storage> storage;
  std::unique_ptr<PositionStore> store;
  AccountId account{"paper"};
  AccountBooks books;
};

TEST_P(PositionStoreTest, LoadGivesBackExactlyWhatWasSaved) {
  Trade(Side::kBuy, "0.12345678", "6789.01");
  Trade(Side::kSell, "0.1", "6800");
  Trade(Side::kSell, "0.1", "6700.005");
  auto loaded = store->Load();
  ASSERT_EQ(loaded.status(), absl::OkStatus());
  const auto& ours = books[account];
  const auto& theirs = loaded->at(account);
  EXPECT_EQ(theirs.totals(), ours.totals());
  EXPECT_EQ(theirs.net(), ours.net());
  EXPECT_EQ(theirs.books(), ours.books());
  EXPECT_EQ(theirs.book_totals(), ours.book_totals());
}

TEST_P(PositionStoreTest, SameExecutionTwiceIsRefusedWhole) {
  Trade(Side::kBuy, "1", "10");
  AccountBooks twice = books;
  OrderEvent event;
  event.account_id = account;
  event.sequence = 3;
  event.type = OrderEventType::kFilled;
  event.fill = Fill{.execution_id = ExecutionId("e0"),
                    .account_id = account,
                    .symbol = Symbol("BTC-USD"),
                    .side = Side::kBuy,
                    .quantity = Decimal::Of("1"),
                    .price = Decimal::Of("10"),
                    .sequence = 3};
  ASSERT_TRUE(twice[account].Apply(event).ok);
  PositionStore::Batch batch{.after = 2};
  batch.fills.push_back(*event.fill);
  EXPECT_TRUE(absl::IsAlreadyExists(store->Save(twice, {{account, batch}})));
  EXPECT_EQ(store->Load()->at(account).totals(), books[account].totals());
}

TEST_P(PositionStoreTest, TheLastTwoClosesOfASymbolComeBackInTheirOrder) {
  using Close = ledger::MarkBoard::Close;
  Close monday{.day = 10, .bid = Decimal::Of("1.5"), .ask = Decimal::Of("1.6"), .time = UtcTime{7}, .in_session = true};
  Close tuesday{.day = 11, .bid = Decimal::Of("2"), .ask = Decimal::Of("2.1"), .time = UtcTime{8}};
  ledger::SymbolCloses closes{{Symbol("SPY"), {monday, std::nullopt}}};
  ASSERT_EQ(store->SaveMarks(books, {}, closes), absl::OkStatus());
  EXPECT_EQ(*store->LoadCloses(), closes);
  closes[Symbol("SPY")] = {tuesday, monday};
  ASSERT_EQ(store->SaveMarks(books, {}, closes), absl::OkStatus());
  EXPECT_EQ(*store->LoadCloses(), closes);
}

TEST_P(PositionStoreTest, OlderWriterIsFencedOff) {
  ASSERT_TRUE(storage->Open()->Fence().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(store->Save(books, {{account, {}}})));
}

TEST_P(PositionStoreTest, ABatchThatDoesNotBeginWhereTheStoreIsChangesNothing) {
  AccountBooks before = books;
  Trade(Side::kBuy, "1", "10");
  OrderEvent event;
  event.account_id = account;
  event.sequence = 2;
  ASSERT_TRUE(before[account].Apply(event).ok);
  EXPECT_TRUE(absl::IsAborted(store->Save(before, {{account, {.after = 1}}})));
  EXPECT_EQ(store->Load()->at(account).totals(), books[account].totals());
}

TEST_P(PositionStoreTest, ItSaysUnderWhichNumberAnExecutionIsBooked) {
  Trade(Side::kBuy, "1", "10");
  Trade(Side::kBuy, "2", "10");
  Fill unknown{.execution_id = ExecutionId("nobody's"), .account_id = account};
  Fill known{.execution_id = ExecutionId("e1"), .account_id = account};
  EXPECT_EQ(*store->LoadBooked(account, {unknown, known}),
            (std::map<ExecutionId, std::uint64_t>{{ExecutionId("e1"), 3}}));
  EXPECT_EQ(store->LoadSequences()->at(account), 3U);
  auto fills = store->LoadFills(account, 2, 10);
  ASSERT_TRUE(fills.ok());
  ASSERT_EQ(fills->size(), 1U);
  EXPECT_EQ(fills->front().quantity, Decimal::Of("2"));
}

// A mark moves no cursor and no quantity, whatever the books it comes with say.
TEST_P(PositionStoreTest, MarksMoveOnlyWhatMarksMove) {
  Trade(Side::kBuy, "1", "10");
  AccountBooks ahead = books;
  OrderEvent event;
  event.account_id = account;
  event.sequence = 3;
  ASSERT_TRUE(ahead[account].Apply(event).ok);
  ahead[account].Mark({{Symbol("BTC-USD"), {.bid = Decimal::Of("20"), .ask = Decimal::Of("21")}}});
  ASSERT_EQ(store->SaveMarks(ahead, {}, {}), absl::OkStatus());
  auto stored = store->Load();
  ASSERT_TRUE(stored.ok());
  EXPECT_EQ(stored->at(account).totals().sequence, 2U);
  EXPECT_EQ(stored->at(account).net(), ahead[account].net());
}

INSTANTIATE_TEST_SUITE_P(Stores, PositionStoreTest,
                         testing::Values(Kind{.name = "Memory", .make = [] { return std::make_unique<InMemory>(); }},
                                         Kind{.name = "Postgres",
                                              .make = [] { return std::make_unique<InPostgres>(); }}),
                         [](const auto& parameter) { return parameter.param.name; });

}  // namespace
}  // namespace ballast
