#include "services/api_gateway/grpc_adapter.h"

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"

namespace ballast {
namespace {

// Beyond these a text is cut: what stops trading is not refused for its words.
constexpr std::size_t kReasonMax = 200;
constexpr std::size_t kActorMax = 100;

}  // namespace

grpc::ServerUnaryReactor* GatewayGrpc::GetStatus(grpc::CallbackServerContext* context,
                                                 const gateway::v1::GetStatusRequest*,
                                                 gateway::v1::GetStatusResponse* response) {
  *response = status_();
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerUnaryReactor* GatewayGrpc::EngageEmergency(grpc::CallbackServerContext* context,
                                                       const gateway::v1::EngageEmergencyRequest* request,
                                                       gateway::v1::EngageEmergencyResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.OptionalId("account_id", request->account_id()).Id("request_id", request->request_id());
  if (!order::v1::EmergencyLevel_IsValid(request->level()) ||
      request->level() == order::v1::EMERGENCY_LEVEL_UNSPECIFIED) {
    check.Refuse("level", RejectReason::kBadEnum, "a level is expected");
  }
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  // It is on the disk before it is answered.
  continuations_.Run([this, reactor, request, response] {
    std::string account = request->account_id().empty() ? default_account_ : request->account_id();
    std::string actor = request->actor().empty() ? "user:unknown" : Shortened(request->actor(), kActorMax);
    emergencies_.Engage({.account_id = account,
                         .level = request->level(),
                         .reason = Shortened(request->reason(), kReasonMax),
                         .actor = std::move(actor),
                         .key = request->request_id()});
    if (auto state = emergencies_.State(account)) *response->mutable_emergency() = *std::move(state);
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

grpc::ServerUnaryReactor* GatewayGrpc::ListEmergencies(grpc::CallbackServerContext* context,
                                                       const gateway::v1::ListEmergenciesRequest* request,
                                                       gateway::v1::ListEmergenciesResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  for (gateway::v1::EmergencyState& state : emergencies_.List()) {
    bool meant = request->account_id().empty() || state.command().account_id() == request->account_id();
    if (meant) *response->add_emergencies() = std::move(state);
  }
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

}  // namespace ballast
