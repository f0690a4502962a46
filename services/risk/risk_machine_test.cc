// What the machine does first, what it keeps waiting, and how it ends: turn by turn, with a storage that answers when
// the test says so.
#include "services/risk/risk_machine.h"

#include <gtest/gtest.h>

#include "services/risk/store_machine.h"
#include "services/risk/testing/memory_risk_store.h"

namespace ballast {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

class StillClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return *UtcTime::Parse("2026-01-01T00:00:00Z"); }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return nanos; }
  std::int64_t nanos = 1;
};

class Line : public RiskKeeper::Sender {
 public:
  bool Push(risk::v1::RiskSessionResponse response) override {
    said.push_back(std::move(response));
    return true;
  }
  void Close(grpc::Status status) override { closed = status.error_code(); }
  [[nodiscard]] bool done() const override { return closed != grpc::OK; }
  std::vector<risk::v1::RiskSessionResponse> said;
  grpc::StatusCode closed = grpc::OK;
};

class RiskMachineTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Logger::Make({.service = "test", .level = "CRITICAL"}, &log_).ok());
    keeper_ = std::make_unique<RiskKeeper>(storage_, clock_, *log_, metrics_);
    machine_ = std::make_unique<RiskMachine>(*keeper_);
    ASSERT_TRUE(keeper_->Recover(store_).ok());
    risk::v1::RiskSessionRequest request;
    request.mutable_hello()->set_epoch(1);
    request.mutable_hello()->add_account_ids("paper");
    Hear(request);
    order::v1::OrderEvent& opened = *request.mutable_events()->add_events();
    opened.set_account_id("paper");
    opened.set_sequence(1);
    opened.set_type(order::v1::ORDER_EVENT_TYPE_ACCOUNT_OPENED);
    opened.set_mode(type::v1::ACCOUNT_MODE_PAPER);
    opened.mutable_cash()->set_value("100000");
    opened.set_currency("USD");
    Hear(request);
    request.mutable_replayed();
    Hear(request);
    // What the opening has moved is stored, and the storage has nothing to do.
    for (int turns = 0; turns < 3; ++turns) {
      (void)Poll();
      Store();
    }
    (void)Poll();
    ASSERT_EQ(line_->closed, grpc::OK);
    ASSERT_TRUE(keeper_->GetLimits("paper").ok());
  }
  void Hear(risk::v1::RiskSessionRequest request) {
    ASSERT_TRUE(machine_->Hear(std::move(request), line_, [this] { ++taken_; }));
  }
  void Reserve(std::uint64_t correlation) {
    risk::v1::RiskSessionRequest request;
    request.mutable_reserve()->set_correlation_id(correlation);
    request.mutable_reserve()->mutable_order()->set_account_id("paper");
    Hear(std::move(request));
  }
  runtime::Turn Poll() { return machine_->Poll(clock_.nanos); }
  void Store() { (void)storage_.Poll(clock_.nanos); }
  // Says what became of it; `*told` "waits" until then.
  std::shared_ptr<std::string> ChangeLimits(const std::string& id, std::uint64_t version, int open_orders) {
    auto told = std::make_shared<std::string>("waits");
    RiskStore::Update update{.account_id = AccountId("paper"), .reason = "why", .actor = "ann", .request_id = id};
    update.limits.version = version;
    update.limits.max_open_orders = open_orders;
    EXPECT_TRUE(machine_->Command(100, [update, told](RiskKeeper& keeper) {
      keeper.UpdateLimits(update, [told](const absl::StatusOr<RiskKeeper::Changed>& changed) {
        *told = absl::StatusCodeToString(changed.status().code());
      });
    }));
    return told;
  }

  StillClock clock_;
  std::unique_ptr<Logger> log_;
  Metrics metrics_;
  std::shared_ptr<MemoryRiskStore::Disk> disk_ = std::make_shared<MemoryRiskStore::Disk>();
  MemoryRiskStore store_{disk_};
  StoreMachine storage_{store_, [this](RiskStorage::Then then) { machine_->Answer(std::move(then)); }};
  std::unique_ptr<RiskKeeper> keeper_;
  std::unique_ptr<RiskMachine> machine_;
  std::shared_ptr<Line> line_ = std::make_shared<Line>();
  int taken_ = 0;
};

