#include "services/risk/grpc_adapter.h"

#include "libs/platform/grpc/status.h"
#include "services/risk/limits_codec.h"

namespace ballast {

void RiskGrpc::Start() {
  writer_ = std::thread([this] {
    constexpr std::int64_t kTickNs = 1'000'000'000;
    while (!writes_.closed()) {
      for (auto& write : writes_.PopBatch(16, kTickNs)) write();
      keeper_.Tick();
    }
    for (auto& write : writes_.PopBatch(100, 0)) write();
  });
}

void RiskGrpc::Stop() {
  writes_.Close();
  if (writer_.joinable()) writer_.join();
}

grpc::ServerBidiReactor<risk::v1::RiskSessionRequest, risk::v1::RiskSessionResponse>* RiskGrpc::RiskSession(
    grpc::CallbackServerContext*) {
  using Session = BidiSession<risk::v1::RiskSessionRequest, risk::v1::RiskSessionResponse>;
  auto session = Session::Make(
      [this](Session& self, risk::v1::RiskSessionRequest& request) {
        keeper_.OnSession(request, std::static_pointer_cast<Session>(self.Self()));
      },
      [] {});
  return session.get();
}

grpc::ServerUnaryReactor* RiskGrpc::PreviewOrder(grpc::CallbackServerContext* context,
                                                 const risk::v1::PreviewOrderRequest* request,
                                                 risk::v1::PreviewOrderResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpc(keeper_.Preview(*request, response)));
  return reactor;
}

grpc::ServerUnaryReactor* RiskGrpc::GetRiskState(grpc::CallbackServerContext* context,
                                                 const risk::v1::GetRiskStateRequest* request,
                                                 risk::v1::GetRiskStateResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpc(keeper_.State(request->account_id(), response)));
  return reactor;
}

grpc::ServerUnaryReactor* RiskGrpc::GetLimits(grpc::CallbackServerContext* context,
                                              const risk::v1::GetLimitsRequest* request,
                                              risk::v1::GetLimitsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  auto limits = keeper_.GetLimits(request->account_id());
  if (limits.ok()) {
    ToProto(*limits, response->mutable_limits());
    response->mutable_limits()->set_account_id(request->account_id());
  }
  reactor->Finish(ToGrpc(limits.status()));
  return reactor;
}

grpc::ServerUnaryReactor* RiskGrpc::UpdateLimits(grpc::CallbackServerContext* context,
                                                 const risk::v1::UpdateLimitsRequest* request,
                                                 risk::v1::UpdateLimitsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  std::vector<FieldError> errors;
  RiskStore::Update update{.account_id = AccountId(request->limits().account_id()),
                           .limits = LimitsFromProto(request->limits(), errors),
                           .reason = request->reason(),
                           .actor = request->actor(),
                           .request_id = request->request_id()};
  if (update.request_id.empty())
    errors.push_back(
        {.field = "request_id", .reason = RejectReason::kMissingField, .message = "a request id is expected"});
  if (update.reason.empty())
    errors.push_back(
        {.field = "reason", .reason = RejectReason::kMissingField, .message = "changing limits needs a reason"});
  if (!errors.empty()) {
    reactor->Finish(InvalidFields(errors));
    return reactor;
  }
  bool queued = writes_.TryPush([this, reactor, response, update = std::move(update)] {
    auto saved = keeper_.UpdateLimits(update);
    if (saved.ok()) {
      ToProto(*saved, response->mutable_limits());
      response->mutable_limits()->set_account_id(update.account_id.value());
    }
    reactor->Finish(ToGrpc(saved.status()));
  });
  if (!queued) reactor->Finish(grpc::Status(grpc::RESOURCE_EXHAUSTED, "too many changes are waiting"));
  return reactor;
}

}  // namespace ballast
