#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"
#include "services/broker_gateway/grpc_adapter.h"

namespace ballast {
namespace {

constexpr std::size_t kReasonBytesMax = 200;
// Two of them.
constexpr std::size_t kActorBytesMax = 140;
// How long an answer waits for the venue to show what was asked for; after it the answer says that it does not yet.
constexpr std::int64_t kVenueWaitNs = 300'000'000;

void ToProto(const KillDesk::Switch& found, broker::v1::KillSwitch* out) {
  const KillCommand& command = found.command;
  out->set_account_id(command.account_id.value());
  out->set_engaged(command.engaged);
  if (!command.engaged) return;
  out->set_reason(command.reason);
  out->set_actor(command.actor);
  out->set_command_id(command.command_id);
  wire::ToProto(command.engage_time, out->mutable_engage_time());
  out->set_cancel_all(command.cancel_all);
  out->set_open_orders(found.view.open_orders);
  out->set_cancels_sent(found.view.cancels_sent);
  for (const auto& [symbol, quantity] : found.view.positions) {
    broker::v1::BrokerPosition* position = out->add_positions();
    position->set_symbol(symbol.value());
    wire::ToProto(quantity, position->mutable_quantity());
  }
  out->set_cancel_pending(found.view.cancel_pending);
  out->set_detail(found.view.detail);
}

FieldCheck Check(const broker::v1::SetKillSwitchRequest& request) {
  FieldCheck check;
  check.OptionalId("account_id", request.account_id()).OptionalId("request_id", request.request_id());
  // Nobody is kept from stopping by the words that say why: they are cut.
  if (request.engaged()) return check.Id("command_id", request.command_id());
  check.Text("reason", request.reason(), kReasonBytesMax).Text("actor", request.actor(), kActorBytesMax);
  return check.OptionalId("command_id", request.command_id());
}

absl::Status Set(KillDesk& kill, ReleaseGuard& guard, const Clock& clock,
                 const broker::v1::SetKillSwitchRequest& request) {
  AccountId account(request.account_id());
  if (!request.engaged()) {
    RETURN_IF_ERROR(guard.Ask(account, request.command_id(), request.reason(), request.actor()));
    absl::Status released = kill.Release(account, request.command_id());
    if (released.ok()) guard.Done(account);
    return released;
  }
  return kill.Engage({.account_id = account,
                      .command_id = request.command_id(),
                      .reason = Shortened(request.reason(), kReasonBytesMax),
                      .actor = Shortened(request.actor(), kActorBytesMax),
                      .engage_time = clock.Now(),
                      .cancel_all = request.cancel_all()});
}

}  // namespace

grpc::ServerUnaryReactor* BrokerGrpc::SetKillSwitch(grpc::CallbackServerContext* context,
                                                    const broker::v1::SetKillSwitchRequest* request,
                                                    broker::v1::SetKillSwitchResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (FieldCheck check = Check(*request); !check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  bool queued = kill_writer_.Run([this, reactor, request = *request, response] {
    absl::Status set = Set(kill_, guard_, engine_.clock(), request);
    engine_.WakeUp();
    AccountId account(request.account_id());
    if (set.ok() && request.engaged()) kill_.Await(account, kVenueWaitNs);
    ToProto(kill_.Get(account), response->mutable_kill_switch());
    reactor->Finish(ToGrpc(set));
  });
  if (!queued) reactor->Finish(grpc::Status(grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again"));
  return reactor;
}

grpc::ServerUnaryReactor* BrokerGrpc::GetKillSwitch(grpc::CallbackServerContext* context,
                                                    const broker::v1::GetKillSwitchRequest* request,
                                                    broker::v1::GetKillSwitchResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  if (!check.OptionalId("account_id", request->account_id()).ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  if (!request->account_id().empty()) {
    KillDesk::Switch all = kill_.Get(AccountId());
    if (all.command.engaged) ToProto(all, response->add_kill_switches());
    ToProto(kill_.Get(AccountId(request->account_id())), response->add_kill_switches());
  } else {
    for (const KillDesk::Switch& each : kill_.List()) ToProto(each, response->add_kill_switches());
  }
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

}  // namespace ballast
