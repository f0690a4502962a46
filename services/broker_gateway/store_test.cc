// What every store of the gateway promises, held against the one in memory and the one in a real Postgres.
#include "services/broker_gateway/store.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "libs/platform/postgres/testing/test_postgres.h"
#include "libs/wire/wire.h"
#include "services/broker_gateway/postgres_store.h"
#include "services/broker_gateway/testing/memory_broker_store.h"

namespace ballast {

std::vector<Migration> Migrations_broker_gateway();

namespace {

using testing::ElementsAre;

const AccountId kAccount("paper");
const Symbol kSymbol("BTC-USD");

// Where stores of one process after another find the same rows.
class Storage {
 public:
  virtual ~Storage() = default;
  virtual std::unique_ptr<BrokerStore> Open() = 0;
};

class InMemory : public Storage {
 public:
  std::unique_ptr<BrokerStore> Open() override { return std::make_unique<MemoryBrokerStore>(disk_); }

 private:
  std::shared_ptr<MemoryBrokerStore::Disk> disk_ = std::make_shared<MemoryBrokerStore::Disk>();
};

class InPostgres : public Storage {
 public:
  InPostgres() : database_(TestPostgres::Get().NewSchema()) {
    EXPECT_TRUE(database_->Migrate(Migrations_broker_gateway()).ok());
  }
  std::unique_ptr<BrokerStore> Open() override { return std::make_unique<PostgresBrokerStore>(*database_); }

 private:
  std::unique_ptr<Database> database_;
};

struct Kind {
  const char* name;
  std::function<std::unique_ptr<Storage>()> make;
};

class BrokerStoreTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    storage_ = GetParam().make();
    store_ = storage_->Open();
    ASSERT_TRUE(store_->Fence().ok());
  }
  // The next process.
  std::unique_ptr<BrokerStore> Next() {
    auto next = storage_->Open();
    EXPECT_TRUE(next->Fence().ok());
    return next;
  }
  static broker::v1::ExecutionReport Report(std::uint64_t sequence, const std::string& account = "paper") {
    broker::v1::ExecutionReport report;
    report.set_account_id(account);
    report.set_execution_sequence(sequence);
    report.set_type(broker::v1::EXECUTION_TYPE_TRADE);
    report.set_execution_id("x" + std::to_string(sequence));
    report.set_order_id("o");
    return report;
  }
  static BrokerCommit Reports(std::uint64_t first, std::uint64_t last) {
    BrokerCommit commit;
    for (std::uint64_t i = first; i <= last; ++i) commit.reports.push_back(Report(i));
    return commit;
  }
  static std::vector<std::uint64_t> Numbers(const absl::StatusOr<std::vector<broker::v1::ExecutionReport>>& reports) {
    std::vector<std::uint64_t> numbers;
    for (const auto& report : reports.value()) numbers.push_back(report.execution_sequence());
    return numbers;
  }
  static Order OrderOf(const std::string& id, OrderStatus status) {
    Order order;
    order.order_id = OrderId(id);
    order.account_id = kAccount;
    order.symbol = kSymbol;
    order.side = Side::kBuy;
    order.type = OrderType::kLimit;
    order.time_in_force = TimeInForce::kGtc;
    order.quantity = Decimal::Of("0.5");
    order.limit_price = Decimal::Of("64000.1");
    order.status = status;
    order.create_time = UtcTime{1'700'000'000'000'000'000};
    return order;
  }
  static Bar BarAt(std::int64_t nanos, const char* close) {
    return {.symbol = kSymbol,
            .timeframe = "5m",
            .start_time = UtcTime{nanos},
            .open = Decimal::Of("1"),
            .high = Decimal::Of("3"),
            .low = Decimal::Of("0.5"),
            .close = Decimal::Of(close),
            .volume = Decimal::Of("7")};
  }

  std::unique_ptr<Storage> storage_;
  std::unique_ptr<BrokerStore> store_;
};

