#include "services/risk/grpc_adapter.h"

#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"
#include "services/risk/breaker_codec.h"
#include "services/risk/limit_set_codec.h"
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
      ToProto(saved->limits, response->mutable_limits());
      response->mutable_limits()->set_account_id(update.account_id.value());
      if (saved->pending) *response->mutable_pending() = *std::move(saved->pending);
    }
    reactor->Finish(ToGrpc(saved.status()));
  });
  if (!queued) reactor->Finish(grpc::Status(grpc::RESOURCE_EXHAUSTED, "too many changes are waiting"));
  return reactor;
}

grpc::ServerUnaryReactor* RiskGrpc::SetScopedLimits(grpc::CallbackServerContext* context,
                                                    const risk::v1::SetScopedLimitsRequest* request,
                                                    risk::v1::SetScopedLimitsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Id("request_id", request->request_id());
  check.Text("reason", request->reason(), kReasonMax).Text("actor", request->actor(), kActorMax);
  if (request->reason().empty()) check.Refuse("reason", RejectReason::kMissingField, "changing limits needs a reason");
  RiskStore::SetUpdate update{.set = LimitSetFromProto(*request, check),
                              .reason = request->reason(),
                              .actor = request->actor(),
                              .request_id = request->request_id()};
  if (std::string wrong = check.ok() ? WrongIn(update.set) : ""; !wrong.empty())
    check.Refuse("values", RejectReason::kOutOfRange, std::move(wrong));
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  bool queued = writes_.TryPush([this, reactor, response, update = std::move(update)] {
    reactor->Finish(ToGrpc(keeper_.SetScopedLimits(update, response)));
  });
  if (!queued) reactor->Finish(grpc::Status(grpc::RESOURCE_EXHAUSTED, "too many changes are waiting"));
  return reactor;
}

grpc::ServerUnaryReactor* RiskGrpc::ListScopedLimits(grpc::CallbackServerContext* context,
                                                     const risk::v1::ListScopedLimitsRequest* request,
                                                     risk::v1::ListScopedLimitsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  bool queued = writes_.TryPush([this, reactor, response, history = request->history()] {
    reactor->Finish(ToGrpc(keeper_.ListScopedLimits(history, response)));
  });
  if (!queued) reactor->Finish(grpc::Status(grpc::RESOURCE_EXHAUSTED, "too many changes are waiting"));
  return reactor;
}

grpc::ServerUnaryReactor* RiskGrpc::GetEffectiveLimits(grpc::CallbackServerContext* context,
                                                       const risk::v1::GetEffectiveLimitsRequest* request,
                                                       risk::v1::GetEffectiveLimitsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Id("account_id", request->account_id()).OptionalId("deployment_id", request->deployment_id());
  check.OptionalId("symbol", request->symbol());
  reactor->Finish(check.ok() ? ToGrpc(keeper_.EffectiveLimits(*request, response)) : check.Refusal());
  return reactor;
}

grpc::ServerUnaryReactor* RiskGrpc::ListLimitChanges(grpc::CallbackServerContext* context,
                                                     const risk::v1::ListLimitChangesRequest* request,
                                                     risk::v1::ListLimitChangesResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  bool queued = writes_.TryPush([this, reactor, response, pending_only = request->pending_only()] {
    reactor->Finish(ToGrpc(keeper_.ListLimitChanges(pending_only, response)));
  });
  if (!queued) reactor->Finish(grpc::Status(grpc::RESOURCE_EXHAUSTED, "too many changes are waiting"));
  return reactor;
}

