#include "services/order_management/shard.h"

#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/broker/capabilities.h"
#include "libs/orders/contingent.h"
#include "libs/orders/order_id.h"
#include "libs/orders/submit.h"

namespace ballast {
namespace {

using Outcome = runtime::Committer::Outcome;

constexpr std::size_t kBatchMax = 500;
constexpr std::int64_t kTickNs = 20'000'000;

// What waits in the inbox, at most, by the estimates below: some 20,000 orders, and more reports than a gateway sends
// in the longest stall of the storage.
constexpr std::array<std::size_t, 4> kLaneBytesMax = {8U << 20, 64U << 20, 20U << 20, 1U << 20};
constexpr std::size_t kOrderBytes = 1'024;
constexpr std::size_t kReportBytes = 512;
constexpr std::size_t kCallBytes = 256;

absl::Status Ended() {
  return absl::UnavailableError("this order manager ended before it could answer; ask again with the same request id");
}

absl::Status NoAccount(const AccountId& id) { return absl::NotFoundError(ToAbsl("there is no account " + id.value())); }

Rejection WithdrawnByCancelAll() {
  return {.reason = RejectReason::kCancelPending,
          .check = "cancel_all",
          .message = "withdrawn by a cancel of all orders before it was sent"};
}

}  // namespace

Shard::Shard(Options options, Journal& journal, EventHub& hub, const Clock& clock, Logger& log, Metrics& metrics)
    : options_(std::move(options)),
      clock_(clock),
      log_(log),
      journal_(journal),
      hub_(hub),
      inbox_(kLaneBytesMax),
      accounts_(journal, log),
      writer_(journal, accounts_, clock, log, metrics),
      gate_(options_.intent_age_ms_max, clock),
      floor_{.clock = clock,
             .log = log,
             .options = options_,
             .ports = ports_,
             .accounts = accounts_,
             .writer = writer_,
             .gate = gate_},
      broker_(floor_),
      reports_(floor_, broker_, metrics),
      orders_(floor_, broker_, metrics),
      risk_(floor_, journal, orders_),
      held_(floor_, broker_, risk_),
      market_(floor_, broker_, held_),
      contingent_(floor_, broker_, held_, orders_),
      lists_(floor_, risk_, orders_),
      replaces_(floor_, broker_, risk_),
      protection_(floor_, broker_, orders_, market_),
      duplicates_(options_.duplicate_window_manual_ms, options_.duplicate_window_strategy_ms),
      submits_(metrics.GetCounter("ballast_order_submits_total", "orders asked for", {})) {
  broker_.SetPermits([this] { return risk_.ready() && !writer_.storage_away(); });
}

absl::Status Shard::Recover() {
  RETURN_IF_ERROR(journal_.Fence());
  RETURN_IF_ERROR(accounts_.Recover(hub_));
  for (const AccountSpec& spec : options_.accounts) {
    if (accounts_.Find(spec.id) != nullptr) continue;
    orders::Account& account = accounts_.Add(spec.id, spec.broker);
    writer_.Keep(account.Open(spec.id, spec.mode, spec.currency, spec.cash, clock_.Now()));
    writer_.Open(spec.id, spec.broker);
  }
  if (!Flush()) {
    return absl::UnavailableError(ToAbsl("the accounts could not be opened: " + writer_.status().ToString()));
  }
  reports_.Recover();
  broker_.Recover();
  market_.Recover();
  contingent_.Recover();
  RETURN_IF_ERROR(protection_.Recover());
  std::size_t working = 0;
  for (const auto& [id, account] : accounts_.all()) working += account.working().size();
  log_.Info("orders.recovered", {{"accounts", std::to_string(accounts_.all().size())},
                                 {"working_orders", std::to_string(working)},
                                 {"epoch", std::to_string(journal_.epoch())}});
  return absl::OkStatus();
}

runtime::Turn Shard::Poll(std::int64_t now_ns) {
  if (ended_) return {runtime::Turn::State::kEnded, 0};
  // What the last turn did comes first: nothing may be built on what is not durable.
  if (!Flush()) return Stuck();
  bool idle = false;
  if (taken_done_ == taken_.size()) {
    bool closed = inbox_.closed();
    taken_ = inbox_.Take(kBatchMax);
    taken_done_ = 0;
    idle = taken_.empty() && closed;
  }
  if (!Work()) return Stuck();
  market_.Work();
  if (now_ns - last_tick_ns_ >= kTickNs) Tick(now_ns);
  if (!Flush()) return Stuck();
  risk_wants_more_ = risk_.Backfill();
  if (idle) return End();
  return {runtime::Turn::State::kReady, risk_wants_more_ ? now_ns : last_tick_ns_ + kTickNs};
}

bool Shard::Work() {
  while (taken_done_ < taken_.size()) {
    taken_[taken_done_++]();
    if (!risk_begins_) continue;
    if (!Flush()) return false;
    risk_begins_ = false;
    (void)risk_.Backfill();
  }
  taken_.clear();
  taken_done_ = 0;
  if (!cancelled_.empty() && inbox_.size(kOrders) == 0) cancelled_.clear();
  return true;
}

// What is decided here may have consequences of its own.
void Shard::Settle() {
  std::size_t seen = 0;
  do {
    bool any = seen < writer_.batch().size();
    for (; seen < writer_.batch().size(); ++seen) {
      const OrderEvent& event = writer_.batch()[seen];
      market_.See(event);
      contingent_.See(event);
      protection_.See(event);
    }
    if (any) contingent_.Work();
    protection_.Work();
  } while (seen < writer_.batch().size());
}

bool Shard::Flush() {
  do {
    Settle();
    std::shared_ptr<const EncodedEvents> committed;
    broker_.SendBatch();  // what needs no commit does not wait for one
    switch (writer_.Store(inbox_.closed(), &committed)) {
      case Outcome::kLater:
        return false;
      case Outcome::kNever:
        dead_ = true;
        if (!absl::IsCancelled(writer_.status())) ports_.fail(writer_.status().ToString());
        return false;
      case Outcome::kDurable:
        break;
    }
    writer_.RunAfter();
    broker_.SendBatch();
    risk_.Tell(committed.get());
    if (committed) hub_.Publish(committed);
  } while (writer_.pending());
  return true;
}

runtime::Turn Shard::Stuck() {
  if (dead_) return End();
  return {runtime::Turn::State::kBlocked, writer_.next_try_ns()};
}

// Whoever still waits is told: what risk has not answered was not taken, and what could not be stored may have been.
runtime::Turn Shard::End() {
  ended_ = true;
  inbox_.Close();
  risk_.Abandon();
  taken_.clear();
  while (!inbox_.Take(kBatchMax).empty()) {
  }
  return {runtime::Turn::State::kEnded, 0};
}

void Shard::Tick(std::int64_t now_ns) {
  last_tick_ns_ = now_ns;
  risk_.Expire(now_ns);
  broker_.Permit();
  broker_.Repeat(now_ns);
  broker_.DispatchPending();
  contingent_.Work();
  if (emergency_ != nullptr) emergency_->Tick();
  protection_.Tick(now_ns);
}

void Shard::Tell(Task task) { (void)inbox_.PostAlways(kNeighbours, kCallBytes, std::move(task)); }

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

void Shard::SetEmergency(EmergencyDesk* desk) {
  emergency_ = desk;
  gate_.SetEmergency(desk);
  protection_.SetEmergency(desk);
  desk->SetWriter(
      {.account = [this](const AccountId& id) { return accounts_.Find(id); },
       .accounts =
           [this] {
             std::vector<AccountId> ids;
             for (const auto& [id, account] : accounts_.all()) ids.push_back(id);
             return ids;
           },
       .keep =
           [this](std::vector<OrderEvent> events) {
             for (const OrderEvent& event : events) {
               if (event.type == OrderEventType::kPendingNew) accounts_.Use(event.order->order_id);
             }
             writer_.Keep(std::move(events));
           },
       .after_commit = [this](std::function<void()> action) { writer_.After(std::move(action)); },
       .send_cancel = [this](const Order& order) { broker_.SendCancel(order); },
       .place = [this](Order order, const std::string& actor,
                       RiskCheck check) { orders_.Place(std::move(order), actor, std::move(check)); },
       .unanswered = [this](const AccountId& id) { return risk_.CountWaiting(id); },
       .withdraw =
           [this](const AccountId& id, const Rejection& rejection) {
             risk_.WithdrawIf([&](const Order& order) { return order.account_id == id; }, rejection);
           },
       .broker_ready = [this] { return broker_.ready(); },
       .lot_size =
           [this](const Symbol& symbol) {
             const Instrument* instrument = market_.Find(symbol);
             return instrument == nullptr ? Decimal() : instrument->lot_size;
           },
       .mark = [this](const Symbol& symbol) { return market_.TakeMark(symbol); },
       .enqueue = [this](std::function<void()> task) { return inbox_.PostAlways(kStops, kCallBytes, std::move(task)); },
       .storage_away = [this] { return writer_.storage_away(); }});
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
                    std::function<void(OrderReply)> reply) {
  return Ask<OrderReply>(kStops, kCallBytes, std::move(reply), {.status = Ended()},
                         [this, id = std::move(id), venue_id = std::move(broker_order_id), actor = std::move(actor),
                          reason = std::move(reason)](const std::function<void(OrderReply)>& answer) {
                           absl::StatusOr<orders::Account*> account = accounts_.Of(id);
                           if (!account.ok()) return answer({.status = account.status()});
                           const Order& order = *(*account)->Find(id);
                           if (IsTerminal(order.status) || !order.outcome_unknown)
                             return answer({.status = absl::FailedPreconditionError(
                                                "what became of the order is known: there is nothing to resolve")});
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
    if (!IsTerminal(order.status) && scope.Means(order)) ids.push_back(id);
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

void Shard::OnRiskReady(std::map<std::string, std::uint64_t> applied) {
  Tell([this, applied = std::move(applied)] {
    risk_.OnReady(applied);
    risk_begins_ = true;
  });
}

void Shard::OnRiskResults(std::vector<risk::v1::ReserveResult> results) {
  Tell([this, results = std::move(results)]() mutable { risk_.OnResults(std::move(results)); });
}

void Shard::OnRiskLost() {
  risk_.Lose();
  Tell([this] { risk_.OnLost(); });
}

void Shard::OnBrokerReady(std::map<std::string, std::uint64_t> heads, bool takes_batches, bool wants_permission,
                          std::set<OrderId> unanswered) {
  Tell([this, heads = std::move(heads), losses = broker_.losses(), takes_batches, wants_permission,
        unanswered = std::move(unanswered)]() mutable {
    broker_.OnReady(std::move(heads), losses, takes_batches, wants_permission, unanswered);
    contingent_.OnBrokerReady();
  });
}

void Shard::OnReports(std::vector<broker::v1::ExecutionReport> reports) {
  std::size_t bytes = reports.size() * kReportBytes;
  bool posted = inbox_.Post(kNeighbours, bytes, [this, reports = std::move(reports)] { reports_.Take(reports); });
  if (!posted) Tell([this] { ports_.drop_broker(); });
}

void Shard::OnBrokerLost() {
  broker_.Lose();
  Tell([this] { broker_.OnLost(); });
}

void Shard::OnInstruments(std::vector<Instrument> instruments) {
  Tell([this, instruments = std::move(instruments)]() mutable { market_.OnInstruments(std::move(instruments)); });
}

void Shard::OnMarket(MarketStep step) {
  if (market_.Put(std::move(step))) Tell([this] { market_.Take(); });
}

void Shard::OnMarketLost() {
  Tell([this] { market_.OnLost(); });
}

}  // namespace ballast
