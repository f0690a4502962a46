#pragma once

#include <functional>
#include <string>

#include "ballast/gateway/v1/gateway_service.grpc.pb.h"
#include "services/api_gateway/continuations.h"
#include "services/api_gateway/emergency_board.h"

namespace ballast {

class GatewayGrpc final : public gateway::v1::GatewayService::CallbackService {
 public:
  GatewayGrpc(std::function<gateway::v1::GetStatusResponse()> status, EmergencyBoard& emergencies,
              Continuations& continuations, std::string default_account)
      : status_(std::move(status)),
        emergencies_(emergencies),
        continuations_(continuations),
        default_account_(std::move(default_account)) {}
  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const gateway::v1::GetStatusRequest* request,
                                      gateway::v1::GetStatusResponse* response) override;
  grpc::ServerUnaryReactor* EngageEmergency(grpc::CallbackServerContext* context,
                                            const gateway::v1::EngageEmergencyRequest* request,
                                            gateway::v1::EngageEmergencyResponse* response) override;
  grpc::ServerUnaryReactor* ListEmergencies(grpc::CallbackServerContext* context,
                                            const gateway::v1::ListEmergenciesRequest* request,
                                            gateway::v1::ListEmergenciesResponse* response) override;

 private:
  std::function<gateway::v1::GetStatusResponse()> status_;
  EmergencyBoard& emergencies_;
  Continuations& continuations_;
  const std::string default_account_;
};

}  // namespace ballast
