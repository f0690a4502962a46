#pragma once

#include "ballast/order/v1/decision_service.grpc.pb.h"
#include "services/broker_gateway/release_guard.h"

namespace ballast {

// Kill switches that wait for a second person to be let go, told to whoever asks. Needs nobody, as the switch itself.
class ReleaseGrpc final : public order::v1::DecisionService::CallbackService {
 public:
  explicit ReleaseGrpc(ReleaseGuard& guard) : guard_(guard) {}

  grpc::ServerUnaryReactor* ListAwaitedDecisions(grpc::CallbackServerContext* context,
                                                 const order::v1::ListAwaitedDecisionsRequest* request,
                                                 order::v1::ListAwaitedDecisionsResponse* response) override;

 private:
  ReleaseGuard& guard_;
};

}  // namespace ballast
