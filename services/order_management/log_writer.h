#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/runtime/commit.h"
#include "services/order_management/journal.h"
#include "services/order_management/shard_accounts.h"

namespace ballast {

// What a turn has decided, on its way to the log: made durable together, and only then answered and sent. The writer's
// thread only, but for storage_away.
class LogWriter {
 public:
  using Task = absl::AnyInvocable<void()>;

  LogWriter(Journal& journal, ShardAccounts& accounts, const Clock& clock, Logger& log, Metrics& metrics);

  void Keep(std::vector<OrderEvent> events);
  // The account's opening: its events are kept too.
  void Open(const AccountId& id, const std::string& broker) { opened_.emplace_back(id, broker); }
  // Done once the batch is durable, in the order in which they were asked for.
  void After(Task action) { after_.push_back(std::move(action)); }

  // What was decided since the last Store; not while one waits for the storage.
  [[nodiscard]] const std::vector<OrderEvent>& batch() const { return batch_; }
  [[nodiscard]] bool pending() const { return !batch_.empty() || !after_.empty(); }

  // The next try to store the batch. Durable: `committed` is what was stored, null when there was nothing. Not yet:
  // again at next_try_ns. Never: memory is ahead of the log, so nothing more may be decided, stored, answered or sent.
  runtime::Committer::Outcome Store(bool stopping, std::shared_ptr<const EncodedEvents>* committed);
  void RunAfter();
  [[nodiscard]] std::int64_t next_try_ns() const { return committer_.next_try_ns(); }
  [[nodiscard]] const absl::Status& status() const { return committer_.status(); }
  // Any thread: a batch cannot be stored now.
  [[nodiscard]] bool storage_away() const { return storage_away_; }

 private:
  void Collect();
  void OnFailure(const absl::Status& status, int tries);
  absl::StatusOr<runtime::Stored> Look() const;

  Journal& journal_;
  ShardAccounts& accounts_;
  const Clock& clock_;
  Logger& log_;
  runtime::Committer committer_;
  std::vector<OrderEvent> batch_;
  std::vector<std::pair<AccountId, std::string>> opened_;
  std::vector<Task> after_;
  // On its way to the storage.
  std::optional<Commit> storing_;
  std::int64_t started_ns_ = 0;
  std::atomic<bool> storage_away_ = false;
  Counter& events_;
  Histogram& commit_seconds_;
};

}  // namespace ballast
