#include "services/api_gateway/grpc_adapter.h"

namespace ballast {

grpc::ServerUnaryReactor* GatewayGrpc::GetStatus(grpc::CallbackServerContext* context,
                                                 const gateway::v1::GetStatusRequest*,
                                                 gateway::v1::GetStatusResponse* response) {
  *response = status_();
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

}  // namespace ballast
