// The calls of OrderGrpc about orders and trades that were made elsewhere.
#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"
#include "services/order_management/forward.h"
#include "services/order_management/grpc_adapter.h"
#include "services/order_management/order_request.h"
#include "services/order_management/shard_host.h"

namespace ballast {
namespace {

using ExternalCalls = order::v1::OrderService::StubInterface::async_interface;

constexpr std::size_t kExternalReasonMax = 500;
constexpr int kRulesMax = 100;

void CheckReason(const std::string& reason, FieldCheck& check) {
  if (reason.empty()) check.Refuse("reason", RejectReason::kMissingField, "a decision about money needs one");
  check.Text("reason", reason, kExternalReasonMax);
}

bool IsKnown(order::v1::ExternalHandling handling) {
  return order::v1::ExternalHandling_IsValid(handling) && handling != order::v1::EXTERNAL_HANDLING_UNSPECIFIED;
}

}  // namespace

grpc::ServerUnaryReactor* OrderGrpc::SetExternalPolicy(grpc::CallbackServerContext* context,
                                                       const order::v1::SetExternalPolicyRequest* request,
                                                       order::v1::SetExternalPolicyResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Id("account_id", request->account_id()).OptionalId("request_id", request->request_id());
  check.Range("rules", request->rules_size(), 0, kRulesMax);
  CheckReason(request->reason(), check);
  if (!IsKnown(request->handling())) check.Refuse("handling", RejectReason::kBadEnum, "unknown value");
  bool attributes = request->handling() == order::v1::EXTERNAL_HANDLING_ATTRIBUTE;
  if (!attributes && request->rules_size() > 0)
    check.Refuse("rules", RejectReason::kUnsupported, "only ATTRIBUTE has rules");
  for (const order::v1::AttributionRule& rule : request->rules())
    check.OptionalId("rules.symbol", rule.symbol()).Id("rules.deployment_id", rule.deployment_id());
  if (!check.ok()) return Finish(reactor, check.Refusal());
  ShardRoster::Seat seat = roster_.Of(AccountId(request->account_id()));
  if (!seat.host) return PassOn(*context, reactor, seat.other, &ExternalCalls::SetExternalPolicy, request, response);
  ExternalPolicy policy{.handling = static_cast<ExternalHandling>(request->handling()),
                        .actor = ActorOf(request->actor()),
                        .reason = request->reason(),
                        .request_id = request->request_id()};
  for (const order::v1::AttributionRule& rule : request->rules())
    policy.rules.push_back({.symbol = Symbol(rule.symbol()), .deployment_id = DeploymentId(rule.deployment_id())});
  bool queued = seat.host->shard().SetExternalPolicy(AccountId(request->account_id()), std::move(policy),
                                                     [reactor, response](const ExternalPolicyReply& reply) {
                                                       wire::ToProto(reply.policy, response->mutable_policy());
                                                       if (reply.rejection)
                                                         wire::ToProto(*reply.rejection, response->mutable_rejection());
                                                       reactor->Finish(ToGrpc(reply.status));
                                                     });
  if (!queued) return Finish(reactor, Busy());
  return reactor;
}

grpc::ServerUnaryReactor* OrderGrpc::DecideExternalOrder(grpc::CallbackServerContext* context,
                                                         const order::v1::DecideExternalOrderRequest* request,
                                                         order::v1::DecideExternalOrderResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Id("account_id", request->account_id()).Id("order_id", request->order_id());
  check.OptionalId("request_id", request->request_id()).OptionalId("deployment_id", request->deployment_id());
  CheckReason(request->reason(), check);
  if (!IsKnown(request->handling()) || request->handling() == order::v1::EXTERNAL_HANDLING_ASK)
    check.Refuse("handling", RejectReason::kBadEnum, "ADOPT, IGNORE or ATTRIBUTE is expected");
  bool attributes = request->handling() == order::v1::EXTERNAL_HANDLING_ATTRIBUTE;
  if (!attributes && !request->deployment_id().empty())
    check.Refuse("deployment_id", RejectReason::kUnsupported, "only ATTRIBUTE names a deployment");
  if (!check.ok()) return Finish(reactor, check.Refusal());
  ShardRoster::Seat seat = roster_.Of(AccountId(request->account_id()));
  if (!seat.host) return PassOn(*context, reactor, seat.other, &ExternalCalls::DecideExternalOrder, request, response);
  External decided{.handling = static_cast<ExternalHandling>(request->handling()),
                   .actor = ActorOf(request->actor()),
                   .reason = request->reason(),
                   .request_id = request->request_id()};
  bool queued = seat.host->shard().DecideExternal(AccountId(request->account_id()), OrderId(request->order_id()),
                                                  std::move(decided), DeploymentId(request->deployment_id()),
                                                  [reactor, response](const OrderReply& reply) {
                                                    if (!reply.order.order_id.empty())
                                                      wire::ToProto(reply.order, response->mutable_order());
                                                    response->set_replayed(reply.replayed);
                                                    if (reply.rejection)
                                                      wire::ToProto(*reply.rejection, response->mutable_rejection());
                                                    reactor->Finish(ToGrpc(reply.status));
                                                  });
  if (!queued) return Finish(reactor, Busy());
  return reactor;
}

}  // namespace ballast
