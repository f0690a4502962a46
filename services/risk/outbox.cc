#include "services/risk/outbox.h"

#include <set>

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

constexpr std::int64_t kPeriodNs = 500'000'000;

// What will never be taken, however often it is sent.
bool IsRefusal(const absl::Status& status) { return absl::IsInvalidArgument(status) || absl::IsAlreadyExists(status); }

}  // namespace

Outbox::Outbox(RiskStore& store, Targets targets, Logger& log, Metrics& metrics)
    : store_(store),
      targets_(std::move(targets)),
      log_(log),
      waiting_gauge_(metrics.GetGauge("ballast_risk_outbox_waiting",
                                      "1: facts wait for the audit, for alerts or for order management", {})) {}

runtime::Turn Outbox::Poll(std::int64_t now_ns) {
  if (bell_.closed()) return {runtime::Turn::State::kEnded, 0};
  (void)SendAll();
  return {runtime::Turn::State::kReady, now_ns + kPeriodNs};
}

absl::Status Outbox::Send(const RiskStore::Message& message) {
  auto send = [&](auto request, const auto& call) -> absl::Status {
    if (!request.ParseFromString(message.request)) return absl::InvalidArgumentError("it cannot be read");
    return call(request);
  };
  switch (message.target) {
    case RiskStore::Target::kAudit:
      return send(audit::v1::AppendRecordRequest(), targets_.append);
    case RiskStore::Target::kAlerts:
      return send(alert::v1::RaiseAlertRequest(), targets_.raise);
    case RiskStore::Target::kOrders:
      return send(order::v1::EngageEmergencyRequest(), targets_.engage);
  }
  return absl::InvalidArgumentError("nobody is known by this number");
}

absl::Status Outbox::SendAll() {
  absl::StatusOr<std::vector<RiskStore::Message>> messages = store_.LoadOutbox();
  if (!messages.ok()) return messages.status();
  absl::Status first;
  std::set<RiskStore::Target> away;
  std::vector<std::int64_t> sent;
  for (const RiskStore::Message& message : *messages) {
    if (away.contains(message.target)) continue;
    absl::Status status = Send(message);
    if (status.ok()) {
      sent.push_back(message.outbox_id);
    } else if (IsRefusal(status)) {
      log_.Critical("outbox.refused", {{"outbox_id", std::to_string(message.outbox_id)}, {"error", status.ToString()}});
      first.Update(store_.RefuseMessage(message.outbox_id, MessageOf(status)));
    } else {
      away.insert(message.target);
      first.Update(status);
    }
  }
  if (!sent.empty()) first.Update(store_.RemoveMessages(sent));
  waiting_gauge_.Set(first.ok() ? 0 : 1);
  return first;
}

}  // namespace ballast