TEST_P(BrokerStoreTest, ReportsComeBackInOrderAndPageByPage) {
  ASSERT_TRUE(store_->Append(Reports(1, 40)).ok());
  ASSERT_TRUE(store_->Append(Reports(41, 43)).ok());
  EXPECT_EQ(Numbers(store_->LoadExecutions(kAccount, 0, 100)).size(), 43U);
  EXPECT_THAT(Numbers(store_->LoadExecutions(kAccount, 38, 4)), ElementsAre(39, 40, 41, 42));
  EXPECT_THAT(Numbers(store_->LoadExecutions(kAccount, 43, 4)), ElementsAre());
  EXPECT_THAT(Numbers(store_->LoadExecutions(AccountId("other"), 0, 4)), ElementsAre());
  auto one = store_->LoadExecutions(kAccount, 6, 1);
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals((*one)[0], Report(7)));
}

TEST_P(BrokerStoreTest, ANumberIsGivenOnce) {
  ASSERT_TRUE(store_->Append(Reports(1, 3)).ok());
  BrokerCommit again = Reports(3, 4);
  again.joined[kAccount] = "elsewhere";
  EXPECT_TRUE(absl::IsAlreadyExists(store_->Append(again)));
  EXPECT_THAT(Numbers(store_->LoadExecutions(kAccount, 0, 9)), ElementsAre(1, 2, 3));
  EXPECT_TRUE(store_->LoadBrokers()->empty());  // nothing of it
  // What was lost is left out: numbers go on above it.
  ASSERT_TRUE(store_->Append(Reports(9, 9)).ok());
  EXPECT_THAT(Numbers(store_->LoadExecutions(kAccount, 2, 9)), ElementsAre(3, 9));
}

TEST_P(BrokerStoreTest, AWriterThatWasReplacedWritesNothing) {
  auto next = Next();
  EXPECT_TRUE(absl::IsFailedPrecondition(store_->Append(Reports(1, 1))));
  EXPECT_TRUE(absl::IsFailedPrecondition(store_->SaveMarket({.key = "simulated", .step = 1}, {})));
  ASSERT_TRUE(next->Append(Reports(1, 1)).ok());
  EXPECT_EQ(next->LoadMarket("simulated")->step, 0U);
}

TEST_P(BrokerStoreTest, TheVenueIsAsItWas) {
  BrokerCommit commit = Reports(1, 2);
  commit.trades = {Report(1), Report(2)};
  commit.orders = {{OrderOf("works", OrderStatus::kNew),
                    {.arrival = UtcTime{5}, .waiting = true, .queue_ahead = Decimal::Of("2.5"), .rests = true}},
                   {OrderOf("over", OrderStatus::kFilled), {}}};
  commit.ledgers = {{.account_id = kAccount,
                     .currency = "USD",
                     .cash = Decimal::Of("99.5"),
                     .positions = {{kSymbol, Decimal::Of("0.25")}, {Symbol("ETH-USD"), Decimal::Of("-1")}},
                     .execution_sequence = 2}};
  ASSERT_TRUE(store_->Append(commit).ok());
  // What is flat is no position any more.
  BrokerCommit later;
  later.ledgers = commit.ledgers;
  later.ledgers[0].positions.erase(Symbol("ETH-USD"));
  later.ledgers[0].cash = Decimal::Of("-3");
  ASSERT_TRUE(store_->Append(later).ok());
  auto next = Next();
  paper::PaperBroker venue({}, {});
  ASSERT_TRUE(next->LoadBroker(venue).ok());
  paper::Ledger expected = later.ledgers[0];
  expected.trades = 2;
  EXPECT_EQ(*venue.FindLedger(kAccount), expected);
  EXPECT_EQ(venue.size(), 1U);  // closed ones are looked up
  EXPECT_EQ(*venue.Find(OrderId("works")), commit.orders[0].order);
  EXPECT_EQ(venue.StateOf(OrderId("works")), commit.orders[0].state);
  EXPECT_EQ(venue.forgotten_until(), commit.orders[0].order.create_time);
  EXPECT_EQ(next->LoadOrder(OrderId("over"))->status, OrderStatus::kFilled);
  EXPECT_TRUE(absl::IsNotFound(next->LoadOrder(OrderId("never")).status()));
  EXPECT_THAT(Numbers(next->LoadVenueTrades(kAccount, 1, 9)), ElementsAre(2));
}

