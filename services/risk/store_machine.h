#pragma once

#include <cstdint>
#include <functional>

#include "libs/runtime/machine.h"
#include "libs/runtime/mailbox.h"
#include "services/risk/storage.h"

namespace ballast {

// Where risk's storage is waited for, so that a reservation never is: one thing a turn, what changes something first.
// A worker of its own drives it.
class StoreMachine final : public runtime::Machine, public RiskStorage {
 public:
  // `answer` takes, from a turn of this, what is to be called in a turn of whoever asked.
  StoreMachine(RiskStore& store, std::function<void(Then)> answer);

  // Blocks on the storage.
  runtime::Turn Poll(std::int64_t now_ns) override;
  runtime::Inbox& inbox() override { return inbox_; }

  // Who asks has one change under way at a time, so they are few without a bound.
  void Write(Work work, Then then) override;
  [[nodiscard]] bool Read(Work work, Then then) override;

 private:
  struct Job {
    Work work;
    Then then;
  };
  enum Lane : std::size_t { kWrites, kReads, kLanes };

  RiskStore& store_;
  const std::function<void(Then)> answer_;
  runtime::Mailbox<Job, kLanes> inbox_;
};

}  // namespace ballast
