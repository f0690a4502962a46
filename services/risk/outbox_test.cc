#include "services/risk/outbox.h"

#include <pqxx/pqxx>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/platform/postgres/testing/test_postgres.h"
#include "services/risk/postgres_store.h"

namespace ballast {

std::vector<Migration> Migrations_risk();

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class OutboxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Logger::Make({.service = "test", .directory = "", .level = "CRITICAL"}, &log).ok());
    database = TestPostgres::Get().NewSchema();
    ASSERT_TRUE(database->Migrate(Migrations_risk()).ok());
    store = std::make_unique<PostgresRiskStore>(*database);
    Restart();
  }
  // As after a SIGKILL.
  void Restart() {
    outbox = std::make_unique<Outbox>(*store,
                                      Outbox::Targets{.append =
                                                          [this](const audit::v1::AppendRecordRequest& record) {
                                                            if (audit.ok()) records.push_back(record);
                                                            return audit;
                                                          },
                                                      .raise =
                                                          [this](const alert::v1::RaiseAlertRequest& alert) {
                                                            if (alerting.ok()) alerts.push_back(alert);
                                                            return alerting;
                                                          },
                                                      .engage =
                                                          [this](const order::v1::EngageEmergencyRequest& request) {
                                                            if (managing.ok()) emergencies.push_back(request);
                                                            return managing;
                                                          }},
                                      *log, metrics);
  }
  RiskStore::Update Update(std::uint64_t version, const char* request_id) {
    RiskStore::Update update{
        .account_id = AccountId("paper"), .reason = "more", .actor = "user:ann", .request_id = request_id};
    update.limits.version = version;
    return update;
  }
  static RiskStore::EquityMark Tripped(std::int64_t nanos) {
    RiskStore::EquityMark mark;
    mark.latches.daily_loss = risk::LossTrip{.time = UtcTime{nanos},
                                             .baseline = Decimal::FromInt(100),
                                             .equity = Decimal::FromInt(94),
                                             .limit = Decimal::FromInt(5)};
    return mark;
  }
  [[nodiscard]] std::vector<std::string> Actions() const {
    std::vector<std::string> actions;
    for (const auto& record : records) actions.push_back(record.action());
    return actions;
  }

  std::unique_ptr<Logger> log;
  Metrics metrics;
  std::unique_ptr<Database> database;
  std::unique_ptr<RiskStore> store;
  std::unique_ptr<Outbox> outbox;
  absl::Status audit, alerting, managing;
  std::vector<audit::v1::AppendRecordRequest> records;
  std::vector<order::v1::EngageEmergencyRequest> emergencies;
  std::vector<alert::v1::RaiseAlertRequest> alerts;
};

