// Risk on one thread, a clock that the test moves and a storage that fails: the order manager's log is told over
// sessions that break, any commit may be refused or lose its answer, before or after it happened, and the process may
// die after any. What risk knows is what the log says, and the same seed gives the same answers.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "libs/wire/wire.h"
#include "services/risk/keeper.h"
#include "services/risk/testing/keeper_at_hand.h"
#include "services/risk/testing/memory_risk_store.h"

namespace ballast {
namespace {

const AccountId kAccount("paper");
constexpr std::uint64_t kEvents = 4'000;

class HandClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return {1'700'000'000'000'000'000 + nanos}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return nanos; }
  std::int64_t nanos = 1;
};

// Keeps what risk says to the order manager.
class Said : public RiskKeeper::Sender {
 public:
  bool Push(risk::v1::RiskSessionResponse response) override {
    if (response.has_ready()) applied = response.ready().applied_sequences().begin()->second;
    messages.push_back(response.SerializeAsString());
    return true;
  }
  void Close(grpc::Status) override { closed = true; }
  [[nodiscard]] bool done() const override { return closed; }
  std::vector<std::string> messages;
  std::uint64_t applied = 0;
  bool closed = false;
};

std::vector<OrderEvent> MakeLog(std::uint64_t seed) {
  std::mt19937_64 dice(seed);
  std::vector<OrderEvent> log;
  for (std::uint64_t sequence = 1; sequence <= kEvents; ++sequence) {
    OrderEvent& event = log.emplace_back();
    event.account_id = kAccount;
    event.sequence = sequence;
    event.execution_sequence = sequence;
    event.event_time = UtcTime{1'700'000'000'000'000'000 + static_cast<std::int64_t>(sequence)};
    event.type = sequence == 1 ? OrderEventType::kAccountOpened : OrderEventType::kFilled;
    if (sequence == 1) {
      event.cash = Decimal::FromInt(1'000'000);
      event.currency = "USD";
      continue;
    }
    event.fill = Fill{.execution_id = ExecutionId("e" + std::to_string(sequence)),
                      .account_id = kAccount,
                      .deployment_id = DeploymentId(dice() % 2 == 0 ? "demo" : ""),
                      .symbol = Symbol(dice() % 2 == 0 ? "SPY" : "IBM"),
                      .side = dice() % 2 == 0 ? Side::kBuy : Side::kSell,
                      .quantity = Decimal::FromInt(1 + static_cast<std::int64_t>(dice() % 5)),
                      .price = Decimal::FromInt(90 + static_cast<std::int64_t>(dice() % 20)),
                      .fee = Decimal::Of("0.01"),
                      .fee_currency = "USD",
                      .transact_time = event.event_time,
                      .sequence = sequence};
  }
  return log;
}

