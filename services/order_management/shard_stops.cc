#include <utility>

#include "libs/base/absl_std.h"
#include "libs/model/external.h"
#include "services/order_management/shard.h"
#include "services/order_management/shard_inbox.h"

// What is asked of orders that are there, and of accounts.
namespace ballast {

bool Shard::Cancel(OrderId id, std::string actor, std::function<void(OrderReply)> reply) {
  ReplyOnce<OrderReply> once(std::move(reply), {.status = Ended()});
  bool posted = inbox_.Post(kStops, kCallBytes, [this, id = std::move(id), actor = std::move(actor), once] {
    DoCancel(id, actor, false, once);
  });
  if (!posted) once.Forget();
  return posted;
}

void Shard::DoCancel(const OrderId& id, const std::string& actor, bool last, const ReplyOnce<OrderReply>& reply) {
  if (const Order* waiting = risk_.Waiting(id)) {
    orders::Account* account = accounts_.Find(waiting->account_id);
    risk_.WithdrawIf(
        [&](const Order& order) { return order.order_id == id; },
        {.reason = RejectReason::kCancelPending, .check = "cancel", .message = "cancelled before it was sent"});
    writer_.After([order = *account->Find(id), reply] { reply({.order = order}); });
    return;
  }
  absl::StatusOr<orders::Account*> account = accounts_.Of(id);
  if (!account.ok()) {
    // It has gone before the orders that came before it: one of them may be meant.
    bool behind = taken_done_ < taken_.size() || inbox_.size(kOrders) > 0;
    bool waits = absl::IsNotFound(account.status()) && !last && behind &&
                 inbox_.Post(kOrders, kCallBytes, [this, id, actor, reply] { DoCancel(id, actor, true, reply); });
    if (!waits) reply({.status = account.status()});
    return;
  }
  OrderReply answer;
  if (const Order& known = *(*account)->Find(id); IsLeftAlone(known) && !IsTerminal(known.status)) {
    reply({.order = known, .rejection = LeftAlone(known)});
    return;
  }
  writer_.Keep((*account)->RequestCancel(id, actor, clock_.Now()));
  answer.order = *(*account)->Find(id);
  if (IsTerminal(answer.order.status) && answer.order.status != OrderStatus::kCanceled) {
    answer.rejection = Rejection{.reason = RejectReason::kOrderClosed,
                                 .check = "order_state",
                                 .message = "the order is closed, there is nothing to cancel"};
  }
  writer_.After([this, answer = std::move(answer), reply] {
    if (answer.order.cancel_requested) broker_.SendCancel(answer.order);
    reply(answer);
  });
}

bool Shard::Replace(OrderId id, Replacement terms, std::string actor, std::function<void(OrderReply)> reply,
                    std::optional<UtcTime> deadline) {
  return Ask<OrderReply>(kOrders, kOrderBytes, std::move(reply), {.status = Ended()},
                         [this, id = std::move(id), terms = std::move(terms), actor = std::move(actor),
                          deadline](std::function<void(OrderReply)> answer) mutable {
                           DoReplace(id, std::move(terms), actor, deadline, std::move(answer));
                         });
}

void Shard::DoReplace(const OrderId& id, Replacement terms, const std::string& actor, std::optional<UtcTime> deadline,
                      std::function<void(OrderReply)> reply) {
  if (const Order* waiting = risk_.Waiting(id)) {
    reply({.order = *waiting,
           .rejection = Rejection{.reason = RejectReason::kReplacePending,
                                  .check = "order_state",
                                  .message = "the order is not taken yet; ask again"}});
    return;
  }
  absl::StatusOr<orders::Account*> account = accounts_.Of(id);
  if (!account.ok()) {
    reply({.status = account.status()});
    return;
  }
  replaces_.Replace(**account, id, std::move(terms), actor, deadline, std::move(reply));
}

bool Shard::Resolve(OrderId id, std::string broker_order_id, std::string actor, std::string reason,
                    std::function<void(OrderReply)> reply, MayResolve may) {
  return Ask<OrderReply>(
      kStops, kCallBytes, std::move(reply), {.status = Ended()},
      [this, id = std::move(id), venue_id = std::move(broker_order_id), actor = std::move(actor),
       reason = std::move(reason), may = std::move(may)](const std::function<void(OrderReply)>& answer) {
        absl::StatusOr<orders::Account*> account = accounts_.Of(id);
        if (!account.ok()) return answer({.status = account.status()});
        const Order& order = *(*account)->Find(id);
        if (IsTerminal(order.status) || !order.outcome_unknown)
          return answer({.status = absl::FailedPreconditionError(
                             "what became of the order is known: there is nothing to resolve")});
        absl::Status allowed = may == nullptr
                                   ? absl::OkStatus()
                                   : may(order, (*account)->snapshot().mode, accounts_.BrokerOf(order.account_id));
        if (!allowed.ok()) return answer({.status = allowed});
        if (!broker_.SendResolve(order, venue_id, actor, reason))
          return answer({.status = absl::UnavailableError("the broker gateway is not connected")});
        answer({.order = order});
      });
}

bool Shard::CancelScope::Means(const Order& order) const {
  return order.account_id == account_id && (symbol.empty() || order.symbol == symbol) &&
         (deployment_id.empty() || order.deployment_id == deployment_id);
}

bool Shard::CancelAll(AccountId account_id, Symbol symbol, DeploymentId deployment, std::string actor,
                      std::function<void(CancelledOrders)> reply) {
  CancelScope scope{.account_id = std::move(account_id),
                    .symbol = std::move(symbol),
                    .deployment_id = std::move(deployment),
                    .ticket = ++tickets_};
  return Ask<CancelledOrders>(kStops, kCallBytes, std::move(reply), Ended(),
                              [this, scope = std::move(scope),
                               actor = std::move(actor)](const std::function<void(CancelledOrders)>& answer) mutable {
                                DoCancelAll(std::move(scope), actor, answer);
                              });
}

void Shard::DoCancelAll(CancelScope scope, const std::string& actor,
                        const std::function<void(CancelledOrders)>& reply) {
  orders::Account* account = accounts_.Find(scope.account_id);
  if (account == nullptr) {
    reply(NoAccount(scope.account_id));
    return;
  }
  std::vector<OrderId> ids;
  for (const auto& [id, order] : account->working()) {
    if (!IsTerminal(order.status) && !IsLeftAlone(order) && scope.Means(order)) ids.push_back(id);
  }
  // What still waits, for risk or in the inbox, is withdrawn: it must not slip out behind a cancel of everything.
  risk_.WithdrawIf([&](const Order& order) { return scope.Means(order); }, WithdrawnByCancelAll());
  cancelled_.push_back(std::move(scope));
  std::vector<Order> cancelled;
  for (const OrderId& id : ids) {
    writer_.Keep(account->RequestCancel(id, actor, clock_.Now()));
    cancelled.push_back(*account->Find(id));
  }
  writer_.After([this, cancelled = std::move(cancelled), reply] {
    for (const Order& order : cancelled) {
      if (order.cancel_requested) broker_.SendCancel(order);
    }
    reply(cancelled);
  });
}

bool Shard::Halt(AccountId account_id, std::string reason, std::string actor, bool resume,
                 std::function<void(AccountReply)> reply) {
  return Ask<AccountReply>(kStops, kCallBytes, std::move(reply), {.status = Ended()},
                           [this, account_id = std::move(account_id), reason = std::move(reason),
                            actor = std::move(actor), resume](const std::function<void(AccountReply)>& answer) {
                             orders::Account* account = accounts_.Find(account_id);
                             if (account == nullptr) {
                               answer({.status = NoAccount(account_id)});
                               return;
                             }
                             writer_.Keep(resume ? account->Resume(reason, actor, clock_.Now())
                                                 : account->Halt(reason, actor, clock_.Now()));
                             broker_.TrimReduceOnly(account_id);
                             writer_.After([answer, snapshot = account->snapshot()] { answer({.account = snapshot}); });
                           });
}

void Shard::ListAccounts(std::function<void(absl::StatusOr<AccountList>)> reply) {
  bool posted = inbox_.Post(kQueries, kCallBytes, [this, reply] {
    AccountList list;
    for (const auto& [id, account] : accounts_.all()) list.emplace_back(account.snapshot(), accounts_.BrokerOf(id));
    writer_.After([reply, list = std::move(list)] { reply(list); });
  });
  if (!posted) reply(absl::ResourceExhaustedError("too many calls are waiting"));
}

bool Shard::SetStopPolicy(StopPolicyEntry entry, std::function<void(absl::Status)> reply) {
  return Ask<absl::Status>(kOrders, kCallBytes, std::move(reply), Ended(),
                           [this, entry = std::move(entry)](const std::function<void(absl::Status)>& answer) mutable {
                             entry.update_time = clock_.Now();
                             answer(protection_.Set(std::move(entry)));
                           });
}

bool Shard::ListProtections(AccountId account, std::function<void(absl::StatusOr<ProtectionDesk::Answer>)> reply) {
  using Listed = absl::StatusOr<ProtectionDesk::Answer>;
  return Ask<Listed>(kQueries, kCallBytes, std::move(reply), Ended(),
                     [this, account = std::move(account)](const std::function<void(Listed)>& answer) {
                       writer_.After([answer, listed = protection_.List(account)] { answer(listed); });
                     });
}

}  // namespace ballast
