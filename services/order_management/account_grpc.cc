#include "libs/base/absl_std.h"
#include "libs/orders/submit.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"
#include "services/order_management/emergency_desk.h"
#include "services/order_management/forward.h"
#include "services/order_management/grpc_adapter.h"
#include "services/order_management/order_request.h"
#include "services/order_management/shard_host.h"

// Calls about accounts: which there are, halting and resuming them, their deployments and positions.
namespace ballast {
namespace {

// Beyond it a text is cut: what stops trading is not refused for its words.
constexpr std::size_t kReasonMax = 200;

using Calls = order::v1::OrderService::StubInterface::async_interface;

void Encode(const orders::Account::Snapshot& snapshot, const std::string& broker, order::v1::Account* out) {
  out->set_account_id(snapshot.id.value());
  out->set_mode(static_cast<type::v1::AccountMode>(snapshot.mode));
  out->set_currency(snapshot.currency);
  wire::ToProto(snapshot.opening_cash, out->mutable_opening_cash());
  out->set_last_sequence(snapshot.last_sequence);
  out->set_halted(snapshot.halted);
  out->set_halt_reason(snapshot.halt_reason);
  wire::ToProto(snapshot.external, out->mutable_external_policy());
  out->set_broker(broker);
}

}  // namespace

grpc::ServerUnaryReactor* OrderGrpc::ListAccounts(grpc::CallbackServerContext* context,
                                                  const order::v1::ListAccountsRequest*,
                                                  order::v1::ListAccountsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  std::vector<std::shared_ptr<ShardHost>> hosts = roster_.Hosts();
  if (roster_.map().shards() == 1 && !hosts.empty()) {
    hosts[0]->shard().ListAccounts([reactor, response](const absl::StatusOr<Shard::AccountList>& accounts) {
      if (!accounts.ok()) return reactor->Finish(ToGrpc(accounts.status()));
      for (const auto& [snapshot, broker] : *accounts) Encode(snapshot, broker, response->add_accounts());
      reactor->Finish(grpc::Status::OK);
    });
    return reactor;
  }
  // Whoever writes them: what is stored is what they said last.
  Read(reactor, [this, response]() -> absl::Status {
    ASSIGN_OR_RETURN(std::vector<orders::Account::Snapshot> accounts, store_.LoadAccounts());
    for (const orders::Account::Snapshot& account : accounts) {
      auto broker = brokers_.find(account.id);
      Encode(account, broker == brokers_.end() ? "" : broker->second, response->add_accounts());
    }
    return absl::OkStatus();
  });
  return reactor;
}

grpc::ServerUnaryReactor* OrderGrpc::HaltAccount(grpc::CallbackServerContext* context,
                                                 const order::v1::HaltAccountRequest* request,
                                                 order::v1::HaltAccountResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  if (!check.Id("account_id", request->account_id()).ok()) return Finish(reactor, check.Refusal());
  ShardRoster::Seat seat = roster_.Of(AccountId(request->account_id()));
  if (!seat.host) return PassOn(*context, reactor, seat.other, &Calls::HaltAccount, request, response);
  bool queued =
      seat.host->shard().Halt(AccountId(request->account_id()), Shortened(request->reason(), kReasonMax),
                              ActorOf(request->actor()), false, [reactor, response](const AccountReply& reply) {
                                if (reply.status.ok()) Encode(reply.account, "", response->mutable_account());
                                reactor->Finish(ToGrpc(reply.status));
                              });
  if (!queued) reactor->Finish(Busy());
  return reactor;
}

grpc::ServerUnaryReactor* OrderGrpc::ClosePosition(grpc::CallbackServerContext* context,
                                                   const order::v1::ClosePositionRequest* request,
                                                   order::v1::SubmitOrderResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  Shard::CloseRequest close{.request_id = RequestId(request->request_id()),
                            .account_id = AccountId(request->account_id()),
                            .symbol = Symbol(request->symbol()),
                            .reason = request->reason().empty() ? "manual" : request->reason(),
                            .deadline = DeadlineOf(*context)};
  std::vector<FieldError> errors;
  auto refuse = [&](const char* field, RejectReason reason, std::string message) {
    errors.push_back({.field = field, .reason = reason, .message = std::move(message)});
  };
  // The rules of form of the order it becomes.
  for (auto [field, text, length] :
       {std::tuple("request_id", &request->request_id(), 64), std::tuple("account_id", &request->account_id(), 64),
        std::tuple("symbol", &request->symbol(), 32)}) {
    if (!orders::IsIdentifier(*text, static_cast<std::size_t>(length)))
      refuse(field, RejectReason::kBadIdentifier,
             "1 to " + std::to_string(length) + " characters of A-Z a-z 0-9 . _ : - expected");
  }
  if (request->has_deployment_id()) {
    close.deployment_id = DeploymentId(request->deployment_id());
    if (!close.deployment_id->empty() && !orders::IsIdentifier(request->deployment_id(), 64))
      refuse("deployment_id", RejectReason::kBadIdentifier,
             "empty, or 1 to 64 characters of A-Z a-z 0-9 . _ : - expected");
  }
  if (request->has_quantity()) {
    auto quantity = Decimal::Parse(request->quantity().value());
    if (!quantity.ok()) {
      refuse("quantity", RejectReason::kBadDecimal, MessageOf(quantity.status()));
    } else if (!quantity->IsPositive()) {
      refuse("quantity", RejectReason::kOutOfRange, "must be above zero");
    } else {
      close.quantity = *quantity;
    }
  }
  if (request->reason().size() > kReasonMax) refuse("reason", RejectReason::kOutOfRange, "at most 200 bytes");
  if (request->actor().size() > kActorMax) refuse("actor", RejectReason::kOutOfRange, "at most 100 bytes");
  if (!errors.empty()) return Finish(reactor, InvalidFields(errors));
  ShardRoster::Seat seat = roster_.Of(close.account_id);
  if (!seat.host) return PassOn(*context, reactor, seat.other, &Calls::ClosePosition, request, response);
  bool queued = seat.host->shard().ClosePosition(std::move(close), ActorOf(request->actor()),
                                                 [reactor, response](const OrderReply& reply) {
                                                   if (reply.status.ok()) {
                                                     wire::ToProto(reply.order, response->mutable_order());
                                                     response->set_replayed(reply.replayed);
                                                     AddChecks(reply, response);
                                                   }
                                                   reactor->Finish(ToGrpc(reply.status));
                                                 });
  if (!queued) reactor->Finish(Busy());
  return reactor;
}

grpc::ServerUnaryReactor* OrderGrpc::RegisterDeployment(grpc::CallbackServerContext* context,
                                                        const order::v1::RegisterDeploymentRequest* request,
                                                        order::v1::RegisterDeploymentResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Id("account_id", request->account_id()).Id("deployment_id", request->deployment_id());
  if (!check.ok()) return Finish(reactor, check.Refusal());
  AccountId account(request->account_id());
  DeploymentId deployment(request->deployment_id());
  ShardRoster::Seat seat = roster_.Of(account);
  if (!seat.host) return PassOn(*context, reactor, seat.other, &Calls::RegisterDeployment, request, response);
  seat.host->desk().AskRegister(account, deployment, request->clear_stop(),
                                [shard = &seat.host->shard(), reactor, account, deployment,
                                 actor = ActorOf(request->actor())](const absl::Status& asked) {
                                  if (!asked.ok()) return reactor->Finish(ToGrpc(asked));
                                  bool queued = shard->RegisterDeployment(
                                      account, deployment, actor,
                                      [reactor](const absl::Status& status) { reactor->Finish(ToGrpc(status)); });
                                  if (!queued) reactor->Finish(Busy());
                                });
  return reactor;
}

grpc::ServerUnaryReactor* OrderGrpc::ResumeAccount(grpc::CallbackServerContext* context,
                                                   const order::v1::ResumeAccountRequest* request,
                                                   order::v1::ResumeAccountResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Id("account_id", request->account_id());
  if (request->reason().empty()) check.Refuse("reason", RejectReason::kMissingField, "resuming needs a reason");
  if (!check.ok()) return Finish(reactor, check.Refusal());
  AccountId account(request->account_id());
  std::string reason = Shortened(request->reason(), kReasonMax), actor = ActorOf(request->actor());
  // The emergency command first: it would halt the account again.
  ShardRoster::Seat seat = roster_.Of(account);
  if (!seat.host) return PassOn(*context, reactor, seat.other, &Calls::ResumeAccount, request, response);
  orders::AwaitedDecision asked{.kind = "resume", .account_id = account, .reason = reason, .asked_by = actor};
  seat.host->desk().End(
      account, {request->ended_command_ids().begin(), request->ended_command_ids().end()}, reason, actor,
      [this, shard = &seat.host->shard(), reactor, response, asked](const EmergencyDesk::Who& who) {
        if (!who.ok()) return reactor->Finish(ToGrpc(who.status()));
        bool queued = shard->Halt(asked.account_id, asked.reason, *who, true,
                                  [this, reactor, response, asked](const AccountReply& reply) {
                                    if (reply.status.ok()) {
                                      persons_.Done(asked);
                                      Encode(reply.account, "", response->mutable_account());
                                    }
                                    reactor->Finish(ToGrpc(reply.status));
                                  });
        if (!queued) reactor->Finish(Busy());
      },
      [this, asked](AccountMode mode) -> EmergencyDesk::Who {
        if (!persons_.ResumingTakesTwo(mode)) return asked.asked_by;
        return persons_.Ask(asked);
      });
  return reactor;
}

}  // namespace ballast
