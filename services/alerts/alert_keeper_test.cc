#include "services/alerts/alert_keeper.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <pqxx/pqxx>

#include "libs/platform/postgres/testing/test_postgres.h"
#include "libs/wire/wire.h"
#include "services/alerts/postgres_store.h"

namespace ballast {

std::vector<Migration> Migrations_alerts();

namespace {

class HandClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return now; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return now.nanos; }
  UtcTime now{1'700'000'000'000'000'000};
};

// A reader that keeps what it gets.
class Reader : public AlertKeeper::Sender {
 public:
  bool Push(alert::v1::StreamAlertsResponse response) override {
    if (closed) return false;
    if (response.alerts_size() == 0) ++empty;
    for (const auto& alert : response.alerts()) alerts.push_back(alert);
    return true;
  }
  void Close(grpc::Status) override { closed = true; }
  [[nodiscard]] bool done() const override { return closed; }

  std::vector<alert::v1::Alert> alerts;
  int empty = 0;
  bool closed = false;
};

class AlertKeeperTest : public testing::Test {
 protected:
  struct Process {
    explicit Process(AlertKeeperTest& test)
        : store(*test.database_),
          keeper({}, store, test.clock_, *test.log_, test.metrics_, [this](const std::string& why) { failure = why; }) {
    }
    PostgresAlertStore store;
    std::string failure;
    AlertKeeper keeper;
  };

