// The machine of alerts turn by turn, with the clock in hand and over a storage that fails: any commit may be refused
// or lose its answer, before or after it happened, and the process may die after any turn. Every event makes its alert
// once, every request too, what the health watch tells in a life that is drained is stored once, who reads along gets
// all of it, and the same seed gives the same alerts.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "libs/wire/wire.h"
#include "services/alerts/alert_machine.h"
#include "services/alerts/testing/memory_alert_store.h"

namespace ballast {
namespace {

constexpr std::uint64_t kEvents = 1'000;
constexpr int kRequests = 100;

class HandClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return {1'700'000'000'000'000'000 + nanos}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return nanos; }
  std::int64_t nanos = 1;
};

struct Outcome {
  std::map<std::uint64_t, alerts::Alert> alerts;
  int told = 0;
  int lives = 0;
  int failures = 0;
};

// Whoever reads along keeps the last it was told of each.
class Reader : public AlertKeeper::Sender {
 public:
  explicit Reader(std::map<std::uint64_t, std::int64_t>& counts) : counts_(counts) {}
  bool Push(alert::v1::StreamAlertsResponse response) override {
    for (const auto& alert : response.alerts()) counts_[alert.alert_id()] = alert.count();
    return true;
  }
  void Close(grpc::Status) override { closed = true; }
  [[nodiscard]] bool done() const override { return closed; }
  bool closed = false;

 private:
  std::map<std::uint64_t, std::int64_t>& counts_;
};

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : dice_(seed) {
    EXPECT_TRUE(Logger::Make({.service = "simulation", .level = "CRITICAL"}, &log_).ok());
  }

  Outcome Run() {
    Begin();
    while (asked_ < kRequests || keeper_->Cursors()["paper"] < kEvents) {
      clock_.nanos += static_cast<std::int64_t>(Below(50'000'000));
      if (Chance(10)) Spoil();
      if (Chance(30) && asked_ < kRequests && !asking_) Ask();
      if (Chance(20)) Acknowledge();
      if (Chance(5)) Tell();
      if (!feeding_) Feed();
      machine_->Poll(clock_.nanos);
      if (Chance(2)) {
        Drain();
        Begin();
      }
    }
    Drain();
    for (const auto& [id, alert] : disk_->alerts) EXPECT_EQ(read_[id], alert.count) << "alert " << id;
    outcome_.alerts = disk_->alerts;
    return std::move(outcome_);
  }

 private:
  std::uint64_t Below(std::uint64_t bound) { return dice_() % bound; }
  bool Chance(std::uint64_t percent) { return Below(100) < percent; }

  // The next life of the process, over the same disk.
  void Begin() {
    ++outcome_.lives;
    asking_ = feeding_ = false;
    machine_.reset();
    keeper_.reset();
    store_ = std::make_unique<MemoryAlertStore>(disk_);
    keeper_ =
        std::make_unique<AlertKeeper>(AlertKeeper::Options{.log_level_min = alerts::AlertLevel::kCritical}, *store_,
                                      clock_, *log_, metrics_, [](const std::string& why) { ADD_FAILURE() << why; });
    machine_ = std::make_unique<AlertMachine>(*keeper_, clock_, *log_);
    ASSERT_TRUE(keeper_->Recover().ok());
    reader_ = std::make_shared<Reader>(read_);
    ASSERT_TRUE(machine_->Query([this](AlertKeeper& keeper) { keeper.Subscribe(0, reader_); }));
  }
  // As a worker does it.
  void Drain() {
    machine_->inbox().Close();
    for (runtime::Turn turn = machine_->Poll(clock_.nanos); turn.state != runtime::Turn::State::kEnded;
         turn = machine_->Poll(clock_.nanos)) {
      clock_.nanos = std::max(clock_.nanos, turn.next_ns);
    }
    EXPECT_TRUE(reader_->closed);
  }
  void Spoil() {
    bool applied = Chance(50);
    if (Chance(50))
      disk_->faults.FailNext(absl::UnknownError("the answer was lost"), applied);
    else
      disk_->faults.FailNext(absl::UnavailableError("away"), false);
  }
  // As who raises does: the same request again until it is answered.
  void Ask() {
    alerts::Alert fact;
    fact.type = alerts::AlertType::kSystem;
    fact.level = alerts::AlertLevel::kError;
    fact.title = "Raised";
    fact.text = "request " + std::to_string(asked_);
    asking_ = machine_->Command(100, [this, fact](AlertKeeper& keeper) {
      if (keeper.Raise(fact, fact.text, fact.text).ok()) ++asked_;
      asking_ = false;
    });
  }
  void Tell() {
    alerts::Alert fact;
    fact.type = alerts::AlertType::kSystem;
    fact.level = alerts::AlertLevel::kError;
    fact.title = "Told";
    fact.text = "change " + std::to_string(outcome_.told++);
    fact.first_time = fact.last_time = clock_.Now();
    machine_->Tell(fact);
  }
  void Acknowledge() {
    if (disk_->alerts.empty()) return;
    std::uint64_t id = 1 + Below(disk_->alerts.rbegin()->first);
    (void)machine_->Command(8, [id](AlertKeeper& keeper) { (void)keeper.Acknowledge(id, "user:ann"); });
  }
  // As the order log's stream does: on from the cursors, sometimes some of it again.
  void Feed() {
    order::v1::StreamOrderEventsResponse batch;
    std::uint64_t from = keeper_->Cursors()["paper"];
    if (from > 0 && Chance(20)) --from;
    for (std::uint64_t left = 1 + Below(8); left > 0 && from < kEvents; --left) {
      OrderEvent event;
      event.account_id = AccountId("paper");
      event.sequence = ++from;
      event.type = OrderEventType::kRejected;
      event.event_time = UtcTime{static_cast<std::int64_t>(event.sequence) * 1'000'000'000};
      Order order;
      order.order_id = OrderId("o" + std::to_string(event.sequence));
      order.account_id = event.account_id;
      order.symbol = Symbol("SPY");
      order.side = Side::kBuy;
      order.type = OrderType::kMarket;
      order.time_in_force = TimeInForce::kIoc;
      order.quantity = Decimal::FromInt(1);
      order.status = OrderStatus::kRejected;
      event.order = order;
      event.rejection = Rejection{.message = "no"};
      wire::ToProto(event, batch.add_events());
    }
    feeding_ = true;
    auto message = std::make_shared<const order::v1::StreamOrderEventsResponse>(std::move(batch));
    machine_->OnOrderEvents(message, [this](bool counts) {
      if (!counts) ++outcome_.failures;
      feeding_ = false;
    });
  }

  std::mt19937_64 dice_;
  HandClock clock_;
  std::unique_ptr<Logger> log_;
  Metrics metrics_;
  std::shared_ptr<MemoryAlertStore::Disk> disk_ = std::make_shared<MemoryAlertStore::Disk>();
  std::map<std::uint64_t, std::int64_t> read_;
  std::shared_ptr<Reader> reader_;
  std::unique_ptr<MemoryAlertStore> store_;
  std::unique_ptr<AlertKeeper> keeper_;
  std::unique_ptr<AlertMachine> machine_;
  int asked_ = 0;
  bool asking_ = false;
  bool feeding_ = false;
  Outcome outcome_;
};