grpc::ServerUnaryReactor* RiskGrpc::DecideLimitChange(grpc::CallbackServerContext* context,
                                                      const risk::v1::DecideLimitChangeRequest* request,
                                                      risk::v1::DecideLimitChangeResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Id("request_id", request->request_id()).Id("change_id", request->change_id());
  check.Text("reason", request->reason(), kReasonMax).Text("actor", request->actor(), kActorMax);
  if (request->reason().empty()) check.Refuse("reason", RejectReason::kMissingField, "a decision needs a reason");
  // Who is nobody is no second person.
  if (request->actor().empty()) check.Refuse("actor", RejectReason::kMissingField, "who decides is expected");
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  bool queued = writes_.TryPush([this, reactor, response, request = *request] {
    reactor->Finish(ToGrpc(keeper_.DecideLimitChange(request, response->mutable_change())));
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

grpc::ServerUnaryReactor* RiskGrpc::WhatIf(grpc::CallbackServerContext* context, const risk::v1::WhatIfRequest* request,
                                           risk::v1::WhatIfResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  constexpr int kMovesMax = 1'000;
  check.Id("account_id", request->account_id()).Range("moves", request->moves_size(), 0, kMovesMax);
  std::optional<Order> order;
  if (request->has_order()) {
    order::v1::Order proto = request->order();
    proto.set_account_id(request->account_id());
    order = PreviewFromProto(proto, check);
  }
  std::vector<risk::MarketMove> moves;
  for (const risk::v1::MarketMove& move : request->moves()) {
    check.OptionalId("moves.symbol", move.symbol());
    auto ratio = wire::FromProto(move.ratio(), "ratio");
    // A price above zero stays one, and elevenfold is far enough.
    bool sound = ratio.ok() && *ratio > Decimal::FromInt(-1) && *ratio <= Decimal::FromInt(10);
    if (!sound) check.Refuse("moves.ratio", RejectReason::kOutOfRange, "above -1, at most 10 expected");
    if (sound) moves.push_back({.symbol = Symbol(move.symbol()), .ratio = *ratio});
  }
  // What is far above every limit has no sums.
  if (order && order->quantity > Decimal::FromInt(10'000'000))
    check.Refuse("order.quantity", RejectReason::kOutOfRange, "at most 10000000 expected");
  if (order && order->limit_price && *order->limit_price > Decimal::FromInt(10'000'000))
    check.Refuse("order.limit_price", RejectReason::kOutOfRange, "at most 10000000 expected");
  reactor->Finish(
      check.ok() ? ToGrpc(keeper_.WhatIf(AccountId(request->account_id()), order ? &*order : nullptr, moves, response))
                 : check.Refusal());
  return reactor;
}

grpc::ServerUnaryReactor* RiskGrpc::ListLimitsHistory(grpc::CallbackServerContext* context,
                                                      const risk::v1::ListLimitsHistoryRequest* request,
                                                      risk::v1::ListLimitsHistoryResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  constexpr int kPage = 50, kPageMax = 500;
  std::int64_t before = 0;
  check.Id("account_id", request->account_id()).Range("page_size", request->page_size(), 0, kPageMax);
  check.Token("page_token", request->page_token(), &before);
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  int count = request->page_size() == 0 ? kPage : request->page_size();
  bool queued = writes_.TryPush([this, reactor, response, account = request->account_id(), before, count] {
    auto records = keeper_.LimitsHistory(account, static_cast<std::uint64_t>(before), count);
    if (records.ok()) {
      for (const RiskStore::LimitsRecord& record : *records) {
        risk::v1::LimitsVersion& version = *response->add_versions();
        ToProto(record.limits, version.mutable_limits());
        version.mutable_limits()->set_account_id(account);
        version.mutable_limits()->set_updated_by(record.actor);
        wire::ToProto(record.update_time, version.mutable_limits()->mutable_update_time());
        version.set_reason(record.reason);
      }
      if (static_cast<int>(records->size()) == count)
        response->set_next_page_token(std::to_string(records->back().limits.version));
    }
    reactor->Finish(ToGrpc(records.status()));
  });
  if (!queued) reactor->Finish(grpc::Status(grpc::RESOURCE_EXHAUSTED, "too many changes are waiting"));
  return reactor;
}

}  // namespace ballast
