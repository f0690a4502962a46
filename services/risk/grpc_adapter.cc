#include "services/risk/grpc_adapter.h"

#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "services/risk/breaker_codec.h"
#include "services/risk/limits_codec.h"
#include "services/risk/preview_codec.h"

namespace ballast {
namespace {

constexpr std::size_t kReasonMax = 200;
constexpr std::size_t kActorMax = 100;

}  // namespace

void RiskGrpc::Start() {
  keeper_.SetWake([this] { writes_.TryPush([] {}); });
  writer_ = std::thread([this] {
    constexpr std::int64_t kTickNs = 1'000'000'000;
    while (!writes_.closed()) {
      for (auto& write : writes_.PopBatch(16, kTickNs)) write();
      keeper_.Tick();
    }
    for (auto& write : writes_.PopBatch(100, 0)) write();
    keeper_.SaveAll();
  });
}

void RiskGrpc::Stop() {
  keeper_.SetWake(nullptr);
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
  FieldCheck check;
  Order order = PreviewFromProto(request->order(), check);
  if (check.ok()) keeper_.Preview(order, response);
  reactor->Finish(check.Refusal());
  return reactor;
}

grpc::ServerUnaryReactor* RiskGrpc::GetRiskState(grpc::CallbackServerContext* context,
                                                 const risk::v1::GetRiskStateRequest* request,
                                                 risk::v1::GetRiskStateResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  bool named = check.Id("account_id", request->account_id()).ok();
  reactor->Finish(named ? ToGrpc(keeper_.State(request->account_id(), response)) : check.Refusal());
  return reactor;
}

grpc::ServerUnaryReactor* RiskGrpc::GetLimits(grpc::CallbackServerContext* context,
                                              const risk::v1::GetLimitsRequest* request,
                                              risk::v1::GetLimitsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  if (!check.Id("account_id", request->account_id()).ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
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
  FieldCheck check;
  check.Id("request_id", request->request_id());
  check.Text("reason", request->reason(), kReasonMax).Text("actor", request->actor(), kActorMax);
  if (request->reason().empty()) check.Refuse("reason", RejectReason::kMissingField, "changing limits needs a reason");
  if (!request->has_limits()) {
    // All that is in them would be missing too, which says nothing more.
    check.Refuse("limits", RejectReason::kMissingField, "the whole set of limits is expected");
    reactor->Finish(check.Refusal());
    return reactor;
  }
  RiskStore::Update update{.account_id = AccountId(request->limits().account_id()),
                           .limits = LimitsFromProto(request->limits(), check),
                           .reason = request->reason(),
                           .actor = request->actor(),
                           .request_id = request->request_id()};
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
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

grpc::ServerUnaryReactor* RiskGrpc::RearmLossRules(grpc::CallbackServerContext* context,
                                                   const risk::v1::RearmLossRulesRequest* request,
                                                   risk::v1::RearmLossRulesResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Id("request_id", request->request_id()).Id("account_id", request->account_id());
  check.Text("reason", request->reason(), kReasonMax).Text("actor", request->actor(), kActorMax);
  if (request->reason().empty()) check.Refuse("reason", RejectReason::kMissingField, "re-arming needs a reason");
  for (const std::string& rule : request->rules()) {
    if (!risk::LossRuleOf(rule)) check.Refuse("rules", RejectReason::kBadEnum, "daily_loss or drawdown is expected");
  }
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  bool queued = writes_.TryPush(
      [this, reactor, response, request = *request] { reactor->Finish(ToGrpc(keeper_.Rearm(request, response))); });
  if (!queued) reactor->Finish(grpc::Status(grpc::RESOURCE_EXHAUSTED, "too many changes are waiting"));
  return reactor;
}

grpc::ServerUnaryReactor* RiskGrpc::GetOpening(grpc::CallbackServerContext* context,
                                               const risk::v1::GetOpeningRequest* request,
                                               risk::v1::GetOpeningResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Id("account_id", request->account_id()).OptionalId("deployment_id", request->deployment_id());
  reactor->Finish(
      check.ok() ? ToGrpc(keeper_.Opening(request->account_id(), request->deployment_id(), response->mutable_answer()))
                 : check.Refusal());
  return reactor;
}

grpc::ServerWriteReactor<risk::v1::StreamOpeningsResponse>* RiskGrpc::StreamOpenings(
    grpc::CallbackServerContext*, const risk::v1::StreamOpeningsRequest*) {
  auto session = StreamSession<risk::v1::StreamOpeningsResponse>::Make([] {});
  keeper_.Subscribe(session);
  return session.get();
}

grpc::ServerUnaryReactor* RiskGrpc::GetBreakerRules(grpc::CallbackServerContext* context,
                                                    const risk::v1::GetBreakerRulesRequest*,
                                                    risk::v1::GetBreakerRulesResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  ToProto(keeper_.GetBreakerRules(), response->mutable_rules());
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerUnaryReactor* RiskGrpc::UpdateBreakerRules(grpc::CallbackServerContext* context,
                                                       const risk::v1::UpdateBreakerRulesRequest* request,
                                                       risk::v1::UpdateBreakerRulesResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Id("request_id", request->request_id());
  check.Text("reason", request->reason(), kReasonMax).Text("actor", request->actor(), kActorMax);
  if (request->reason().empty()) check.Refuse("reason", RejectReason::kMissingField, "changing rules needs a reason");
  if (!request->has_rules()) check.Refuse("rules", RejectReason::kMissingField, "the whole set of rules is expected");
  RiskStore::RulesUpdate update{.rules = RulesFromProto(request->rules(), check),
                                .reason = request->reason(),
                                .actor = request->actor(),
                                .request_id = request->request_id()};
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  bool queued = writes_.TryPush([this, reactor, response, update = std::move(update)] {
    auto saved = keeper_.UpdateBreakerRules(update);
    if (saved.ok()) ToProto(*saved, response->mutable_rules());
    reactor->Finish(ToGrpc(saved.status()));
  });
  if (!queued) reactor->Finish(grpc::Status(grpc::RESOURCE_EXHAUSTED, "too many changes are waiting"));
  return reactor;
}

grpc::ServerUnaryReactor* RiskGrpc::ListBreakers(grpc::CallbackServerContext* context,
                                                 const risk::v1::ListBreakersRequest* request,
                                                 risk::v1::ListBreakersResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.OptionalId("account_id", request->account_id());
  if (check.ok()) keeper_.ListBreakers(request->account_id(), response);
  reactor->Finish(check.Refusal());
  return reactor;
}

grpc::ServerUnaryReactor* RiskGrpc::RearmBreakers(grpc::CallbackServerContext* context,
                                                  const risk::v1::RearmBreakersRequest* request,
                                                  risk::v1::RearmBreakersResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Id("request_id", request->request_id()).OptionalId("account_id", request->account_id());
  check.OptionalId("deployment_id", request->deployment_id());
  check.Text("reason", request->reason(), kReasonMax).Text("actor", request->actor(), kActorMax);
  if (request->reason().empty()) check.Refuse("reason", RejectReason::kMissingField, "re-arming needs a reason");
  for (const std::string& name : request->names()) check.Id("names", name);
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  bool queued = writes_.TryPush([this, reactor, response, request = *request] {
    reactor->Finish(ToGrpc(keeper_.RearmBreakers(request, response)));
  });
  if (!queued) reactor->Finish(grpc::Status(grpc::RESOURCE_EXHAUSTED, "too many changes are waiting"));
  return reactor;
}

grpc::ServerUnaryReactor* RiskGrpc::ReportBreaks(grpc::CallbackServerContext* context,
                                                 const risk::v1::ReportBreaksRequest* request,
                                                 risk::v1::ReportBreaksResponse*) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Id("account_id", request->account_id()).Range("open_breaks", request->open_breaks(), 0, 1'000'000);
  check.Text("message", request->message(), kReasonMax);
  reactor->Finish(check.ok() ? ToGrpc(keeper_.ReportBreaks(*request)) : check.Refusal());
  return reactor;
}

}  // namespace ballast
