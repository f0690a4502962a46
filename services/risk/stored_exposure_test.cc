// What risk goes on from after it has started anew.
#include <pqxx/pqxx>

#include "gmock/gmock.h"
#include "services/risk/testing/keeper_fixture.h"

namespace ballast {
namespace {

using ::testing::Contains;

// Which event risk asks for next after it has started anew.
class StoredRiskTest : public RiskKeeperTest {
 protected:
  std::uint64_t Applied() {
    Start();
    Hello();
    EXPECT_EQ(session->messages.size(), 1U);
    const auto& applied = session->messages[0].ready().applied_sequences();
    auto found = applied.find("paper");
    return found == applied.end() ? 0 : found->second;
  }
  void SendFrom(std::size_t first) {
    for (std::size_t i = first; i < events.size() && !session->closed; ++i) Send(events[i]);
    if (!session->closed) Replayed();
  }
  void Trade() {
    Spy("100", "100.02", "2024-06-03T15:00:00Z");
    Fill(Side::kBuy, "400", "100.02", "2024-06-03T15:00:01Z");
    Order resting{.order_id = OrderId("o1"),
                  .account_id = AccountId("paper"),
                  .symbol = Symbol("SPY"),
                  .side = Side::kBuy,
                  .type = OrderType::kLimit,
                  .time_in_force = TimeInForce::kGtc,
                  .quantity = Decimal::FromInt(7),
                  .limit_price = Decimal::FromInt(90),
                  .status = OrderStatus::kNew,
                  .leaves_quantity = Decimal::FromInt(7)};
    OrderEvent event;
    event.type = OrderEventType::kAccepted;
    event.order = resting;
    event.execution_sequence = 5;
    Add(event);
  }
  std::string Shown() {
    Spy("99", "99.02", "2024-06-03T15:10:00Z");
    return State().ShortDebugString();
  }
};

TEST_F(StoredRiskTest, ItGoesOnFromWhatItHasStoredAndIsTheSame) {
  Trade();
  std::string before = Shown();
  keeper->SaveAll();
  ASSERT_EQ(Applied(), 2U) << "the newest of three once more, to know the log again";
  EXPECT_THAT(Blocked(State()), Contains("replaying"));
  SendFrom(2);
  EXPECT_FALSE(session->closed);
  EXPECT_EQ(Shown(), before);
  // What comes after the end of a process is the rest.
  Add([] {
    OrderEvent event;
    event.type = OrderEventType::kAccountHalted;
    return event;
  }());
  before = Shown();
  ASSERT_EQ(Applied(), 2U);
  SendFrom(2);
  EXPECT_EQ(Shown(), before);
}

TEST_F(StoredRiskTest, ItIsStoredByItselfWhenMuchHasCome) {
  Trade();
  for (int i = 0; i < 996; ++i) Fill(i % 2 == 0 ? Side::kBuy : Side::kSell, "1", "100", "2024-06-03T15:00:02Z");
  keeper->Tick();
  EXPECT_TRUE(store->LoadExposures()->empty());
  Fill(Side::kBuy, "1", "100", "2024-06-03T15:00:03Z");
  keeper->Tick();
  EXPECT_EQ(Applied(), 999U);
  SendFrom(999);
  EXPECT_EQ(State().applied_sequence(), 1'000U);
}

TEST_F(StoredRiskTest, AnotherLogIsReadFromItsBeginning) {
  Trade();
  keeper->SaveAll();
  // Restored from an older copy, and gone on differently.
  events[2].event_time.nanos += 1;
  ASSERT_EQ(Applied(), 2U);
  SendFrom(2);
  EXPECT_TRUE(session->closed);
  Hello();
  EXPECT_EQ(session->messages[0].ready().applied_sequences().at("paper"), 0U);
  SendFrom(0);
  EXPECT_FALSE(session->closed);
  EXPECT_EQ(State().applied_sequence(), 3U);
  keeper->SaveAll();
  EXPECT_EQ(Applied(), 2U);
}

TEST_F(StoredRiskTest, AShorterLogIsReadFromItsBeginning) {
  Trade();
  keeper->SaveAll();
  events.resize(2);
  ASSERT_EQ(Applied(), 2U);
  SendFrom(2);  // nothing is left to send
  EXPECT_TRUE(session->closed);
  Hello();
  EXPECT_EQ(session->messages[0].ready().applied_sequences().at("paper"), 0U);
  SendFrom(0);
  EXPECT_EQ(State().applied_sequence(), 2U);
  EXPECT_EQ(State().open_orders(), 0);
  keeper->Tick();
  EXPECT_EQ(Applied(), 1U) << "the longer one is not left in the store";
}

TEST_F(StoredRiskTest, AnEmptiedLogThatBeginsAnewIsBelieved) {
  Trade();
  keeper->SaveAll();
  ASSERT_EQ(Applied(), 2U);
  SendFrom(0);  // event 1 where event 3 was asked for
  EXPECT_TRUE(session->closed);
  Hello();
  SendFrom(0);
  EXPECT_EQ(State().applied_sequence(), 3U);
}

TEST_F(StoredRiskTest, NothingIsReservedOnWhatWasNotSeenInTheLog) {
  Trade();
  keeper->SaveAll();
  ASSERT_EQ(Applied(), 2U);
  risk::v1::RiskSessionRequest request;
  request.mutable_reserve()->set_correlation_id(1);
  request.mutable_reserve()->mutable_order()->set_account_id("paper");
  keeper->OnSession(request, session);
  EXPECT_TRUE(session->closed);
  EXPECT_EQ(session->messages.size(), 1U);
}

TEST_F(StoredRiskTest, WhatCannotBeReadIsReadFromTheLog) {
  Trade();
  keeper->SaveAll();
  ASSERT_TRUE(database
                  ->Transaction([](pqxx::transaction_base& work) {
                    work.exec("UPDATE exposure SET payload = 'x'");
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_EQ(Applied(), 0U);
  SendFrom(0);
  EXPECT_EQ(State().applied_sequence(), 3U);
}

}  // namespace
}  // namespace ballast
