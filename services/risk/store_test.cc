// What every store of risk promises, held against the one in memory and the one in a real Postgres.
#include "services/risk/store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "libs/platform/postgres/testing/test_postgres.h"
#include "services/risk/postgres_store.h"
#include "services/risk/testing/memory_risk_store.h"

namespace ballast {

std::vector<Migration> Migrations_risk();

namespace {

// Where stores of one process after another find the same rows.
class Storage {
 public:
  virtual ~Storage() = default;
  virtual std::unique_ptr<RiskStore> Open() = 0;
};

class InMemory : public Storage {
 public:
  std::unique_ptr<RiskStore> Open() override { return std::make_unique<MemoryRiskStore>(disk_); }

 private:
  std::shared_ptr<MemoryRiskStore::Disk> disk_ = std::make_shared<MemoryRiskStore::Disk>();
};

class InPostgres : public Storage {
 public:
  InPostgres() : database_(TestPostgres::Get().NewSchema()) { EXPECT_TRUE(database_->Migrate(Migrations_risk()).ok()); }
  std::unique_ptr<RiskStore> Open() override { return std::make_unique<PostgresRiskStore>(*database_); }

 private:
  std::unique_ptr<Database> database_;
};

struct Kind {
  const char* name;
  std::function<std::unique_ptr<Storage>()> make;
};

class RiskStoreTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    storage_ = GetParam().make();
    store_ = storage_->Open();
  }
  static RiskStore::Update Change(const char* request_id, std::uint64_t version, int open_orders) {
    RiskStore::Update update{
        .account_id = AccountId("paper"), .reason = "why", .actor = "ann", .request_id = request_id};
    update.limits.version = version;
    update.limits.max_open_orders = open_orders;
    return update;
  }
  static risk::LossTrip Trip(std::int64_t nanos) {
    return {.time = UtcTime{nanos},
            .day = 7,
            .baseline = Decimal::Of("100.5"),
            .equity = Decimal::Of("90"),
            .limit = Decimal::Of("1.25")};
  }
  // Who is to be told how many things.
  std::pair<int, int> Waiting() {
    auto outbox = store_->LoadOutbox();
    EXPECT_TRUE(outbox.ok());
    std::pair<int, int> waiting;
    for (const RiskStore::Message& message : *outbox) {
      ++(message.target == RiskStore::Target::kAudit ? waiting.first : waiting.second);
    }
    return waiting;
  }

  std::unique_ptr<Storage> storage_;
  std::unique_ptr<RiskStore> store_;
};

TEST_P(RiskStoreTest, LimitsGoOnByVersionsAndARequestCountsOnce) {
  auto saved = store_->SaveLimits(Change("r1", 1, 7));
  ASSERT_TRUE(saved.ok()) << saved.status();
  EXPECT_EQ(saved->version, 2U);
  EXPECT_EQ(*store_->SaveLimits(Change("r1", 1, 7)), *saved) << "asked again";
  EXPECT_TRUE(absl::IsAlreadyExists(store_->SaveLimits(Change("r1", 1, 8)).status()));
  EXPECT_TRUE(absl::IsAborted(store_->SaveLimits(Change("r2", 1, 8)).status())) << "somebody was faster";
  ASSERT_TRUE(store_->SaveLimits(Change("r3", 2, 9)).ok());
  EXPECT_EQ(storage_->Open()->LoadLimits()->at(AccountId("paper")).max_open_orders, 9);
  EXPECT_EQ(Waiting(), std::pair(2, 0));
}

