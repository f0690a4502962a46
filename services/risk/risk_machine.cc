#include "services/risk/risk_machine.h"

#include <array>
#include <utility>

#include "libs/runtime/commit.h"

namespace ballast {
namespace {

// What waits, at most, in bytes. A session and the market each have one message here at a time.
constexpr std::array<std::size_t, 4> kLaneBytesMax = {4U << 20, 64U << 20, 16U << 20, 1U << 20};
constexpr std::size_t kTurnMost = 16;
constexpr std::size_t kTurnBytesMost = 256U << 10;
constexpr std::int64_t kTickNs = 1'000'000'000;
// Who waits for the storage is woken by it; this is for nothing but the time to give up.
constexpr std::int64_t kEndPauseNs = 100'000'000;

}  // namespace

RiskMachine::RiskMachine(RiskKeeper& keeper) : keeper_(keeper), inbox_(kLaneBytesMax), answers_{{SIZE_MAX}} {
  keeper_.SetWake([this] { soon_ = true; });
}

bool RiskMachine::Hear(risk::v1::RiskSessionRequest request, std::shared_ptr<RiskKeeper::Sender> sender,
                       std::function<void()> taken) {
  std::size_t bytes = request.ByteSizeLong();
  return inbox_.Post(
      kSessions, bytes,
      [request = std::move(request), sender = std::move(sender), taken = std::move(taken)](RiskKeeper& keeper) {
        // Nobody waits for an answer any more, and the next session tells it again.
        if (!sender->done()) keeper.OnSession(request, sender);
        taken();
      });
}

void RiskMachine::OnStep(RiskKeeper::Step step, std::function<void(bool)> done) {
  std::size_t bytes = sizeof(step) + step.quotes.size() * sizeof(Quote);
  bool queued = inbox_.Post(kMarket, bytes, [step = std::move(step), done](RiskKeeper& keeper) mutable {
    keeper.OnStep(std::move(step), std::move(done));
  });
  if (!queued) done(false);
}

void RiskMachine::Answer(RiskStorage::Then then) {
  (void)answers_.PostAlways(0, sizeof(then), std::move(then));
  inbox_.Wake();
}

runtime::Turn RiskMachine::Poll(std::int64_t now_ns) {
  if (ended_) return {runtime::Turn::State::kEnded, 0};
  bool closed = inbox_.closed();
  std::vector<Task> tasks = inbox_.Take(kTurnMost, kTurnBytesMost);
  // After the inbox, whose Take forgets that it was woken: an answer that comes later than this wakes it again.
  for (RiskStorage::Then& then : answers_.Take(kTurnMost)) then();
  for (Task& task : tasks) task(keeper_);
  if (!stopped_ && (soon_ || now_ns >= next_tick_ns_)) {
    soon_ = false;
    next_tick_ns_ = now_ns + kTickNs;
    keeper_.Tick();
  }
  ready_ = keeper_.Ready();
  if (closed && tasks.empty()) return End(now_ns);
  bool more = inbox_.size() > 0 || answers_.size() > 0 || (soon_ && !stopped_);
  return {runtime::Turn::State::kReady, more || closed ? now_ns : next_tick_ns_};
}

runtime::Turn RiskMachine::End(std::int64_t now_ns) {
  if (!std::exchange(stopped_, true)) {
    give_up_ns_ = now_ns + runtime::Committer::kDrainNs;
    keeper_.StopWaiting();
    keeper_.CloseSession();
  }
  if (now_ns >= give_up_ns_) keeper_.GiveUp();
  // What has been asked for is stored first, then how far the log was read: without that, the next process reads more.
  if (keeper_.Settled() && !std::exchange(saving_, true)) {
    if (now_ns >= give_up_ns_)
      saved_ = true;
    else
      keeper_.SaveAll([this] { saved_ = true; });
  }
  if (saved_ && keeper_.Settled()) {
    ended_ = true;
    return {runtime::Turn::State::kEnded, 0};
  }
  bool more = answers_.size() > 0;
  return {runtime::Turn::State::kBlocked, more ? now_ns : now_ns + kEndPauseNs};
}

}  // namespace ballast
