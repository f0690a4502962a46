#include "libs/broker/order_desk.h"

#include <utility>

namespace ballast::broker {
namespace {

// Between two questions about one order.
constexpr Duration kAskAgain = Duration::Seconds(1);

bool IsOut(const OrderDesk::Entry& entry) {
  return entry.way == OrderDesk::Way::kSent || entry.way == OrderDesk::Way::kUnknown;
}

}  // namespace

void OrderDesk::Restore(Entry entry, UtcTime now) {
  const OrderId id = entry.order.order_id;
  // Stored before it was handed over and not after: whether a byte has left is not known.
  if (entry.way == Way::kIntent || entry.way == Way::kSendable) entry.way = Way::kSent;
  if (IsOut(entry)) {
    entry.sent_time = now;  // no sooner ago than that, as far as is known
    query_.insert(id);
  }
  if (entry.cancel_wanted && entry.way == Way::kOpen) cancel_.insert(id);
  entry.replace_answered = entry.order.replace_count;
  if (entry.way != Way::kClosed || entry.contradicted) unsettled_.insert(id);
  entries_.Put(id, std::move(entry));
}

void OrderDesk::Take(const Order& order, UtcTime now) {
  if (entries_.Contains(order.order_id)) return;
  Entry& entry = entries_.Insert(order.order_id).first;
  unsettled_.insert(order.order_id);
  entry.order = order;
  entry.order.status = OrderStatus::kSubmitted;
  entry.order.cumulative_quantity = Decimal();
  entry.order.leaves_quantity = order.quantity;
  entry.order.update_time = now;
  submit_.insert(order.order_id);
  batch_.orders.insert(order.order_id);
}

void OrderDesk::Refuse(const Order& order, const Rejection& why, UtcTime now) {
  if (entries_.Contains(order.order_id)) return;
  Entry& entry = entries_.Insert(order.order_id).first;
  unsettled_.insert(order.order_id);
  entry.order = order;
  End(entry, ExecutionType::kRejected, OrderStatus::kRejected, why, now);
}

void OrderDesk::Cancel(const OrderId& id, UtcTime now) {
  Entry* entry = Known(id);
  if (entry == nullptr) return;
  if (entry->way == Way::kClosed) {
    Execution told{.type = ExecutionType::kCancelRejected,
                   .rejection = Rejection{
                       .reason = RejectReason::kOrderClosed, .check = "venue", .message = "the order is closed"}};
    Tell(*entry, std::move(told), now);
    return;
  }
  if (entry->way == Way::kIntent || entry->way == Way::kSendable) {
    submit_.erase(id);
    End(*entry, ExecutionType::kCanceled, OrderStatus::kCanceled, std::nullopt, now);
    return;
  }
  if (!entry->cancel_wanted) batch_.orders.insert(id);
  entry->cancel_wanted = true;
  // One whose fate is not known is cancelled too: where it is there, that is what was wanted.
  cancel_.insert(id);
}

void OrderDesk::Replace(const OrderId& id, const Replacement& terms, UtcTime now) {
  Entry* entry = Known(id);
  if (entry == nullptr || terms.number <= entry->order.replace_count) return;
  if (entry->way != Way::kOpen || !capabilities_.replace) {
    bool closed = entry->way == Way::kClosed;
    RefuseReplace(id, terms,
                  {.reason = closed ? RejectReason::kOrderClosed : RejectReason::kBrokerUnsupported,
                   .check = "venue",
                   .message = closed ? "the order is closed" : "the venue cannot replace it, or does not have it yet"},
                  now);
    return;
  }
  entry->order.replace_count = terms.number;
  batch_.orders.insert(id);
  replace_[id] = terms;
}

void OrderDesk::RefuseReplace(const OrderId& id, const Replacement& terms, Rejection why, UtcTime now) {
  Entry* entry = Known(id);
  if (entry == nullptr || terms.number <= entry->order.replace_count) return;
  entry->order.replace_count = terms.number;
  On(ReplaceReject{.order_id = id, .terms = terms, .rejection = std::move(why), .time = now}, now);
}

void OrderDesk::On(const Replaced& fact, UtcTime) {
  Entry* entry = Known(fact.order_id);
  if (entry == nullptr || fact.terms.number <= entry->replace_answered || entry->way == Way::kClosed) return;
  Accept(*entry, "", fact.time);
  entry->replace_answered = fact.terms.number;
  Order& order = entry->order;
  order.quantity = fact.terms.quantity.value_or(order.quantity);
  if (fact.terms.limit_price) order.limit_price = fact.terms.limit_price;
  if (fact.terms.stop_price) order.stop_price = fact.terms.stop_price;
  bool full = order.cumulative_quantity >= order.quantity;
  order.leaves_quantity = full ? Decimal() : order.quantity - order.cumulative_quantity;
  if (full) {
    Close(*entry);
    order.status = OrderStatus::kFilled;
  }
  Tell(*entry, {.type = ExecutionType::kReplaced, .replacement = fact.terms}, fact.time);
}

void OrderDesk::On(const ReplaceReject& fact, UtcTime) {
  Entry* entry = Known(fact.order_id);
  if (entry == nullptr || fact.terms.number <= entry->replace_answered) return;
  entry->replace_answered = fact.terms.number;
  Tell(*entry, {.type = ExecutionType::kReplaceRejected, .rejection = fact.rejection, .replacement = fact.terms},
       fact.time);
}

void OrderDesk::Hear(const Fact& fact, UtcTime now) {
  std::visit([&](const auto& each) { On(each, now); }, fact);
}

void OrderDesk::On(const Ack& ack, UtcTime) {
  if (Entry* entry = Known(ack.order_id)) Accept(*entry, ack.broker_order_id, ack.time);
}

void OrderDesk::On(const Trade& trade, UtcTime) {
  Entry* entry = Known(trade.order_id);
  if (entry == nullptr) entry = &External(trade);
  Accept(*entry, trade.broker_order_id, trade.time);
  auto [found, first] = entry->trades.try_emplace(trade.root_id);
  Told& told = found->second;
  if (!first && trade.version <= told.version) return;
  Execution execution{.type = ExecutionType::kTrade,
                      .execution_id = trade.root_id,
                      .last_quantity = trade.quantity,
                      .last_price = trade.price,
                      .fee = trade.fee,
                      .fee_currency = trade.fee_currency,
                      .maker = trade.maker,
                      .version = trade.version};
  Decimal before = told.busted ? Decimal() : told.quantity;
  bool was_told = !first && !told.busted;
  told = {.version = trade.version, .busted = trade.busted, .quantity = trade.quantity};
  entry->order.cumulative_quantity += (trade.busted ? Decimal() : trade.quantity) - before;
  batch_.orders.insert(trade.order_id);
  // Busted before it was ever told: there is nothing to take back, and the trade itself comes too late.
  if (trade.busted && !was_told) return;
  if (was_told) {
    execution.type = trade.busted ? ExecutionType::kTradeCancel : ExecutionType::kTradeCorrect;
    execution.execution_id = ExecutionId(trade.root_id.value() + "/" + std::to_string(trade.version));
    execution.exec_ref_id = trade.root_id;
  }
  bool full = entry->order.cumulative_quantity >= entry->order.quantity;
  if (entry->way != Way::kClosed) {
    entry->order.leaves_quantity = full ? Decimal() : entry->order.quantity - entry->order.cumulative_quantity;
    entry->order.status = full ? OrderStatus::kFilled : OrderStatus::kPartiallyFilled;
    if (full) Close(*entry);
  }
  if (entry->order.cumulative_quantity > entry->order.quantity) Contradict(*entry);
  Tell(*entry, std::move(execution), trade.time);
}

OrderDesk::Entry& OrderDesk::External(const Trade& trade) {
  Entry& entry = entries_.Insert(trade.order_id).first;
  entry.way = Way::kOpen;
  entry.order.order_id = trade.order_id;
  Contradict(entry);
  entry.order.account_id = account_id_;
  entry.order.symbol = trade.symbol;
  entry.order.side = trade.side;
  entry.order.status = OrderStatus::kNew;
  entry.order.broker_order_id = trade.broker_order_id;
  entry.order.create_time = trade.time;
  return entry;
}

void OrderDesk::On(const DefinitiveReject& reject, UtcTime) {
  Entry* entry = Known(reject.order_id);
  if (entry == nullptr) return;
  if (!entry->trades.empty() || entry->way == Way::kOpen) {
    // Taken and refused: it is asked what is so.
    Contradict(*entry);
    Ask(*entry);
    return;
  }
  if (entry->order.broker_order_id.empty()) entry->order.broker_order_id = reject.broker_order_id;
  End(*entry, ExecutionType::kRejected, OrderStatus::kRejected, reject.rejection, reject.time);
}

void OrderDesk::On(const Ended& ended, UtcTime) {
  Entry* entry = Known(ended.order_id);
  if (entry == nullptr) return;
  bool expired = ended.status == OrderStatus::kExpired;
  End(*entry, expired ? ExecutionType::kExpired : ExecutionType::kCanceled, ended.status, ended.why, ended.time);
}

void OrderDesk::On(const Triggered& fact, UtcTime) {
  Entry* entry = Known(fact.order_id);
  if (entry == nullptr || entry->triggered) return;
  entry->triggered = true;
  Accept(*entry, "", fact.time);
  Tell(*entry, {.type = ExecutionType::kTriggered}, fact.time);
}

void OrderDesk::On(const Restated& fact, UtcTime) {
  Entry* entry = Known(fact.order_id);
  // Nobody's word but a replacement's makes it larger, so an older one comes with a larger quantity.
  if (entry == nullptr || entry->way == Way::kClosed || fact.quantity >= entry->order.quantity) return;
  Accept(*entry, "", fact.time);
  entry->order.quantity = fact.quantity;
  bool over = entry->order.cumulative_quantity >= fact.quantity;
  entry->order.leaves_quantity = over ? Decimal() : fact.quantity - entry->order.cumulative_quantity;
  if (over) {
    Close(*entry);
    entry->order.status = OrderStatus::kFilled;
  }
  Tell(*entry, {.type = ExecutionType::kRestated, .rejection = fact.why}, fact.time);
}

void OrderDesk::On(const CancelReject& reject, UtcTime) {
  Entry* entry = Known(reject.order_id);
  if (entry == nullptr || entry->cancels_sent == 0) return;
  --entry->cancels_sent;
  entry->cancel_wanted = false;
  cancel_.erase(reject.order_id);
  Tell(*entry, {.type = ExecutionType::kCancelRejected, .rejection = reject.rejection}, reject.time);
  if (entry->way != Way::kClosed) Ask(*entry);
}

void OrderDesk::On(const NotSent& fact, UtcTime now) {
  Entry* entry = Known(fact.order_id);
  if (entry == nullptr || entry->way == Way::kClosed) return;
  if (entry->way == Way::kOpen) {
    Contradict(*entry);
    Ask(*entry);
    return;
  }
  End(*entry, ExecutionType::kNotSent, OrderStatus::kRejected,
      Rejection{.reason = RejectReason::kBrokerUnavailable, .check = "session", .message = fact.message}, now);
}

void OrderDesk::On(const OutcomeUnknown& fact, UtcTime now) {
  Entry* entry = Known(fact.order_id);
  if (entry == nullptr || entry->way == Way::kClosed) return;
  if (entry->way == Way::kSent) {
    entry->way = Way::kUnknown;
    entry->order.status = OrderStatus::kUnknown;
    Rejection why{.reason = RejectReason::kBrokerUnavailable, .check = "session", .message = fact.message};
    Tell(*entry, {.type = ExecutionType::kStatusUnknown, .rejection = std::move(why)}, now);
  }
  Ask(*entry);
}

void OrderDesk::On(const OrderRecord& record, UtcTime) {
  Entry* entry = Known(record.order_id);
  if (entry == nullptr) return;
  if (record.status == OrderStatus::kRejected) {
    On(DefinitiveReject{.order_id = record.order_id,
                        .rejection = {.reason = RejectReason::kBrokerRejected,
                                      .check = "venue",
                                      .message = "the venue's record says that it was refused"},
                        .time = record.as_of},
       record.as_of);
    return;
  }
  Accept(*entry, record.broker_order_id, record.as_of);
  if (record.cumulative_quantity != entry->order.cumulative_quantity) {
    // Trades are told by the venue and never made up from a sum.
    if (record.cumulative_quantity > entry->order.cumulative_quantity) Ask(*entry);
    return;
  }
  // Filled, and a trade of it was taken back since: it has ended with what is left of it.
  bool reduced = record.status == OrderStatus::kFilled && entry->order.cumulative_quantity < entry->order.quantity;
  OrderStatus ended = reduced ? OrderStatus::kCanceled : record.status;
  if (ended == OrderStatus::kCanceled || ended == OrderStatus::kExpired)
    On(Ended{.order_id = record.order_id, .status = ended, .time = record.as_of}, record.as_of);
}

void OrderDesk::On(const NotFound& fact, UtcTime) {
  Entry* entry = Known(fact.order_id);
  if (entry == nullptr || entry->way == Way::kClosed) return;
  // Before the horizon it may still appear; and one that was seen there once has not never been.
  bool proof = capabilities_.query_by_order_id && IsOut(*entry) && entry->trades.empty() &&
               fact.as_of - entry->sent_time >= capabilities_.horizon;
  if (!proof) {
    Ask(*entry);
    return;
  }
  End(*entry, ExecutionType::kNotSent, OrderStatus::kRejected,
      Rejection{
          .reason = RejectReason::kBrokerUnavailable, .check = "venue", .message = "the venue has never taken it"},
      fact.as_of);
}

void OrderDesk::On(const SessionState& fact, UtcTime) {
  ready_ = fact.state == SessionState::State::kReady;
  if (!ready_) return;
  // What an answer may have been lost of is asked for by every new session.
  for (const OrderId& id : unsettled_) {
    const Entry& entry = entries_.At(id);
    if (IsOut(entry) || entry.contradicted) query_.insert(id);
    if (entry.cancel_wanted && entry.way != Way::kClosed) cancel_.insert(id);
  }
}

OrderDesk::Entry* OrderDesk::Known(const OrderId& id) { return entries_.Find(id); }

const OrderDesk::Entry* OrderDesk::Find(const OrderId& id) const { return entries_.Find(id); }

void OrderDesk::Accept(Entry& entry, const std::string& broker_order_id, UtcTime time) {
  if (entry.order.broker_order_id.empty()) entry.order.broker_order_id = broker_order_id;
  if (entry.way == Way::kOpen) return;
  if (entry.way == Way::kClosed) {
    // Told that it never was there, and it is.
    if (entry.order.status == OrderStatus::kRejected) {
      Contradict(entry);
      Ask(entry);
    }
    return;
  }
  entry.way = Way::kOpen;
  submit_.erase(entry.order.order_id);
  query_.erase(entry.order.order_id);
  entry.order.status = OrderStatus::kNew;
  Tell(entry, {.type = ExecutionType::kNew}, time);
}

void OrderDesk::End(Entry& entry, ExecutionType type, OrderStatus status, std::optional<Rejection> why, UtcTime time) {
  if (entry.way == Way::kClosed) return;
  Close(entry);
  entry.cancel_wanted = false;
  submit_.erase(entry.order.order_id);
  cancel_.erase(entry.order.order_id);
  query_.erase(entry.order.order_id);
  entry.order.status = status;
  entry.order.leaves_quantity = Decimal();
  entry.order.rejection = why;
  Tell(entry, {.type = type, .rejection = std::move(why)}, time);
}

void OrderDesk::Tell(Entry& entry, Execution execution, UtcTime time) {
  Order& order = entry.order;
  order.update_time = time;
  execution.account_id = account_id_;
  execution.execution_sequence = ++execution_sequence_;
  execution.order_id = order.order_id;
  execution.broker_order_id = order.broker_order_id;
  execution.symbol = order.symbol;
  execution.side = order.side;
  execution.cumulative_quantity = order.cumulative_quantity;
  execution.leaves_quantity = order.leaves_quantity;
  execution.transact_time = time;
  batch_.orders.insert(order.order_id);
  batch_.executions.push_back(std::move(execution));
}

void OrderDesk::Ask(Entry& entry) { query_.insert(entry.order.order_id); }

void OrderDesk::Contradict(Entry& entry) {
  entry.contradicted = true;
  unsettled_.insert(entry.order.order_id);
}

void OrderDesk::Close(Entry& entry) {
  entry.way = Way::kClosed;
  if (!entry.contradicted) unsettled_.erase(entry.order.order_id);
}

OrderDesk::Batch OrderDesk::TakeBatch() {
  Batch batch = std::exchange(batch_, Batch{});
  storing_.insert(batch.orders.begin(), batch.orders.end());
  return batch;
}

OrderDesk::Sends OrderDesk::TakeSends(UtcTime now) {
  for (const OrderId& id : std::exchange(storing_, {})) {
    Entry* entry = Known(id);
    if (entry != nullptr && entry->way == Way::kIntent) entry->way = Way::kSendable;
  }
  Sends sends;
  if (!ready_) return sends;
  for (auto next = submit_.begin(); next != submit_.end();) {
    Entry& entry = entries_.At(*next);
    // Its intent is not durable yet.
    if (entry.way != Way::kSendable) {
      ++next;
      continue;
    }
    entry.way = Way::kSent;
    entry.sent_time = now;
    sends.submit.push_back(entry.order);
    next = submit_.erase(next);
  }
  for (const OrderId& id : std::exchange(cancel_, {})) {
    Entry& entry = entries_.At(id);
    if (entry.way == Way::kClosed) continue;
    ++entry.cancels_sent;
    sends.cancel.push_back({.order_id = id, .broker_order_id = entry.order.broker_order_id});
  }
  for (const auto& [id, terms] : std::exchange(replace_, {})) {
    const Entry& entry = entries_.At(id);
    // Whoever asked hears that it ended, and that answers it.
    if (entry.way != Way::kOpen) continue;
    sends.replace.push_back({.order_id = id, .broker_order_id = entry.order.broker_order_id, .terms = terms});
  }
  for (auto next = query_.begin(); next != query_.end();) {
    Entry& entry = entries_.At(*next);
    if (entry.asked_time != UtcTime{} && now - entry.asked_time < kAskAgain) {
      ++next;
      continue;
    }
    entry.asked_time = now;
    sends.query.push_back({.order_id = *next, .since = entry.sent_time});
    next = query_.erase(next);
  }
  return sends;
}

void OrderDesk::Forget(const OrderId& id) {
  const Entry* entry = Find(id);
  if (entry == nullptr || entry->way != Way::kClosed || batch_.orders.contains(id)) return;
  query_.erase(id);
  replace_.erase(id);
  unsettled_.erase(id);
  entries_.Erase(id);
}

}  // namespace ballast::broker
