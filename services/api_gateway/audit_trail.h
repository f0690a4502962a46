#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "ballast/audit/v1/audit_service.pb.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/thread/bounded_queue.h"
#include "services/api_gateway/json.h"

namespace ballast {

// Tells the audit service what was done here: queued, sent by one thread, tried again until it is there. Nobody who is
// answered waits for it; a full queue is counted and logged.
class AuditTrail {
 public:
  // Sends one record; false to be tried again.
  using Append = std::function<bool(const audit::v1::AppendRecordRequest&)>;

  AuditTrail(Append append, Logger& log, Metrics& metrics);
  ~AuditTrail() { Stop(); }
  void Start();
  void Stop();

  struct Entry {
    std::string request_id;
    std::string actor;
    // e.g. "login.failed"
    std::string action;
    // e.g. "account:paper"
    std::string subject;
    Json detail = Json::object();
    std::string account_id;
  };
  void Add(Entry entry);

 private:
  static constexpr std::size_t kQueueMax = 1000;
  void Loop();

  Append append_;
  Logger& log_;
  Counter& lost_;
  BoundedQueue<audit::v1::AppendRecordRequest> queue_{kQueueMax};
  std::thread thread_;
};

}  // namespace ballast
