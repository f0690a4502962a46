#include "libs/broker/order_desk.h"

#include <utility>

namespace ballast::broker {
namespace {

// Asked so often in vain it is asked for rarely: a venue that is away, or one that proves nothing.
constexpr int kAskedOften = 12;
constexpr std::int64_t kRarely = 60;

}  // namespace

Order WithTerms(const Order& order, const Replacement& terms) {
  Order wanted = order;
  wanted.quantity = terms.quantity.value_or(order.quantity) - order.cumulative_quantity;
  if (terms.limit_price) wanted.limit_price = terms.limit_price;
  if (terms.stop_price) wanted.stop_price = terms.stop_price;
  wanted.requested_quantity = Decimal();
  return wanted;
}

void OrderDesk::SetWay(Entry& entry, Way way) {
  entry.way = way;
  if (IsOut(entry))
    out_.insert(entry.order.order_id);
  else
    out_.erase(entry.order.order_id);
}

void OrderDesk::Restore(Entry restored, UtcTime now) {
  const OrderId id = restored.order.order_id;
  Entry& entry = entries_.Put(id, std::move(restored));
  // Whatever was asked and answered before, nobody listened meanwhile.
  entry.evidence.clear();
  entry.asked = 0;
  entry.ask_time = UtcTime{};
  entry.replace_sent = 0;
  // Stored before it was handed over and not after: whether a byte has left is not known.
  if (entry.way == Way::kIntent || entry.way == Way::kSendable) entry.way = Way::kSent;
  if (entry.way != Way::kClosed || entry.contradicted) unsettled_.insert(id);
  SetWay(entry, entry.way);
  if (IsOut(entry)) {
    entry.sent_time = now;  // no sooner ago than that, as far as is known
    Ask(entry);
  }
  if (entry.way == Way::kSent) {
    Unknown(entry,
            {.reason = RejectReason::kBrokerUnavailable,
             .check = "session",
             .message = "the broker gateway ended before the venue had answered"},
            now);
  }
  if (entry.cancel_wanted && entry.way != Way::kClosed) cancel_.insert(id);
}

void OrderDesk::RestoreKept(const Kept& kept, UtcTime now) {
  Entry entry{.order = kept.order,
              .way = kept.way,
              .cancel_wanted = kept.cancel_wanted,
              .replace_answered = kept.replace_answered,
              .contradicted = kept.contradicted,
              .triggered = kept.triggered,
              .trades = kept.trades};
  const bool settled = entry.way == Way::kClosed && !entry.contradicted;
  if (!settled) kept_.insert_or_assign(kept.order.order_id, kept);
  Restore(std::move(entry), now);
  // It was asked for: nobody knows whether that was answered.
  if (!settled) Ask(*Known(kept.order.order_id));
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
  if (entry == nullptr || terms.number <= entry->replace_answered) return;
  if (terms.number < entry->order.replace_count || terms.number <= entry->replace_sent || replace_.contains(id)) return;
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
  if (entry == nullptr || terms.number <= entry->replace_answered || terms.number < entry->order.replace_count) return;
  entry->order.replace_count = terms.number;
  On(ReplaceReject{.order_id = id, .terms = terms, .rejection = std::move(why), .time = now}, now);
}

void OrderDesk::OnTime(UtcTime now) {
  for (const OrderId& id : out_) {
    Entry& entry = entries_.At(id);
    if (entry.way != Way::kSent || now - entry.sent_time < capabilities_.send_timeout) continue;
    Unknown(entry,
            {.reason = RejectReason::kBrokerUnavailable,
             .check = "send_timeout",
             .limit = std::to_string(capabilities_.send_timeout.nanos / 1'000'000),
             .observed = std::to_string((now - entry.sent_time).nanos / 1'000'000),
             .message = "the venue has not answered, in ms"},
            now);
    Ask(entry);
  }
}

std::optional<UtcTime> OrderDesk::NextDue() const {
  std::optional<UtcTime> due;
  auto at = [&due](UtcTime time) { due = due ? std::min(*due, time) : time; };
  for (const OrderId& id : out_) {
    const Entry& entry = entries_.At(id);
    if (entry.way == Way::kSent) at(entry.sent_time + capabilities_.send_timeout);
  }
  if (!ready_) return due;
  for (const OrderId& id : query_) at(entries_.At(id).ask_time);
  return due;
}

void OrderDesk::Resolve(const OrderId& id, const std::string& broker_order_id, const std::string& who, UtcTime now) {
  Entry* entry = Known(id);
  if (entry == nullptr || !IsOut(*entry)) return;
  if (!broker_order_id.empty()) {
    Accept(*entry, broker_order_id, now);
    Ask(*entry);
    return;
  }
  entry->evidence.push_back({.question = VenueQuestion::kPerson, .as_of = now, .text = who});
  End(*entry, ExecutionType::kNeverAccepted, OrderStatus::kNeverAccepted,
      Rejection{.reason = RejectReason::kNeverAccepted,
                .check = "person",
                .observed = who,
                .message = "a person has decided that the venue never took it"},
      now);
}

OrderDesk::Entry* OrderDesk::Known(const OrderId& id) { return entries_.Find(id); }

const OrderDesk::Entry* OrderDesk::Find(const OrderId& id) const { return entries_.Find(id); }

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
  Execution told{.type = type, .rejection = std::move(why)};
  if (type == ExecutionType::kNeverAccepted) told.evidence = std::exchange(entry.evidence, {});
  Tell(entry, std::move(told), time);
}

