// The keeper of positions on one thread, a clock that the test moves and a storage that fails: any commit may be
// refused or lose its answer, before or after it happened, and the process may die after any. What is stored is what
// the log says, each execution once, and the same seed gives the same books.
#include <gtest/gtest.h>
#include <unistd.h>

#include <random>

#include "libs/wire/wire.h"
#include "services/positions/keeper.h"
#include "services/positions/testing/memory_position_store.h"

namespace ballast {
namespace {

constexpr std::uint64_t kEvents = 1'000;
const char* const kAccounts[] = {"paper", "second"};

class HandClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return {1'700'000'000'000'000'000 + nanos}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return nanos; }
  std::int64_t nanos = 1;
};

// The whole log of both accounts: buys and sells of two symbols by two deployments, and events that move nothing.
std::map<std::string, std::vector<OrderEvent>> MakeLog(std::uint64_t seed) {
  std::mt19937_64 dice(seed);
  std::map<std::string, std::vector<OrderEvent>> log;
  for (const char* account : kAccounts) {
    for (std::uint64_t sequence = 1; sequence <= kEvents; ++sequence) {
      OrderEvent& event = log[account].emplace_back();
      event.account_id = AccountId(account);
      event.sequence = sequence;
      event.type = OrderEventType::kAccountHalted;
      if (sequence == 1) {
        event.type = OrderEventType::kAccountOpened;
        event.cash = Decimal::FromInt(1'000'000);
        event.currency = "USD";
      } else if (dice() % 2 == 0) {
        event.type = OrderEventType::kFilled;
        event.fill = Fill{.execution_id = ExecutionId("e" + std::to_string(sequence)),
                          .order_id = OrderId("o" + std::to_string(sequence)),
                          .account_id = event.account_id,
                          .deployment_id = DeploymentId(dice() % 2 == 0 ? "demo" : ""),
                          .symbol = Symbol(dice() % 2 == 0 ? "SPY" : "IBM"),
                          .side = dice() % 2 == 0 ? Side::kBuy : Side::kSell,
                          .quantity = Decimal::FromInt(1 + static_cast<std::int64_t>(dice() % 5)),
                          .price = Decimal::FromInt(90 + static_cast<std::int64_t>(dice() % 20)),
                          .fee = Decimal::Of("0.01"),
                          .fee_currency = "USD",
                          .transact_time = UtcTime{static_cast<std::int64_t>(sequence)},
                          .sequence = sequence};
      }
    }
  }
  return log;
}

