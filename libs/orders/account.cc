#include "libs/orders/account.h"

#include <algorithm>
#include <utility>

#include "libs/base/check.h"
#include "libs/orders/set_status.h"
#include "libs/orders/transition.h"

namespace ballast::orders {
namespace {

// The order after a fill: quantities, average price, fees. Never loses a fill.
void Book(Order& order, const Fill& fill) {
  Decimal before = order.cumulative_quantity;
  order.cumulative_quantity += fill.quantity;
  if (order.cumulative_quantity.IsPositive()) {
    Decimal cost = Multiply(order.average_price, before, Rounding::kHalfEven) +
                   Multiply(fill.price, fill.quantity, Rounding::kHalfEven);
    order.average_price = Divide(cost, order.cumulative_quantity, Rounding::kHalfEven);
  }
  order.fees += fill.fee;
}

void Unbook(Order& order, Decimal quantity, Decimal price, Decimal fee) {
  Decimal cost = Multiply(order.average_price, order.cumulative_quantity, Rounding::kHalfEven) -
                 Multiply(price, quantity, Rounding::kHalfEven);
  order.cumulative_quantity -= quantity;
  bool any = order.cumulative_quantity.IsPositive();
  order.average_price = any ? Divide(cost, order.cumulative_quantity, Rounding::kHalfEven) : Decimal();
  order.fees -= fee;
}

void Join(std::vector<OrderEvent>& events, std::vector<OrderEvent> more) {
  for (OrderEvent& event : more) events.push_back(std::move(event));
}

constexpr const char* kExternal = "external";
bool IsExternal(const Order& order) { return order.request_id.value() == kExternal && order.reason == kExternal; }

Rejection ToldAgain(const Fill& fill) {
  return {.reason = RejectReason::kIllegalTransition,
          .check = "execution_id",
          .observed = fill.execution_id.value(),
          .message = "the broker told an execution again that is booked already"};
}

Rejection IllegalFor(const Report& report, const Order* order) {
  return {.reason = RejectReason::kIllegalTransition,
          .check = "order_state",
          .observed = std::to_string(static_cast<int>(report.type)),
          .message = order == nullptr ? "the broker reports on an order that is not ours: " + report.order_id.value()
                                      : "the broker reports what order " + report.order_id.value() + " cannot do"};
}

// The fill's share of one book. The fee goes with the quantity; the last share takes what rounding left.
Fill ShareOf(const Fill& fill, const Books::Part& part, std::size_t index, bool last, Decimal fee_told) {
  Fill share = fill;
  share.deployment_id = part.deployment_id;
  share.quantity = part.quantity;
  if (index > 0) {
    share.execution_id = ExecutionId(fill.execution_id.value() + "#" + std::to_string(index + 1));
    if (share.exec_ref_id.empty()) share.exec_ref_id = fill.execution_id;
  }
  share.fee = last ? fill.fee - fee_told : MultiplyDivide(fill.fee, part.quantity, fill.quantity, Rounding::kDown);
  return share;
}

}  // namespace

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
  if (order == nullptr || order->cancel_requested) return events;
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

const Order* Account::AddExternal(const Report& report, UtcTime now) {
  Order order;
  order.order_id = report.order_id.empty() ? OrderId("x" + report.fill.execution_id.value()) : report.order_id;
  order.request_id = RequestId(kExternal);
  order.account_id = snapshot_.id;
  order.mode = snapshot_.mode;
  order.symbol = report.fill.symbol;
  order.side = report.fill.side;
  order.type = OrderType::kMarket;
  order.time_in_force = TimeInForce::kIoc;
  order.quantity = report.fill.quantity;
  order.reason = kExternal;
  order.create_time = now;
  SetStatus(order, OrderStatus::kSubmitted);
  Put(order);
  return Find(order.order_id);
}

std::vector<OrderEvent> Account::Quarantine(std::uint64_t execution_sequence, const std::string& message, UtcTime now) {
  std::vector<OrderEvent> events;
  OrderEvent event = Next(OrderEventType::kIllegalReport, now, "broker");
  event.execution_sequence = execution_sequence;
  event.rejection = Rejection{.reason = RejectReason::kMalformed, .check = "broker_report", .message = message};
  Push(std::move(event), events);
  Join(events, Halt("a broker report could not be used", "system", now));
  return events;
}

OrderEvent Account::NextOf(const Report& report, const Order* order, UtcTime now) const {
  OrderEvent event = Next(report.type, now, "broker");
  event.execution_sequence = report.execution_sequence;
  event.rejection = report.rejection;
  if (order == nullptr) return event;
  event.order = *order;
  if (!report.broker_order_id.empty()) event.order->broker_order_id = report.broker_order_id;
  return event;
}

std::vector<OrderEvent> Account::Illegal(const Report& report, Rejection why, bool halt, UtcTime now) {
  std::vector<OrderEvent> events;
  OrderEvent event = Next(OrderEventType::kIllegalReport, now, "broker");
  event.execution_sequence = report.execution_sequence;
  if (const Order* order = Find(report.order_id)) event.order = *order;
  event.rejection = std::move(why);
  Push(std::move(event), events);
  if (halt) Join(events, Halt("illegal broker report", "system", now));
  return events;
}

std::vector<OrderEvent> Account::HaltIfOverfilled(const OrderId& id, UtcTime now) {
  const Order* order = Find(id);
  if (order->cumulative_quantity <= order->quantity) return {};
  return Halt("order " + id.value() + " was overfilled", "system", now);
}

std::vector<OrderEvent> Account::HaltIfTooMuchIsUnknown(UtcTime now) {
  std::size_t count = 0;
  for (const auto& [symbol, ids] : unknown_) count += ids.size();
  if (count < kUnknownMax) return {};
  return Halt(std::to_string(count) + " orders of unknown outcome at once", "system", now);
}

std::vector<OrderEvent> Account::Reopen(const OrderId& id, const Report* report, const std::string& why, UtcTime now) {
  const Order* order = Find(id);
  const OrderStatus was = order->status;
  std::optional<OrderStatus> next = NextStatus(
      {.from = was, .event = OrderEventType::kReopened, .any_filled = order->cumulative_quantity.IsPositive()});
  if (!next) return {};
  std::vector<OrderEvent> events;
  OrderEvent event = report != nullptr ? NextOf(*report, order, now) : Next(OrderEventType::kReopened, now, "broker");
  event.type = OrderEventType::kReopened;
  event.order = *order;
  if (report != nullptr && !report->broker_order_id.empty()) event.order->broker_order_id = report->broker_order_id;
  event.order->rejection.reset();
  event.rejection = Rejection{.reason = RejectReason::kIllegalTransition,
                              .check = "order_state",
                              .observed = std::to_string(static_cast<int>(was)),
                              .message = "the order had ended, and " + why};
  SetStatus(*event.order, *next);
  Push(std::move(event), events);
  bool certain = was == OrderStatus::kRejected || was == OrderStatus::kNeverAccepted;
  if (certain)
    Join(events, Halt("order " + id.value() + " is at the broker after it was said not to be", "system", now));
  return events;
}

// The order must be there: what an execution says of it is booked, in one part for each book it moves.
std::vector<OrderEvent> Account::BookFill(const Report& report, const OrderId& id, UtcTime now) {
  std::vector<OrderEvent> events;
  const Order* order = Find(id);
  std::vector<Books::Part> parts = books_.Attribute(*order, report.fill.quantity);
  Decimal fee_told;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    OrderEvent event = NextOf(report, order, now);
    event.fill = ShareOf(report.fill, parts[i], i, i + 1 == parts.size(), fee_told);
    fee_told += event.fill->fee;
    event.fill->order_id = id;
    event.fill->reason = order->reason;
    event.fill->sequence = event.sequence;
    Book(*event.order, *event.fill);
    event.order->outcome_unknown = false;
    // Of nobody knows what size: it is as large as what it filled.
    if (IsExternal(*event.order))
      event.order->quantity = std::max(event.order->quantity, event.order->cumulative_quantity);
    bool complete = event.order->cumulative_quantity >= event.order->quantity;
    std::optional<OrderStatus> next = NextStatus({.from = order->status, .event = report.type, .complete = complete});
    SetStatus(*event.order, next.value_or(order->status));
    Push(std::move(event), events);
    order = Find(id);
    // Refused here, and yet it traded: the money has moved.
    if (!next) Join(events, Illegal(report, IllegalFor(report, order), true, now));
  }
  return events;
}

