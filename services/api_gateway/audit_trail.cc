#include "services/api_gateway/audit_trail.h"

#include <nlohmann/json.hpp>

namespace ballast {
namespace {

constexpr std::int64_t kPauseNs = 200'000'000;
constexpr std::int64_t kPauseMaxNs = 5'000'000'000;

}  // namespace

AuditTrail::AuditTrail(Append append, Logger& log, Metrics& metrics)
    : append_(std::move(append)),
      log_(log),
      lost_(metrics.GetCounter("ballast_gateway_audit_lost_total", "Audit records that could not be queued or sent",
                               {})) {}

void AuditTrail::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void AuditTrail::Stop() {
  queue_.Close();
  if (thread_.joinable()) thread_.join();
}

void AuditTrail::Add(Entry entry) {
  audit::v1::AppendRecordRequest request;
  request.set_request_id(entry.request_id);
  request.set_actor(entry.actor);
  request.set_action(entry.action);
  request.set_subject(entry.subject);
  // Canonical: names sorted.
  request.set_detail(nlohmann::json(entry.detail).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  request.set_account_id(entry.account_id);
  log_.Info(
      "audit.action",
      {{"action", entry.action}, {"actor", entry.actor}, {"subject", entry.subject}, {"detail", request.detail()}});
  if (queue_.TryPush(std::move(request))) return;
  lost_.Increment();
  log_.Error("audit.queue_full", {{"action", entry.action}});
}

void AuditTrail::Loop() {
  std::int64_t pause_ns = kPauseNs;
  while (true) {
    auto batch = queue_.PopBatch(1, 1'000'000'000);
    if (batch.empty() && queue_.closed()) return;
    for (const auto& record : batch) {
      while (!append_(record)) {
        if (queue_.closed()) {
          lost_.Increment();
          log_.Error("audit.lost", {{"action", record.action()}, {"subject", record.subject()}});
          break;
        }
        for (std::int64_t waited = 0; waited < pause_ns && !queue_.closed(); waited += kPauseNs) {
          std::this_thread::sleep_for(std::chrono::nanoseconds(kPauseNs));
        }
        pause_ns = std::min(pause_ns * 2, kPauseMaxNs);
      }
      pause_ns = kPauseNs;
    }
  }
}

}  // namespace ballast
