#include "services/broker_gateway/decision_grpc.h"

#include "libs/platform/grpc/fields.h"
#include "libs/wire/wire.h"

namespace ballast {

grpc::ServerUnaryReactor* ReleaseGrpc::ListAwaitedDecisions(grpc::CallbackServerContext* context,
                                                            const order::v1::ListAwaitedDecisionsRequest* request,
                                                            order::v1::ListAwaitedDecisionsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  if (!check.OptionalId("account_id", request->account_id()).ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  const AccountId account(request->account_id());
  response->set_release_needs_two(guard_.TakesTwo(account));
  for (const ReleaseGuard::Waiting& waiting : guard_.List(account)) {
    order::v1::AwaitedDecision& one = *response->add_decisions();
    one.set_kind(waiting.asked.kind);
    one.set_account_id(waiting.asked.account_id.value());
    one.set_decision(waiting.asked.decision);
    one.set_reason(waiting.asked.reason);
    one.set_asked_by(waiting.asked.asked_by);
    wire::ToProto(waiting.asked.ask_time, one.mutable_ask_time());
    wire::ToProto(waiting.expire_time, one.mutable_expire_time());
  }
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

}  // namespace ballast
