#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "libs/runtime/commit.h"
#include "libs/runtime/machine.h"
#include "libs/runtime/mailbox.h"
#include "services/alerts/alert_keeper.h"

namespace ballast {

// The machine that makes alerts: what people and services ask, the order log, what the health watch tells, and who
// reads along, in turn. Who asks while the storage is away is told so and asks again; what the health watch tells is
// told once and kept here until it is stored.
class AlertMachine final : public runtime::Machine {
 public:
  AlertMachine(AlertKeeper& keeper, const Clock& clock, Logger& log);

  runtime::Turn Poll(std::int64_t now_ns) override;
  runtime::Inbox& inbox() override { return inbox_; }

  using Task = absl::AnyInvocable<void(AlertKeeper&)>;
  // Any thread, each from here. What is asked runs on the machine's thread. False: too much is waiting already, or the
  // service stops.
  // `bytes`: how much it holds. Before what the order log brings.
  [[nodiscard]] bool Command(std::size_t bytes, Task task) { return inbox_.Post(kCommands, bytes, std::move(task)); }
  // Behind everything else.
  [[nodiscard]] bool Query(Task task) { return inbox_.Post(kQueries, kQueryBytes, std::move(task)); }
  // The order log's reader, one message at a time; `done` says whether it counts, at once or on the machine's thread.
  // False: read again from the cursors.
  void OnOrderEvents(std::shared_ptr<const order::v1::StreamOrderEventsResponse> batch, std::function<void(bool)> done);
  // The health watch: a few facts per peer.
  void Tell(alerts::Alert fact);

 private:
  enum Lane : std::size_t { kCommands, kFacts, kFeed, kQueries, kLanes };
  static constexpr std::size_t kQueryBytes = 512;

  void StoreTold();
  absl::Status StoreOnce();
  runtime::Turn End(std::int64_t now_ns);

  AlertKeeper& keeper_;
  Logger& log_;
  runtime::Mailbox<Task, kLanes> inbox_;
  // Not stored yet, and being stored.
  std::vector<alerts::Alert> told_;
  std::vector<alerts::Alert> storing_;
  // A try may have stored them.
  bool in_doubt_ = false;
  runtime::Committer committer_;
  bool ended_ = false;
};

}  // namespace ballast
