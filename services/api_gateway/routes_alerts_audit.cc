#include <charconv>

#include "services/api_gateway/api.h"

namespace ballast {
namespace {

using AlertAsync = alert::v1::AlertService::StubInterface::async_interface;
using AuditAsync = audit::v1::AuditService::StubInterface::async_interface;

constexpr std::int64_t kLongDeadlineMs = 30'000;

void ListAlerts(const CallPtr& call) {
  alert::v1::ListAlertsRequest request;
  int page_size = 0;
  bool unacknowledged_only = false;
  if (!call->ReadNumber("page_size", &page_size)) return;
  if (!call->ReadFlag("unacknowledged_only", &unacknowledged_only)) return;
  if (std::string level = call->Query("min_level"); !level.empty()) {
    alert::v1::AlertLevel parsed{};
    if (!alert::v1::AlertLevel_Parse(level, &parsed)) {
      return call->Fail(BadFields(
          {{.field = "min_level", .reason = RejectReason::kBadEnum, .message = "there is no level " + level}}));
    }
    request.set_min_level(parsed);
  }
  request.set_account_id(call->Query("account_id"));  // empty: all, also those of no account
  request.set_unacknowledged_only(unacknowledged_only);
  request.set_page_size(page_size);
  request.set_page_token(call->Query("page_token"));
  call->Forward(call->gateway.peers.alerts, &AlertAsync::ListAlerts, request);
}

void Acknowledge(const CallPtr& call) {
  const std::string& text = call->Param("id");
  std::uint64_t id = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (problem != std::errc() || end != text.data() + text.size()) {
    return call->Fail(
        BadFields({{.field = "alert_id", .reason = RejectReason::kBadIdentifier, .message = "a number is expected"}}));
  }
  alert::v1::AcknowledgeAlertRequest request;
  request.set_alert_id(id);
  request.set_actor(call->access.actor);
  call->Ask(call->gateway.peers.alerts, &AlertAsync::AcknowledgeAlert, request,
            [call, text](const grpc::Status& status, alert::v1::AcknowledgeAlertResponse& response) {
              ApiError error = ErrorOf(status, "alerts");
              call->Audit("alert.acknowledged", "alert:" + text, {{"outcome", status.ok() ? "ok" : error.status}},
                          response.alert().account_id());
              if (status.ok())
                call->Answer(200, response);
              else
                call->Fail(error);
            });
}

void AcknowledgeMany(const CallPtr& call) {
  alert::v1::AcknowledgeAlertsRequest request;
  if (!call->ReadBody(&request)) return;
  request.set_actor(call->access.actor);
  call->Ask(call->gateway.peers.alerts, &AlertAsync::AcknowledgeAlerts, request,
            [call, request](const grpc::Status& status, alert::v1::AcknowledgeAlertsResponse& response) {
              ApiError error = ErrorOf(status, "alerts");
              Json ids = Json::array();
              for (std::uint64_t id : request.alert_ids()) ids.push_back(std::to_string(id));
              call->Audit("alerts.acknowledged", "alerts",
                          {{"alert_ids", std::move(ids)},
                           {"up_to_alert_id", std::to_string(request.up_to_alert_id())},
                           {"all", request.all()},
                           {"acknowledged", std::to_string(response.acknowledged())},
                           {"outcome", status.ok() ? "ok" : error.status}},
                          request.account_id());
              if (status.ok())
                call->Answer(200, response);
              else
                call->Fail(error);
            });
}

void ListRecords(const CallPtr& call) {
  audit::v1::ListRecordsRequest request;
  int page_size = 0;
  if (!call->ReadNumber("page_size", &page_size)) return;
  // Records of logins belong to no account: no default here.
  request.set_account_id(call->Query("account_id"));
  request.set_action(call->Query("action"));
  request.set_subject(call->Query("subject"));
  request.set_page_size(page_size);
  request.set_page_token(call->Query("page_token"));
  call->Forward(call->gateway.peers.audit, &AuditAsync::ListRecords, request);
}

void VerifyChain(const CallPtr& call) {
  audit::v1::VerifyChainRequest request;
  if (!call->ReadBody(&request)) return;
  call->Forward(call->gateway.peers.audit, &AuditAsync::VerifyChain, request, nullptr, kLongDeadlineMs);
}

void GetHead(const CallPtr& call) {
  call->Forward(call->gateway.peers.audit, &AuditAsync::GetHead, audit::v1::GetHeadRequest());
}

}  // namespace

std::vector<Route> AlertAuditRoutes() {
  return {
      {"POST", "/api/live/alerts/acknowledge", AcknowledgeMany},
      {"GET", "/api/alerts", ListAlerts},
      {"POST", "/api/alerts/{id}/acknowledge", Acknowledge},
      {"GET", "/api/audit", ListRecords},
      {"POST", "/api/audit/verify", VerifyChain},
      {"GET", "/api/audit/head", GetHead},
  };
}

}  // namespace ballast