TEST_P(RiskStoreTest, SetsAndOverridesOfAScopeAreCountedApart) {
  const risk::LimitScope firm, btc{.account_id = AccountId("paper"), .symbol = Symbol("BTC-USD")};
  auto save = [&](const char* request_id, risk::LimitScope scope, std::uint64_t version, const char* value,
                  std::optional<UtcTime> until = std::nullopt) {
    return store_->SaveLimitSet({.set = {.scope = std::move(scope),
                                         .version = version,
                                         .values = {{"max_order_notional", Decimal::Of(value)}},
                                         .expire_time = until},
                                 .reason = "why",
                                 .actor = "ann",
                                 .request_id = request_id});
  };
  auto first = save("r1", firm, 0, "1000.5");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->version, 1U);
  EXPECT_EQ(*save("r1", firm, 0, "1000.5"), *first) << "asked again";
  EXPECT_TRUE(absl::IsAlreadyExists(save("r1", firm, 0, "7").status()));
  EXPECT_TRUE(absl::IsAborted(save("r2", firm, 0, "7").status())) << "somebody was faster";
  ASSERT_TRUE(save("r3", firm, 1, "900").ok());
  const UtcTime until{1'700'000'000'123'456'000};
  auto over = save("r4", firm, 0, "2000", until);
  ASSERT_TRUE(over.ok()) << over.status();
  ASSERT_TRUE(save("r5", btc, 0, "50").ok());
  std::vector<risk::LimitSet> loaded = *storage_->Open()->LoadLimitSets();
  ASSERT_EQ(loaded.size(), 3U) << "the newest of each";
  EXPECT_NE(std::find(loaded.begin(), loaded.end(), *over), loaded.end());
  auto listed = store_->ListLimitSets(10);
  ASSERT_EQ(listed->size(), 4U);
  EXPECT_EQ(listed->front().scope().symbol(), "BTC-USD") << "newest first";
  EXPECT_EQ(listed->front().updated_by(), "ann");
  EXPECT_EQ(store_->ListLimitSets(1)->size(), 1U);
  ASSERT_TRUE(store_->EndOverride(*over).ok());
  EXPECT_EQ(Waiting(), std::pair(5, 0));
}

TEST_P(RiskStoreTest, AChangeThatWaitsIsDecidedInItsPlace) {
  EXPECT_TRUE(absl::IsNotFound(store_->FindLimitChange("c1").status()));
  risk::v1::LimitChange change;
  change.set_change_id("c1");
  change.set_state(risk::v1::LIMIT_CHANGE_STATE_PENDING);
  change.set_proposed_by("ann");
  change.mutable_limits()->set_account_id("paper");
  ASSERT_TRUE(store_->SaveLimitChange(change).ok());
  EXPECT_EQ(storage_->Open()->FindLimitChange("c1")->proposed_by(), "ann");
  EXPECT_EQ(store_->ListLimitChanges(true, 10)->size(), 1U);
  change.set_state(risk::v1::LIMIT_CHANGE_STATE_REJECTED);
  ASSERT_TRUE(store_->SaveLimitChange(change).ok());
  EXPECT_TRUE(store_->ListLimitChanges(true, 10)->empty());
  EXPECT_EQ(store_->ListLimitChanges(false, 10)->front().state(), risk::v1::LIMIT_CHANGE_STATE_REJECTED);
  EXPECT_EQ(Waiting(), std::pair(2, 0));
}

TEST_P(RiskStoreTest, MarksAndClosesComeBackAndATripIsToldOnce) {
  RiskStore::Marks marks;
  RiskStore::EquityMark& mark = marks[AccountId("paper")];
  mark.baseline = {.day = 7, .day_start_equity = Decimal::Of("100.5"), .peak_equity = Decimal::Of("101")};
  mark.latches.Of(risk::LossRule::kDailyLoss) = Trip(5);
  using Close = ledger::MarkBoard::Close;
  Close monday{.day = 10, .bid = Decimal::Of("1.5"), .ask = Decimal::Of("1.6"), .time = UtcTime{7}, .in_session = true};
  ledger::SymbolCloses closes{{Symbol("SPY"), {monday, std::nullopt}}};
  ASSERT_EQ(store_->SaveMarks(marks, closes), absl::OkStatus());
  ASSERT_EQ(store_->SaveMarks(marks, {}), absl::OkStatus());
  EXPECT_EQ(*storage_->Open()->LoadMarks(), marks);
  EXPECT_EQ(*store_->LoadCloses(), closes);
  EXPECT_EQ(Waiting(), std::pair(1, 1));
  mark.latches.Of(risk::LossRule::kDailyLoss) = Trip(9);
  ASSERT_EQ(store_->SaveMarks(marks, {}), absl::OkStatus());
  EXPECT_EQ(Waiting(), std::pair(2, 2)) << "another trip";
}