std::vector<OrderEvent> Account::TakeBack(const Report& report, UtcTime now) {
  const Booked* booked = executions_.Find(report.fill.exec_ref_id.value());
  const Order* order = Find(report.order_id);
  if (order == nullptr || booked == nullptr) {
    return Illegal(report,
                   {.reason = RejectReason::kIllegalTransition,
                    .check = "execution_id",
                    .observed = report.fill.exec_ref_id.value(),
                    .message = "the broker takes back a trade that is not known here"},
                   true, now);
  }
  bool already = report.type == OrderEventType::kTradeCancel && booked->shares.empty();
  if (already || report.fill.version <= booked->version) return Illegal(report, ToldAgain(report.fill), false, now);
  std::vector<OrderEvent> events;
  for (const Share& share : std::vector<Share>(booked->shares)) {
    OrderEvent event = NextOf(report, order, now);
    event.type = OrderEventType::kTradeCancel;
    event.fill = report.fill;
    event.fill->execution_id =
        ExecutionId(share.execution_id.value() + "/" + std::to_string(report.fill.version) + "r");
    event.fill->order_id = order->order_id;
    event.fill->account_id = snapshot_.id;
    event.fill->deployment_id = share.deployment_id;
    event.fill->symbol = order->symbol;
    event.fill->side = Opposite(order->side);
    event.fill->quantity = share.quantity;
    event.fill->price = share.price;
    event.fill->fee = -share.fee;
    event.fill->fee_currency = share.fee_currency;
    event.fill->reason = order->reason;
    event.fill->sequence = event.sequence;
    event.fill->reversal = true;
    Unbook(*event.order, share.quantity, share.price, share.fee);
    std::optional<OrderStatus> next = NextStatus({.from = order->status,
                                                  .event = OrderEventType::kTradeCancel,
                                                  .complete = event.order->cumulative_quantity >= order->quantity,
                                                  .any_filled = event.order->cumulative_quantity.IsPositive()});
    SetStatus(*event.order, next.value_or(order->status));
    Push(std::move(event), events);
    order = Find(report.order_id);
  }
  // What was counted on is not so: reductions only, until a person has looked.
  auto halt = [&](const char* what) {
    Join(events,
         Halt(std::string("the broker ") + what + " the trade " + report.fill.exec_ref_id.value(), "system", now));
  };
  if (report.type == OrderEventType::kTradeCancel) {
    halt("has taken back");
    return events;
  }
  Report corrected = report;
  corrected.fill.account_id = snapshot_.id;
  corrected.fill.symbol = order->symbol;
  corrected.fill.side = order->side;
  Join(events, BookFill(corrected, report.order_id, now));
  Join(events, HaltIfOverfilled(report.order_id, now));
  halt("has corrected");
  return events;
}