TEST_P(BrokerStoreTest, PositionsAreAsTheNewestLedgerHasThem) {
  const Symbol eth("ETH-USD"), sol("SOL-USD");
  BrokerCommit commit;
  commit.ledgers = {{.account_id = kAccount, .currency = "USD"}};
  std::map<Symbol, Decimal>& positions = commit.ledgers[0].positions;
  auto restored = [&] {
    paper::PaperBroker venue({}, {});
    EXPECT_TRUE(Next()->LoadBroker(venue).ok());
    return venue.FindLedger(kAccount)->positions;
  };
  auto append = [&](BrokerStore& store) {
    ASSERT_TRUE(store.Append(commit).ok());
    EXPECT_EQ(restored(), positions);
  };
  positions = {{kSymbol, Decimal::Of("1")}, {eth, Decimal::Of("2")}};
  append(*store_);
  // By a process that does not know what is there: one more, one less, one as it was.
  store_ = Next();
  positions = {{kSymbol, Decimal::Of("1")}, {sol, Decimal::Of("-0.5")}};
  append(*store_);
  // By one that does.
  store_ = Next();
  for (const std::map<Symbol, Decimal>& next : std::vector<std::map<Symbol, Decimal>>{
           {{kSymbol, Decimal::Of("1")}, {sol, Decimal::Of("-0.5")}, {eth, Decimal::Of("3")}},
           {{kSymbol, Decimal::Of("1.5")}, {eth, Decimal::Of("3")}},
           {{kSymbol, Decimal::Of("1.5")}, {eth, Decimal::Of("3")}},
           {},
           {{sol, Decimal::Of("7")}}}) {
    positions = next;
    ASSERT_TRUE(store_->Append(commit).ok());
  }
  EXPECT_EQ(restored(), positions);
}

TEST_P(BrokerStoreTest, AnOvertakenWriterGivesNoNumber) {
  auto next = Next();
  EXPECT_TRUE(absl::IsFailedPrecondition(store_->Append(Reports(1, 2))));
  EXPECT_TRUE(Numbers(next->LoadExecutions(kAccount, 0, 9)).empty());
  EXPECT_TRUE(next->Append(Reports(1, 2)).ok());
}

TEST_P(BrokerStoreTest, WhatIsOutIsKeptUntilItIsNot) {
  broker::OrderDesk::Kept kept{.order = OrderOf("out", OrderStatus::kUnknown),
                               .way = broker::OrderDesk::Way::kUnknown,
                               .cancel_wanted = true,
                               .contradicted = true,
                               .replace_answered = 3,
                               .triggered = true,
                               .trades = {{ExecutionId("t1"),
                                           {.quantity = Decimal::Of("0.1"),
                                            .price = Decimal::Of("7"),
                                            .fee = Decimal::Of("0.2"),
                                            .fee_currency = "BNB"}},
                                          {ExecutionId("t2"), {.version = 2, .busted = true}}}};
  BrokerCommit commit;
  commit.kept = {{OrderId("out"), kept}, {OrderId("gone"), std::nullopt}};
  commit.joined = {{kAccount, "elsewhere"}};
  ASSERT_TRUE(store_->Append(commit).ok());
  auto next = Next();
  EXPECT_THAT(*next->LoadKept(), ElementsAre(kept));
  EXPECT_EQ(*next->LoadBrokers(), commit.joined);
  BrokerCommit over;
  over.kept = {{OrderId("out"), std::nullopt}};
  over.joined = {{kAccount, "another"}};
  ASSERT_TRUE(next->Append(over).ok());
  EXPECT_TRUE(next->LoadKept()->empty());
  EXPECT_EQ(*next->LoadBrokers(), commit.joined);  // it stays with its broker
}

