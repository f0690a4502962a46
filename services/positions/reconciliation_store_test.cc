// What every store of breaks promises, held against the one in memory and the one in a real Postgres.
#include "services/positions/reconciliation_store.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "libs/platform/postgres/testing/test_postgres.h"
#include "services/positions/postgres_reconciliation_store.h"
#include "services/positions/testing/memory_reconciliation_store.h"

namespace ballast {

std::vector<Migration> Migrations_positions();

namespace {

const AccountId kAccount("paper");

struct StoreKind {
  const char* name;
  bool postgres;
};

class ReconciliationStoreTest : public testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override {
    if (GetParam().postgres) {
      database = TestPostgres::Get().NewSchema();
      ASSERT_TRUE(database->Migrate(Migrations_positions()).ok());
    }
    store = Open();
    ASSERT_TRUE(store->Fence().ok());
  }
  std::unique_ptr<ReconciliationStore> Open() {
    if (database) return std::make_unique<PostgresReconciliationStore>(*database);
    return std::make_unique<MemoryReconciliationStore>(disk);
  }
  static reconciliation::Break Break(std::uint64_t number, reconciliation::BreakState state) {
    return {.number = number,
            .difference = {.type = reconciliation::BreakType::kPosition,
                           .symbol = Symbol("SPY"),
                           .ours = "1",
                           .venue = "2",
                           .gist = "1",
                           .message = "SPY: 1 here, 2 at the venue"},
            .state = state,
            .halts = state == reconciliation::BreakState::kOpen,
            .first_time = UtcTime{1'000'000'000},
            .last_time = UtcTime{2'000'000'000}};
  }

  std::unique_ptr<Database> database;
  std::shared_ptr<MemoryReconciliationStore::Disk> disk = std::make_shared<MemoryReconciliationStore::Disk>();
  std::unique_ptr<ReconciliationStore> store;
};

TEST_P(ReconciliationStoreTest, WhatIsSavedIsThereForTheNextProcess) {
  ReconciliationState state{.trade_number = 4, .execution_sequence = 9, .fill_sequence = 12, .matched_trades = 3};
  state.healed_trades = 1;
  state.comparisons = 8;
  state.last_break_number = 2;
  state.orders_time = UtcTime{5'000'000'000};
  state.open.push_back({.execution_id = ExecutionId("e"),
                        .venue = reconciliation::Moved{.symbol = Symbol("SPY"),
                                                       .order_id = OrderId("o"),
                                                       .quantity = Decimal::Of("-2.5"),
                                                       .cash = Decimal::Of("0.00000001")},
                        .trade_number = 4});
  state.day = 20'001;
  position::v1::TieOut tie_out;
  tie_out.set_hash("abc");
  ASSERT_TRUE(store
                  ->Save(kAccount, state,
                         {Break(1, reconciliation::BreakState::kOpen), Break(2, reconciliation::BreakState::kResolved)},
                         {{20'000, tie_out}},
                         {{.target = ReconciliationStore::Target::kAlerts, .request = std::string("a\0b", 3)}})
                  .ok());
  auto next = Open();
  ASSERT_TRUE(next->Fence().ok());
  auto loaded = next->Load();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->at(kAccount).state, state);
  EXPECT_EQ(loaded->at(kAccount).last_tie_out.hash(), "abc");
  // A day's certificate is never written over.
  tie_out.set_hash("other");
  ASSERT_TRUE(next->Save(kAccount, state, {}, {{20'000, tie_out}}, {}).ok());
  ASSERT_EQ(next->LoadTieOuts(kAccount, 10)->size(), 1U);
  EXPECT_EQ((*next->LoadTieOuts(kAccount, 10))[0].hash(), "abc");
  // What is over is not loaded, but listed.
  ASSERT_EQ(loaded->at(kAccount).breaks.size(), 1U);
  EXPECT_EQ(loaded->at(kAccount).breaks[0], Break(1, reconciliation::BreakState::kOpen));
  ASSERT_EQ(next->LoadBreaks(kAccount, 10)->size(), 2U);
  EXPECT_EQ((*next->LoadBreaks(kAccount, 10))[0].number, 2U);
  EXPECT_EQ(next->LoadBreaks(kAccount, 1)->size(), 1U);
  ASSERT_EQ(next->LoadOutbox()->size(), 1U);
  EXPECT_EQ((*next->LoadOutbox())[0].request, std::string("a\0b", 3));
  ASSERT_TRUE(next->RemoveMessage((*next->LoadOutbox())[0].outbox_id).ok());
  EXPECT_TRUE(next->LoadOutbox()->empty());
}

TEST_P(ReconciliationStoreTest, ABreakIsStoredOverByItsNumber) {
  ASSERT_TRUE(store->Save(kAccount, {}, {Break(1, reconciliation::BreakState::kOpen)}, {}, {}).ok());
  ASSERT_TRUE(store->Save(kAccount, {}, {Break(1, reconciliation::BreakState::kResolved)}, {}, {}).ok());
  EXPECT_TRUE(store->Load()->at(kAccount).breaks.empty());
  ASSERT_EQ(store->LoadBreaks(kAccount, 10)->size(), 1U);
}

TEST_P(ReconciliationStoreTest, AnOlderProcessStoresNothingMore) {
  auto newer = Open();
  ASSERT_TRUE(newer->Fence().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(store->Save(kAccount, {}, {}, {}, {})));
  EXPECT_TRUE(newer->Save(kAccount, {}, {}, {}, {}).ok());
}

INSTANTIATE_TEST_SUITE_P(All, ReconciliationStoreTest,
                         testing::Values(StoreKind{"memory", false}, StoreKind{"postgres", true}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace ballast