struct Outcome {
  MemoryPositionStore::Disk disk;
  int lives = 0;
  int failures = 0;
};

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : dice_(seed), log_of_orders_(MakeLog(seed)) {
    EXPECT_TRUE(Logger::Make({.service = "simulation", .level = "CRITICAL"}, &log_).ok());
  }

  Outcome Run() {
    Begin();
    while (Left()) {
      clock_.nanos += static_cast<std::int64_t>(Below(500'000'000));
      if (Chance(10)) Spoil();
      if (Chance(50)) Step();
      if (!Feed()) {
        ++outcome_.failures;
        keeper_->OnReadingAgain();
      }
      EXPECT_EQ(keeper_->Poll(clock_.nanos).state, runtime::Turn::State::kReady);
      if (Chance(3)) Begin();
    }
    // The last words make the cursor durable, wherever it stands.
    disk_->faults = {};
    keeper_->inbox().Close();
    EXPECT_EQ(keeper_->Poll(clock_.nanos).state, runtime::Turn::State::kEnded);
    outcome_.disk = *disk_;
    return std::move(outcome_);
  }

 private:
  std::uint64_t Below(std::uint64_t bound) { return dice_() % bound; }
  bool Chance(std::uint64_t percent) { return Below(100) < percent; }

  // The next life of the process, over the same disk.
  void Begin() {
    ++outcome_.lives;
    keeper_.reset();
    store_ = std::make_unique<MemoryPositionStore>(disk_);
    keeper_ = std::make_unique<PositionKeeper>(PositionKeeper::Options{}, *store_, clock_, *log_, metrics_, redis_,
                                               [](const std::string& why) { ADD_FAILURE() << why; });
    ASSERT_TRUE(keeper_->Recover().ok());
  }
  void Spoil() {
    bool applied = Chance(50);
    if (Chance(50))
      disk_->faults.FailNext(absl::UnknownError("the answer was lost"), applied);
    else
      disk_->faults.FailNext(absl::UnavailableError("away"), false);
  }
  void Step() {
    broker::v1::StreamMarketDataResponse step;
    for (const char* symbol : {"SPY", "IBM"}) {
      broker::v1::Quote& quote = *step.add_quotes();
      std::int64_t price = 90 + static_cast<std::int64_t>(Below(20));
      quote.set_symbol(symbol);
      quote.mutable_bid_price()->set_value(std::to_string(price));
      quote.mutable_ask_price()->set_value(std::to_string(price + 1));
      quote.mutable_last_price()->set_value(std::to_string(price));
      quote.mutable_bid_size()->set_value("1");
      quote.mutable_ask_size()->set_value("1");
      quote.set_session_open(true);
      wire::ToProto(clock_.Now(), quote.mutable_quote_time());
    }
    wire::ToProto(clock_.Now(), step.mutable_market_time());
    EXPECT_TRUE(keeper_->OnStep(step));
  }
  // As the order log's stream does: on from the cursors, sometimes some of it again.
  bool Feed() {
    order::v1::StreamOrderEventsResponse batch;
    std::map<std::string, std::uint64_t> cursors = keeper_->Cursors();
    for (const char* account : kAccounts) {
      std::uint64_t from = cursors[account];
      if (from > 0 && Chance(20)) --from;
      for (std::uint64_t left = 1 + Below(8); left > 0 && from < kEvents; --left) {
        wire::ToProto(log_of_orders_[account][from++], batch.add_events());
      }
    }
    if (!keeper_->OnEvents(batch)) return false;
    order::v1::StreamOrderEventsResponse heads;
    for (const auto& [account, sequence] : keeper_->Cursors()) (*heads.mutable_head_sequences())[account] = sequence;
    return keeper_->OnEvents(heads);
  }
  bool Left() {
    std::map<std::string, std::uint64_t> cursors = keeper_->Cursors();
    return cursors["paper"] < kEvents || cursors["second"] < kEvents;
  }

  std::mt19937_64 dice_;
  std::map<std::string, std::vector<OrderEvent>> log_of_orders_;
  HandClock clock_;
  std::unique_ptr<Logger> log_;
  Metrics metrics_;
  RedisCache redis_{{}};
  std::shared_ptr<MemoryPositionStore::Disk> disk_ = std::make_shared<MemoryPositionStore::Disk>();
  std::unique_ptr<MemoryPositionStore> store_;
  std::unique_ptr<PositionKeeper> keeper_;
  Outcome outcome_;
};

class PositionKeeperSimulationTest : public testing::TestWithParam<std::uint64_t> {};

TEST_P(PositionKeeperSimulationTest, TheBooksAreWhatTheLogSaysAndTheSameSeedIsTheSame) {
  Outcome first = Simulation(GetParam()).Run();
  for (const auto& [account, log] : MakeLog(GetParam())) {
    positions::AccountBook expected;
    std::vector<std::uint64_t> fills, stored;
    std::uint64_t last_fill = 1;
    for (const OrderEvent& event : log) {
      if (event.fill) last_fill = event.sequence;
    }
    for (const OrderEvent& event : log) {
      ASSERT_TRUE(expected.Apply(event).ok);
      if (event.fill) fills.push_back(event.sequence);
    }
    AccountId id(account);
    const positions::AccountBook& book = first.disk.books.at(id);
    EXPECT_EQ(positions::Differences(book, expected), std::vector<std::string>());
    // What moves nothing but the cursor is stored with the next that does.
    EXPECT_GE(book.totals().sequence, last_fill);
    EXPECT_EQ(book.totals().fills, static_cast<std::int64_t>(fills.size()));
    for (const auto& [sequence, fill] : first.disk.fills.at(id)) stored.push_back(sequence);
    EXPECT_EQ(stored, fills) << "each execution once";
  }
  EXPECT_GT(first.failures, 5);
  EXPECT_GT(first.lives, 2);
  Outcome second = Simulation(GetParam()).Run();
  EXPECT_EQ(second.lives, first.lives);
  EXPECT_EQ(second.disk.points.size(), first.disk.points.size());
  for (const auto& [id, book] : first.disk.books) {
    const positions::AccountBook& again = second.disk.books.at(id);
    EXPECT_EQ(again.totals(), book.totals());
    EXPECT_EQ(again.net(), book.net());
    EXPECT_EQ(again.books(), book.books());
    EXPECT_EQ(again.book_totals(), book.book_totals());
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PositionKeeperSimulationTest, testing::Values(1, 2, 3, 7, 11));

}  // namespace
}  // namespace ballast
