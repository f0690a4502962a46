#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "libs/platform/log/log.h"
#include "libs/runtime/machine.h"
#include "libs/runtime/mailbox.h"
#include "services/compliance_audit/chain_keeper.h"
#include "services/compliance_audit/verification.h"

namespace ballast {

// The machine that verifies: one after the other, a page of records a turn. Beside the writer, so that nothing waits
// for one, long as it takes.
class ChainVerifier final : public runtime::Machine {
 public:
  struct Request {
    ChainKeeper::Expectation expected;
    // Nobody waits for it any more.
    std::function<bool()> cancelled;
    // On the machine's thread. CANCELLED when it was called off, or the service stops.
    std::function<void(absl::StatusOr<Verification::Result>)> done;
  };

  ChainVerifier(AuditStore& store, Logger& log);

  runtime::Turn Poll(std::int64_t now_ns) override;
  runtime::Inbox& inbox() override { return inbox_; }

  // Any thread. False: too many wait, or the service stops; `done` is not called then.
  [[nodiscard]] bool Verify(Request request);

 private:
  struct Running {
    Request request;
    Verification verification;
  };
  void Step();
  void Tell(const Verification::Result& result);

  AuditStore& store_;
  Logger& log_;
  runtime::Mailbox<Request, 1> inbox_;
  std::optional<Running> running_;
  bool ended_ = false;
};

}  // namespace ballast