TEST_P(RiskStoreTest, ExposuresComeBackAsTheyWere) {
  KeptExposure kept{.execution_sequence = 9};
  kept.snapshot.applied_sequence = 12;
  kept.snapshot.event_time = UtcTime{7};
  kept.snapshot.event_type = OrderEventType::kFilled;
  kept.snapshot.cash = Decimal::Of("99.5");
  kept.snapshot.currency = "USD";
  ASSERT_EQ(store_->SaveExposures({{AccountId("paper"), kept}}), absl::OkStatus());
  kept.snapshot.applied_sequence = 13;
  ASSERT_EQ(store_->SaveExposures({{AccountId("paper"), kept}}), absl::OkStatus());
  auto loaded = storage_->Open()->LoadExposures();
  ASSERT_TRUE(loaded.ok());
  ASSERT_EQ(loaded->size(), 1U);
  const KeptExposure& back = loaded->at(AccountId("paper"));
  EXPECT_EQ(back.execution_sequence, 9U);
  EXPECT_EQ(back.snapshot.applied_sequence, 13U);
  EXPECT_EQ(back.snapshot.event_time, UtcTime{7});
  EXPECT_EQ(back.snapshot.cash, Decimal::Of("99.5"));
}

TEST_P(RiskStoreTest, ARearmingIsDoneOnceAndTold) {
  RiskStore::Rearm rearm{.account_id = AccountId("paper"),
                         .asked = {"daily_loss", "drawdown"},
                         .rearmed = {"daily_loss"},
                         .reason = "looked at it",
                         .actor = "ann",
                         .request_id = "r1"};
  rearm.after.emplace().baseline.day = 8;
  auto first = store_->SaveRearm(rearm);
  ASSERT_TRUE(first.ok());
  EXPECT_FALSE(first->repeated);
  EXPECT_EQ(store_->LoadMarks()->at(AccountId("paper")).baseline.day, 8);
  RiskStore::Rearm again = rearm;
  again.rearmed = {};
  auto second = store_->SaveRearm(again);
  ASSERT_TRUE(second.ok());
  EXPECT_TRUE(second->repeated);
  EXPECT_EQ(second->rules, std::vector<std::string>{"daily_loss"}) << "the first answer";
  again.reason = "another";
  EXPECT_TRUE(absl::IsAlreadyExists(store_->SaveRearm(again).status()));
  EXPECT_EQ(Waiting(), std::pair(1, 0));
}

TEST_P(RiskStoreTest, EveryVersionOfTheLimitsIsKeptWithItsReason) {
  EXPECT_TRUE(store_->ListLimits(AccountId("paper"), 0, 10)->empty());
  for (std::uint64_t version = 1; version <= 3; ++version)
    ASSERT_TRUE(store_->SaveLimits(Change(("r" + std::to_string(version)).c_str(), version, 7)).ok());
  auto newest = store_->ListLimits(AccountId("paper"), 0, 2);
  ASSERT_TRUE(newest.ok()) << newest.status();
  ASSERT_EQ(newest->size(), 2U);
  EXPECT_EQ((*newest)[0].limits.version, 4U);
  EXPECT_EQ((*newest)[1].limits.version, 3U);
  EXPECT_EQ((*newest)[0].reason, "why");
  EXPECT_EQ((*newest)[0].actor, "ann");
  ASSERT_EQ(store_->ListLimits(AccountId("paper"), 3, 10)->size(), 1U);
  EXPECT_TRUE(store_->ListLimits(AccountId("other"), 0, 10)->empty());
}

