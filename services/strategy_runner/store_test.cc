// What every store of deployments promises, asked of each of them.
#include "services/strategy_runner/store.h"

#include "gtest/gtest.h"
#include "libs/platform/postgres/testing/test_postgres.h"
#include "services/strategy_runner/postgres_store.h"
#include "services/strategy_runner/testing/memory_store.h"

namespace ballast {

std::vector<Migration> Migrations_strategy_runner();

namespace {

// Makes stores over the same rows: one process after another.
class Rows {
 public:
  virtual ~Rows() = default;
  virtual std::unique_ptr<StrategyStore> Open() = 0;
};

class MemoryRows final : public Rows {
 public:
  std::unique_ptr<StrategyStore> Open() override { return std::make_unique<MemoryStrategyStore>(tables_); }

 private:
  std::shared_ptr<MemoryStrategyTables> tables_ = std::make_shared<MemoryStrategyTables>();
};

class PostgresRows final : public Rows {
 public:
  PostgresRows() : database_(TestPostgres::Get().NewSchema()) {
    EXPECT_TRUE(database_->Migrate(Migrations_strategy_runner()).ok());
  }
  std::unique_ptr<StrategyStore> Open() override { return std::make_unique<PostgresStrategyStore>(*database_); }

 private:
  std::unique_ptr<Database> database_;
};

class StrategyStoreTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (GetParam() == std::string("Postgres"))
      rows = std::make_unique<PostgresRows>();
    else
      rows = std::make_unique<MemoryRows>();
    store = rows->Open();
    ASSERT_TRUE(store->Fence().ok());
    batch.rows.push_back(
        {.deployment_id = "demo", .request_id = "r1", .life = {.state = strategy::DeploymentState::kActive}});
    strategy::SymbolState state{.quantity = Decimal::Of("-0.5"),
                                .cost = Decimal::Of("-33.3"),
                                .last_bar = UtcTime{7},
                                .waiting_entry = strategy::Signal::kShort,
                                .working_request = "demo-2",
                                .working_is_entry = true,
                                .blocked_until = UtcTime{9},
                                .book = {.trade_profit = Decimal::Of("1.5"), .waits_for_open = true}};
    batch.states.push_back({"demo", {{Symbol("A"), state}}});
    for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
      StoredDecision decision;
      decision.decision.set_deployment_id("demo");
      decision.decision.set_sequence(sequence);
      if (sequence == 2) {
        decision.submit.emplace().set_request_id("demo-2");
        decision.open = true;
      }
      batch.decisions.push_back(decision);
    }
    batch.cursors["paper"] = {41, 17};
  }

  std::unique_ptr<Rows> rows;
  std::unique_ptr<StrategyStore> store;
  StrategyStore::Batch batch;
};

TEST_P(StrategyStoreTest, LoadGivesBackStatesCursorsAndTheOrderInDoubt) {
  ASSERT_EQ(store->Save(batch), absl::OkStatus());
  ASSERT_EQ(store->Save(batch), absl::OkStatus()) << "twice is the same as once";
  auto loaded = store->Load();
  ASSERT_EQ(loaded.status(), absl::OkStatus());
  ASSERT_EQ(loaded->size(), 1U);
  EXPECT_EQ(loaded->front().states, batch.states.front().second);
  ASSERT_EQ(loaded->front().open_decisions.size(), 1U);
  EXPECT_EQ(loaded->front().open_decisions[0].submit->request_id(), "demo-2");
  auto cursors = store->LoadCursors();
  EXPECT_EQ(cursors->at("paper").sequence, 41U);
  EXPECT_EQ(cursors->at("paper").execution_sequence, 17U);
}

TEST_P(StrategyStoreTest, SettledDecisionIsNotInDoubtAnyMore) {
  ASSERT_EQ(store->Save(batch), absl::OkStatus());
  batch.decisions[1].open = false;
  ASSERT_EQ(store->Save(batch), absl::OkStatus());
  EXPECT_TRUE(store->Load()->front().open_decisions.empty());
}