TEST_F(OutboxTest, WhoChangedLimitsIsInTheChainAlthoughAuditWasAwayAndRiskWasKilled) {
  audit = absl::UnavailableError("away");
  ASSERT_TRUE(store->SaveLimits(Update(1, "a")).ok());
  EXPECT_TRUE(absl::IsUnavailable(outbox->SendAll()));
  EXPECT_THAT(metrics.Text(), HasSubstr("ballast_risk_outbox_waiting 1"));
  Restart();
  audit = absl::OkStatus();
  EXPECT_EQ(outbox->SendAll(), absl::OkStatus());
  ASSERT_THAT(Actions(), ElementsAre("limits.updated"));
  EXPECT_EQ(records[0].actor(), "user:ann");
  EXPECT_EQ(records[0].account_id(), "paper");
  EXPECT_THAT(records[0].detail(), HasSubstr(R"("reason":"more")"));
  EXPECT_THAT(records[0].detail(), HasSubstr(R"("version":"2")"));
  EXPECT_THAT(records[0].detail(), HasSubstr(R"("daily_loss_ratio":"0)"));
  EXPECT_EQ(outbox->SendAll(), absl::OkStatus());
  EXPECT_EQ(records.size(), 1U) << "once";
}

TEST_F(OutboxTest, ARepeatedOrRefusedChangeIsNoFact) {
  ASSERT_TRUE(store->SaveLimits(Update(1, "a")).ok());
  ASSERT_TRUE(store->SaveLimits(Update(1, "a")).ok());
  EXPECT_FALSE(store->SaveLimits(Update(1, "b")).ok());
  EXPECT_EQ(outbox->SendAll(), absl::OkStatus());
  EXPECT_THAT(Actions(), ElementsAre("limits.updated"));
}

TEST_F(OutboxTest, ATripIsAnAlertAndARecordOfItsOwnOnce) {
  alerting = absl::UnavailableError("away");
  ASSERT_EQ(store->SaveMarks({{AccountId("paper"), Tripped(7)}}, {}), absl::OkStatus());
  ASSERT_EQ(store->SaveMarks({{AccountId("paper"), Tripped(7)}}, {}), absl::OkStatus());
  EXPECT_FALSE(outbox->SendAll().ok());
  EXPECT_THAT(Actions(), ElementsAre("loss_rules.tripped")) << "whoever is there is told";
  alerting = absl::OkStatus();
  EXPECT_EQ(outbox->SendAll(), absl::OkStatus());
  ASSERT_EQ(alerts.size(), 1U);
  EXPECT_EQ(alerts[0].title(), "Daily loss limit reached");
  EXPECT_EQ(alerts[0].level(), alert::v1::ALERT_LEVEL_CRITICAL);
  EXPECT_THAT(alerts[0].text(), HasSubstr("equity 94 is 6 below the day's start of 100"));
  // Taken back by a person, and tripped again.
  RiskStore::Rearm rearm{.account_id = AccountId("paper"),
                         .asked = {},
                         .rearmed = {"daily_loss"},
                         .reason = "looked at it",
                         .actor = "user:ann",
                         .request_id = "r",
                         .after = RiskStore::EquityMark()};
  ASSERT_TRUE(store->SaveRearm(rearm).ok());
  ASSERT_TRUE(store->SaveRearm(rearm).ok());
  ASSERT_EQ(store->SaveMarks({{AccountId("paper"), Tripped(9)}}, {}), absl::OkStatus());
  EXPECT_EQ(outbox->SendAll(), absl::OkStatus());
  EXPECT_THAT(Actions(), ElementsAre("loss_rules.tripped", "loss_rules.rearmed", "loss_rules.tripped"));
  EXPECT_EQ(records[1].detail(), R"({"reason":"looked at it","rules":["daily_loss"]})");
  ASSERT_EQ(alerts.size(), 2U);
  EXPECT_NE(alerts[0].request_id(), alerts[1].request_id());
}

TEST_F(OutboxTest, WhatABreakerAsksForIsToldUntilItIsTaken) {
  managing = absl::UnavailableError("away");
  order::v1::EngageEmergencyRequest request;
  request.mutable_command()->set_command_id("halt-1");
  RiskStore::Message message{.target = RiskStore::Target::kOrders, .request = request.SerializeAsString()};
  ASSERT_EQ(store->SaveBreakers({}, {message}), absl::OkStatus());
  EXPECT_FALSE(outbox->SendAll().ok());
  Restart();
  managing = absl::OkStatus();
  EXPECT_EQ(outbox->SendAll(), absl::OkStatus());
  EXPECT_EQ(outbox->SendAll(), absl::OkStatus());
  ASSERT_EQ(emergencies.size(), 1U);
  EXPECT_EQ(emergencies[0].command().command_id(), "halt-1");
}

TEST_F(OutboxTest, MuchForOneThatIsAwayIsInNobodysWay) {
  audit = absl::UnavailableError("away");
  for (std::uint64_t version = 1; version <= RiskStore::kOutboxPage + 1; ++version) {
    ASSERT_TRUE(store->SaveLimits(Update(version, ("limits-" + std::to_string(version)).c_str())).ok());
  }
  ASSERT_EQ(store->SaveMarks({{AccountId("paper"), Tripped(7)}}, {}), absl::OkStatus());
  EXPECT_FALSE(outbox->SendAll().ok());
  EXPECT_EQ(alerts.size(), 1U);
  audit = absl::OkStatus();
  EXPECT_EQ(outbox->SendAll(), absl::OkStatus());
  EXPECT_EQ(outbox->SendAll(), absl::OkStatus());
  EXPECT_EQ(records.size(), static_cast<std::size_t>(RiskStore::kOutboxPage) + 2);
}

TEST_F(OutboxTest, WhatCanNeverBeTakenStaysAndHoldsNobodyUp) {
  audit = absl::AlreadyExistsError("another record has this id");
  ASSERT_TRUE(store->SaveLimits(Update(1, "a")).ok());
  EXPECT_EQ(outbox->SendAll(), absl::OkStatus());
  audit = absl::OkStatus();
  ASSERT_TRUE(store->SaveLimits(Update(2, "b")).ok());
  EXPECT_EQ(outbox->SendAll(), absl::OkStatus());
  EXPECT_EQ(records.size(), 1U);
  ASSERT_EQ(database->Transaction([](pqxx::transaction_base& work) {
    EXPECT_EQ(work.exec1("SELECT refusal FROM outbox")[0].as<std::string>(), "another record has this id");
    return absl::OkStatus();
  }),
            absl::OkStatus());
}

}  // namespace
}  // namespace ballast
