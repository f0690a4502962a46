#include "services/alerts/alert_machine.h"

#include <utility>

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

// What waits, at most, in bytes: thousands of commands and queries. Of the order log it is one message, and a peer
// tells little.
constexpr std::array<std::size_t, 4> kLaneBytesMax = {4U << 20, 1U << 20, 64U << 20, 512U << 10};
constexpr std::size_t kTurnMost = 16;
constexpr std::size_t kToldMax = 1'000;
constexpr std::int64_t kIdleNs = 1'000'000'000;

}  // namespace

AlertMachine::AlertMachine(AlertKeeper& keeper, const Clock& clock, Logger& log)
    : keeper_(keeper), log_(log), inbox_(kLaneBytesMax), committer_(clock) {}

void AlertMachine::OnOrderEvents(std::shared_ptr<const order::v1::StreamOrderEventsResponse> batch,
                                 std::function<void(bool)> done) {
  std::size_t bytes = batch->ByteSizeLong();
  bool queued = inbox_.Post(
      kFeed, bytes, [batch = std::move(batch), done](AlertKeeper& keeper) { done(keeper.OnOrderEvents(*batch)); });
  if (!queued) done(false);
}

void AlertMachine::Tell(alerts::Alert fact) {
  (void)inbox_.PostAlways(kFacts, sizeof(fact), [this, fact = std::move(fact)](AlertKeeper&) mutable {
    // Each stands in the log already.
    if (told_.size() < kToldMax) told_.push_back(std::move(fact));
  });
}

runtime::Turn AlertMachine::Poll(std::int64_t now_ns) {
  if (ended_) return {runtime::Turn::State::kEnded, 0};
  bool closed = inbox_.closed();
  std::vector<Task> tasks = inbox_.Take(kTurnMost);
  for (Task& task : tasks) task(keeper_);
  StoreTold();
  bool more = keeper_.SendBacklogs();
  if (closed && tasks.empty()) return End(now_ns);
  if (more || !tasks.empty()) return {runtime::Turn::State::kReady, now_ns};
  return {runtime::Turn::State::kReady, storing_.empty() ? now_ns + kIdleNs : committer_.next_try_ns()};
}

void AlertMachine::StoreTold() {
  if (storing_.empty()) std::swap(storing_, told_);
  if (storing_.empty()) return;
  using Outcome = runtime::Committer::Outcome;
  Outcome outcome = committer_.Try({.append = [this] { return StoreOnce(); },
                                    .on_failure =
                                        [this](const absl::Status& status, int tries) {
                                          // Once an outage.
                                          if (tries > 1) return;
                                          log_.Error("alert.store_failed", {{"error", status.ToString()}});
                                        }},
                                   inbox_.closed());
  if (outcome == Outcome::kLater) return;
  if (outcome == Outcome::kNever) {
    log_.Error("alert.not_stored",
               {{"facts", std::to_string(storing_.size())}, {"error", committer_.status().ToString()}});
    // The process ends, or the storage refuses these for good: others may do.
    if (inbox_.closed()) told_.clear();
  }
  storing_.clear();
  in_doubt_ = false;
}

absl::Status AlertMachine::StoreOnce() {
  // They exist nowhere else, so they are tried until they are stored; and the same twice is not the same as once.
  if (in_doubt_) {
    ASSIGN_OR_RETURN(bool stored, keeper_.Holds(storing_));
    if (stored) return absl::OkStatus();
  }
  in_doubt_ = true;
  return keeper_.RaiseOwn(storing_);
}

runtime::Turn AlertMachine::End(std::int64_t now_ns) {
  if (!storing_.empty()) return {runtime::Turn::State::kBlocked, committer_.next_try_ns()};
  if (!told_.empty()) return {runtime::Turn::State::kReady, now_ns};
  keeper_.CloseStreams();
  ended_ = true;
  return {runtime::Turn::State::kEnded, 0};
}

}  // namespace ballast