TEST_P(StrategyStoreTest, OlderRunnerIsFencedOffAndChangesNothing) {
  ASSERT_EQ(store->Save(batch), absl::OkStatus());
  std::unique_ptr<StrategyStore> newer = rows->Open();
  ASSERT_TRUE(newer->Fence().ok());
  batch.cursors["paper"].sequence = 99;
  EXPECT_TRUE(absl::IsFailedPrecondition(store->Save(batch)));
  EXPECT_EQ(newer->LoadCursors()->at("paper").sequence, 41U);
}

TEST_P(StrategyStoreTest, DecisionsComeNewestFirstInPages) {
  ASSERT_EQ(store->Save(batch), absl::OkStatus());
  strategy::v1::ListDecisionsRequest request;
  request.set_deployment_id("demo");
  request.set_page_size(2);
  auto page = store->ListDecisions(request);
  ASSERT_EQ(page->decisions_size(), 2);
  EXPECT_EQ(page->decisions(0).sequence(), 3U);
  request.set_page_token(page->next_page_token());
  EXPECT_EQ(store->ListDecisions(request)->decisions_size(), 1);
  request.set_page_token("-1");
  EXPECT_TRUE(absl::IsInvalidArgument(store->ListDecisions(request).status()));
  request.set_page_token("");
  request.set_page_size(501);
  EXPECT_TRUE(absl::IsInvalidArgument(store->ListDecisions(request).status()));
  request.set_page_size(0);
  request.set_deployment_id("nothing");
  EXPECT_TRUE(absl::IsNotFound(store->ListDecisions(request).status()));
}

TEST_P(StrategyStoreTest, ARowComesBackAsItWasSavedLast) {
  DeploymentRow& row = batch.rows[0];
  row.create_time = UtcTime{1};
  ASSERT_EQ(store->Save(batch), absl::OkStatus());
  row.spec.set_timeframe("5m");
  row.life = {.state = strategy::DeploymentState::kStopping,
              .status_reason = "why",
              .stop_reason = "emergency_stop",
              .close_positions = true,
              .start_pending = true,
              .start_time = UtcTime{3},
              .stop_time = UtcTime{4}};
  row.create_time = UtcTime{2};
  row.signals = 5;
  row.orders = 6;
  row.last_signal_time = UtcTime{7};
  row.last_signal = "A hold";
  row.restarts = 8;
  row.decision_sequence = 9;
  row.revision = 10;
  row.book = {.realised = Decimal::Of("-2.5"), .day_halted = true};
  ASSERT_EQ(store->Save(batch), absl::OkStatus());
  DeploymentRow loaded = store->Load()->front().row;
  EXPECT_EQ(loaded.life, row.life);
  EXPECT_EQ(loaded.spec.timeframe(), "5m");
  EXPECT_EQ(loaded.create_time, UtcTime{1}) << "it was created once";
  EXPECT_EQ(loaded.request_id, "r1");
  EXPECT_EQ(loaded.revision, 10U);
  EXPECT_EQ(loaded.book, row.book);
  EXPECT_EQ(std::tie(loaded.signals, loaded.orders, loaded.restarts, loaded.decision_sequence),
            std::tie(row.signals, row.orders, row.restarts, row.decision_sequence));
  EXPECT_EQ(std::tie(loaded.last_signal_time, loaded.last_signal), std::tie(row.last_signal_time, row.last_signal));
}

TEST_P(StrategyStoreTest, WhatADecisionSendsIsWrittenOnce) {
  ASSERT_EQ(store->Save(batch), absl::OkStatus());
  batch.decisions[1].submit->set_request_id("another");
  batch.decisions[1].decision.set_outcome("accepted");
  ASSERT_EQ(store->Save(batch), absl::OkStatus());
  StoredDecision loaded = store->Load()->front().open_decisions.at(0);
  EXPECT_EQ(loaded.submit->request_id(), "demo-2");
  EXPECT_EQ(loaded.decision.outcome(), "accepted");
}

TEST_P(StrategyStoreTest, WhoNeverFencedCannotSave) {
  std::unique_ptr<StrategyStore> stranger = rows->Open();
  EXPECT_TRUE(absl::IsFailedPrecondition(stranger->Save(batch)));
  EXPECT_TRUE(store->Load()->empty());
}

INSTANTIATE_TEST_SUITE_P(Each, StrategyStoreTest, ::testing::Values("Memory", "Postgres"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace ballast
