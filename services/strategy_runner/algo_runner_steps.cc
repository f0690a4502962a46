// Of AlgoRunner: the market's steps, and a market that waits for what they lead to.
#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "services/strategy_runner/algo_runner.h"

namespace ballast {

namespace {

// What nobody answers holds up a market that waits no longer than this.
constexpr std::int64_t kAlgoHoldUpNsMax = 30'000'000'000;
// A market that has brought no step for so long may have ended: what the log says counts without one.
constexpr std::int64_t kAlgoStallNs = 1'000'000'000;

}  // namespace

bool AlgoRunner::OnStep(broker::v1::StreamMarketDataResponse step, std::function<void()> acknowledge) {
  std::size_t bytes = step.ByteSizeLong();
  return inbox_->Post(kFeeds, bytes, [this, step = std::move(step), acknowledge = std::move(acknowledge)]() mutable {
    // The service stops: the next one reads on.
    if (inbox_->closed()) return;
    market_waits_ = acknowledge != nullptr;
    if (!market_waits_) return TakeStep(step);
    steps_.push_back({std::move(step), std::move(acknowledge), ports_.clock.MonotonicNanos()});
  });
}

void AlgoRunner::OnMarketLost() {
  (void)inbox_->PostAlways(kFeeds, kTaskBytes, [this] {
    // They come again.
    steps_.clear();
    market_.OnLost();
    market_new_ = true;
  });
}

void AlgoRunner::OnExecuted(std::map<std::string, std::uint64_t> sequences) {
  (void)inbox_->PostAlways(kFeeds, kTaskBytes,
                           [this, sequences = std::move(sequences)]() mutable { executed_ = std::move(sequences); });
}

bool AlgoRunner::Executed(const broker::v1::StreamMarketDataResponse& step) const {
  return std::all_of(step.execution_sequences().begin(), step.execution_sequences().end(), [&](const auto& each) {
    auto told = executed_.find(each.first);
    return each.second == 0 || (told != executed_.end() && told->second >= each.second);
  });
}

bool AlgoRunner::Settled() {
  return desk_.idle() && std::all_of(parents_.all().begin(), parents_.all().end(), [&](const auto& each) {
           return desk_.idle(each.second) && !each.second.reads_past;
         });
}

void AlgoRunner::ApplyTold() {
  for (const Told& told : std::exchange(told_, {})) desk_.OnOrder(told.parent, told.number, told.order);
}

void AlgoRunner::BeginStep(const broker::v1::StreamMarketDataResponse& step) {
  worked_step_ = step.step();
  step_ns_ = ports_.clock.MonotonicNanos();
  TakeStep(step);
  // What they bring is of this step's time, whenever they came.
  for (auto& [id, live] : parents_.all()) {
    if (live.works()) desk_.Work(live, market_.time(), false);
  }
  ApplyTold();
  turn_.clear();
}

// One after the other, so that their orders come in the same order each time.
bool AlgoRunner::WorkTurns(std::int64_t now_ns) {
  auto& all = parents_.all();
  while (true) {
    auto present = all.find(turn_);
    const bool waits = present != all.end() && !desk_.idle(present->second);
    if (waits && now_ns - step_ns_ < kAlgoHoldUpNsMax) return false;
    auto next = all.upper_bound(turn_);
    if (next == all.end()) return true;
    turn_ = next->first;
    if (next->second.works()) WorkOne(next->second);
  }
}

void AlgoRunner::WorkSteps(std::int64_t now_ns) {
  for (auto& [id, live] : parents_.all()) {
    if (live.works()) desk_.Work(live, market_.time(), false);
  }
  while (!steps_.empty()) {
    Step& first = steps_.front();
    // One that comes again has been decided on.
    if (first.message.step() != worked_step_) {
      if (parents_.active() > 0 && !(events_live_ && Executed(first.message))) return;
      // A process before has left something that is looked for.
      if (!Settled() && now_ns - first.since_ns < kAlgoHoldUpNsMax) return;
      BeginStep(first.message);
    }
    if (!WorkTurns(now_ns)) return;
    if (!Settled() && now_ns - step_ns_ < kAlgoHoldUpNsMax) return;
    effects_.push_back([acknowledge = std::move(first.acknowledge)](const absl::Status& durable) {
      if (durable.ok()) acknowledge();
    });
    steps_.pop_front();
  }
  if (now_ns - step_ns_ < kAlgoStallNs) return;
  ApplyTold();
  // Whoever ends does not wait for a step either: nothing is placed for it any more.
  for (auto& [id, live] : parents_.all()) {
    if (live.works() && live.parent.record().state != execution::ParentState::kRunning) WorkOne(live);
  }
}

}  // namespace ballast
