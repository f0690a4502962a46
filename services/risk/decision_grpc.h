#pragma once

#include "ballast/order/v1/decision_service.grpc.pb.h"
#include "services/risk/risk_machine.h"

namespace ballast {

// Re-armings that wait for a second person, told to whoever asks.
class RearmDecisionGrpc final : public order::v1::DecisionService::CallbackService {
 public:
  explicit RearmDecisionGrpc(RiskMachine& machine) : machine_(machine) {}

  grpc::ServerUnaryReactor* ListAwaitedDecisions(grpc::CallbackServerContext* context,
                                                 const order::v1::ListAwaitedDecisionsRequest* request,
                                                 order::v1::ListAwaitedDecisionsResponse* response) override;

 private:
  RiskMachine& machine_;
};

}  // namespace ballast
