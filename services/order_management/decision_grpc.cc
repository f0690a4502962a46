#include "services/order_management/decision_grpc.h"

#include <algorithm>
#include <utility>

#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"
#include "services/order_management/shard_host.h"

namespace ballast {

grpc::ServerUnaryReactor* DecisionGrpc::ListAwaitedDecisions(grpc::CallbackServerContext* context,
                                                             const order::v1::ListAwaitedDecisionsRequest* request,
                                                             order::v1::ListAwaitedDecisionsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  if (!check.Id("account_id", request->account_id()).ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  const AccountId account(request->account_id());
  std::shared_ptr<ShardHost> host = roster_.Of(account).host;
  if (!host) {
    reactor->Finish({grpc::UNAVAILABLE, "the account is with another order manager: ask that one"});
    return reactor;
  }
  host->shard().ListAccounts(
      [this, host, account, response, reactor](const absl::StatusOr<Shard::AccountList>& accounts) {
        if (!accounts.ok()) return reactor->Finish(ToGrpc(accounts.status()));
        auto found =
            std::find_if(accounts->begin(), accounts->end(), [&](const auto& one) { return one.first.id == account; });
        if (found == accounts->end())
          return reactor->Finish({grpc::NOT_FOUND, "there is no account " + account.value()});
        response->set_resolve_needs_two(persons_.ResolvingTakesTwo(found->first.mode, found->second));
        response->set_resume_needs_two(persons_.ResumingTakesTwo(found->first.mode));
        for (const SecondPersonDesk::Waiting& waiting : persons_.List(account)) {
          order::v1::AwaitedDecision& one = *response->add_decisions();
          one.set_kind(waiting.asked.kind);
          one.set_account_id(waiting.asked.account_id.value());
          one.set_order_id(waiting.asked.order_id.value());
          one.set_broker_order_id(waiting.asked.decision);
          one.set_reason(waiting.asked.reason);
          one.set_asked_by(waiting.asked.asked_by);
          wire::ToProto(waiting.asked.ask_time, one.mutable_ask_time());
          wire::ToProto(waiting.expire_time, one.mutable_expire_time());
        }
        reactor->Finish(grpc::Status::OK);
      });
  return reactor;
}

}  // namespace ballast