TEST_P(BrokerStoreTest, AnEpochNeverGoesBack) {
  ASSERT_TRUE(store_->SaveEpochs({kAccount, AccountId("b")}, 7).ok());
  ASSERT_TRUE(store_->SaveEpochs({kAccount}, 5).ok());
  ASSERT_TRUE(store_->SaveEpochs({AccountId("b")}, 9).ok());
  EXPECT_EQ(*store_->LoadEpochs(), (std::map<AccountId, std::uint64_t>{{kAccount, 7}, {AccountId("b"), 9}}));
}

TEST_P(BrokerStoreTest, TheMarketGoesOnWhereItStood) {
  market::SourceState state{.key = "simulated", .step = 4, .time = UtcTime{44}};
  state.symbols[kSymbol] = {.mid = 1, .trend = -2, .noise = 3, .regime_steps_left = 4, .sequence = 5};
  BrokerCommit step = Reports(1, 1);
  step.market = state;
  step.bars = {BarAt(1, "2")};
  ASSERT_TRUE(store_->Append(step).ok());
  auto loaded = store_->LoadMarket("simulated");
  EXPECT_EQ(loaded->step, 4U);
  EXPECT_EQ(loaded->time, UtcTime{44});
  EXPECT_EQ(loaded->symbols.at(kSymbol).trend, -2);
  EXPECT_EQ(loaded->symbols.at(kSymbol).sequence, 5U);
  EXPECT_EQ(store_->LoadMarket("replay:x")->step, 0U);
  EXPECT_EQ(store_->LoadMarket("replay:x")->key, "replay:x");
}

// A first start's past: as often as it is tried, each bar is there once, as it was first.
TEST_P(BrokerStoreTest, ManyBarsMayBeSavedAgain) {
  std::vector<Bar> past;
  for (int i = 0; i < 4'500; ++i) past.push_back(BarAt(i, "2"));
  const market::SourceState state{.key = "simulated", .step = 1};
  ASSERT_TRUE(store_->SaveMarket(state, past).ok());
  past.back().close = Decimal::Of("9");
  past.push_back(BarAt(4'500, "3"));
  ASSERT_TRUE(store_->SaveMarket(state, past).ok());
  auto newest = store_->LoadBars("simulated", kSymbol, "5m", 2);
  ASSERT_EQ(newest->size(), 2U);
  EXPECT_EQ((*newest)[0].close, Decimal::Of("2"));
  EXPECT_EQ((*newest)[1].close, Decimal::Of("3"));
  EXPECT_EQ((*newest)[1].start_time, UtcTime{4'500});
  EXPECT_EQ(store_->LoadBars("simulated", kSymbol, "5m", 10'000)->size(), 4'501U);
  EXPECT_TRUE(store_->LoadBars("simulated", kSymbol, "1h", 9)->empty());
  EXPECT_TRUE(store_->LoadBars("replay:x", kSymbol, "5m", 9)->empty());
}

TEST_P(BrokerStoreTest, AReplayIsNotMixedWithAnother) {
  ASSERT_TRUE(store_->SaveMarket({.key = "replay:a", .step = 0}, {}).ok());
  EXPECT_TRUE(store_->RefuseOtherReplay("replay:b").ok());  // not begun
  ASSERT_TRUE(store_->SaveMarket({.key = "replay:a", .step = 2}, {}).ok());
  EXPECT_TRUE(store_->RefuseOtherReplay("replay:a").ok());
  absl::Status refused = store_->RefuseOtherReplay("replay:b");
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_THAT(std::string(refused.message()), testing::HasSubstr("replay:a"));
}

INSTANTIATE_TEST_SUITE_P(Stores, BrokerStoreTest,
                         testing::Values(Kind{"memory", [] { return std::make_unique<InMemory>(); }},
                                         Kind{"postgres", [] { return std::make_unique<InPostgres>(); }}),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace ballast
