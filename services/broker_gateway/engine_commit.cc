#include <utility>

#include "libs/base/absl_std.h"
#include "services/broker_gateway/engine.h"

// What the venue did, on its way to the storage and from there to who is told.
namespace ballast {
namespace {

constexpr std::int64_t kStoredInNs = 1'000'000'000;

}  // namespace

// Many rows, on a machine that starts everything else too; what is there already stays as it is.
bool Engine::SavePast() {
  if (past_.empty()) return true;
  using Outcome = runtime::Committer::Outcome;
  Outcome outcome = committer_.Try({.append = [this] { return store_.SaveMarket(feed_.State(), past_); },
                                    .on_failure =
                                        [this](const absl::Status& status, int) {
                                          log_.Warning("market.past_not_saved", {{"error", status.ToString()}});
                                        }},
                                   inbox_.closed());
  if (outcome == Outcome::kDurable) {
    storing_since_ns_ = 0;
    past_.clear();
    past_.shrink_to_fit();
    return true;
  }
  if (storing_since_ns_ == 0) storing_since_ns_ = clock_.MonotonicNanos();
  if (outcome == Outcome::kLater) return false;
  dead_ = true;
  if (!absl::IsCancelled(committer_.status())) fail_(committer_.status().ToString());
  return false;
}

bool Engine::stores() const {
  std::int64_t since = storing_since_ns_.load();
  return since == 0 || clock_.MonotonicNanos() - since < kStoredInNs;
}

bool Engine::CommitAndTell() {
  if (dead_) return false;
  if (Collect()) return Settle();
  Tell();
  return true;
}

bool Engine::Collect() {
  paper::Changes changes = venue_.TakeChanges();
  if (options_.test_faces) faults_.Swallow(changes);
  changes.executions = desks_.Hear(changes);
  bool step = feed_.unsaved();
  VenueDesks::Kept kept = desks_.TakeKept();
  VenueDesks::Brokers joined = desks_.TakeJoined();
  if (changes.empty() && !step && kept.empty() && joined.empty()) return false;
  Storing storing;
  storing.reports.resize(changes.executions.size());
  for (std::size_t i = 0; i < storing.reports.size(); ++i) ToProto(changes.executions[i], &storing.reports[i]);
  // Made once: while they are tried again the venue may go on cancelling.
  storing.rows = CommitOf(storing.reports, venue_, changes);
  storing.rows.kept = std::move(kept);
  storing.rows.joined = std::move(joined);
  if (step) {
    storing.rows.market = feed_.State();
    storing.rows.bars = feed_.unsaved_bars();
  }
  storing.changes = std::move(changes);
  storing.step = step;
  storing_ = std::move(storing);
  storing_since_ns_ = clock_.MonotonicNanos();
  return true;
}

// Executions have numbers that nobody else gives; other rows are written over what is there.
absl::StatusOr<runtime::Stored> Engine::Look() {
  if (storing_->reports.empty()) return runtime::Stored::kNothing;
  const broker::v1::ExecutionReport& ours = storing_->reports.back();
  ASSIGN_OR_RETURN(auto there, store_.LoadExecutions(AccountId(ours.account_id()), ours.execution_sequence() - 1, 1));
  if (there.empty() || there[0].execution_sequence() != ours.execution_sequence()) return runtime::Stored::kNothing;
  bool same = there[0].execution_id() == ours.execution_id() && there[0].order_id() == ours.order_id() &&
              there[0].type() == ours.type();
  return same ? runtime::Stored::kThis : runtime::Stored::kAnother;
}

bool Engine::Settle() {
  using Outcome = runtime::Committer::Outcome;
  Outcome outcome = committer_.Try({.append = [this] { return store_.Append(storing_->rows); },
                                    .look = [this] { return Look(); },
                                    .on_failure =
                                        [this](const absl::Status& status, int) {
                                          log_.Error("broker.commit_failed", {{"error", status.ToString()}});
                                          storage_problem_ = MessageOf(status);
                                        }},
                                   inbox_.closed());
  if (outcome == Outcome::kLater) return false;
  if (outcome == Outcome::kNever) {
    // Nobody was told of it, so it has not happened.
    dead_ = true;
    storing_.reset();
    if (!absl::IsCancelled(committer_.status())) fail_(committer_.status().ToString());
    return false;
  }
  storage_problem_.clear();
  storing_since_ns_ = 0;
  Storing stored = *std::exchange(storing_, std::nullopt);
  if (stored.step) feed_.Saved();
  for (const broker::Execution& execution : stored.changes.executions) {
    feed_.gate().Told(execution.account_id.value(), execution.execution_sequence);
  }
  executions_.Add(static_cast<double>(stored.changes.executions.size()));
  TellExecutions(std::move(stored.reports));
  Tell();
  return true;
}

// What waited for the commit: executions of a step come before the step itself.
void Engine::Tell() {
  desks_.SendStored();
  if (std::exchange(publish_, false)) feed_.Publish();
  for (auto& action : std::exchange(after_commit_, {})) action();
}

void Engine::TellExecutions(std::vector<broker::v1::ExecutionReport> reports) {
  std::map<std::shared_ptr<OrderSender>, broker::v1::OrderSessionResponse> told;
  for (broker::v1::ExecutionReport& report : reports) {
    if (std::shared_ptr<OrderSender> session = sessions_.Of(AccountId(report.account_id())))
      *told[session].mutable_reports()->add_reports() = std::move(report);
  }
  for (auto& [session, response] : told) {
    if (session->Push(std::move(response))) continue;
    sessions_.Lose(session);
    SessionsChanged();
  }
}

void Engine::SaveMarket() {
  last_save_ns_ = clock_.MonotonicNanos();
  absl::Status status = store_.SaveMarket(feed_.State(), feed_.unsaved_bars());
  if (status.ok()) {
    feed_.Saved();
    return;
  }
  log_.Warning("market.save_failed", {{"error", status.ToString()}});
  feed_.NotSaved();
}

}  // namespace ballast
