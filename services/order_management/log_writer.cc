#include "services/order_management/log_writer.h"

#include <set>

namespace ballast {

using Outcome = runtime::Committer::Outcome;

LogWriter::LogWriter(Journal& journal, ShardAccounts& accounts, const Clock& clock, Logger& log, Metrics& metrics)
    : journal_(journal),
      accounts_(accounts),
      clock_(clock),
      log_(log),
      committer_(clock),
      events_(metrics.GetCounter("ballast_order_events_total", "events committed", {})),
      commit_seconds_(metrics.GetSeconds("ballast_order_commit_seconds", "one batch to Postgres", {})) {}

void LogWriter::Keep(std::vector<OrderEvent> events) {
  for (OrderEvent& event : events) batch_.push_back(std::move(event));
}

void LogWriter::Collect() {
  Commit& commit = storing_.emplace();
  commit.opened = std::exchange(opened_, {});
  std::set<AccountId> touched;
  for (const OrderEvent& event : batch_) touched.insert(event.account_id);
  for (const AccountId& id : touched) {
    orders::Account& account = *accounts_.Find(id);
    commit.accounts.push_back(account.snapshot());
    if (account.BooksDue()) commit.books.push_back(account.TakeBooks());
  }
  commit.events = std::exchange(batch_, {});
  commit.encoded = std::make_shared<const EncodedEvents>(commit.events);
  started_ns_ = clock_.MonotonicNanos();
}

absl::StatusOr<runtime::Stored> LogWriter::Look() const {
  const EncodedEvents::Entry& last = storing_->encoded->entries().back();
  return journal_.Lookup(AccountId(last.account_id), last.sequence, storing_->encoded->Event(last));
}

void LogWriter::OnFailure(const absl::Status& status, int tries) {
  // Once is a connection that was lost, twice a storage that is away: who submits is told so, and does not wait with
  // the batch.
  if (tries > 1) storage_away_ = true;
  log_.Error("orders.commit_failed", {{"error", status.ToString()}});
}

Outcome LogWriter::Store(bool stopping, std::shared_ptr<const EncodedEvents>* committed) {
  if (!storing_) {
    if (batch_.empty()) return Outcome::kDurable;
    Collect();
  }
  Outcome outcome =
      committer_.Try({.append = [this] { return journal_.Append(*storing_); },
                      .look = [this] { return Look(); },
                      .on_failure = [this](const absl::Status& status, int tries) { OnFailure(status, tries); }},
                     stopping);
  if (outcome == Outcome::kLater) return outcome;
  if (outcome == Outcome::kNever) {
    // Stopping without storage: nothing of this batch was answered, so nothing acknowledged is lost.
    log_.Error("orders.batch_abandoned", {{"events", std::to_string(storing_->events.size())}});
    after_.clear();
    return outcome;
  }
  storage_away_ = false;
  commit_seconds_.Observe(static_cast<double>(clock_.MonotonicNanos() - started_ns_) / 1e9);
  events_.Add(static_cast<double>(storing_->events.size()));
  *committed = std::move(storing_->encoded);
  storing_.reset();
  return outcome;
}

void LogWriter::RunAfter() {
  for (Task& action : std::exchange(after_, {})) action();
}

}  // namespace ballast
