// Risk's machines on one thread, with a clock that the test moves and a storage that answers late: people change limits
// and re-arm rules and ask again until they are answered, the order manager tells its log over sessions that break, the
// market moves, and the process dies in each of its commits in turn, before and after it happened. What was answered
// stands, nothing is done twice, and the same seed gives the same bytes.
#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <set>

#include "libs/wire/wire.h"
#include "services/risk/risk_machine.h"
#include "services/risk/store_machine.h"
#include "services/risk/testing/memory_risk_store.h"

namespace ballast {
namespace {

const AccountId kBook("paper");
constexpr std::uint64_t kLogLength = 60;

class TurnedClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return {1'700'000'000'000'000'000 + nanos}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return nanos; }
  std::int64_t nanos = 1;
};

class Heard : public RiskKeeper::Sender {
 public:
  bool Push(risk::v1::RiskSessionResponse response) override {
    if (response.has_ready()) {
      ready = true;
      applied = response.ready().applied_sequences().begin()->second;
    }
    said += response.SerializeAsString() + "\n";
    return true;
  }
  void Close(grpc::Status) override { closed = true; }
  [[nodiscard]] bool done() const override { return closed; }
  std::string said;
  std::uint64_t applied = 0;
  bool ready = false;
  bool closed = false;
};

struct Death {
  int commit = 0;
  bool applied = false;
};

struct Story {
  std::string bytes;
  int commits = 0;
  int lives = 0;
  int answered = 0;
  int rearmed = 0;
};

class MachineSimulation {
 public:
  MachineSimulation(std::uint64_t seed, Death death) : dice_(seed) {
    EXPECT_TRUE(Logger::Make({.service = "simulation", .level = "CRITICAL"}, &log_).ok());
    MakeLog();
    if (death.commit > 0) disk_->faults.DieAt(death.commit, death.applied);
  }

  Story Run() {
    Begin();
    while (told_ < kLogLength || asking_) {
      clock_.nanos += static_cast<std::int64_t>(Below(400'000'000));
      if (told_ < kLogLength) SendEvent();
      if (Chance(60)) Step();
      if (Chance(30)) Reserve();
      if (Chance(25)) Ask();
      if (Chance(3)) Connect();
      // An answer is lost: it may have happened.
      if (Chance(8)) disk_->faults.FailNext(absl::UnknownError("the answer was lost"), Chance(60));
      Turns(static_cast<int>(Below(6)));
      if (disk_->faults.dead()) Begin();
    }
    End();
    return std::move(story_);
  }

 private:
  std::uint64_t Below(std::uint64_t bound) { return dice_() % bound; }
  bool Chance(std::uint64_t percent) { return Below(100) < percent; }

