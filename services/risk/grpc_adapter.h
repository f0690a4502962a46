#pragma once

#include "ballast/risk/v1/risk_service.grpc.pb.h"
#include "services/risk/risk_machine.h"

namespace ballast {

// The wire's side of risk: reads what is asked and hands it to the machine. grpc_changes.cc has what changes something.
class RiskGrpc final : public risk::v1::RiskService::CallbackService {
 public:
  explicit RiskGrpc(RiskMachine& machine) : machine_(machine) {}

  grpc::ServerBidiReactor<risk::v1::RiskSessionRequest, risk::v1::RiskSessionResponse>* RiskSession(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* PreviewOrder(grpc::CallbackServerContext* context,
                                         const risk::v1::PreviewOrderRequest* request,
                                         risk::v1::PreviewOrderResponse* response) override;
  grpc::ServerUnaryReactor* GetRiskState(grpc::CallbackServerContext* context,
                                         const risk::v1::GetRiskStateRequest* request,
                                         risk::v1::GetRiskStateResponse* response) override;
  grpc::ServerUnaryReactor* GetLimits(grpc::CallbackServerContext* context, const risk::v1::GetLimitsRequest* request,
                                      risk::v1::GetLimitsResponse* response) override;
  grpc::ServerUnaryReactor* UpdateLimits(grpc::CallbackServerContext* context,
                                         const risk::v1::UpdateLimitsRequest* request,
                                         risk::v1::UpdateLimitsResponse* response) override;
  grpc::ServerUnaryReactor* SetScopedLimits(grpc::CallbackServerContext* context,
                                            const risk::v1::SetScopedLimitsRequest* request,
                                            risk::v1::SetScopedLimitsResponse* response) override;
  grpc::ServerUnaryReactor* ListScopedLimits(grpc::CallbackServerContext* context,
                                             const risk::v1::ListScopedLimitsRequest* request,
                                             risk::v1::ListScopedLimitsResponse* response) override;
  grpc::ServerUnaryReactor* GetEffectiveLimits(grpc::CallbackServerContext* context,
                                               const risk::v1::GetEffectiveLimitsRequest* request,
                                               risk::v1::GetEffectiveLimitsResponse* response) override;
  grpc::ServerUnaryReactor* ListLimitChanges(grpc::CallbackServerContext* context,
                                             const risk::v1::ListLimitChangesRequest* request,
                                             risk::v1::ListLimitChangesResponse* response) override;
  grpc::ServerUnaryReactor* DecideLimitChange(grpc::CallbackServerContext* context,
                                              const risk::v1::DecideLimitChangeRequest* request,
                                              risk::v1::DecideLimitChangeResponse* response) override;
  grpc::ServerUnaryReactor* RearmLossRules(grpc::CallbackServerContext* context,
                                           const risk::v1::RearmLossRulesRequest* request,
                                           risk::v1::RearmLossRulesResponse* response) override;

  grpc::ServerUnaryReactor* GetOpening(grpc::CallbackServerContext* context, const risk::v1::GetOpeningRequest* request,
                                       risk::v1::GetOpeningResponse* response) override;
  grpc::ServerWriteReactor<risk::v1::StreamOpeningsResponse>* StreamOpenings(
      grpc::CallbackServerContext* context, const risk::v1::StreamOpeningsRequest* request) override;
  grpc::ServerUnaryReactor* GetBreakerRules(grpc::CallbackServerContext* context,
                                            const risk::v1::GetBreakerRulesRequest* request,
                                            risk::v1::GetBreakerRulesResponse* response) override;
  grpc::ServerUnaryReactor* UpdateBreakerRules(grpc::CallbackServerContext* context,
                                               const risk::v1::UpdateBreakerRulesRequest* request,
                                               risk::v1::UpdateBreakerRulesResponse* response) override;
  grpc::ServerUnaryReactor* ListBreakers(grpc::CallbackServerContext* context,
                                         const risk::v1::ListBreakersRequest* request,
                                         risk::v1::ListBreakersResponse* response) override;
  grpc::ServerUnaryReactor* RearmBreakers(grpc::CallbackServerContext* context,
                                          const risk::v1::RearmBreakersRequest* request,
                                          risk::v1::RearmBreakersResponse* response) override;
  grpc::ServerUnaryReactor* ReportBreaks(grpc::CallbackServerContext* context,
                                         const risk::v1::ReportBreaksRequest* request,
                                         risk::v1::ReportBreaksResponse* response) override;
  grpc::ServerUnaryReactor* WhatIf(grpc::CallbackServerContext* context, const risk::v1::WhatIfRequest* request,
                                   risk::v1::WhatIfResponse* response) override;
  grpc::ServerUnaryReactor* ListLimitsHistory(grpc::CallbackServerContext* context,
                                              const risk::v1::ListLimitsHistoryRequest* request,
                                              risk::v1::ListLimitsHistoryResponse* response) override;

 private:
  RiskMachine& machine_;
};

}  // namespace ballast
