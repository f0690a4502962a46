#include "services/strategy_runner/graduation_grpc.h"

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "services/strategy_runner/risk_proposal.h"
#include "services/strategy_runner/spec_codec.h"

namespace ballast {
namespace {

namespace graduation_pb = graduation::v1;

constexpr std::size_t kWhyBytesMax = 500;

grpc::Status GraduationBusy() { return {grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again"}; }

// Answers with the graduation in the response's field of that name.
template <typename Response>
auto WithGraduation(grpc::ServerUnaryReactor* reactor, Response* response) {
  return [reactor, response](const absl::Status& status, const graduation_pb::Graduation& graduation) {
    if (status.ok()) *response->mutable_graduation() = graduation;
    reactor->Finish(ToGrpc(status));
  };
}

FieldCheck CheckMove(const std::string& deployment_id, graduation_pb::Stage stage, const char* field,
                     const std::string& reason) {
  FieldCheck check;
  check.Id("deployment_id", deployment_id).Text("reason", reason, kWhyBytesMax);
  if (reason.empty()) check.Refuse("reason", RejectReason::kMissingField, "a change of stage needs a reason");
  if (stage == graduation_pb::STAGE_UNSPECIFIED || !graduation_pb::Stage_IsValid(stage))
    check.Refuse(field, RejectReason::kBadEnum, "a stage expected");
  return check;
}

}  // namespace

grpc::ServerUnaryReactor* GraduationGrpc::ListGraduations(grpc::CallbackServerContext* context,
                                                          const graduation_pb::ListGraduationsRequest* request,
                                                          graduation_pb::ListGraduationsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  if (!check.OptionalId("account_id", request->account_id()).ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  bool queued = runner_.ListGraduations(
      request->account_id(),
      [reactor, response](const absl::Status& status, const std::vector<graduation_pb::Graduation>& all) {
        for (const auto& one : all) *response->add_graduations() = one;
        reactor->Finish(ToGrpc(status));
      });
  if (!queued) reactor->Finish(GraduationBusy());
  return reactor;
}

grpc::ServerUnaryReactor* GraduationGrpc::GetGraduation(grpc::CallbackServerContext* context,
                                                        const graduation_pb::GetGraduationRequest* request,
                                                        graduation_pb::GetGraduationResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  if (!check.Id("deployment_id", request->deployment_id()).ok())
    reactor->Finish(check.Refusal());
  else if (!runner_.GetGraduation(request->deployment_id(), WithGraduation(reactor, response)))
    reactor->Finish(GraduationBusy());
  return reactor;
}

grpc::ServerUnaryReactor* GraduationGrpc::SetGraduationPlan(grpc::CallbackServerContext* context,
                                                            const graduation_pb::SetGraduationPlanRequest* request,
                                                            graduation_pb::SetGraduationPlanResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  graduation_pb::SetGraduationPlanRequest whole = *request;
  *whole.mutable_plan() = WithDefaults(request->plan());
  FieldCheck check;
  check.Id("deployment_id", request->deployment_id()).Text("plan.backtest", request->plan().backtest(), kWhyBytesMax);
  (void)PlanFromProto(whole.plan(), check.errors());
  if (!check.ok())
    reactor->Finish(check.Refusal());
  else if (!runner_.SetGraduationPlan(std::move(whole), WithGraduation(reactor, response)))
    reactor->Finish(GraduationBusy());
  return reactor;
}

grpc::ServerUnaryReactor* GraduationGrpc::PromoteDeployment(grpc::CallbackServerContext* context,
                                                            const graduation_pb::PromoteDeploymentRequest* request,
                                                            graduation_pb::PromoteDeploymentResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check = CheckMove(request->deployment_id(), request->from(), "from", request->reason());
  if (!check.ok())
    reactor->Finish(check.Refusal());
  else if (!runner_.Promote(*request, WithGraduation(reactor, response)))
    reactor->Finish(GraduationBusy());
  return reactor;
}

grpc::ServerUnaryReactor* GraduationGrpc::DemoteDeployment(grpc::CallbackServerContext* context,
                                                           const graduation_pb::DemoteDeploymentRequest* request,
                                                           graduation_pb::DemoteDeploymentResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check = CheckMove(request->deployment_id(), request->to(), "to", request->reason());
  if (!check.ok())
    reactor->Finish(check.Refusal());
  else if (!runner_.Demote(*request, WithGraduation(reactor, response)))
    reactor->Finish(GraduationBusy());
  return reactor;
}

grpc::ServerUnaryReactor* GraduationGrpc::ScoreRisk(grpc::CallbackServerContext* context,
                                                    const graduation_pb::ScoreRiskRequest* request,
                                                    graduation_pb::ScoreRiskResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  std::vector<FieldError> errors;
  strategy::Spec spec = SpecFromProto(WithUsualLimits(request->spec()), shelf_, errors);
  if (!errors.empty()) {
    reactor->Finish(InvalidFields(errors));
    return reactor;
  }
  AskRiskScore(spec, neighbours_, [reactor, response](const graduation::RiskScore& score) {
    ToProto(score, response->mutable_risk_score());
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

}  // namespace ballast
