#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "libs/runtime/machine.h"
#include "libs/runtime/mailbox.h"
#include "services/compliance_audit/chain_keeper.h"

namespace ballast {

// The machine that keeps the chain: what other services append, the order log, and who reads, in turn; and the anchor,
// once a second. Who asks while the storage is away is told so and asks again.
class ChainMachine final : public runtime::Machine {
 public:
  explicit ChainMachine(ChainKeeper& keeper);

  runtime::Turn Poll(std::int64_t now_ns) override;
  runtime::Inbox& inbox() override { return inbox_; }

  using Task = absl::AnyInvocable<void(ChainKeeper&)>;
  // Any thread, each from here. What is asked runs on the machine's thread. False: too much is waiting already, or the
  // service stops.
  // `bytes`: how much it holds. Before what the order log brings.
  [[nodiscard]] bool Command(std::size_t bytes, Task task) { return inbox_.Post(kCommands, bytes, std::move(task)); }
  // Behind everything else.
  [[nodiscard]] bool Query(Task task) { return inbox_.Post(kQueries, kQueryBytes, std::move(task)); }
  // The order log's reader, one message at a time; `done` says whether it counts, at once or on the machine's thread.
  // False: read again from the cursors.
  void OnOrderEvents(std::shared_ptr<const order::v1::StreamOrderEventsResponse> batch, std::function<void(bool)> done);

 private:
  enum Lane : std::size_t { kCommands, kFeed, kQueries, kLanes };
  static constexpr std::size_t kQueryBytes = 512;

  ChainKeeper& keeper_;
  runtime::Mailbox<Task, kLanes> inbox_;
  std::int64_t next_anchor_ns_ = 0;
  bool ended_ = false;
};

}  // namespace ballast
