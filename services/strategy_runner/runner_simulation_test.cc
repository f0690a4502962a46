// The runner on one thread and a clock that the test moves, over a store that fails: any commit may be refused or lose
// its answer, before or after it happened, and the process may die at any moment. No order is sent that is not stored,
// none twice with two contents; what a deployment holds is what was filled; the same seed gives the same log.
#include <map>
#include <random>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "services/strategy_runner/testing/runner_stage.h"

namespace ballast {
namespace {

std::string Bytes(const google::protobuf::MessageLite& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  EXPECT_TRUE(message.SerializeToCodedStream(&coded));
  coded.Trim();
  return bytes;
}

class RunnerSimulationTest : public RunnerStage, public ::testing::WithParamInterface<std::uint64_t> {
 protected:
  static constexpr int kMinutes = 600;

  std::uint64_t Below(std::uint64_t bound) { return dice_() % bound; }
  bool Chance(std::uint64_t percent) { return Below(100) < percent; }

  // What the next commit meets.
  void Spoil() {
    switch (Below(4)) {
      case 0:
        store_->FailNext(absl::UnknownError("the answer was lost"), /*applied=*/true);
        break;
      case 1:
        store_->FailNext(absl::UnknownError("the answer was lost"), /*applied=*/false);
        break;
      case 2:
        store_->FailNext(absl::InternalError("the disk is gone"), /*applied=*/Chance(50));
        break;
      default:
        store_->FailNext(absl::UnavailableError("away"), /*applied=*/false);
    }
  }
  void Crash() {
    ++lives_;
    failed_.clear();
    Restart();
  }
  // The order manager: takes each request once and fills it.
  void TakeOrders() {
    for (; looked_at_ < neighbours_.submitted.size(); ++looked_at_) {
      const order::v1::SubmitOrderRequest& request = neighbours_.submitted[looked_at_];
      const auto& stored = tables_->decisions["demo"];
      bool durable = std::any_of(stored.begin(), stored.end(), [&](const auto& entry) {
        return entry.second.submit && Bytes(*entry.second.submit) == Bytes(request);
      });
      EXPECT_TRUE(durable) << request.request_id() << " was sent and is not stored";
      auto [first, fresh] = taken_.try_emplace(request.request_id(), request);
      EXPECT_EQ(Bytes(first->second), Bytes(request)) << "another order under the same id";
      if (!fresh) continue;
      log_of_orders_.push_back(Event(request.request_id(), order::v1::ORDER_STATUS_FILLED, request.side(), true));
      neighbours_.known.push_back(log_of_orders_.back().order());
      held_ += request.side() == type::v1::SIDE_BUY ? 9 : -9;
    }
  }
  // The order log, on from the cursors.
  void TellEvents() {
    auto batch = std::make_shared<order::v1::StreamOrderEventsResponse>();
    std::uint64_t after = runner_->Cursors()["paper"];
    for (const order::v1::OrderEvent& event : log_of_orders_) {
      if (event.sequence() > after) *batch->add_events() = event;
    }
    if (batch->events_size() > 0) runner_->OnEvents(batch, [](bool) {});
    Poll();
  }
  std::string Day(std::uint64_t seed) {
    dice_.seed(seed);
    tables_ = std::make_shared<MemoryStrategyTables>();
    neighbours_.calls.clear();
    neighbours_.submitted.clear();
    neighbours_.known.clear();
    taken_.clear();
    log_of_orders_.clear();
    clock_.nanos = kSecondNs;
    sequence_ = 10;
    looked_at_ = 0;
    held_ = lives_ = 0;
    StartWithDemo();
    for (int minute = 4; minute < kMinutes; ++minute) {
      if (Chance(15)) Spoil();
      (void)runner_->OnStep(MakeStep(minute, std::to_string(100 + Below(23)), true, true), [] {});
      Poll();
      if (Chance(5)) Crash();
      TakeOrders();
      if (Chance(80)) TellEvents();
      Pass(kSecondNs);
      TakeOrders();
      if (!failed_.empty()) Crash();
    }
    Crash();
    for (int i = 0; i < 10; ++i) {
      TellEvents();
      Pass(kSecondNs);
      TakeOrders();
    }
    std::string log;
    for (const auto& [sequence, decision] : tables_->decisions["demo"])
      log += Bytes(decision.decision) + (decision.submit ? Bytes(*decision.submit) : "");
    for (const std::string& call : neighbours_.calls) log += call + "\n";
    return log;
  }

  std::mt19937_64 dice_;
  std::map<std::string, order::v1::SubmitOrderRequest> taken_;
  std::vector<order::v1::OrderEvent> log_of_orders_;
  std::size_t looked_at_ = 0;
  std::int64_t held_ = 0;
  int lives_ = 0;
};

TEST_P(RunnerSimulationTest, NothingIsSentThatIsNotStoredAndTheSameSeedIsTheSameLog) {
  std::string first = Day(GetParam());
  EXPECT_EQ(Loaded().states.at(Symbol("SPY")).quantity, Decimal::FromInt(held_));
  EXPECT_TRUE(Loaded().open_decisions.empty()) << "each order's end is known";
  EXPECT_GT(taken_.size(), 50U);
  int lives = lives_;
  EXPECT_GT(lives, 20);
  EXPECT_TRUE(first == Day(GetParam())) << "the same seed gave another log";
  EXPECT_EQ(lives_, lives);
  std::printf("%zu orders, %d lives, %zu decisions\n", taken_.size(), lives, tables_->decisions["demo"].size());
}

INSTANTIATE_TEST_SUITE_P(Seeds, RunnerSimulationTest, ::testing::Values(1, 2, 3, 7, 11));

}  // namespace
}  // namespace ballast
