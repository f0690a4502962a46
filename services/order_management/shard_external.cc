// What is asked about orders and trades that were made elsewhere.
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/model/external.h"
#include "services/order_management/shard.h"
#include "services/order_management/shard_inbox.h"

namespace ballast {
namespace {

Rejection UnknownDeployment(const AccountId& account, const DeploymentId& deployment) {
  return {.reason = RejectReason::kUnknownDeployment,
          .check = "deployment",
          .observed = deployment.value(),
          .message = "there is no deployment " + deployment.value() + " in account " + account.value()};
}

// What a person, or a program, has asked for once is answered the same again.
bool IsSaid(const Order& order, const External& decided, const DeploymentId& deployment) {
  return order.external && order.external->handling == decided.handling && order.deployment_id == deployment;
}

}  // namespace

bool Shard::SetExternalPolicy(AccountId account_id, ExternalPolicy policy,
                              std::function<void(ExternalPolicyReply)> reply) {
  return Ask<ExternalPolicyReply>(
      kStops, kCallBytes, std::move(reply), {.status = Ended()},
      [this, account_id = std::move(account_id),
       policy = std::move(policy)](const std::function<void(ExternalPolicyReply)>& answer) mutable {
        orders::Account* account = accounts_.Find(account_id);
        if (account == nullptr) return answer({.status = NoAccount(account_id)});
        for (const AttributionRule& rule : policy.rules) {
          if (accounts_.Knows(account_id, rule.deployment_id)) continue;
          return answer(
              {.policy = account->snapshot().external, .rejection = UnknownDeployment(account_id, rule.deployment_id)});
        }
        writer_.Keep(account->SetExternalPolicy(std::move(policy), clock_.Now()));
        writer_.After([answer, set = account->snapshot().external] { answer({.policy = set}); });
      });
}

bool Shard::DecideExternal(AccountId account_id, OrderId id, External decided, DeploymentId deployment,
                           std::function<void(OrderReply)> reply) {
  return Ask<OrderReply>(kStops, kCallBytes, std::move(reply), {.status = Ended()},
                         [this, account_id = std::move(account_id), id = std::move(id), decided = std::move(decided),
                          deployment = std::move(deployment)](const std::function<void(OrderReply)>& answer) {
                           DoDecideExternal(account_id, id, decided, deployment, answer);
                         });
}

void Shard::DoDecideExternal(const AccountId& account_id, const OrderId& id, const External& decided,
                             const DeploymentId& deployment, const std::function<void(OrderReply)>& reply) {
  if (accounts_.Find(account_id) == nullptr) return reply({.status = NoAccount(account_id)});
  // Before anything is known of the order: one that is not in the log yet is decided on by the same word.
  if (!deployment.empty() && !accounts_.Knows(account_id, deployment))
    return reply({.rejection = UnknownDeployment(account_id, deployment)});
  absl::StatusOr<orders::Account*> account = accounts_.Of(id);
  if (!account.ok()) return reply({.status = account.status()});
  const Order& order = *(*account)->Find(id);
  if (order.account_id != account_id)
    return reply({.status = absl::NotFoundError(ToAbsl("there is no order " + id.value() + " in that account"))});
  if (!MadeElsewhere(order)) {
    return reply({.order = order,
                  .rejection = Rejection{.reason = RejectReason::kIllegalTransition,
                                         .check = "external_order",
                                         .observed = id.value(),
                                         .message = "the order was made here: nothing is to be decided about it"}});
  }
  bool said = IsSaid(order, decided, deployment);
  if (!decided.request_id.empty() && order.external && order.external->request_id == decided.request_id && !said) {
    return reply({.order = order,
                  .rejection = Rejection{.reason = RejectReason::kRequestIdReused,
                                         .check = "request_id",
                                         .observed = decided.request_id,
                                         .message = "the request id was used for another decision on this order"}});
  }
  if (!said) writer_.Keep((*account)->DecideExternal(id, decided, deployment, clock_.Now()));
  broker_.TrimReduceOnly(account_id);
  writer_.After([order = *(*account)->Find(id), said, reply] { reply({.order = order, .replayed = said}); });
}

}  // namespace ballast