TEST_F(RiskMachineTest, WhatIsChangedGoesFirstAndWhoReadsLast) {
  std::string order;
  EXPECT_TRUE(machine_->Query([&](RiskKeeper&) { order += "query "; }));
  machine_->OnStep({.market_time = clock_.Now()}, [&](bool) { order += "step "; });
  int before = taken_;
  Reserve(1);
  EXPECT_TRUE(machine_->Query([&](RiskKeeper&) { order += "another"; }));
  EXPECT_TRUE(machine_->Command(1, [&](RiskKeeper&) {
    EXPECT_EQ(taken_, before);
    order += "change ";
  }));
  (void)Poll();
  EXPECT_EQ(order, "change step query another");
  EXPECT_EQ(taken_, before + 1);
}

TEST_F(RiskMachineTest, AReservationIsAnsweredWhileTheStorageIsWaitedFor) {
  auto changed = ChangeLimits("r1", 1, 7);
  (void)Poll();
  std::size_t said = line_->said.size();
  for (std::uint64_t correlation = 1; correlation <= 3; ++correlation) {
    Reserve(correlation);
    (void)Poll();
    EXPECT_EQ(line_->said.size(), said + correlation);
  }
  EXPECT_EQ(*changed, "waits");
  EXPECT_EQ(keeper_->GetLimits("paper")->max_open_orders, risk::Limits().max_open_orders) << "not before it is durable";
  Store();
  EXPECT_EQ(*changed, "waits") << "in a turn of the machine";
  (void)Poll();
  EXPECT_EQ(*changed, "OK");
  EXPECT_EQ(keeper_->GetLimits("paper")->max_open_orders, 7);
}

// Each looks at what the one before it has left.
TEST_F(RiskMachineTest, ChangesAreMadeOneAfterTheOther) {
  auto first = ChangeLimits("r1", 1, 7), second = ChangeLimits("r2", 2, 8), late = ChangeLimits("r3", 2, 9);
  for (int turns = 0; turns < 20; ++turns) {
    (void)Poll();
    Store();
  }
  EXPECT_EQ(*first, "OK");
  EXPECT_EQ(*second, "OK");
  EXPECT_EQ(*late, "ABORTED");
  EXPECT_EQ(keeper_->GetLimits("paper")->max_open_orders, 8);
}

TEST_F(RiskMachineTest, WhatWaitsIsBoundedAndWhoComesTooLateIsToldSo) {
  std::vector<std::shared_ptr<std::string>> asked;
  for (int i = 0; i < 200; ++i) {
    asked.push_back(ChangeLimits("r" + std::to_string(i), 1, 7));
    (void)Poll();
  }
  EXPECT_EQ(*asked.front(), "waits");
  EXPECT_EQ(*asked.back(), "RESOURCE_EXHAUSTED");
  int queries = 0;
  while (machine_->Query([](RiskKeeper&) {})) ++queries;
  EXPECT_GT(queries, 100);
  EXPECT_TRUE(machine_->Command(1, [](RiskKeeper&) {})) << "who reads is in nobody's way";
  // Readers of the storage, too.
  int refused = 0;
  risk::v1::ListLimitChangesResponse response;
  for (int i = 0; i < 200; ++i) {
    keeper_->ListLimitChanges(
        false, &response, [&](const absl::Status& status) { refused += absl::IsResourceExhausted(status) ? 1 : 0; });
  }
  EXPECT_GT(refused, 0);
}

TEST_F(RiskMachineTest, WhoeverHasGoneIsReservedNothing) {
  std::size_t said = line_->said.size();
  int before = taken_;
  Reserve(1);
  line_->closed = grpc::CANCELLED;
  (void)Poll();
  EXPECT_EQ(line_->said.size(), said);
  EXPECT_EQ(taken_, before + 1) << "the next may come all the same";
}

