#include "services/risk/decision_grpc.h"

#include "libs/wire/wire.h"
#include "services/risk/grpc_calls.h"

namespace ballast {

grpc::ServerUnaryReactor* RearmDecisionGrpc::ListAwaitedDecisions(grpc::CallbackServerContext* context,
                                                                  const order::v1::ListAwaitedDecisionsRequest* request,
                                                                  order::v1::ListAwaitedDecisionsResponse* response) {
  FieldCheck check;
  check.OptionalId("account_id", request->account_id());
  return AskMachine(machine_, context, check,
                    [account = AccountId(request->account_id()), response](RiskKeeper& keeper) {
                      response->set_rearm_needs_two(keeper.RearmingTakesTwo(account));
                      for (const orders::AwaitedDecision& waiting : keeper.AwaitedRearms(account)) {
                        order::v1::AwaitedDecision& one = *response->add_decisions();
                        one.set_kind(waiting.kind);
                        one.set_account_id(waiting.account_id.value());
                        one.set_decision(waiting.decision);
                        one.set_reason(waiting.reason);
                        one.set_asked_by(waiting.asked_by);
                        wire::ToProto(waiting.ask_time, one.mutable_ask_time());
                        wire::ToProto(keeper.ExpiresAt(waiting), one.mutable_expire_time());
                      }
                      return absl::OkStatus();
                    });
}

}  // namespace ballast
