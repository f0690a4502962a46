#include "services/strategy_runner/store.h"

#include "gtest/gtest.h"
#include "libs/platform/postgres/testing/test_postgres.h"

namespace ballast {

std::vector<Migration> Migrations_strategy_runner();

namespace {

class StrategyStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    database = TestPostgres::Get().NewSchema();
    ASSERT_TRUE(database->Migrate(Migrations_strategy_runner()).ok());
    store = std::make_unique<StrategyStore>(*database);
    ASSERT_TRUE(store->Fence().ok());
    batch.rows.push_back(
        {.deployment_id = "demo", .request_id = "r1", .status = strategy::v1::DEPLOYMENT_STATUS_ACTIVE});
    strategy::SymbolState state{.quantity = Decimal::Of("-0.5"),
                                .cost = Decimal::Of("-33.3"),
                                .last_bar = UtcTime{7},
                                .waiting_entry = strategy::Signal::kShort,
                                .working_request = "demo-2",
                                .working_is_entry = true,
                                .blocked_until = UtcTime{9}};
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

  std::unique_ptr<Database> database;
  std::unique_ptr<StrategyStore> store;
  StrategyStore::Batch batch;
};

TEST_F(StrategyStoreTest, LoadGivesBackStatesCursorsAndTheOrderInDoubt) {
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

TEST_F(StrategyStoreTest, SettledDecisionIsNotInDoubtAnyMore) {
  ASSERT_EQ(store->Save(batch), absl::OkStatus());
  batch.decisions[1].open = false;
  ASSERT_EQ(store->Save(batch), absl::OkStatus());
  EXPECT_TRUE(store->Load()->front().open_decisions.empty());
}

TEST_F(StrategyStoreTest, OlderRunnerIsFencedOffAndChangesNothing) {
  ASSERT_EQ(store->Save(batch), absl::OkStatus());
  StrategyStore newer(*database);
  ASSERT_TRUE(newer.Fence().ok());
  batch.cursors["paper"].sequence = 99;
  EXPECT_TRUE(absl::IsFailedPrecondition(store->Save(batch)));
  EXPECT_EQ(newer.LoadCursors()->at("paper").sequence, 41U);
}

TEST_F(StrategyStoreTest, DecisionsComeNewestFirstInPages) {
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

}  // namespace
}  // namespace ballast
