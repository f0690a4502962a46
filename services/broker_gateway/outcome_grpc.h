#pragma once

#include "ballast/broker/v1/outcome_service.grpc.pb.h"
#include "services/broker_gateway/engine.h"

namespace ballast {

// What is known of orders of unknown outcome.
class OutcomeGrpc : public broker::v1::OutcomeService::CallbackService {
 public:
  explicit OutcomeGrpc(Engine& engine) : engine_(engine) {}

  grpc::ServerUnaryReactor* GetOutcomeEvidence(grpc::CallbackServerContext* context,
                                               const broker::v1::GetOutcomeEvidenceRequest* request,
                                               broker::v1::GetOutcomeEvidenceResponse* response) override;

 private:
  Engine& engine_;
};

}  // namespace ballast
