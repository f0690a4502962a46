#pragma once

#include <functional>
#include <thread>

#include "absl/status/status.h"
#include "ballast/alert/v1/alert_service.pb.h"
#include "ballast/audit/v1/audit_service.pb.h"
#include "ballast/order/v1/emergency.pb.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/thread/mutex.h"
#include "services/risk/store.h"

namespace ballast {

// Sends what the store's outbox holds, in order and until it was taken; a target that is away holds nobody else up. The
// same fact may be sent twice: its request id is the same. A thread of its own, nobody waits for it.
class Outbox {
 public:
  struct Targets {
    std::function<absl::Status(const audit::v1::AppendRecordRequest&)> append;
    std::function<absl::Status(const alert::v1::RaiseAlertRequest&)> raise;
    std::function<absl::Status(const order::v1::EngageEmergencyRequest&)> engage;
  };
  Outbox(RiskStore& store, Targets targets, Logger& log, Metrics& metrics);
  ~Outbox() { Stop(); }
  void Start();
  void Stop();

  // One round; the thread's body, public for tests. OK when nothing is left.
  absl::Status SendAll();

 private:
  absl::Status Send(const RiskStore::Message& message);

  RiskStore& store_;
  const Targets targets_;
  Logger& log_;
  Gauge& waiting_gauge_;
  Mutex mutex_;
  CondVar wake_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace ballast
