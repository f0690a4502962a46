#pragma once

#include <functional>
#include <utility>

#include <grpcpp/support/server_callback.h>

#include "absl/functional/any_invocable.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "services/risk/risk_machine.h"

// How a call becomes something that the machine is asked. What cannot be read is refused before; whoever has gone
// before its turn is asked nothing for.
namespace ballast {

// Ends the call; once.
using CallDone = std::function<void(absl::Status)>;

inline grpc::Status TooBusy() { return {grpc::RESOURCE_EXHAUSTED, "too much is waiting, or risk is stopping"}; }

inline grpc::ServerUnaryReactor* RefuseCall(grpc::CallbackServerContext* context, const FieldCheck& check) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(check.Refusal());
  return reactor;
}

// `post` puts the task into one of the machine's lanes.
template <typename Post>
grpc::ServerUnaryReactor* PostCall(grpc::CallbackServerContext* context, const FieldCheck& check, const Post& post,
                                   absl::AnyInvocable<void(RiskKeeper&, const CallDone&)> ask) {
  if (!check.ok()) return RefuseCall(context, check);
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  bool queued = post([context, reactor, ask = std::move(ask)](RiskKeeper& keeper) mutable {
    if (context->IsCancelled()) {
      reactor->Finish(grpc::Status(grpc::CANCELLED, "the caller has gone"));
      return;
    }
    ask(keeper, [reactor](const absl::Status& status) { reactor->Finish(ToGrpc(status)); });
  });
  if (!queued) reactor->Finish(TooBusy());
  return reactor;
}

// CallDone from memory, in its turn.
inline grpc::ServerUnaryReactor* AskMachine(RiskMachine& machine, grpc::CallbackServerContext* context,
                                            const FieldCheck& check,
                                            absl::AnyInvocable<absl::Status(RiskKeeper&)> ask) {
  return PostCall(
      context, check, [&](RiskMachine::Task task) { return machine.Query(std::move(task)); },
      [ask = std::move(ask)](RiskKeeper& keeper, const CallDone& answered) mutable { answered(ask(keeper)); });
}

// CallDone when the storage has.
inline grpc::ServerUnaryReactor* ReadByMachine(RiskMachine& machine, grpc::CallbackServerContext* context,
                                               const FieldCheck& check,
                                               absl::AnyInvocable<void(RiskKeeper&, const CallDone&)> read) {
  return PostCall(
      context, check, [&](RiskMachine::Task task) { return machine.Query(std::move(task)); }, std::move(read));
}

// As ReadByMachine, before everything that only asks. `bytes`: of the request.
inline grpc::ServerUnaryReactor* ChangeByMachine(RiskMachine& machine, grpc::CallbackServerContext* context,
                                                 const FieldCheck& check, std::size_t bytes,
                                                 absl::AnyInvocable<void(RiskKeeper&, const CallDone&)> change) {
  return PostCall(
      context, check, [&](RiskMachine::Task task) { return machine.Command(bytes, std::move(task)); },
      std::move(change));
}

}  // namespace ballast
