#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "libs/runtime/machine.h"
#include "libs/runtime/mailbox.h"
#include "services/risk/keeper.h"

namespace ballast {

// The machine that reserves: what people and services change, the order managers' sessions, the market and who reads,
// in turn. Its turns wait for nothing, so that whoever brings something may make them (runtime::InlineWorker); what it
// has stored is answered in a later turn.
class RiskMachine final : public runtime::Machine {
 public:
  explicit RiskMachine(RiskKeeper& keeper);

  runtime::Turn Poll(std::int64_t now_ns) override;
  runtime::Inbox& inbox() override { return inbox_; }

  using Task = absl::AnyInvocable<void(RiskKeeper&)>;
  // Any thread, each from here. What is asked is done in a turn. False: too much is waiting already, or the service
  // stops.
  // `bytes`: how much it holds. Before everything else.
  [[nodiscard]] bool Command(std::size_t bytes, Task task) { return inbox_.Post(kCommands, bytes, std::move(task)); }
  // A message of an order manager's. A session's order is its meaning, so what it tells and what it asks stand in one
  // lane. `taken`: the next may come.
  [[nodiscard]] bool Hear(risk::v1::RiskSessionRequest request, std::shared_ptr<RiskKeeper::Sender> sender,
                          std::function<void()> taken);
  // The market's reader, one step at a time; `done` says whether it counts, at once or in a turn.
  void OnStep(RiskKeeper::Step step, std::function<void(bool)> done);
  [[nodiscard]] bool Market(std::size_t bytes, Task task) { return inbox_.Post(kMarket, bytes, std::move(task)); }
  // Behind everything else.
  [[nodiscard]] bool Query(Task task) { return inbox_.Post(kQueries, kQueryBytes, std::move(task)); }
  // The storage's: one for each thing it was asked.
  void Answer(RiskStorage::Then then);
  // What has been brought and not been taken yet.
  [[nodiscard]] std::size_t waiting() const { return inbox_.size(); }
  // Instruments and prices are known.
  [[nodiscard]] bool ready() const { return ready_; }

 private:
  enum Lane : std::size_t { kCommands, kSessions, kMarket, kQueries, kLanes };
  static constexpr std::size_t kQueryBytes = 1'024;

  runtime::Turn End(std::int64_t now_ns);

  RiskKeeper& keeper_;
  runtime::Mailbox<Task, kLanes> inbox_;
  // Apart, for they still come when the inbox is closed.
  runtime::Mailbox<RiskStorage::Then, 1> answers_;
  std::atomic<bool> ready_{false};
  // The keeper has something that is not to wait for its next second.
  bool soon_ = false;
  std::int64_t next_tick_ns_ = 0;
  // The end.
  bool stopped_ = false;
  std::int64_t give_up_ns_ = 0;
  bool saving_ = false;
  bool saved_ = false;
  bool ended_ = false;
};

}  // namespace ballast