class AlertSimulationTest : public testing::TestWithParam<std::uint64_t> {};

TEST_P(AlertSimulationTest, EveryFactIsToldOnceAndTheSameSeedIsTheSame) {
  Outcome first = Simulation(GetParam()).Run();
  std::map<std::string, std::int64_t> of_orders;
  std::int64_t of_requests = 0, of_watch = 0;
  std::uint64_t expected = 1;
  for (const auto& [id, alert] : first.alerts) {
    ASSERT_EQ(id, expected++);
    if (alert.title == "Told")
      of_watch += alert.count;
    else if (alert.order_id.empty())
      of_requests += alert.count;
    else
      of_orders[alert.order_id.value()] += alert.count;
  }
  EXPECT_EQ(of_requests, kRequests);
  EXPECT_EQ(of_watch, first.told);
  EXPECT_GT(first.told, 5);
  EXPECT_EQ(of_orders.size(), kEvents);
  for (const auto& [order, count] : of_orders) ASSERT_EQ(count, 1) << order;
  EXPECT_GT(first.failures, 5);
  EXPECT_GT(first.lives, 2);
  Outcome second = Simulation(GetParam()).Run();
  EXPECT_EQ(second.lives, first.lives);
  EXPECT_EQ(second.alerts, first.alerts) << "the same seed gave other alerts";
}

INSTANTIATE_TEST_SUITE_P(Seeds, AlertSimulationTest, testing::Values(1, 2, 3, 7, 11));

}  // namespace
}  // namespace ballast
