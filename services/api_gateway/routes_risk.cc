#include "services/api_gateway/api.h"
#include "services/api_gateway/emergency.h"

namespace ballast {
namespace {

using RiskAsync = risk::v1::RiskService::StubInterface::async_interface;
using OrderAsync = order::v1::OrderService::StubInterface::async_interface;

// The state's fields, and the limits beside them.
void GetRisk(const CallPtr& call) {
  risk::v1::GetRiskStateRequest request;
  request.set_account_id(call->AccountOfQuery());
  call->Forward(call->gateway.peers.risk, &RiskAsync::GetRiskState, request,
                [call](risk::v1::GetRiskStateResponse& state) {
                  risk::v1::GetLimitsRequest next;
                  next.set_account_id(state.account_id());
                  Json answer = ToJson(state);
                  call->Forward(call->gateway.peers.risk, &RiskAsync::GetLimits, next,
                                [call, answer = std::move(answer)](risk::v1::GetLimitsResponse& limits) mutable {
                                  answer["limits"] = ToJson(limits.limits());
                                  call->Answer(200, answer);
                                });
                });
}

void UpdateLimits(const CallPtr& call) {
  risk::v1::UpdateLimitsRequest request;
  if (!call->ReadBody(&request)) return;
  std::string account = call->AccountOr(request.limits().account_id());
  if (request.has_limits()) request.mutable_limits()->set_account_id(account);
  request.set_actor(call->access.actor);
  Json asked = ToJson(request.limits());
  call->Ask(call->gateway.peers.risk, &RiskAsync::UpdateLimits, request,
            [call, account, asked = std::move(asked), reason = request.reason()](
                const grpc::Status& status, risk::v1::UpdateLimitsResponse& response) {
              ApiError error = ErrorOf(status, "risk");
              call->Audit("limits.updated", "account:" + account,
                          {{"reason", reason},
                           {"outcome", status.ok() ? "ok" : error.status},
                           {"limits", status.ok() ? ToJson(response.limits()) : asked}},
                          account);
              if (status.ok())
                call->Answer(200, response);
              else
                call->Fail(error);
            });
}

void Engage(const CallPtr& call) {
  std::string level, account, reason;
  if (!call->ReadFields({{"level", &level}, {"account_id", &account}, {"reason", &reason}})) return;
  if (level != "K1" && level != "K2") {
    return call->Fail(
        BadFields({{.field = "level", .reason = RejectReason::kBadEnum, .message = "K1 or K2 is expected"}}));
  }
  RunEmergency(call, {.account = call->AccountOr(account), .reason = reason, .level = level, .cancel = level == "K2"});
}

void Resume(const CallPtr& call) {
  order::v1::ResumeAccountRequest request;
  if (!call->ReadBody(&request)) return;
  request.set_request_id(call->KeyOrNew());
  request.set_account_id(call->AccountOr(request.account_id()));
  request.set_actor(call->access.actor);
  call->Ask(call->gateway.peers.orders, &OrderAsync::ResumeAccount, request,
            [call, request](const grpc::Status& status, order::v1::ResumeAccountResponse& response) {
              ApiError error = ErrorOf(status, "order_management");
              call->Audit("account.resumed", "account:" + request.account_id(),
                          {{"reason", request.reason()}, {"outcome", status.ok() ? "ok" : error.status}},
                          request.account_id());
              if (status.ok())
                call->Answer(200, response);
              else
                call->Fail(error);
            });
}

}  // namespace

std::vector<Route> RiskRoutes() {
  return {
      {"GET", "/api/live/risk", GetRisk},
      {"PUT", "/api/live/risk/limits", UpdateLimits},
      {"POST", "/api/live/emergency", Engage},
      {"POST", "/api/live/emergency/resume", Resume},
  };
}

}  // namespace ballast
