#include "services/strategy_runner/commit.h"

#include <utility>

#include "libs/base/absl_std.h"

namespace ballast {

Commit::Commit(StrategyStore& store, const Deployments& deployments, const Clock& clock, Logger& log, Metrics& metrics,
               Ports ports)
    : store_(store),
      deployments_(deployments),
      log_(log),
      ports_(std::move(ports)),
      committer_(clock),
      failures_(metrics.GetCounter("ballast_strategy_commit_failures_total", "commits that failed", {})) {}

void Commit::Put(StoredDecision decision) {
  auto key = std::pair(decision.decision.deployment_id(), decision.decision.sequence());
  decisions_.insert_or_assign(std::move(key), std::move(decision));
}

void Commit::Put(const session::v1::DayEndPolicy& policy) {
  day_end_policies_.insert_or_assign(std::pair(policy.account_id(), static_cast<int>(policy.calendar())), policy);
}

void Commit::Put(const session::v1::DayEnd& day_end) {
  day_ends_.insert_or_assign(
      std::tuple(day_end.account_id(), static_cast<int>(day_end.calendar()), day_end.close_time().seconds()), day_end);
}

void Commit::Put(const graduation::v1::KeptGraduation& graduation) {
  graduations_.insert_or_assign(graduation.graduation().deployment_id(), graduation);
}

StrategyStore::Batch Commit::Collect() {
  StrategyStore::Batch batch;
  for (const std::string& id : touched_) {
    const LiveDeployment& live = deployments_.all().at(id);
    batch.rows.push_back(live.row);
    batch.rows.back().book = live.decider->book();
    batch.states.emplace_back(id, live.decider->states());
  }
  for (const auto& [key, decision] : decisions_) batch.decisions.push_back(decision);
  for (const auto& [key, policy] : day_end_policies_) batch.day_end_policies.push_back(policy);
  for (const auto& [key, day_end] : day_ends_) batch.day_ends.push_back(day_end);
  for (const auto& [id, graduation] : graduations_) batch.graduations.push_back(graduation);
  if (cursors_) batch.cursors = *cursors_;
  return batch;
}

bool Commit::Flush(bool stopping) {
  bool anything = !touched_.empty() || !decisions_.empty() || !day_end_policies_.empty() || !day_ends_.empty() ||
                  !graduations_.empty();
  if (!dead_ && anything && !Store(stopping)) {
    if (!dead_) return false;
  }
  RunEffects(dead_ ? absl::UnavailableError("the change could not be stored") : absl::OkStatus());
  return !dead_;
}

bool Commit::Store(bool stopping) {
  using Outcome = runtime::Committer::Outcome;
  StrategyStore::Batch batch = Collect();
  // The same again is the same as once, so there is nothing to look for where the outcome is not known.
  Outcome outcome = committer_.Try({.append = [&] { return store_.Save(batch); },
                                    .on_failure =
                                        [this](const absl::Status& status, int) {
                                          log_.Error("strategy.commit_failed", {{"error", status.ToString()}});
                                          failures_.Increment();
                                        }},
                                   stopping);
  if (outcome == Outcome::kLater) return false;
  if (outcome == Outcome::kNever) {
    dead_ = true;
    if (!absl::IsCancelled(committer_.status())) {
      ports_.fail("a decision cannot be stored: " + committer_.status().ToString());
    }
    return false;
  }
  touched_.clear();
  decisions_.clear();
  day_end_policies_.clear();
  day_ends_.clear();
  graduations_.clear();
  cursors_.reset();
  ports_.on_durable(batch);
  return true;
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