struct Outcome {
  KeptExposure kept;
  std::vector<std::string> said;
  int lives = 0;
  int sessions = 0;
};

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : dice_(seed), log_of_orders_(MakeLog(seed)) {
    EXPECT_TRUE(Logger::Make({.service = "simulation", .level = "CRITICAL"}, &log_).ok());
  }

  Outcome Run() {
    Begin();
    while (told_ < kEvents) {
      clock_.nanos += static_cast<std::int64_t>(Below(50'000'000));
      if (Chance(10)) Spoil();
      if (Chance(40)) Step();
      Tell();
      if (Chance(30)) Reserve();
      if (Chance(20)) keeper_->Tick();
      if (Chance(2)) Connect();
      if (Chance(4)) Begin();
    }
    disk_->faults = {};
    keeper_->SaveAll();
    outcome_.kept = disk_->exposures.at(kAccount);
    Keep();
    return std::move(outcome_);
  }

 private:
  std::uint64_t Below(std::uint64_t bound) { return dice_() % bound; }
  bool Chance(std::uint64_t percent) { return Below(100) < percent; }

  // The next life of the process, over the same disk.
  void Begin() {
    ++outcome_.lives;
    keeper_.reset();
    store_ = std::make_unique<MemoryRiskStore>(disk_);
    keeper_ = std::make_unique<KeeperAtHand>(*store_, clock_, *log_, metrics_);
    ASSERT_TRUE(keeper_->Recover().ok());
    std::vector<Instrument> instruments;
    for (const char* symbol : {"SPY", "IBM"}) {
      instruments.push_back({.symbol = Symbol(symbol),
                             .currency = "USD",
                             .tick_size = Decimal::Of("0.01"),
                             .lot_size = Decimal::Of("1"),
                             .shortable = true});
    }
    keeper_->SetInstruments(instruments);
    Connect();
  }
  void Keep() {
    if (session_) std::move(session_->messages.begin(), session_->messages.end(), std::back_inserter(outcome_.said));
  }
  // The order manager's next session: what risk does not have yet, then that this was all.
  void Connect() {
    ++outcome_.sessions;
    Keep();
    session_ = std::make_shared<Said>();
    risk::v1::RiskSessionRequest hello;
    hello.mutable_hello()->set_epoch(1);
    hello.mutable_hello()->add_account_ids(kAccount.value());
    keeper_->OnSession(hello, session_);
    std::uint64_t known = told_;
    told_ = session_->applied;
    while (told_ < known && !session_->closed) Send();
    risk::v1::RiskSessionRequest replayed;
    replayed.mutable_replayed();
    keeper_->OnSession(replayed, session_);
    ASSERT_FALSE(session_->closed);
  }
  void Send() {
    risk::v1::RiskSessionRequest request;
    order::v1::OrderEvent event;
    wire::ToProto(log_of_orders_[told_++], &event);
    request.mutable_batch()->add_events(event.SerializeAsString());
    keeper_->OnSession(request, session_);
  }
  void Tell() {
    for (std::uint64_t left = 1 + Below(10); left > 0 && told_ < kEvents; --left) Send();
    ASSERT_FALSE(session_->closed);
  }
  void Reserve() {
    Order order{.order_id = OrderId("o" + std::to_string(++asked_)),
                .account_id = kAccount,
                .symbol = Symbol("SPY"),
                .side = Chance(50) ? Side::kBuy : Side::kSell,
                .type = OrderType::kMarket,
                .time_in_force = TimeInForce::kIoc,
                .quantity = Decimal::FromInt(1 + static_cast<std::int64_t>(Below(100)))};
    risk::v1::RiskSessionRequest request;
    request.mutable_reserve()->set_correlation_id(asked_);
    wire::ToProto(order, request.mutable_reserve()->mutable_order());
    keeper_->OnSession(request, session_);
  }
  void Step() {
    std::vector<Quote> quotes;
    for (const char* symbol : {"SPY", "IBM"}) {
      Decimal price = Decimal::FromInt(90 + static_cast<std::int64_t>(Below(20)));
      quotes.push_back({.symbol = Symbol(symbol),
                        .bid_price = price,
                        .ask_price = price,
                        .last_price = price,
                        .quote_time = clock_.Now()});
      quotes.back().session_open = true;
    }
    EXPECT_TRUE(keeper_->OnStep({.quotes = std::move(quotes), .market_time = clock_.Now()}));
  }
  void Spoil() {
    bool applied = Chance(50);
    if (Chance(50))
      disk_->faults.FailNext(absl::UnknownError("the answer was lost"), applied);
    else
      disk_->faults.FailNext(absl::UnavailableError("away"), false);
  }

  std::mt19937_64 dice_;
  std::vector<OrderEvent> log_of_orders_;
  HandClock clock_;
  std::unique_ptr<Logger> log_;
  Metrics metrics_;
  std::shared_ptr<MemoryRiskStore::Disk> disk_ = std::make_shared<MemoryRiskStore::Disk>();
  std::unique_ptr<MemoryRiskStore> store_;
  std::unique_ptr<KeeperAtHand> keeper_;
  std::shared_ptr<Said> session_;
  std::uint64_t told_ = 0;
  std::uint64_t asked_ = 0;
  Outcome outcome_;
};

std::string BytesOf(const KeptExposure& kept) {
  risk::v1::StoredExposure proto;
  ToProto(kept, &proto);
  return proto.SerializeAsString();
}

class RiskKeeperSimulationTest : public testing::TestWithParam<std::uint64_t> {};

TEST_P(RiskKeeperSimulationTest, ItKnowsWhatTheLogSaysAndTheSameSeedIsTheSame) {
  Outcome first = Simulation(GetParam()).Run();
  risk::Exposure expected;
  for (const OrderEvent& event : MakeLog(GetParam())) ASSERT_TRUE(expected.Apply(event));
  risk::Exposure::Snapshot wanted = expected.TakeSnapshot();
  EXPECT_EQ(first.kept.snapshot.applied_sequence, kEvents);
  EXPECT_EQ(first.kept.execution_sequence, kEvents);
  EXPECT_EQ(first.kept.snapshot.cash, wanted.cash);
  EXPECT_EQ(first.kept.snapshot.books, wanted.books);
  EXPECT_TRUE(first.kept.snapshot.open_orders.empty());
  EXPECT_GT(first.lives, 2);
  EXPECT_GT(first.sessions, first.lives);
  Outcome second = Simulation(GetParam()).Run();
  EXPECT_EQ(second.lives, first.lives);
  EXPECT_TRUE(BytesOf(second.kept) == BytesOf(first.kept)) << "the same seed gave another state";
  EXPECT_TRUE(second.said == first.said) << "the same seed gave other answers";
  std::printf("%zu answers, %d lives, %d sessions\n", first.said.size(), first.lives, first.sessions);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RiskKeeperSimulationTest, testing::Values(1, 2, 3, 7, 11));

}  // namespace
}  // namespace ballast
