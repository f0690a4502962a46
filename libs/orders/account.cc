#include "libs/orders/account.h"

#include <algorithm>
#include <utility>

#include "libs/base/check.h"
#include "libs/model/external.h"
#include "libs/orders/set_status.h"
#include "libs/orders/transition.h"

namespace ballast::orders {

void SetStatus(Order& order, OrderStatus status) {
  order.status = status;
  Decimal rest = order.quantity - order.cumulative_quantity;
  order.leaves_quantity = IsTerminal(status) || rest.IsNegative() ? Decimal() : rest;
  if (!IsTerminal(status)) return;
  order.cancel_requested = false;
  order.pending_replace.reset();
}

OrderEvent Account::Next(OrderEventType type, UtcTime now, const std::string& actor) const {
  OrderEvent event;
  event.account_id = snapshot_.id;
  event.sequence = snapshot_.last_sequence + 1;
  event.type = type;
  event.event_time = now;
  event.actor = actor;
  event.mode = snapshot_.mode;
  return event;
}

void Account::Push(OrderEvent event, std::vector<OrderEvent>& events) {
  if (event.order) {
    event.order->sequence = event.sequence;
    event.order->update_time = event.event_time;
  }
  Apply(event);
  events.push_back(std::move(event));
}

void Account::Apply(const OrderEvent& event) {
  CHECK(event.sequence == snapshot_.last_sequence + 1, "events of an account have no gap");
  snapshot_.last_sequence = event.sequence;
  if (event.execution_sequence != 0) snapshot_.execution_sequence = event.execution_sequence;
  if (event.order) Put(*event.order);
  if (event.fill) LoadFill(*event.fill);
  if (event.type == OrderEventType::kAccountOpened) {
    snapshot_.id = event.account_id;
    snapshot_.mode = event.mode;
    snapshot_.currency = event.currency;
    snapshot_.opening_cash = event.cash;
  } else if (event.type == OrderEventType::kAccountHalted) {
    snapshot_.halted = true;
    snapshot_.halt_reason = event.rejection ? event.rejection->message : "";
  } else if (event.type == OrderEventType::kAccountResumed) {
    snapshot_.halted = false;
    snapshot_.halt_reason.clear();
  } else if (event.type == OrderEventType::kExternalPolicy && event.external_policy) {
    snapshot_.external = *event.external_policy;
  }
}

std::vector<OrderEvent> Account::Open(const AccountId& id, AccountMode mode, const std::string& currency, Decimal cash,
                                      UtcTime now) {
  CHECK(snapshot_.last_sequence == 0, "an account is opened once");
  std::vector<OrderEvent> events;
  OrderEvent event = Next(OrderEventType::kAccountOpened, now, "system");
  event.account_id = id;
  event.mode = mode;
  event.currency = currency;
  event.cash = cash;
  Push(std::move(event), events);
  return events;
}

std::vector<OrderEvent> Account::Accept(Order order, const std::string& actor, std::vector<RiskCheck> checks,
                                        bool submit, UtcTime now) {
  std::vector<OrderEvent> events;
  OrderEvent event = Next(OrderEventType::kPendingNew, now, actor);
  if (order.create_time.nanos == 0) order.create_time = now;
  order.mode = snapshot_.mode;
  SetStatus(order, OrderStatus::kPendingNew);
  event.order = std::move(order);
  event.checks = std::move(checks);
  OrderId id = event.order->order_id;
  Push(std::move(event), events);
  if (submit) {
    for (OrderEvent& claimed : Submit(id, now)) events.push_back(std::move(claimed));
  }
  return events;
}

std::vector<OrderEvent> Account::Deny(Order order, const std::string& actor, Rejection rejection,
                                      std::vector<RiskCheck> checks, UtcTime now) {
  std::vector<OrderEvent> events;
  OrderEvent event = Next(OrderEventType::kDenied, now, actor);
  if (order.create_time.nanos == 0) order.create_time = now;
  order.mode = snapshot_.mode;
  order.rejection = rejection;
  SetStatus(order, OrderStatus::kDenied);
  event.order = std::move(order);
  event.rejection = std::move(rejection);
  event.checks = std::move(checks);
  Push(std::move(event), events);
  return events;
}

std::vector<OrderEvent> Account::Submit(const OrderId& id, UtcTime now) {
  std::vector<OrderEvent> events;
  const Order* order = Find(id);
  CHECK(order != nullptr && order->status == OrderStatus::kPendingNew, "only a pending order is claimed");
  OrderEvent event = Next(OrderEventType::kSubmitted, now, "system");
  event.order = *order;
  SetStatus(*event.order, OrderStatus::kSubmitted);
  Push(std::move(event), events);
  return events;
}

std::vector<OrderEvent> Account::RejectUnsent(const OrderId& id, Rejection rejection, UtcTime now) {
  std::vector<OrderEvent> events;
  const Order* order = Find(id);
  CHECK(order != nullptr && NeverTaken(*order), "only what was never taken ends like this");
  OrderEvent event = Next(OrderEventType::kRejected, now, "system");
  event.order = *order;
  event.order->rejection = rejection;
  event.rejection = std::move(rejection);
  SetStatus(*event.order, OrderStatus::kRejected);
  Push(std::move(event), events);
  return events;
}

std::vector<OrderEvent> Account::CancelUnsent(const OrderId& id, UtcTime now, std::optional<Rejection> why) {
  std::vector<OrderEvent> events;
  const Order* order = Find(id);
  CHECK(order != nullptr && NeverTaken(*order), "only what was never taken ends like this");
  OrderEvent event = Next(OrderEventType::kCanceled, now, "system");
  event.order = *order;
  if (why) event.order->rejection = why;
  event.rejection = std::move(why);
  SetStatus(*event.order, OrderStatus::kCanceled);
  Push(std::move(event), events);
  return events;
}

bool Account::NeverTaken(const Order& order) {
  return !IsTerminal(order.status) && order.broker_order_id.empty() && order.cumulative_quantity.IsZero() &&
         !order.outcome_unknown;
}

std::vector<OrderEvent> Account::RequestCancel(const OrderId& id, const std::string& actor, UtcTime now) {
  std::vector<OrderEvent> events;
  const Order* order = Find(id);
  if (order == nullptr || order->cancel_requested || IsLeftAlone(*order)) return events;
  bool unsent = order->status == OrderStatus::kPendingNew || order->status == OrderStatus::kHeld;
  OrderEventType type = unsent ? OrderEventType::kCanceled : OrderEventType::kPendingCancel;
  std::optional<OrderStatus> next = NextStatus({.from = order->status, .event = type});
  if (!next) return events;
  OrderEvent event = Next(type, now, actor);
  event.order = *order;
  event.order->cancel_requested = !unsent;
  SetStatus(*event.order, *next);
  Push(std::move(event), events);
  return events;
}

void Account::LoadFill(const Fill& fill) {
  Remember(fill);
  if (books_restored_ != 0 && fill.sequence <= books_restored_) return;
  books_.Apply(fill);
  ++fills_since_stored_;
}

void Account::Restore(StoredBooks stored) {
  books_ = std::move(stored.books);
  books_restored_ = stored.sequence;
}

Account::StoredBooks Account::TakeBooks() {
  fills_since_stored_ = 0;
  return {.id = snapshot_.id, .sequence = snapshot_.last_sequence, .books = books_};
}

void Account::Remember(const Fill& fill) {
  // A broker repeats what it has just told, or what it told in this session: not last year's.
  const std::string& root = fill.exec_ref_id.empty() ? fill.execution_id.value() : fill.exec_ref_id.value();
  if (root.empty()) return;
  auto [booked, fresh] = executions_.Insert(root);
  if (fill.version > booked.version) booked = {.version = fill.version, .shares = {}};
  booked.order_id = fill.order_id;
  if (fill.transfer && fill.reversal) {
    auto moved = std::find_if(booked.shares.begin(), booked.shares.end(), [&](const Share& share) {
      return share.deployment_id == fill.deployment_id && share.quantity == fill.quantity && share.price == fill.price;
    });
    if (moved != booked.shares.end()) booked.shares.erase(moved);
  }
  if (!fill.reversal) {
    booked.shares.push_back({.execution_id = fill.execution_id,
                             .deployment_id = fill.deployment_id,
                             .quantity = fill.quantity,
                             .price = fill.price,
                             .fee = fill.fee,
                             .fee_currency = fill.fee_currency});
  }
  if (!fresh) return;
  execution_order_.push_back(root);
  if (execution_order_.size() <= std::size_t{kExecutionsMax}) return;
  executions_.Erase(execution_order_.front());
  execution_order_.pop_front();
}

std::vector<OrderEvent> Account::Halt(const std::string& reason, const std::string& actor, UtcTime now) {
  std::vector<OrderEvent> events;
  if (snapshot_.halted) return events;
  OrderEvent event = Next(OrderEventType::kAccountHalted, now, actor);
  event.rejection = Rejection{.reason = RejectReason::kAccountHalted, .check = "account", .message = reason};
  Push(std::move(event), events);
  return events;
}

std::vector<OrderEvent> Account::Resume(const std::string& reason, const std::string& actor, UtcTime now) {
  std::vector<OrderEvent> events;
  if (!snapshot_.halted) return events;
  OrderEvent event = Next(OrderEventType::kAccountResumed, now, actor);
  event.rejection = Rejection{.check = "account", .message = reason};
  Push(std::move(event), events);
  return events;
}

std::vector<OrderEvent> Account::Note(OrderEventType type, Rejection what, const std::string& actor, UtcTime now) {
  std::vector<OrderEvent> events;
  OrderEvent event = Next(type, now, actor);
  event.rejection = std::move(what);
  Push(std::move(event), events);
  return events;
}

void Account::NoteUnknown(const Order& order) {
  bool unknown = !IsTerminal(order.status) && (order.outcome_unknown || order.status == OrderStatus::kUnknown);
  if (unknown) {
    unknown_[order.symbol].insert(order.order_id);
    return;
  }
  auto found = unknown_.find(order.symbol);
  if (found == unknown_.end()) return;
  found->second.erase(order.order_id);
  if (found->second.empty()) unknown_.erase(found);
}

void Account::Put(const Order& order) {
  const OrderId& id = order.order_id;
  NoteUnknown(order);
  Closed* closed = closed_.Find(id);
  if (IsTerminal(order.status)) {
    if (closed != nullptr) {
      closed->node.mapped() = order;
      return;
    }
    working_.insert_or_assign(id, order);
    closed_.Put(id, Closed(working_.extract(id)));
    closing_.push_back(id);
  } else if (closed != nullptr) {
    closed->node.mapped() = order;
    working_.insert(std::move(closed->node));
    closed_.Erase(id);
  } else {
    working_.insert_or_assign(id, order);
  }
}

const Order* Account::Find(const OrderId& id) const {
  if (auto found = working_.find(id); found != working_.end()) return &found->second;
  const Closed* closed = closed_.Find(id);
  return closed == nullptr ? nullptr : &closed->node.mapped();
}

void Account::Forget(std::size_t keep_max) {
  while (closed_.size() > keep_max) {
    closed_.Erase(closing_.front());
    closing_.pop_front();
  }
}

}  // namespace ballast::orders