  void SetUp() override {
    ASSERT_TRUE(Logger::Make({.service = "test", .directory = "", .level = "CRITICAL"}, &log_).ok());
    database_ = TestPostgres::Get().NewSchema();
    ASSERT_TRUE(database_->Migrate(Migrations_alerts()).ok());
    process_ = NewProcess();
  }
  std::unique_ptr<Process> NewProcess() {
    auto process = std::make_unique<Process>(*this);
    EXPECT_TRUE(process->keeper.Recover().ok());
    return process;
  }
  static order::v1::StreamOrderEventsResponse Event(std::uint64_t sequence, OrderEventType type,
                                                    std::int64_t second = 0, const std::string& symbol = "AAPL") {
    OrderEvent event;
    event.account_id = AccountId("paper");
    event.sequence = sequence;
    event.type = type;
    event.event_time = UtcTime{second * 1'000'000'000};
    Order order;
    order.order_id = OrderId("o" + std::to_string(sequence));
    order.account_id = event.account_id;
    order.symbol = Symbol(symbol);
    order.side = Side::kBuy;
    order.type = OrderType::kMarket;
    order.time_in_force = TimeInForce::kIoc;
    order.quantity = Decimal::FromInt(1);
    order.status = OrderStatus::kRejected;
    event.order = order;
    event.rejection = Rejection{.message = "the broker's \"no\" isn't\\nice"};
    order::v1::StreamOrderEventsResponse batch;
    wire::ToProto(event, batch.add_events());
    return batch;
  }
  bool Feed(const order::v1::StreamOrderEventsResponse& batch) { return process_->keeper.OnOrderEvents(batch); }
  std::vector<alerts::Alert> All(AlertStore::Filter filter = {}) {
    auto alerts = process_->store.List(filter, &unacknowledged_);
    EXPECT_TRUE(alerts.ok()) << alerts.status();
    return alerts.ok() ? *alerts : std::vector<alerts::Alert>();
  }
  static alerts::Alert Fact(const std::string& title = "Feed lost",
                            alerts::AlertLevel level = alerts::AlertLevel::kError) {
    alerts::Alert fact;
    fact.type = alerts::AlertType::kSystem;
    fact.level = level;
    fact.title = title;
    return fact;
  }
  alerts::Alert Raise(const std::string& title, const std::string& request_id,
                      alerts::AlertLevel level = alerts::AlertLevel::kError) {
    auto alert = process_->keeper.Raise(Fact(title, level), request_id, title);
    EXPECT_TRUE(alert.ok()) << alert.status();
    return alert.ok() ? *alert : alerts::Alert();
  }

  void Subscribe(std::uint64_t after_alert_id, const std::shared_ptr<Reader>& reader) {
    process_->keeper.Subscribe(after_alert_id, reader);
    while (process_->keeper.SendBacklogs()) {
    }
  }

  HandClock clock_;
  Metrics metrics_;
  std::unique_ptr<Logger> log_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Process> process_;
  std::int64_t unacknowledged_ = 0;
};

TEST_F(AlertKeeperTest, AnEventMakesItsAlertOnceAndTheCursorMovesWithIt) {
  EXPECT_TRUE(Feed(Event(1, OrderEventType::kRejected)));
  EXPECT_TRUE(Feed(Event(1, OrderEventType::kRejected)));
  auto alerts = All();
  ASSERT_EQ(alerts.size(), 1U);
  EXPECT_EQ(alerts[0].count, 1);
  EXPECT_EQ(alerts[0].title, "Order rejected");
  EXPECT_EQ(alerts[0].text, "buy 1 AAPL: the broker's \"no\" isn't\\nice");
  EXPECT_EQ(alerts[0].order_id, OrderId("o1"));
  EXPECT_EQ(unacknowledged_, 1);
  EXPECT_EQ(process_->keeper.Cursors().at("paper"), 1U);
}

TEST_F(AlertKeeperTest, AMissingEventStopsTheConnection) {
  EXPECT_TRUE(Feed(Event(1, OrderEventType::kAccepted)));
  EXPECT_FALSE(Feed(Event(3, OrderEventType::kRejected)));
  EXPECT_EQ(process_->keeper.Cursors().at("paper"), 1U);
  EXPECT_TRUE(All().empty());
}

// It would be the same the next time: whoever read it again for ever would hold up every account.
TEST_F(AlertKeeperTest, AnEventThatCannotBeReadStopsItsAccountAndNoOther) {
  order::v1::StreamOrderEventsResponse batch = Event(1, OrderEventType::kRejected);
  batch.mutable_events(0)->mutable_order()->mutable_quantity()->set_value("seven");
  batch.MergeFrom(Event(2, OrderEventType::kRejected));
  batch.MergeFrom(Event(1, OrderEventType::kRejected));
  batch.mutable_events(2)->set_account_id("second");
  EXPECT_TRUE(Feed(batch));
  EXPECT_EQ(process_->keeper.Cursors(), (AlertStore::Cursors{{"second", 1}}));
  EXPECT_EQ(All().size(), 1U);
}

TEST_F(AlertKeeperTest, OldEventsStillMakeAlerts) {
  // Years before the clock, and each a day after the other.
  for (std::uint64_t i = 1; i <= 5; ++i) {
    EXPECT_TRUE(Feed(Event(i, OrderEventType::kRejected, static_cast<std::int64_t>(i) * 86'400)));
  }
  EXPECT_EQ(All().size(), 5U);
}

TEST_F(AlertKeeperTest, OrdersHaveAlertsOfTheirOwnAlsoOverARestart) {
  EXPECT_TRUE(Feed(Event(1, OrderEventType::kRejected, 10)));
  process_ = NewProcess();
  EXPECT_EQ(process_->keeper.Cursors().at("paper"), 1U);
  EXPECT_TRUE(Feed(Event(2, OrderEventType::kRejected, 20)));
  EXPECT_TRUE(Feed(Event(3, OrderEventType::kRejected, 20, "MSFT")));
  auto alerts = All();
  ASSERT_EQ(alerts.size(), 3U);
  EXPECT_EQ(alerts[0].symbol, Symbol("MSFT"));
  EXPECT_EQ(alerts[1].order_id, OrderId("o2"));
  EXPECT_EQ(alerts[2].order_id, OrderId("o1"));
  for (const auto& alert : alerts) EXPECT_EQ(alert.count, 1);
}

TEST_F(AlertKeeperTest, ARestartFoldsIntoWhatIsStored) {
  alerts::Alert first = Raise("Feed lost", "r1");
  process_ = NewProcess();
  alerts::Alert again = Raise("Feed lost", "r2");
  EXPECT_EQ(again.alert_id, first.alert_id);
  EXPECT_EQ(again.count, 2);
}

TEST_F(AlertKeeperTest, ManyAreAcknowledgedAtOnce) {
  for (const char* title : {"a", "b", "c", "d", "e"}) Raise(title, title);
  auto chosen = process_->keeper.AcknowledgeMany({2, 4, 2}, "user:ann");
  ASSERT_TRUE(chosen.ok()) << chosen.status();
  EXPECT_EQ(chosen->alerts, 2);
  EXPECT_EQ(chosen->left, 3);
  // One that does not exist: none is touched.
  EXPECT_EQ(process_->keeper.AcknowledgeMany({1, 99}, "user:ann").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(All({.unacknowledged_only = true}).size(), 3U);
  // What came after what was seen stays.
  auto seen = process_->keeper.AcknowledgeUpTo(3, "", "user:bob");
  ASSERT_TRUE(seen.ok());
  EXPECT_EQ(seen->alerts, 2);
  EXPECT_EQ(seen->left, 1);
  auto all = All();
  ASSERT_EQ(all.size(), 5U);
  EXPECT_FALSE(all[0].acknowledged);
  EXPECT_EQ(all[1].acknowledged_by, "user:ann");
  EXPECT_EQ(all[2].acknowledged_by, "user:bob");
  EXPECT_EQ(process_->keeper.AcknowledgeUpTo(UINT64_MAX - 1, "other", "user:ann")->alerts, 0);
  EXPECT_EQ(process_->keeper.AcknowledgeUpTo(UINT64_MAX - 1, "", "user:ann")->alerts, 1);
  EXPECT_EQ(process_->keeper.AcknowledgeUpTo(UINT64_MAX - 1, "", "user:ann")->alerts, 0);
  // What happens after it must be seen.
  EXPECT_EQ(Raise("e", "again").alert_id, 6U);
}

TEST_F(AlertKeeperTest, MoreThanAPageIsAcknowledged) {
  for (std::uint64_t i = 1; i <= 1'100; ++i) EXPECT_TRUE(Feed(Event(i, OrderEventType::kRejected, 10)));
  auto result = process_->keeper.AcknowledgeUpTo(UINT64_MAX - 1, "paper", "user:ann");
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->alerts, 1'100);
  EXPECT_TRUE(All({.unacknowledged_only = true}).empty());
}

TEST_F(AlertKeeperTest, RaisingIsIdempotent) {
  alerts::Alert first = Raise("Feed lost", "r1");
  EXPECT_EQ(first.first_time, clock_.now);
  EXPECT_EQ(Raise("Feed lost", "r1"), first);
  EXPECT_EQ(process_->keeper.Raise(Fact("Other"), "r1", "Other").status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Raise("Feed lost", "r2").count, 2);
  EXPECT_EQ(All().size(), 1U);
}

TEST_F(AlertKeeperTest, TheFirstAcknowledgementStays) {
  alerts::Alert alert = Raise("Feed lost", "r1");
  auto first = process_->keeper.Acknowledge(alert.alert_id, "user:ann");
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(first->acknowledged);
  EXPECT_EQ(first->acknowledge_time, clock_.now);
  clock_.now = clock_.now + Duration::Seconds(5);
  auto second = process_->keeper.Acknowledge(alert.alert_id, "user:bob");
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(*second, *first);
  EXPECT_EQ(process_->keeper.Acknowledge(99, "user:ann").status().code(), absl::StatusCode::kNotFound);
  // What happens after it must be seen: a new alert.
  EXPECT_EQ(Raise("Feed lost", "r2").alert_id, alert.alert_id + 1);
  (void)All();
  EXPECT_EQ(unacknowledged_, 1);
}

TEST_F(AlertKeeperTest, ListingFiltersAndPages) {
  Raise("a", "1", alerts::AlertLevel::kInfo);
  Raise("b", "2", alerts::AlertLevel::kWarning);
  Raise("c", "3", alerts::AlertLevel::kCritical);
  ASSERT_TRUE(process_->keeper.Acknowledge(3, "user:ann").ok());
  auto titles = [&](AlertStore::Filter filter) {
    std::string text;
    for (const auto& alert : All(filter)) text += alert.title;
    return text;
  };
  EXPECT_EQ(titles({}), "cba");
  EXPECT_EQ(titles({.min_level = alerts::AlertLevel::kWarning}), "cb");
  EXPECT_EQ(titles({.unacknowledged_only = true}), "ba");
  EXPECT_EQ(titles({.before = 3, .limit = 1}), "b");
  EXPECT_EQ(unacknowledged_, 2);
}

TEST_F(AlertKeeperTest, AReaderGetsTheBacklogThenNewAndChangedOnes) {
  Raise("a", "1");
  Raise("b", "2");
  Raise("c", "3");
  auto reader = std::make_shared<Reader>();
  Subscribe(1, reader);
  ASSERT_EQ(reader->alerts.size(), 2U);
  EXPECT_EQ(reader->alerts[0].title(), "b");
  Raise("d", "4");
  Raise("a", "5");
  ASSERT_TRUE(process_->keeper.Acknowledge(2, "user:ann").ok());
  ASSERT_EQ(reader->alerts.size(), 5U);
  EXPECT_EQ(reader->alerts[2].title(), "d");
  EXPECT_EQ(reader->alerts[3].count(), 2);
  EXPECT_TRUE(reader->alerts[4].acknowledged());
  int before = reader->empty;
  process_->keeper.Heartbeat();
  EXPECT_EQ(reader->empty, before + 1);
  process_->keeper.CloseStreams();
  EXPECT_TRUE(reader->closed);
}

TEST_F(AlertKeeperTest, ALongBacklogComesInOrderAndWhole) {
  std::vector<alerts::Alert> facts;
  for (int i = 0; i < 1'234; ++i) facts.push_back(Fact("t" + std::to_string(i)));
  ASSERT_TRUE(process_->keeper.RaiseOwn(facts).ok());
  auto reader = std::make_shared<Reader>();
  Subscribe(0, reader);
  ASSERT_EQ(reader->alerts.size(), 1'234U);
  for (std::size_t i = 0; i < reader->alerts.size(); ++i) EXPECT_EQ(reader->alerts[i].alert_id(), i + 1);
}

// What changes while somebody still reads the pages reaches him: where he is behind it with the page, where he is past
// it at once.
TEST_F(AlertKeeperTest, WhatChangesWhileABacklogIsSentIsNotMissed) {
  std::vector<alerts::Alert> facts;
  for (int i = 0; i < 700; ++i) facts.push_back(Fact("t" + std::to_string(i)));
  ASSERT_TRUE(process_->keeper.RaiseOwn(facts).ok());
  auto reader = std::make_shared<Reader>();
  process_->keeper.Subscribe(0, reader);
  EXPECT_TRUE(process_->keeper.SendBacklogs());
  ASSERT_EQ(reader->alerts.size(), 500U);
  ASSERT_TRUE(process_->keeper.AcknowledgeMany({3, 600}, "user:ann").ok());
  EXPECT_EQ(reader->alerts.size(), 501U);
  EXPECT_FALSE(process_->keeper.SendBacklogs());
  ASSERT_EQ(reader->alerts.size(), 701U);
  std::map<std::uint64_t, alert::v1::Alert> last;
  for (const auto& alert : reader->alerts) last[alert.alert_id()] = alert;
  EXPECT_EQ(last.size(), 700U);
  EXPECT_TRUE(last[3].acknowledged());
  EXPECT_TRUE(last[600].acknowledged());
}

TEST_F(AlertKeeperTest, AReaderFarBehindIsSentABoundAndGoesOnFromThere) {
  for (int round = 0; round < 11; ++round) {
    std::vector<alerts::Alert> facts;
    for (int i = 0; i < 1'000; ++i) facts.push_back(Fact("t" + std::to_string(round * 1'000 + i)));
    ASSERT_TRUE(process_->keeper.RaiseOwn(facts).ok());
  }
  auto reader = std::make_shared<Reader>();
  Subscribe(0, reader);
  EXPECT_TRUE(reader->closed);
  ASSERT_EQ(reader->alerts.size(), 10'000U);
  auto again = std::make_shared<Reader>();
  Subscribe(reader->alerts.back().alert_id(), again);
  EXPECT_FALSE(again->closed);
  EXPECT_EQ(again->alerts.size(), 1'000U);
}

TEST_F(AlertKeeperTest, AReaderThatIsGoneIsForgotten) {
  auto reader = std::make_shared<Reader>();
  Subscribe(0, reader);
  reader->closed = true;
  Raise("a", "1");
  EXPECT_EQ(reader.use_count(), 1);
}

TEST_F(AlertKeeperTest, AnOlderProcessCanNoLongerWrite) {
  auto newer = NewProcess();
  EXPECT_FALSE(process_->keeper.Raise(Fact(), "r1", "f").ok());
  EXPECT_NE(process_->failure, "");
  EXPECT_TRUE(newer->keeper.Raise(Fact(), "r1", "f").ok());
}

TEST_F(AlertKeeperTest, WhatCouldNotBeStoredIsNotTold) {
  auto reader = std::make_shared<Reader>();
  Subscribe(0, reader);
  ASSERT_TRUE(database_
                  ->Transaction([](pqxx::transaction_base& work) {
                    work.exec("ALTER TABLE alert RENAME TO alert_away");
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_FALSE(Feed(Event(1, OrderEventType::kRejected)));
  EXPECT_TRUE(reader->alerts.empty());
  ASSERT_TRUE(database_
                  ->Transaction([](pqxx::transaction_base& work) {
                    work.exec("ALTER TABLE alert_away RENAME TO alert");
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_TRUE(Feed(Event(1, OrderEventType::kRejected)));
  ASSERT_EQ(reader->alerts.size(), 1U);
  EXPECT_EQ(reader->alerts[0].alert_id(), 1U);
}

}  // namespace
}  // namespace ballast
