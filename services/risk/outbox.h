#pragma once

#include <functional>

#include "absl/status/status.h"
#include "ballast/alert/v1/alert_service.pb.h"
#include "ballast/audit/v1/audit_service.pb.h"
#include "ballast/order/v1/emergency.pb.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/runtime/machine.h"
#include "libs/runtime/mailbox.h"
#include "services/risk/store.h"

namespace ballast {

// Sends what the store's outbox holds, in order and until it was taken; a target that is away holds nobody else up. The
// same fact may be sent twice: its request id is the same. Nobody waits for it, and its turns block.
class Outbox final : public runtime::Machine {
 public:
  struct Targets {
    std::function<absl::Status(const audit::v1::AppendRecordRequest&)> append;
    std::function<absl::Status(const alert::v1::RaiseAlertRequest&)> raise;
    std::function<absl::Status(const order::v1::EngageEmergencyRequest&)> engage;
  };
  Outbox(RiskStore& store, Targets targets, Logger& log, Metrics& metrics);

  // A round twice a second. What is left at the end is in the store.
  runtime::Turn Poll(std::int64_t now_ns) override;
  runtime::Inbox& inbox() override { return bell_; }

  // One round; public for tests. OK when nothing is left.
  absl::Status SendAll();

 private:
  absl::Status Send(const RiskStore::Message& message);

  RiskStore& store_;
  const Targets targets_;
  Logger& log_;
  Gauge& waiting_gauge_;
  // Nothing is posted: it is there to be closed.
  runtime::Mailbox<int, 1> bell_{{0}};
};

}  // namespace ballast
