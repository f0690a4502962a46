// What every store of alerts promises, held against the one in memory and the one in a real Postgres.
#include "services/alerts/store.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "libs/platform/postgres/testing/test_postgres.h"
#include "services/alerts/postgres_store.h"
#include "services/alerts/testing/memory_alert_store.h"

namespace ballast {

std::vector<Migration> Migrations_alerts();

namespace {

// Where stores of one process after another find the same rows.
class Storage {
 public:
  virtual ~Storage() = default;
  virtual std::unique_ptr<AlertStore> Open() = 0;
};

class InMemory : public Storage {
 public:
  std::unique_ptr<AlertStore> Open() override { return std::make_unique<MemoryAlertStore>(disk_); }

 private:
  std::shared_ptr<MemoryAlertStore::Disk> disk_ = std::make_shared<MemoryAlertStore::Disk>();
};

class InPostgres : public Storage {
 public:
  InPostgres() : database_(TestPostgres::Get().NewSchema()) {
    EXPECT_TRUE(database_->Migrate(Migrations_alerts()).ok());
  }
  std::unique_ptr<AlertStore> Open() override { return std::make_unique<PostgresAlertStore>(*database_); }

 private:
  std::unique_ptr<Database> database_;
};

struct Kind {
  const char* name;
  std::function<std::unique_ptr<Storage>()> make;
};

class AlertStoreTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    storage_ = GetParam().make();
    store_ = Writer();
  }
  std::unique_ptr<AlertStore> Writer() {
    std::unique_ptr<AlertStore> store = storage_->Open();
    EXPECT_TRUE(store->Fence().ok());
    return store;
  }
  static alerts::Alert MakeAlert(std::uint64_t id, const std::string& account = "paper") {
    alerts::Alert alert;
    alert.alert_id = id;
    alert.type = id % 2 == 0 ? alerts::AlertType::kSystem : alerts::AlertType::kOrder;
    alert.level = id % 2 == 0 ? alerts::AlertLevel::kError : alerts::AlertLevel::kInfo;
    alert.title = "isn't \\ \"nice\"";
    alert.text = "text " + std::to_string(id);
    alert.account_id = AccountId(account);
    alert.deployment_id = DeploymentId("demo");
    alert.order_id = OrderId("o" + std::to_string(id));
    alert.symbol = Symbol("SPY");
    alert.first_time = alert.last_time = UtcTime{static_cast<std::int64_t>(id) * 1'000'000'007};
    return alert;
  }
  absl::Status Put(const alerts::Alert& alert) { return store_->Save({{alert.alert_id, alert}}, {}, std::nullopt); }
  std::vector<std::uint64_t> Listed(const AlertStore::Filter& filter) {
    std::vector<std::uint64_t> ids;
    auto alerts = store_->List(filter, &unacknowledged_);
    EXPECT_TRUE(alerts.ok()) << alerts.status();
    for (const alerts::Alert& alert : *alerts) ids.push_back(alert.alert_id);
    return ids;
  }

  std::unique_ptr<Storage> storage_;
  std::unique_ptr<AlertStore> store_;
  std::int64_t unacknowledged_ = 0;
};

TEST_P(AlertStoreTest, AlertsAndCursorsComeBackAsTheyWere) {
  ASSERT_TRUE(store_->Save({{1, MakeAlert(1)}, {2, MakeAlert(2)}}, {{"paper", 7}}, std::nullopt).ok());
  alerts::Alert again = MakeAlert(2);
  again.count = 3;
  again.text = "later";
  again.last_time = UtcTime{9'000'000'000};
  again.acknowledged = true;
  again.acknowledged_by = "user:ann";
  again.acknowledge_time = UtcTime{10};
  ASSERT_TRUE(store_->Save({{2, again}}, {{"second", 1}}, std::nullopt).ok());
  auto state = Writer()->Load();
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->recent, (std::vector<alerts::Alert>{MakeAlert(1), again}));
  EXPECT_EQ(state->cursors, (AlertStore::Cursors{{"paper", 7}, {"second", 1}}));
  EXPECT_EQ(state->unacknowledged, 1);
  EXPECT_EQ(store_->Find(2)->value(), again);
  EXPECT_FALSE(store_->Find(3)->has_value());
  EXPECT_EQ(store_->FindAll({2, 3, 1})->size(), 2U);
  EXPECT_EQ(store_->LoadSystem()->size(), 1U);
}

TEST_P(AlertStoreTest, ListingIsNewestFirstAndFiltered) {
  for (std::uint64_t id = 1; id <= 6; ++id) ASSERT_TRUE(Put(MakeAlert(id, id < 4 ? "paper" : "second")).ok());
  alerts::Alert seen = MakeAlert(6, "second");
  seen.acknowledged = true;
  ASSERT_TRUE(Put(seen).ok());
  using Ids = std::vector<std::uint64_t>;
  EXPECT_EQ(Listed({.limit = 2}), (Ids{6, 5}));
  EXPECT_EQ(unacknowledged_, 5);
  EXPECT_EQ(Listed({.unacknowledged_only = true, .before = 6, .account_id = "second"}), (Ids{5, 4}));
  EXPECT_EQ(Listed({.min_level = alerts::AlertLevel::kError, .account_id = "paper"}), (Ids{2}));
  auto after = store_->After(4, 1);
  ASSERT_TRUE(after.ok());
  ASSERT_EQ(after->size(), 1U);
  EXPECT_EQ(after->front().alert_id, 5U);
}

TEST_P(AlertStoreTest, ARequestIsBoundToItsAlertOnce) {
  AlertStore::Request request{.request_id = "r1", .fingerprint = "f", .alert_id = 1};
  ASSERT_TRUE(store_->Save({{1, MakeAlert(1)}}, {}, request).ok());
  EXPECT_EQ(store_->FindRequest("r1")->value().alert_id, 1U);
  EXPECT_EQ(store_->FindRequest("r1")->value().fingerprint, "f");
  EXPECT_FALSE(store_->FindRequest("r2")->has_value());
  request.alert_id = 2;
  EXPECT_FALSE(store_->Save({{2, MakeAlert(2)}}, {}, request).ok());
  EXPECT_FALSE(store_->Find(2)->has_value()) << "all or nothing";
}

TEST_P(AlertStoreTest, AnOlderWriterSavesNothing) {
  std::unique_ptr<AlertStore> newer = Writer();
  EXPECT_TRUE(absl::IsFailedPrecondition(Put(MakeAlert(1))));
  EXPECT_FALSE(newer->Find(1)->has_value());
}

INSTANTIATE_TEST_SUITE_P(Stores, AlertStoreTest,
                         testing::Values(Kind{.name = "Memory", .make = [] { return std::make_unique<InMemory>(); }},
                                         Kind{.name = "Postgres",
                                              .make = [] { return std::make_unique<InPostgres>(); }}),
                         [](const auto& parameter) { return parameter.param.name; });

}  // namespace
}  // namespace ballast