  void MakeLog() {
    for (std::uint64_t sequence = 1; sequence <= kLogLength; ++sequence) {
      OrderEvent& event = events_.emplace_back();
      event.account_id = kBook;
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
                        .account_id = kBook,
                        .symbol = Symbol("SPY"),
                        .side = Below(2) == 0 ? Side::kBuy : Side::kSell,
                        .quantity = Decimal::FromInt(300 + static_cast<std::int64_t>(Below(1'500))),
                        .price = Decimal::FromInt(100),
                        .transact_time = event.event_time,
                        .sequence = sequence};
    }
  }

  // The next life of the process, over the same disk.
  void Begin() {
    ++story_.lives;
    story_.commits += disk_->faults.commits;
    if (story_.lives > 1) disk_->faults = {};
    Keep();
    session_.reset();
    machine_.reset();
    keeper_.reset();
    storage_.reset();
    store_ = std::make_unique<MemoryRiskStore>(disk_);
    storage_ =
        std::make_unique<StoreMachine>(*store_, [this](RiskStorage::Then then) { machine_->Answer(std::move(then)); });
    keeper_ = std::make_unique<RiskKeeper>(*storage_, clock_, *log_, metrics_);
    machine_ = std::make_unique<RiskMachine>(*keeper_);
    ASSERT_TRUE(keeper_->Recover(*store_).ok());
    keeper_->SetInstruments({{.symbol = Symbol("SPY"),
                              .currency = "USD",
                              .tick_size = Decimal::Of("0.01"),
                              .lot_size = Decimal::Of("1"),
                              .shortable = true}});
    if (asking_) asked_in_vain_ = true;
    Connect();
  }
  void Keep() {
    if (session_) story_.bytes += session_->said;
  }
  void Hear(risk::v1::RiskSessionRequest request) {
    ASSERT_TRUE(machine_->Hear(std::move(request), session_, [] {}));
  }
  void Connect() {
    Keep();
    session_ = std::make_shared<Heard>();
    risk::v1::RiskSessionRequest hello;
    hello.mutable_hello()->set_epoch(1);
    hello.mutable_hello()->add_account_ids(kBook.value());
    Hear(hello);
    while (!session_->ready) (void)machine_->Poll(clock_.nanos);
    std::uint64_t known = told_;
    told_ = session_->applied;
    while (told_ < known) SendEvent();
    risk::v1::RiskSessionRequest replayed;
    replayed.mutable_replayed();
    Hear(replayed);
  }
  void SendEvent() {
    risk::v1::RiskSessionRequest request;
    order::v1::OrderEvent event;
    wire::ToProto(events_[told_++], &event);
    request.mutable_batch()->add_events(event.SerializeAsString());
    Hear(std::move(request));
  }
  void Reserve() {
    Order order{.order_id = OrderId("o" + std::to_string(++reserved_)),
                .account_id = kBook,
                .symbol = Symbol("SPY"),
                .side = Chance(50) ? Side::kBuy : Side::kSell,
                .type = OrderType::kMarket,
                .time_in_force = TimeInForce::kIoc,
                .quantity = Decimal::FromInt(1 + static_cast<std::int64_t>(Below(100)))};
    risk::v1::RiskSessionRequest request;
    request.mutable_reserve()->set_correlation_id(reserved_);
    wire::ToProto(order, request.mutable_reserve()->mutable_order());
    Hear(std::move(request));
  }
  void Step() { StepAt(Decimal::FromInt(90 + static_cast<std::int64_t>(Below(21)))); }
  void StepAt(Decimal price) {
    Quote quote{.symbol = Symbol("SPY"),
                .bid_price = price,
                .ask_price = price + Decimal::Of("0.01"),
                .last_price = price,
                .quote_time = clock_.Now()};
    quote.session_open = true;
    machine_->OnStep({.quotes = {quote}, .market_time = clock_.Now()}, [](bool ok) { EXPECT_TRUE(ok); });
  }

  // A person: one thing at a time, asked again under the same id until it is answered with yes.
  void Ask() {
    if (asking_ && !asked_in_vain_) return;
    if (!asking_) {
      asking_ = true;
      asked_in_life_ = story_.lives;
      asked_time_ = clock_.Now();
      kind_ = Below(3);
      request_id_ = "r" + std::to_string(++requests_);
      update_ = {};
    }
    asked_in_vain_ = false;
    if (kind_ == 0) {
      AskLimits();
    } else if (kind_ == 1) {
      AskSet();
    } else {
      AskRearm();
    }
  }
  // In this life: what is answered to the dead is heard by nobody.
  std::function<void(absl::Status)> Answered() {
    return [this, life = story_.lives, id = request_id_](const absl::Status& status) {
      story_.bytes += id + " " + status.ToString() + "\n";
      if (life != story_.lives || disk_->faults.dead()) return;
      asked_in_vain_ = !status.ok();
      if (!status.ok()) return;
      asking_ = false;
      ++story_.answered;
      if (kind_ == 0) acknowledged_.insert(id);
    };
  }
  void AskLimits() {
    ASSERT_TRUE(machine_->Command(100, [this, done = Answered()](RiskKeeper& keeper) {
      if (!update_) {
        auto now = keeper.GetLimits(kBook.value());
        if (!now.ok()) return done(now.status());
        update_ = {.account_id = kBook, .limits = *now, .reason = "why", .actor = "ann", .request_id = request_id_};
        update_->limits.max_open_orders = 10 + requests_;
      }
      keeper.UpdateLimits(*update_, [done](const absl::StatusOr<RiskKeeper::Changed>& saved) { done(saved.status()); });
    }));
  }
  void AskSet() {
    ASSERT_TRUE(machine_->Command(100, [this, done = Answered()](RiskKeeper& keeper) {
      set_answers_.emplace_back();
      keeper.SetScopedLimits({.set = {.scope = {.account_id = kBook, .symbol = Symbol("S" + request_id_)},
                                      .values = {{"max_order_notional", Decimal::FromInt(100 + requests_)}}},
                              .reason = "why",
                              .actor = "ann",
                              .request_id = request_id_},
                             &set_answers_.back(), done);
    }));
  }
  void AskRearm() {
    ASSERT_TRUE(machine_->Command(100, [this, done = Answered()](RiskKeeper& keeper) {
      risk::v1::RearmLossRulesRequest request;
      request.set_request_id(request_id_);
      request.set_account_id(kBook.value());
      request.set_reason("looked");
      request.set_actor("ann");
      auto& answer = rearm_answers_.emplace_back();
      keeper.Rearm(request, &answer, [this, &answer, done](const absl::Status& status) {
        if (status.ok()) OnRearmed(answer);
        done(status);
      });
    }));
  }

  void OnRearmed(const risk::v1::RearmLossRulesResponse& answer) {
    story_.rearmed += answer.rearmed_size() > 0 ? 1 : 0;
    // One that was stored in a former life may have been tripped anew since.
    if (asked_in_life_ != story_.lives) return;
    risk::v1::GetRiskStateResponse state;
    EXPECT_TRUE(keeper_->State(kBook.value(), &state).ok());
    // It may have been tripped anew, by what was lost while this was stored; not as it was when this was asked for.
    const std::set<std::string> rearmed(answer.rearmed().begin(), answer.rearmed().end());
    for (const auto& rule : state.loss_rules()) {
      if (!rearmed.contains(rule.name()) || rule.state() != risk::v1::LOSS_RULE_STATE_TRIPPED) continue;
      EXPECT_GT(wire::FromProto(rule.trip_time()), asked_time_) << request_id_ << ": " << rule.ShortDebugString();
    }
  }

  // Either of the two machines, as it comes: the storage may be late by much.
  void Turns(int count) {
    for (; count > 0 && !disk_->faults.dead(); --count) {
      if (Chance(60))
        (void)machine_->Poll(clock_.nanos);
      else
        (void)storage_->Poll(clock_.nanos);
    }
  }
  // Until all that has been told is taken.
  void Settle() {
    while (machine_->waiting() > 0) (void)machine_->Poll(clock_.nanos);
  }
  // The service is told to stop.
  void Close() {
    machine_->inbox().Close();
    bool ended = false;
    for (int turns = 0; turns < 1'000 && !ended; ++turns) {
      ended = machine_->Poll(clock_.nanos).state == runtime::Turn::State::kEnded;
      (void)storage_->Poll(clock_.nanos);
    }
    ASSERT_TRUE(ended);
  }
  std::string Shown() {
    StepAt(Decimal::FromInt(100));
    Settle();
    risk::v1::GetRiskStateResponse state;
    EXPECT_TRUE(keeper_->State(kBook.value(), &state).ok());
    std::string shown;
    for (const auto& rule : state.loss_rules()) shown += rule.ShortDebugString() + "\n";
    for (const std::string& by : state.blocked_by()) shown += by + "\n";
    shown += state.equity().value() + " " + state.day_start_equity().value() + " " + state.peak_equity().value();
    auto limits = keeper_->GetLimits(kBook.value());
    return shown + " " + std::to_string(limits->version) + " " + std::to_string(limits->max_open_orders);
  }
  void End() {
    std::string before = Shown();
    disk_->faults.Calm();
    Close();
    if (disk_->faults.dead()) {
      // In its last commit. The next life is told to stop too.
      Begin();
      Settle();
      before = Shown();
      Close();
    }
    Keep();
    story_.commits += std::exchange(disk_->faults, {}).commits;
    session_.reset();
    Hold();
    // The next life is the same.
    asking_ = false;
    Begin();
    Settle();
    EXPECT_EQ(Shown(), before);
    story_.bytes += before;
  }
  // What is stored: what was answered, once, and what the log says.
  void Hold() {
    std::set<std::string> stored;
    std::uint64_t version = 1;
    for (const auto& [key, saved] : disk_->limits) {
      EXPECT_EQ(key.second, ++version) << "versions without a gap";
      EXPECT_TRUE(stored.insert(saved.first.request_id).second) << "done twice";
    }
    for (const std::string& id : acknowledged_) EXPECT_TRUE(stored.contains(id)) << id << " was answered and is lost";
    std::set<std::string> told;
    for (const auto& [id, message] : disk_->outbox) {
      audit::v1::AppendRecordRequest record;
      if (message.target != RiskStore::Target::kAudit || !record.ParseFromString(message.request)) continue;
      // What risk found out by itself may be sent twice: its request id is the same.
      if (record.action().find("breaker") != std::string::npos || record.action() == "loss_rules.tripped") continue;
      EXPECT_TRUE(told.insert(record.request_id()).second) << "told twice: " << record.ShortDebugString();
    }
    risk::Exposure expected;
    for (const OrderEvent& event : events_) ASSERT_TRUE(expected.Apply(event));
    const KeptExposure& kept = disk_->exposures.at(kBook);
    EXPECT_EQ(kept.snapshot.applied_sequence, kLogLength);
    EXPECT_EQ(kept.snapshot.cash, expected.TakeSnapshot().cash);
    EXPECT_EQ(kept.snapshot.books, expected.TakeSnapshot().books);
  }

  std::mt19937_64 dice_;
  std::vector<OrderEvent> events_;
  TurnedClock clock_;
  std::unique_ptr<Logger> log_;
  Metrics metrics_;
  std::shared_ptr<MemoryRiskStore::Disk> disk_ = std::make_shared<MemoryRiskStore::Disk>();
  std::unique_ptr<MemoryRiskStore> store_;
  std::unique_ptr<StoreMachine> storage_;
  std::unique_ptr<RiskKeeper> keeper_;
  std::unique_ptr<RiskMachine> machine_;
  std::shared_ptr<Heard> session_;
  std::uint64_t told_ = 0;
  std::uint64_t reserved_ = 0;
  // The person's.
  bool asking_ = false;
  bool asked_in_vain_ = false;
  int asked_in_life_ = 0;
  UtcTime asked_time_;
  std::uint64_t kind_ = 0;
  int requests_ = 0;
  std::string request_id_;
  std::optional<RiskStore::Update> update_;
  std::deque<risk::v1::SetScopedLimitsResponse> set_answers_;
  std::deque<risk::v1::RearmLossRulesResponse> rearm_answers_;
  std::set<std::string> acknowledged_;
  Story story_;
};

class RiskMachineSimulationTest : public testing::TestWithParam<std::uint64_t> {};

TEST_P(RiskMachineSimulationTest, WhatIsAnsweredStandsWhereverTheProcessDies) {
  Story whole = MachineSimulation(GetParam(), {}).Run();
  EXPECT_TRUE(MachineSimulation(GetParam(), {}).Run().bytes == whole.bytes) << "the same seed gave another story";
  EXPECT_GT(whole.answered, 3);
  int rearmed = whole.rearmed;
  for (int commit = 1; commit <= whole.commits; ++commit) {
    for (bool applied : {false, true}) {
      SCOPED_TRACE("dies in commit " + std::to_string(commit) + (applied ? ", after it" : ", before it"));
      Story first = MachineSimulation(GetParam(), {commit, applied}).Run();
      Story second = MachineSimulation(GetParam(), {commit, applied}).Run();
      EXPECT_TRUE(first.bytes == second.bytes) << "the same seed gave another story";
      rearmed += first.rearmed;
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(rearmed, 0);
  std::printf("%d commits, %d answers\n", whole.commits, whole.answered);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RiskMachineSimulationTest, testing::Values(1, 2, 3));

}  // namespace
}  // namespace ballast
