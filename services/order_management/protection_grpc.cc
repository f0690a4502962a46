// The protection calls of OrderGrpc.
#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "services/order_management/forward.h"
#include "services/order_management/grpc_adapter.h"
#include "services/order_management/order_request.h"
#include "services/order_management/protection_codec.h"
#include "services/order_management/shard_host.h"

namespace ballast {
namespace {

using Calls = order::v1::OrderService::StubInterface::async_interface;

constexpr std::size_t kPolicyReasonMax = 200;

}  // namespace

grpc::ServerUnaryReactor* OrderGrpc::SetStopPolicy(grpc::CallbackServerContext* context,
                                                   const order::v1::SetStopPolicyRequest* request,
                                                   order::v1::SetStopPolicyResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Id("account_id", request->account_id()).OptionalId("symbol", request->symbol());
  if (request->has_deployment_id()) check.OptionalId("deployment_id", request->deployment_id());
  if (request->has_deployment_id() && request->symbol().empty())
    check.Refuse("symbol", RejectReason::kMissingField, "a policy of one book is of one instrument");
  if (request->reason().empty())
    check.Refuse("reason", RejectReason::kMissingField, "a change of protection needs one");
  if (request->reason().size() > kPolicyReasonMax)
    check.Refuse("reason", RejectReason::kOutOfRange, "at most 200 bytes");
  StopPolicyEntry entry{.account_id = AccountId(request->account_id()),
                        .symbol = Symbol(request->symbol()),
                        .reason = request->reason(),
                        .actor = ActorOf(request->actor())};
  if (request->has_deployment_id()) entry.deployment_id = DeploymentId(request->deployment_id());
  if (request->has_policy()) {
    if (!order::v1::UnprotectedAction_IsValid(request->policy().unprotected_action()))
      check.Refuse("policy.unprotected_action", RejectReason::kBadEnum, "unknown value");
    std::vector<FieldError> errors;
    entry.policy = DecodePolicy(request->policy(), errors);
    for (const FieldError& error : errors) check.Refuse(error.field.c_str(), error.reason, error.message);
    auto wrong = errors.empty() ? orders::WrongPolicy(*entry.policy, entry.symbol.empty()) : std::nullopt;
    if (wrong) check.Refuse(("policy." + wrong->first).c_str(), RejectReason::kOutOfRange, wrong->second);
  }
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  ShardRoster::Seat seat = roster_.Of(entry.account_id);
  if (!seat.host) return PassOn(*context, reactor, seat.other, &Calls::SetStopPolicy, request, response);
  Encode(entry, response->mutable_entry());
  bool queued = seat.host->shard().SetStopPolicy(
      std::move(entry), [reactor](const absl::Status& status) { reactor->Finish(ToGrpc(status)); });
  if (!queued) reactor->Finish(Busy());
  return reactor;
}

grpc::ServerUnaryReactor* OrderGrpc::ListProtections(grpc::CallbackServerContext* context,
                                                     const order::v1::ListProtectionsRequest* request,
                                                     order::v1::ListProtectionsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  if (!check.Id("account_id", request->account_id()).ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  AccountId account(request->account_id());
  ShardRoster::Seat seat = roster_.Of(account);
  if (!seat.host) return PassOn(*context, reactor, seat.other, &Calls::ListProtections, request, response);
  bool queued = seat.host->shard().ListProtections(
      account, [reactor, response](const absl::StatusOr<ProtectionDesk::Answer>& answer) {
        if (answer.ok()) {
          for (const StopPolicyEntry& entry : answer->policies) Encode(entry, response->add_policies());
          for (const ProtectionView& view : answer->protections) Encode(view, response->add_protections());
        }
        reactor->Finish(ToGrpc(answer.status()));
      });
  if (!queued) reactor->Finish(Busy());
  return reactor;
}

}  // namespace ballast