TEST_P(RiskStoreTest, BreakerRulesAreOneVersionedSet) {
  EXPECT_EQ(*store_->LoadBreakerRules(), BreakerRuleSet());
  RiskStore::RulesUpdate update{.reason = "why", .actor = "ann", .request_id = "r1"};
  update.rules.rules = {risk::DefaultBreakerRules()[2], risk::DefaultBreakerRules()[3]};
  update.rules.rules[0].account_id = AccountId("paper");
  auto saved = store_->SaveBreakerRules(update);
  ASSERT_TRUE(saved.ok()) << saved.status();
  EXPECT_EQ(saved->version, 2U);
  EXPECT_EQ(*store_->SaveBreakerRules(update), *saved) << "the same request";
  EXPECT_EQ(*storage_->Open()->LoadBreakerRules(), *saved);
  update.reason = "another";
  update.request_id = "r2";
  EXPECT_TRUE(absl::IsAborted(store_->SaveBreakerRules(update).status()));
  update.request_id = "r1";
  update.rules.rules.clear();
  EXPECT_TRUE(absl::IsAlreadyExists(store_->SaveBreakerRules(update).status()));
  EXPECT_EQ(Waiting(), std::pair(1, 0));
}

TEST_P(RiskStoreTest, BreakersAreKeptAsTheyWereAndWhatIsTold) {
  BreakerKey key{"position_loss", AccountId("paper"), DeploymentId("d"), Symbol("SPY")};
  risk::BreakerBlock block{
      .rule = risk::DefaultBreakerRules()[3],
      .state = {.trip =
                    risk::BreakerTrip{
                        .time = UtcTime{7}, .day = 3, .observed = Decimal::Of("1.5"), .limit = Decimal::Of("1.25")},
                .over_time = UtcTime{9},
                .told_percent = 100,
                .baseline = Decimal::Of("-0.5"),
                .baseline_day = 4}};
  BreakerKey firm{.rule = "firm_drawdown"};
  ASSERT_TRUE(store_->SaveBreakers({{key, block}, {firm, block}}, {{.target = RiskStore::Target::kOrders}}).ok());
  auto loaded = storage_->Open()->LoadBreakers();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  ASSERT_EQ(loaded->size(), 2U);
  EXPECT_EQ(loaded->at(key).rule, block.rule);
  EXPECT_EQ(loaded->at(key).state, block.state);
  ASSERT_EQ(store_->LoadOutbox()->size(), 1U);
  EXPECT_EQ(store_->LoadOutbox()->at(0).target, RiskStore::Target::kOrders);
  RiskStore::Rearm rearm{.rearmed = {"firm_drawdown"}, .reason = "seen", .actor = "ann", .request_id = "r"};
  rearm.breakers[firm] = std::nullopt;
  ASSERT_TRUE(store_->SaveRearm(rearm).ok());
  EXPECT_EQ(storage_->Open()->LoadBreakers()->size(), 1U);
}

TEST_P(RiskStoreTest, WhatWasTakenOrRefusedIsNotSentAgain) {
  ASSERT_TRUE(store_->SaveLimits(Change("r1", 1, 7)).ok());
  ASSERT_TRUE(store_->SaveLimits(Change("r2", 2, 8)).ok());
  auto outbox = store_->LoadOutbox();
  ASSERT_EQ(outbox->size(), 2U);
  EXPECT_LT((*outbox)[0].outbox_id, (*outbox)[1].outbox_id) << "oldest first";
  ASSERT_TRUE(store_->RemoveMessages({(*outbox)[0].outbox_id}).ok());
  ASSERT_TRUE(store_->RefuseMessage((*outbox)[1].outbox_id, "unreadable").ok());
  EXPECT_EQ(Waiting(), std::pair(0, 0));
}

INSTANTIATE_TEST_SUITE_P(Stores, RiskStoreTest,
                         testing::Values(Kind{.name = "Memory", .make = [] { return std::make_unique<InMemory>(); }},
                                         Kind{.name = "Postgres",
                                              .make = [] { return std::make_unique<InPostgres>(); }}),
                         [](const auto& parameter) { return parameter.param.name; });

}  // namespace
}  // namespace ballast
