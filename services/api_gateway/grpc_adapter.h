#pragma once

#include <functional>

#include "ballast/gateway/v1/gateway_service.grpc.pb.h"

namespace ballast {

class GatewayGrpc final : public gateway::v1::GatewayService::CallbackService {
 public:
  explicit GatewayGrpc(std::function<gateway::v1::GetStatusResponse()> status) : status_(std::move(status)) {}
  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const gateway::v1::GetStatusRequest* request,
                                      gateway::v1::GetStatusResponse* response) override;

 private:
  std::function<gateway::v1::GetStatusResponse()> status_;
};

}  // namespace ballast