std::vector<OrderEvent> Account::ApplyReport(const Report& report, UtcTime now) {
  if (report.type == OrderEventType::kTradeCancel || report.type == OrderEventType::kTradeCorrect)
    return TakeBack(report, now);
  const Order* order = Find(report.order_id);
  if (report.type == OrderEventType::kFilled) {
    if (executions_.Contains(report.fill.execution_id.value()))
      return Illegal(report, ToldAgain(report.fill), false, now);
    const bool unknown = order == nullptr;
    if (unknown) order = AddExternal(report, now);
    const OrderId id = order->order_id;
    std::vector<OrderEvent> events = Reopen(id, nullptr, "it has traded", now);
    Join(events, BookFill(report, id, now));
    if (unknown) Join(events, Halt("a fill of an order that is not ours was booked", "system", now));
    Join(events, HaltIfOverfilled(id, now));
    return events;
  }
  if (order == nullptr) return Illegal(report, IllegalFor(report, order), true, now);
  if (report.type == OrderEventType::kAccepted && order->status == OrderStatus::kNeverAccepted)
    return Reopen(report.order_id, &report, "the broker has it", now);
  std::vector<OrderEvent> events;
  OrderEvent event = NextOf(report, order, now);
  event.evidence = report.evidence;
  if (report.type == OrderEventType::kRestated) {
    if (event.order->requested_quantity.IsZero()) event.order->requested_quantity = order->quantity;
    event.order->quantity = report.quantity;
    event.order->rejection = report.rejection;
  }
  bool of_replace = report.type == OrderEventType::kReplaced || report.type == OrderEventType::kReplaceRejected;
  if (of_replace) TakeTerms(report, *event.order);
  std::optional<OrderStatus> next = NextStatus({.from = order->status,
                                                .event = report.type,
                                                .complete = order->cumulative_quantity >= event.order->quantity,
                                                .any_filled = event.order->cumulative_quantity.IsPositive(),
                                                .outcome_unknown = order->outcome_unknown,
                                                .replace_pending = order->pending_replace.has_value()});
  if (!next) return Illegal(report, IllegalFor(report, order), true, now);
  // A refused cancel is no evidence: the order may never have been there, or have ended.
  if (report.type == OrderEventType::kUnknown) {
    event.order->outcome_unknown = order->broker_order_id.empty() && order->cumulative_quantity.IsZero();
  } else if (report.type != OrderEventType::kCancelRejected && report.type != OrderEventType::kReplaceRejected) {
    event.order->outcome_unknown = false;
  }
  if (report.type == OrderEventType::kCancelRejected) event.order->cancel_requested = false;
  // Why it ended when it did not fill: what the venue refused, cut off or let expire. A cancel of ours has no reason.
  bool ended = report.type == OrderEventType::kRejected || report.type == OrderEventType::kCanceled ||
               report.type == OrderEventType::kExpired || report.type == OrderEventType::kNeverAccepted;
  if (ended && report.rejection) event.order->rejection = report.rejection;
  SetStatus(*event.order, *next);
  Push(std::move(event), events);
  if (report.type == OrderEventType::kUnknown) Join(events, HaltIfTooMuchIsUnknown(now));
  return events;
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
