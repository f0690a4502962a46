#include "services/strategy_runner/backtest_store.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/platform/postgres/testing/test_postgres.h"

namespace ballast {

std::vector<Migration> Migrations_strategy_runner();

namespace {

namespace bt = backtest::v1;

BacktestRow Row(const std::string& request_id, const std::string& fingerprint = "ema_cross|fast=5") {
  BacktestRow row{.request_id = request_id,
                  .strategy_id = "ema_cross",
                  .fingerprint = fingerprint,
                  .actor = "ann",
                  .create_time = UtcTime{5}};
  row.spec.set_kind(bt::BACKTEST_KIND_RUN);
  row.spec.set_label(request_id);
  return row;
}

class BacktestStoreTest : public ::testing::Test {
 protected:
  BacktestStoreTest() : database_(TestPostgres::Get().NewSchema()) {
    EXPECT_TRUE(database_->Migrate(Migrations_strategy_runner()).ok());
    EXPECT_TRUE(store_.Fence(UtcTime{1}).ok());
  }
  BacktestRow Insert(const BacktestRow& row) {
    bool again = false;
    auto stored = store_.Insert(row, 100, &again);
    EXPECT_TRUE(stored.ok()) << stored.status();
    return *stored;
  }
  BacktestRow Succeed(BacktestRow row, const char* trades = "7") {
    row.status = bt::BACKTEST_STATUS_SUCCEEDED;
    row.figures = {{"sharpe", "1.20"}, {"trades", trades}};
    std::string report = "{}";
    EXPECT_TRUE(store_.Update(row, &report).ok());
    return row;
  }
  std::unique_ptr<Database> database_;
  BacktestStore store_{*database_};
};

TEST_F(BacktestStoreTest, WhatIsStoredIsRead) {
  BacktestRow row = Insert(Row("r1"));
  row.status = bt::BACKTEST_STATUS_RUNNING;
  row.done = 3;
  row.total = 9;
  row.start_time = UtcTime{7};
  row.version = "0.1.0";
  ASSERT_TRUE(store_.Update(row).ok());
  auto read = store_.Find(row.number);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->spec.label(), "r1");
  EXPECT_EQ(read->status, bt::BACKTEST_STATUS_RUNNING);
  EXPECT_EQ(read->done, 3);
  EXPECT_EQ(read->total, 9);
  EXPECT_EQ(read->start_time, UtcTime{7});
  EXPECT_EQ(read->version, "0.1.0");
  EXPECT_TRUE(absl::IsNotFound(store_.Find(row.number + 1).status()));
}

TEST_F(BacktestStoreTest, TheSameRequestIsOneRowAndNoMoreThanSoManyAreKept) {
  bool again = true;
  auto first = store_.Insert(Row("r1"), 2, &again);
  EXPECT_FALSE(again);
  auto same = store_.Insert(Row("r1"), 2, &again);
  EXPECT_TRUE(again);
  EXPECT_EQ(same->number, first->number);
  EXPECT_TRUE(store_.Insert(Row("r2"), 2, &again).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(store_.Insert(Row("r3"), 2, &again).status()));
  EXPECT_TRUE(store_.Insert(Row("r1"), 2, &again).ok());
  ASSERT_TRUE(store_.Delete(first->number).ok());
  EXPECT_TRUE(absl::IsNotFound(store_.Delete(first->number)));
  EXPECT_TRUE(store_.Insert(Row("r3"), 2, &again).ok());
}

TEST_F(BacktestStoreTest, TheNextProcessFindsWhatRanInterruptedAndWhatWaitedQueued) {
  BacktestRow running = Insert(Row("r1"));
  running.status = bt::BACKTEST_STATUS_RUNNING;
  ASSERT_TRUE(store_.Update(running).ok());
  BacktestRow queued = Insert(Row("r2"));
  BacktestStore next(*database_);
  ASSERT_TRUE(next.Fence(UtcTime{99}).ok());
  EXPECT_EQ(next.Find(running.number)->status, bt::BACKTEST_STATUS_INTERRUPTED);
  EXPECT_EQ(next.Find(running.number)->end_time, UtcTime{99});
  ASSERT_EQ(next.Queued()->size(), 1U);
  EXPECT_EQ(next.Queued()->front().number, queued.number);
  // The one before is fenced off.
  EXPECT_TRUE(absl::IsFailedPrecondition(store_.Update(running)));
}

TEST_F(BacktestStoreTest, PagesAndTheNewestOnFile) {
  std::vector<BacktestRow> rows;
  for (int i = 0; i < 5; ++i) rows.push_back(Insert(Row("r" + std::to_string(i), i % 2 == 0 ? "even" : "odd")));
  auto page = store_.List("", 0, 0, 2);
  ASSERT_EQ(page->size(), 2U);
  EXPECT_EQ(page->front().number, rows[4].number);
  page = store_.List("ema_cross", bt::BACKTEST_KIND_RUN, page->back().number, 10);
  ASSERT_EQ(page->size(), 3U);
  EXPECT_TRUE(store_.List("other", 0, 0, 10)->empty());
  EXPECT_TRUE(store_.List("", bt::BACKTEST_KIND_SWEEP, 0, 10)->empty());
  EXPECT_TRUE(store_.NewestRuns()->empty());
  for (int i : {0, 1, 2}) Succeed(rows[static_cast<std::size_t>(i)]);
  auto newest = store_.NewestRuns();
  ASSERT_EQ(newest->size(), 2U);
  for (const BacktestRow& row : *newest)
    EXPECT_EQ(row.number, row.fingerprint == "even" ? rows[2].number : rows[1].number);
  Succeed(rows[4], "0");
  newest = store_.NewestRuns();
  EXPECT_EQ(newest->size(), 2U);
  for (const BacktestRow& row : *newest)
    EXPECT_NE(row.number, rows[4].number) << "one that traded nothing is nothing to go by";
  // More than Postgres takes for a number without being told.
  EXPECT_EQ(store_.List("", 0, 2'147'483'648, 10)->size(), 5U);
  EXPECT_EQ(*store_.Report(rows[0].number), "{}");
  EXPECT_EQ(*store_.Report(rows[3].number), "");
}

TEST(BacktestIdTest, OnlyOurIdsAreNumbers) {
  EXPECT_EQ(NumberOfBacktest("B-12"), 12);
  for (const char* wrong : {"", "B-", "B-x", "12", "b-12", "B--1", "B-123456789012345678901", "B-1 "})
    EXPECT_EQ(NumberOfBacktest(wrong), 0) << wrong;
}

}  // namespace
}  // namespace ballast