void OrderDesk::Tell(Entry& entry, Execution execution, UtcTime time) {
  Order& order = entry.order;
  order.update_time = time;
  if (keeping_ == Keeping::kUntilForgotten) told_.insert(order.order_id);
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

void OrderDesk::Ask(Entry& entry) {
  if (!query_.insert(entry.order.order_id).second) return;
  entry.asked = 0;
  entry.ask_time = UtcTime{};
}

void OrderDesk::Answered(Entry& entry) {
  if (!IsOut(entry)) query_.erase(entry.order.order_id);
}

// Twice as long from question to question; where answers that count have begun to come, no longer than they need.
Duration OrderDesk::PauseBefore(const Entry& entry) const {
  if (!entry.evidence.empty()) return capabilities_.answer_gap;
  std::int64_t times = std::min<std::int64_t>(std::int64_t{1} << std::min(entry.asked, 10), Capabilities::kAskPauseMax);
  if (entry.asked >= kAskedOften) times = kRarely;
  return {capabilities_.ask_pause.nanos * times};
}

std::vector<OrderId> OrderDesk::Unanswered() const {
  std::vector<OrderId> unanswered;
  for (const OrderId& id : unsettled_) {
    Way way = entries_.At(id).way;
    if (way != Way::kOpen && way != Way::kClosed) unanswered.push_back(id);
  }
  return unanswered;
}

OrderDesk::Kept OrderDesk::KeptOf(const Entry& entry) const {
  Kept kept{.order = entry.order,
            .way = entry.way,
            .cancel_wanted = entry.cancel_wanted,
            .contradicted = entry.contradicted,
            .replace_answered = entry.replace_answered};
  if (keeping_ == Keeping::kUntilForgotten) {
    kept.triggered = entry.triggered;
    kept.trades = entry.trades;
  }
  return kept;
}

std::map<OrderId, std::optional<OrderDesk::Kept>> OrderDesk::TakeKept() {
  std::map<OrderId, std::optional<Kept>> news;
  const bool all = keeping_ == Keeping::kUntilForgotten;
  static const std::set<OrderId> kNone;
  const std::set<OrderId>& open = all ? unsettled_ : kNone;
  if (kept_.empty() && out_.empty() && query_.empty() && open.empty() && told_.empty() && gone_.empty()) return news;
  std::map<OrderId, Kept> now;
  for (const std::set<OrderId>* ids : std::initializer_list<const std::set<OrderId>*>{&out_, &query_, &open}) {
    for (const OrderId& id : *ids) now.try_emplace(id, KeptOf(entries_.At(id)));
  }
  for (const auto& [id, kept] : now) {
    auto known = kept_.find(id);
    if (known == kept_.end() || known->second != kept) news.emplace(id, kept);
  }
  if (!all) {
    for (const auto& [id, kept] : kept_) {
      if (!now.contains(id)) news.emplace(id, std::nullopt);
    }
  }
  // What has ended stays as it ended, and is looked at again only when it is told of.
  for (const OrderId& id : std::exchange(told_, {})) {
    const Entry* ended = now.contains(id) ? nullptr : Find(id);
    if (ended != nullptr) news.emplace(id, KeptOf(*ended));
  }
  for (const OrderId& id : std::exchange(gone_, {})) news.insert_or_assign(id, std::nullopt);
  kept_ = std::move(now);
  return news;
}

void OrderDesk::Close(Entry& entry) {
  SetWay(entry, Way::kClosed);
  if (!entry.contradicted) unsettled_.erase(entry.order.order_id);
}

OrderDesk::Batch OrderDesk::TakeBatch() {
  Batch batch = std::exchange(batch_, Batch{});
  storing_.insert(batch.orders.begin(), batch.orders.end());
  return batch;
}

OrderDesk::Sends OrderDesk::TakeSends(UtcTime now, const LastWord& last_word) {
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
    next = submit_.erase(next);
    std::optional<Rejection> why;
    if (last_word) why = last_word(entry.order);
    if (why) {
      End(entry, ExecutionType::kRejected, OrderStatus::kRejected, std::move(why), now);
      continue;
    }
    SetWay(entry, Way::kSent);
    entry.sent_time = now;
    sends.submit.push_back(entry.order);
  }
  for (const OrderId& id : std::exchange(cancel_, {})) {
    Entry& entry = entries_.At(id);
    if (entry.way == Way::kClosed) continue;
    ++entry.cancels_sent;
    sends.cancel.push_back({.order_id = id, .broker_order_id = entry.order.broker_order_id});
  }
  for (const auto& [id, terms] : std::exchange(replace_, {})) {
    Entry& entry = entries_.At(id);
    // Whoever asked hears that it ended, and that answers it.
    if (entry.way != Way::kOpen) continue;
    const Order wanted = WithTerms(entry.order, terms);
    std::optional<Rejection> why;
    if (last_word && wanted.quantity.IsPositive()) why = last_word(wanted);
    if (why) {
      On(ReplaceReject{.order_id = id, .terms = terms, .rejection = *std::move(why), .time = now}, now);
      continue;
    }
    entry.replace_sent = terms.number;
    sends.replace.push_back({.order_id = id, .broker_order_id = entry.order.broker_order_id, .terms = terms});
  }
  for (const OrderId& id : query_) {
    Entry& entry = entries_.At(id);
    if (now < entry.ask_time) continue;
    entry.ask_time = now + PauseBefore(entry);
    ++entry.asked;
    auto ask = [&](bool can, VenueQuestion question) {
      if (can) sends.query.push_back({.order_id = id, .create_time = entry.order.create_time, .question = question});
    };
    ask(true, VenueQuestion::kOrder);
    ask(capabilities_.query_trades, VenueQuestion::kTrades);
    // What is open says nothing of what has ended.
    ask(capabilities_.query_open_orders && IsOut(entry), VenueQuestion::kOpenOrders);
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
  if (keeping_ == Keeping::kUntilForgotten) gone_.insert(id);
}

}  // namespace ballast::broker
