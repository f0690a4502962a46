#include <utility>

#include "libs/base/absl_std.h"
#include "libs/broker/capabilities.h"
#include "libs/orders/order_id.h"
#include "libs/orders/submit.h"
#include "services/order_management/shard.h"
#include "services/order_management/shard_inbox.h"

// Orders that are asked for, from their coming to the question to risk.
namespace ballast {

bool Shard::Submit(Order order, std::string actor, bool confirm_duplicate, std::function<void(OrderReply)> reply,
                   std::optional<UtcTime> deadline) {
  if (writer_.storage_away()) {
    // It would wait for the storage, and be old when it goes out.
    reply({.status = absl::UnavailableError("orders cannot be stored now; try again with the same request id")});
    return true;
  }
  order.create_time = clock_.Now();  // its age counts from here, however long it waits
  Intent intent{.order = std::move(order),
                .actor = std::move(actor),
                .confirm_duplicate = confirm_duplicate,
                .deadline = deadline,
                .ticket = ++tickets_};
  return Ask<OrderReply>(kOrders, kOrderBytes, std::move(reply), {.status = Ended()},
                         [this, intent = std::move(intent)](std::function<void(OrderReply)> answer) mutable {
                           DoSubmit(std::move(intent), std::move(answer));
                         });
}

bool Shard::Repeats(orders::Account& account, const Order& order, std::function<void(OrderReply)>& reply) {
  if (const Order* first = risk_.Waiting(order.order_id)) {
    if (orders::SameBody(*first, order))
      risk_.Join(order.order_id, std::move(reply));
    else
      reply({.status = absl::AlreadyExistsError("request_id was used for another order")});
    return true;
  }
  absl::StatusOr<const Order*> first = accounts_.LoadOrder(account, order.order_id);
  if (!first.ok()) {
    reply({.status = absl::UnavailableError("whether this request id was used cannot be read now")});
    return true;
  }
  if (*first == nullptr) return false;
  if (!orders::SameBody(**first, order)) {
    reply({.status = absl::AlreadyExistsError("request_id was used for another order")});
  } else {
    writer_.After([reply = std::move(reply), stored = **first] {
      reply({.order = stored, .replayed = true, .rejection = stored.rejection});
    });
  }
  return true;
}

std::optional<Rejection> Shard::Refusal(const orders::Account& account, const Intent& intent) {
  const Order& order = intent.order;
  for (const CancelScope& scope : cancelled_) {
    if (intent.ticket < scope.ticket && scope.Means(order)) return WithdrawnByCancelAll();
  }
  if (!order.deployment_id.empty() && !accounts_.Knows(order.account_id, order.deployment_id)) {
    const std::string& name = order.deployment_id.value();
    return Rejection{.reason = RejectReason::kUnknownDeployment,
                     .check = "deployment",
                     .observed = name,
                     .message = "there is no deployment " + name + " in this account; an order by hand names none"};
  }
  const broker::Supported supported =
      broker::SupportFor(order, broker::CapabilitiesOf(accounts_.BrokerOf(order.account_id)));
  if (supported.support == broker::Support::kNone) return supported.why;
  if (std::optional<Rejection> why = gate_.Unsendable(account, order, intent.deadline)) return why;
  if (!intent.confirm_duplicate) {
    if (std::optional<Rejection> why = duplicates_.Look(order, clock_.MonotonicNanos())) return why;
  }
  if (!broker_.Usable()) {
    return Rejection{.reason = RejectReason::kBrokerUnavailable,
                     .check = "broker",
                     .message = "the broker gateway is not connected"};
  }
  if (!risk_.ready()) {
    return Rejection{
        .reason = RejectReason::kRiskUnavailable, .check = "risk", .message = "the risk service is not connected"};
  }
  return std::nullopt;
}

void Shard::DoSubmit(Intent intent, std::function<void(OrderReply)> reply) {
  submits_.Increment();
  orders::Account* account = accounts_.Find(intent.order.account_id);
  if (account == nullptr) {
    reply({.status = NoAccount(intent.order.account_id)});
    return;
  }
  intent.order.order_id = orders::OrderIdFor(intent.order.account_id, intent.order.request_id);
  if (Repeats(*account, intent.order, reply)) return;
  if (std::optional<Rejection> why = Refusal(*account, intent)) {
    orders_.Deny(std::move(intent.order), intent.actor, std::move(*why), {}, {std::move(reply)});
    return;
  }
  // It waits until the market says that it is open, which may be at once: of the account risk is asked then.
  const bool waits = intent.order.hold_until_open;
  if (waits) intent.order.hold = HoldReason::kSession;
  risk_.Ask(std::move(intent.order), std::move(intent.actor), intent.deadline, std::move(reply), waits);
}

bool Shard::SubmitList(std::vector<Order> list, std::string actor, bool confirm_duplicate,
                       std::function<void(ListReply)> reply, std::optional<UtcTime> deadline) {
  if (writer_.storage_away()) {
    reply({.status = absl::UnavailableError("orders cannot be stored now; try again with the same request id")});
    return true;
  }
  for (Order& order : list) order.create_time = clock_.Now();
  Intent intent{
      .actor = std::move(actor), .confirm_duplicate = confirm_duplicate, .deadline = deadline, .ticket = ++tickets_};
  return Ask<ListReply>(kOrders, list.size() * kOrderBytes, std::move(reply), {.status = Ended()},
                        [this, list = std::move(list), intent](std::function<void(ListReply)> answer) mutable {
                          DoSubmitList(std::move(list), intent, std::move(answer));
                        });
}

void Shard::DoSubmitList(std::vector<Order> list, const Intent& intent, std::function<void(ListReply)> reply) {
  orders::Account* account = accounts_.Find(list.front().account_id);
  if (account == nullptr) {
    reply({.status = NoAccount(list.front().account_id)});
    return;
  }
  submits_.Add(static_cast<double>(list.size()));
  for (Order& order : list) {
    order.order_id = orders::OrderIdFor(order.account_id, order.request_id);
    if (order.hold_until_open) order.hold = HoldReason::kSession;
  }
  if (lists_.Repeats(*account, list, reply)) return;
  for (std::size_t i = 0; i < list.size(); ++i) {
    Intent each = intent;
    each.order = list[i];
    // What depends on each other may look alike.
    each.confirm_duplicate = intent.confirm_duplicate || i > 0;
    if (std::optional<Rejection> why = Refusal(*account, each)) {
      lists_.Deny(std::move(list), intent.actor, i, *why, std::move(reply));
      return;
    }
  }
  lists_.Ask(std::move(list), intent.actor, intent.deadline, std::move(reply));
}

bool Shard::RegisterDeployment(AccountId account_id, DeploymentId deployment, std::string actor,
                               std::function<void(absl::Status)> reply) {
  return Ask<absl::Status>(
      kOrders, kCallBytes, std::move(reply), Ended(),
      [this, account_id = std::move(account_id), deployment = std::move(deployment), actor = std::move(actor)](
          const std::function<void(absl::Status)>& answer) { DoRegister(account_id, deployment, actor, answer); });
}

void Shard::DoRegister(const AccountId& account_id, const DeploymentId& deployment, const std::string& actor,
                       const std::function<void(absl::Status)>& reply) {
  if (accounts_.Find(account_id) == nullptr) {
    reply(NoAccount(account_id));
    return;
  }
  if (!accounts_.Knows(account_id, deployment)) {
    // Rare, so it may hold up the batch; known only once it is durable.
    if (absl::Status saved = accounts_.Register(account_id, deployment); !saved.ok()) {
      log_.Warning("orders.deployment_not_saved", {{"error", saved.ToString()}});
      reply(absl::UnavailableError("the deployment cannot be stored now"));
      return;
    }
    log_.Info("orders.deployment_registered",
              {{"account", account_id.value()}, {"deployment", deployment.value()}, {"actor", actor}});
  }
  reply(absl::OkStatus());
}

bool Shard::ClosePosition(CloseRequest request, std::string actor, std::function<void(OrderReply)> reply) {
  return Ask<OrderReply>(
      kOrders, kOrderBytes, std::move(reply), {.status = Ended()},
      [this, request = std::move(request), came = clock_.Now(), ticket = ++tickets_, actor = std::move(actor)](
          std::function<void(OrderReply)> answer) { DoClose(request, came, ticket, actor, std::move(answer)); });
}

void Shard::DoClose(const CloseRequest& request, UtcTime came, std::uint64_t ticket, const std::string& actor,
                    std::function<void(OrderReply)> reply) {
  orders::Account* account = accounts_.Find(request.account_id);
  if (account == nullptr) {
    reply({.status = NoAccount(request.account_id)});
    return;
  }
  Order order;
  order.create_time = came;
  order.request_id = request.request_id;
  order.account_id = request.account_id;
  order.deployment_id = request.deployment_id.value_or(DeploymentId());
  order.symbol = request.symbol;
  order.type = OrderType::kMarket;
  order.time_in_force = TimeInForce::kIoc;
  order.reduce_only = true;
  order.reason = request.reason;
  OrderId id = orders::OrderIdFor(request.account_id, request.request_id);
  absl::StatusOr<const Order*> first = risk_.Waiting(id);
  if (*first == nullptr) first = accounts_.LoadOrder(*account, id);
  if (!first.ok()) {
    reply({.status = absl::UnavailableError("whether this request id was used cannot be read now")});
    return;
  }
  if (*first != nullptr) {
    // Asked again: the position has changed since, so side and quantity are the first answer's.
    order.side = (*first)->side;
    Decimal asked = (*first)->requested_quantity.IsZero() ? (*first)->quantity : (*first)->requested_quantity;
    order.quantity = request.quantity.value_or(asked);
  } else {
    Decimal held = request.deployment_id ? account->books().Held(*request.deployment_id, request.symbol)
                                         : account->books().Net(request.symbol);
    if (held.IsZero()) {
      std::string whose = !request.deployment_id           ? "the account"
                          : request.deployment_id->empty() ? "the book of hand-made orders"
                                                           : "deployment " + request.deployment_id->value();
      reply({.status = absl::FailedPreconditionError(
                 ToAbsl(whose + " holds no " + request.symbol.value() + ": there is nothing to close"))});
      return;
    }
    order.side = held.IsPositive() ? Side::kSell : Side::kBuy;
    order.quantity = request.quantity.value_or(held.Abs());
  }
  DoSubmit({.order = std::move(order),
            .actor = actor,
            .confirm_duplicate = true,
            .deadline = request.deadline,
            .ticket = ticket},
           std::move(reply));
}

}  // namespace ballast