TEST_F(RiskMachineTest, AMarketThatWaitsForItsExecutionsHoldsUpNobody) {
  std::string taken = "waits";
  RiskKeeper::Step step{.market_time = *UtcTime::Parse("2026-01-01T00:00:00Z"), .lockstep = true};
  step.execution_sequences[AccountId("paper")] = 9;
  machine_->OnStep(step, [&](bool ok) { taken = ok ? "taken" : "refused"; });
  (void)Poll();
  EXPECT_EQ(taken, "waits");
  std::size_t said = line_->said.size();
  Reserve(1);
  (void)Poll();
  EXPECT_EQ(line_->said.size(), said + 1);
  risk::v1::RiskSessionRequest request;
  order::v1::OrderEvent& event = *request.mutable_events()->add_events();
  event.set_account_id("paper");
  event.set_sequence(2);
  event.set_execution_sequence(9);
  event.set_type(order::v1::ORDER_EVENT_TYPE_ACCOUNT_HALTED);
  Hear(request);
  // A new day is stored before the market moves on.
  for (int turns = 0; turns < 5; ++turns) {
    (void)Poll();
    Store();
  }
  EXPECT_EQ(taken, "taken");
  EXPECT_GT(disk_->marks.at(AccountId("paper")).baseline.day, 0);
  // Once more, and the service stops: it waits no longer.
  step.execution_sequences[AccountId("paper")] = 99;
  taken = "waits";
  machine_->OnStep(step, [&](bool ok) { taken = ok ? "taken" : "refused"; });
  (void)Poll();
  machine_->inbox().Close();
  (void)Poll();
  EXPECT_EQ(taken, "refused");
}

TEST_F(RiskMachineTest, AtTheEndWhoWaitsIsToldAndWhatWasAskedIsStored) {
  auto first = ChangeLimits("r1", 1, 7), second = ChangeLimits("r2", 2, 8);
  machine_->inbox().Close();
  EXPECT_FALSE(machine_->Hear({}, line_, [] {}));
  runtime::Turn turn = Poll();
  turn = Poll();
  EXPECT_EQ(turn.state, runtime::Turn::State::kBlocked);
  EXPECT_EQ(line_->closed, grpc::UNAVAILABLE);
  for (int turns = 0; turns < 10; ++turns) {
    Store();
    turn = Poll();
  }
  EXPECT_EQ(turn.state, runtime::Turn::State::kEnded);
  EXPECT_EQ(*first, "OK");
  EXPECT_EQ(*second, "OK");
  EXPECT_EQ(disk_->limits.size(), 2U);
  EXPECT_EQ(disk_->exposures.at(AccountId("paper")).snapshot.applied_sequence, 1U);
}

// A storage that never answers in time: what it is at is waited for, what waits behind it is told.
TEST_F(RiskMachineTest, WhatStillWaitsAfterFiveSecondsIsGivenUp) {
  auto first = ChangeLimits("r1", 1, 7), second = ChangeLimits("r2", 2, 8);
  machine_->inbox().Close();
  (void)Poll();
  (void)Poll();
  clock_.nanos += 6 * kSecondNs;
  (void)Poll();
  EXPECT_EQ(*first, "waits");
  runtime::Turn turn;
  for (int turns = 0; turns < 10; ++turns) {
    Store();
    turn = Poll();
  }
  EXPECT_EQ(turn.state, runtime::Turn::State::kEnded);
  EXPECT_EQ(*first, "OK");
  EXPECT_EQ(*second, "UNAVAILABLE");
  EXPECT_EQ(disk_->limits.size(), 1U);
}

// A trip is told and stored in the turn that sees it, not at the next second.
TEST_F(RiskMachineTest, WhatMustNotWaitIsNotLeftToTheNextSecond) {
  (void)Poll();
  EXPECT_GT(Poll().next_ns, clock_.nanos);
  machine_->OnStep({.market_time = *UtcTime::Parse("2026-01-01T15:00:00Z")}, [](bool) {});
  (void)Poll();
  Store();
  EXPECT_GT(disk_->marks.at(AccountId("paper")).baseline.day, 0) << "a day has begun";
}

}  // namespace
}  // namespace ballast
