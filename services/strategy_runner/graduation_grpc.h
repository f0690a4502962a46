#pragma once

#include "ballast/graduation/v1/graduation_service.grpc.pb.h"
#include "services/strategy_runner/runner.h"

namespace ballast {

// Stages of deployments, and the score of risk before one is made.
class GraduationGrpc final : public graduation::v1::GraduationService::CallbackService {
 public:
  GraduationGrpc(Runner& runner, Neighbours& neighbours, const RuleShelf& shelf)
      : runner_(runner), neighbours_(neighbours), shelf_(shelf) {}

  grpc::ServerUnaryReactor* ListGraduations(grpc::CallbackServerContext*, const graduation::v1::ListGraduationsRequest*,
                                            graduation::v1::ListGraduationsResponse*) override;
  grpc::ServerUnaryReactor* GetGraduation(grpc::CallbackServerContext*, const graduation::v1::GetGraduationRequest*,
                                          graduation::v1::GetGraduationResponse*) override;
  grpc::ServerUnaryReactor* SetGraduationPlan(grpc::CallbackServerContext*,
                                              const graduation::v1::SetGraduationPlanRequest*,
                                              graduation::v1::SetGraduationPlanResponse*) override;
  grpc::ServerUnaryReactor* PromoteDeployment(grpc::CallbackServerContext*,
                                              const graduation::v1::PromoteDeploymentRequest*,
                                              graduation::v1::PromoteDeploymentResponse*) override;
  grpc::ServerUnaryReactor* DemoteDeployment(grpc::CallbackServerContext*,
                                             const graduation::v1::DemoteDeploymentRequest*,
                                             graduation::v1::DemoteDeploymentResponse*) override;
  grpc::ServerUnaryReactor* ScoreRisk(grpc::CallbackServerContext*, const graduation::v1::ScoreRiskRequest*,
                                      graduation::v1::ScoreRiskResponse*) override;

 private:
  Runner& runner_;
  Neighbours& neighbours_;
  const RuleShelf& shelf_;
};

}  // namespace ballast
