#include "services/api_gateway/api.h"

namespace ballast {
namespace {

using GraduationAsync = graduation::v1::GraduationService::StubInterface::async_interface;

// Records what was asked of a deployment's stage and what became of it, then answers.
template <typename Request, typename Response>
void MoveStage(const CallPtr& call, const char* action, Request request,
               void (GraduationAsync::*method)(grpc::ClientContext*, const Request*, Response*,
                                               std::function<void(grpc::Status)>)) {
  request.set_actor(call->access.actor);
  const std::string subject = "deployment:" + call->Param("id");
  Json detail = ToJson(request);
  call->AuditIntent(action, subject, detail);
  call->Ask<graduation::v1::GraduationService, GraduationAsync, Request, Response>(
      call->gateway.peers.graduation, method, request,
      [call, action, subject, detail](const grpc::Status& status, Response& response) {
        ApiError error = ErrorOf(status, "strategy_runner");
        Json told = detail;
        told["outcome"] = status.ok() ? "ok" : error.status;
        call->Audit(action, subject, std::move(told));
        if (status.ok())
          call->Answer(200, response);
        else
          call->Fail(error);
      });
}

void ListGraduations(const CallPtr& call) {
  graduation::v1::ListGraduationsRequest request;
  request.set_account_id(call->Query("account_id"));
  call->Forward(call->gateway.peers.graduation, &GraduationAsync::ListGraduations, request);
}

void GetGraduation(const CallPtr& call) {
  graduation::v1::GetGraduationRequest request;
  request.set_deployment_id(call->Param("id"));
  call->Forward(call->gateway.peers.graduation, &GraduationAsync::GetGraduation, request);
}

void SetGraduationPlan(const CallPtr& call) {
  graduation::v1::SetGraduationPlanRequest request;
  if (!call->ReadBody(&request)) return;
  request.set_deployment_id(call->Param("id"));
  MoveStage<graduation::v1::SetGraduationPlanRequest, graduation::v1::SetGraduationPlanResponse>(
      call, "deployment.graduation_plan", request, &GraduationAsync::SetGraduationPlan);
}

void Promote(const CallPtr& call) {
  graduation::v1::PromoteDeploymentRequest request;
  if (!call->ReadBody(&request)) return;
  request.set_deployment_id(call->Param("id"));
  MoveStage<graduation::v1::PromoteDeploymentRequest, graduation::v1::PromoteDeploymentResponse>(
      call, "deployment.promoted", request, &GraduationAsync::PromoteDeployment);
}

void Demote(const CallPtr& call) {
  graduation::v1::DemoteDeploymentRequest request;
  if (!call->ReadBody(&request)) return;
  request.set_deployment_id(call->Param("id"));
  MoveStage<graduation::v1::DemoteDeploymentRequest, graduation::v1::DemoteDeploymentResponse>(
      call, "deployment.demoted", request, &GraduationAsync::DemoteDeployment);
}

void ScoreRisk(const CallPtr& call) {
  graduation::v1::ScoreRiskRequest request;
  if (!call->ReadBody(&request)) return;
  request.mutable_spec()->set_account_id(call->AccountOr(request.spec().account_id()));
  call->Forward(call->gateway.peers.graduation, &GraduationAsync::ScoreRisk, request);
}

}  // namespace

std::vector<Route> GraduationRoutes() {
  return {
      {"GET", "/api/live/graduations", ListGraduations},
      {"GET", "/api/live/graduations/{id}", GetGraduation},
      {"PUT", "/api/live/graduations/{id}/plan", SetGraduationPlan},
      {"POST", "/api/live/graduations/{id}/promote", Promote},
      {"POST", "/api/live/graduations/{id}/demote", Demote},
      {"POST", "/api/live/risk-score", ScoreRisk},
  };
}

}  // namespace ballast
