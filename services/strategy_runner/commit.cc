#include "services/strategy_runner/commit.h"

#include <algorithm>

#include "libs/base/absl_std.h"

namespace ballast {

Commit::Commit(StrategyStore& store, const Deployments& deployments, Logger& log, Metrics& metrics, Ports ports)
    : store_(store),
      deployments_(deployments),
      log_(log),
      ports_(std::move(ports)),
      failures_(metrics.GetCounter("ballast_strategy_commit_failures_total", "commits that failed", {})) {}

void Commit::Put(StoredDecision decision) {
  auto key = std::pair(decision.decision.deployment_id(), decision.decision.sequence());
  decisions_.insert_or_assign(std::move(key), std::move(decision));
}

StrategyStore::Batch Commit::Collect() {
  StrategyStore::Batch batch;
  for (const std::string& id : touched_) {
    const LiveDeployment& live = deployments_.all().at(id);
    batch.rows.push_back(live.row);
    batch.states.emplace_back(id, live.decider->states());
  }
  for (const auto& [key, decision] : decisions_) batch.decisions.push_back(decision);
  if (cursors_) batch.cursors = *cursors_;
  return batch;
}

bool Commit::Flush(std::int64_t now_ns, bool last) {
  bool anything = !touched_.empty() || !decisions_.empty();
  if (!dead_ && anything && !Store(now_ns, last)) {
    if (!dead_) return false;
  }
  RunEffects(dead_ ? absl::UnavailableError("the change could not be stored") : absl::OkStatus());
  return !dead_;
}

bool Commit::Store(std::int64_t now_ns, bool last) {
  if (now_ns < next_try_ns_ && !last) return false;
  StrategyStore::Batch batch = Collect();
  absl::Status saved = store_.Save(batch);
  if (saved.ok()) {
    touched_.clear();
    decisions_.clear();
    cursors_.reset();
    next_try_ns_ = 0;
    pause_ns_ = kFirstPauseNs;
    ports_.on_durable(batch);
    return true;
  }
  log_.Error("strategy.commit_failed", {{"error", saved.ToString()}});
  failures_.Increment();
  // Whether it was stored may not be known; the same again is the same as once.
  bool transient = absl::IsUnavailable(saved) || absl::IsAborted(saved) || absl::IsUnknown(saved);
  if (!transient || last) {
    dead_ = true;
    ports_.fail("a decision cannot be stored: " + saved.ToString());
    return false;
  }
  next_try_ns_ = now_ns + pause_ns_;
  pause_ns_ = std::min(pause_ns_ * 2, kMostPauseNs);
  return false;
}

void Commit::FlushCursors() {
  if (!cursors_ || dead_) return;
  StrategyStore::Batch batch;
  batch.cursors = *cursors_;
  if (store_.Save(batch).ok())
    cursors_.reset();
  else
    failures_.Increment();
}

void Commit::RunEffects(const absl::Status& durable) {
  std::vector<Effect> effects;
  effects.swap(effects_);
  for (const Effect& effect : effects) effect(durable);
}

}  // namespace ballast
