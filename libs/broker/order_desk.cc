#include "libs/broker/order_desk.h"

#include <utility>

namespace ballast::broker {
namespace {

// Answers from so many moments, and to so many different questions, are proof.
constexpr std::size_t kAnswersMin = 3;
constexpr std::size_t kQuestionsMin = 2;
// Asked so often in vain it is asked for rarely: a venue that is away, or one that proves nothing.
constexpr int kAskedOften = 12;
constexpr std::int64_t kRarely = 60;
constexpr std::size_t kEvidenceMax = 12;

bool IsOut(const OrderDesk::Entry& entry) {
  return entry.way == OrderDesk::Way::kSent || entry.way == OrderDesk::Way::kUnknown;
}

}  // namespace

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
  kept_.insert_or_assign(kept.order.order_id, kept);
  Restore(std::move(entry), now);
  // It was asked for: nobody knows whether that was answered.
  if (Entry* known = Known(kept.order.order_id)) Ask(*known);
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
  // What is told of it late says that it was not over; whether it is now, only the venue knows.
  bool reopens = entry->way == Way::kClosed && entry->order.status != OrderStatus::kFilled && !was_told;
  if (reopens) Reopen(*entry);
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
  entry.order.order_id = trade.order_id;
  SetWay(entry, Way::kOpen);
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
  // What the venue does not have yet it cannot cancel: it is cancelled when it is seen there.
  if (IsOut(*entry)) {
    Ask(*entry);
    return;
  }
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
    Unknown(*entry, {.reason = RejectReason::kBrokerUnavailable, .check = "session", .message = fact.message}, now);
  }
  Ask(*entry);
}

void OrderDesk::Unknown(Entry& entry, Rejection why, UtcTime now) {
  SetWay(entry, Way::kUnknown);
  entry.order.status = OrderStatus::kUnknown;
  Tell(entry, {.type = ExecutionType::kStatusUnknown, .rejection = std::move(why)}, now);
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
  if (entry->way == Way::kClosed && entry->order.status == OrderStatus::kRejected && !IsTerminal(record.status)) {
    // The venue's own record against what it had said: it works.
    Reopen(*entry);
    Tell(*entry, {.type = ExecutionType::kNew}, record.as_of);
  }
  Accept(*entry, record.broker_order_id, record.as_of);
  if (record.cumulative_quantity != entry->order.cumulative_quantity) {
    // Trades are told by the venue and never made up from a sum.
    if (record.cumulative_quantity > entry->order.cumulative_quantity) Ask(*entry);
    return;
  }
  Answered(*entry);
  // Filled, and a trade of it was taken back since: it has ended with what is left of it.
  bool reduced = record.status == OrderStatus::kFilled && entry->order.cumulative_quantity < entry->order.quantity;
  OrderStatus ended = reduced ? OrderStatus::kCanceled : record.status;
  if (ended == OrderStatus::kCanceled || ended == OrderStatus::kExpired)
    On(Ended{.order_id = record.order_id, .status = ended, .time = record.as_of}, record.as_of);
}

void OrderDesk::On(const NotFound& fact, UtcTime) {
  Entry* entry = Known(fact.order_id);
  if (entry == nullptr || entry->way == Way::kClosed) return;
  // That it has not traded, or is not open any more, says something of what is out only.
  if (fact.question != VenueQuestion::kOrder && !IsOut(*entry)) return;
  Ask(*entry);
  std::optional<Duration> horizon = HorizonOf(capabilities_);
  // Before the horizon it may still appear; and one that was seen there once has not never been.
  bool counts = ready_ && horizon && IsOut(*entry) && entry->trades.empty() && fact.as_of > entry->sent_time + *horizon;
  if (!counts || entry->evidence.size() >= kEvidenceMax) return;
  // The same answer told again, or given again at once, says no more.
  bool again = std::any_of(entry->evidence.begin(), entry->evidence.end(), [&](const VenueAnswer& answer) {
    return answer.question == fact.question && fact.as_of - answer.as_of < capabilities_.answer_gap;
  });
  if (again) return;
  entry->evidence.push_back({.question = fact.question, .as_of = fact.as_of});
  if (!Proves(*entry)) return;
  const UtcTime last = entry->sent_time + *horizon;
  End(*entry, ExecutionType::kNeverAccepted, OrderStatus::kNeverAccepted,
      Rejection{.reason = RejectReason::kNeverAccepted,
                .check = "horizon",
                .limit = last.ToString(),
                .observed = fact.as_of.ToString(),
                .message = "sent at " + entry->sent_time.ToString() +
                           ", the venue takes it no more after the limit, and has answered since that it has no such "
                           "order"},
      fact.as_of);
}

bool OrderDesk::Proves(const Entry& entry) const {
  std::set<VenueQuestion> questions;
  std::size_t moments = 0;
  UtcTime last;
  for (const VenueAnswer& answer : entry.evidence) {
    questions.insert(answer.question);
    if (moments > 0 && answer.as_of - last < capabilities_.answer_gap) continue;
    last = answer.as_of;
    ++moments;
  }
  return moments >= kAnswersMin && questions.size() >= kQuestionsMin;
}

void OrderDesk::On(const SessionState& fact, UtcTime now) {
  bool was_ready = std::exchange(ready_, fact.state == SessionState::State::kReady);
  // What was told in a gap was not heard: only answers without one between them prove anything together.
  if (!ready_ || !was_ready) {
    for (const OrderId& id : query_) entries_.At(id).evidence.clear();
  }
  if (!ready_) return;
  // What an answer may have been lost of is asked for by every new session.
  for (const OrderId& id : unsettled_) {
    Entry& entry = entries_.At(id);
    if (IsOut(entry) || entry.contradicted) {
      Ask(entry);
      entry.asked = 0;
      entry.ask_time = now;
    }
    if (entry.cancel_wanted && entry.way != Way::kClosed) cancel_.insert(id);
  }
}

OrderDesk::Entry* OrderDesk::Known(const OrderId& id) { return entries_.Find(id); }

const OrderDesk::Entry* OrderDesk::Find(const OrderId& id) const { return entries_.Find(id); }

void OrderDesk::Accept(Entry& entry, const std::string& broker_order_id, UtcTime time) {
  if (entry.order.broker_order_id.empty()) entry.order.broker_order_id = broker_order_id;
  if (entry.way == Way::kOpen) return;
  if (entry.way == Way::kClosed) {
    if (entry.order.status == OrderStatus::kNeverAccepted) {
      // The proof was wrong: it has come later than the venue ever takes one.
      Reopen(entry);
      Tell(entry, {.type = ExecutionType::kNew}, time);
    } else if (entry.order.status == OrderStatus::kRejected) {
      // Told that it never was there, and it is.
      Contradict(entry);
      Ask(entry);
    }
    return;
  }
  const bool was_unknown = entry.way == Way::kUnknown;
  SetWay(entry, Way::kOpen);
  submit_.erase(entry.order.order_id);
  query_.erase(entry.order.order_id);
  entry.evidence.clear();
  // A cancel by our id may have come before the order: now it is seen.
  if (was_unknown && entry.cancel_wanted) cancel_.insert(entry.order.order_id);
  entry.order.status = OrderStatus::kNew;
  Tell(entry, {.type = ExecutionType::kNew}, time);
}

void OrderDesk::Reopen(Entry& entry) {
  bool proven = entry.order.status == OrderStatus::kNeverAccepted || entry.order.status == OrderStatus::kRejected;
  SetWay(entry, Way::kOpen);
  entry.evidence.clear();
  Decimal rest = entry.order.quantity - entry.order.cumulative_quantity;
  entry.order.leaves_quantity = rest.IsNegative() ? Decimal() : rest;
  entry.order.status = OrderStatus::kNew;
  entry.order.rejection.reset();
  unsettled_.insert(entry.order.order_id);
  if (proven) Contradict(entry);
  Ask(entry);
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
  Execution told{.type = type, .rejection = std::move(why)};
  if (type == ExecutionType::kNeverAccepted) told.evidence = std::exchange(entry.evidence, {});
  Tell(entry, std::move(told), time);
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

std::map<OrderId, std::optional<OrderDesk::Kept>> OrderDesk::TakeKept() {
  std::map<OrderId, std::optional<Kept>> news;
  const bool until_closed = keeping_ == Keeping::kUntilClosed;
  static const std::set<OrderId> kNone;
  const std::set<OrderId>& open = until_closed ? unsettled_ : kNone;
  if (kept_.empty() && out_.empty() && query_.empty() && open.empty()) return news;
  std::map<OrderId, Kept> now;
  for (const std::set<OrderId>* ids : std::initializer_list<const std::set<OrderId>*>{&out_, &query_, &open}) {
    for (const OrderId& id : *ids) {
      const Entry& entry = entries_.At(id);
      Kept kept{.order = entry.order,
                .way = entry.way,
                .cancel_wanted = entry.cancel_wanted,
                .contradicted = entry.contradicted,
                .replace_answered = entry.replace_answered};
      if (until_closed) {
        kept.triggered = entry.triggered;
        kept.trades = entry.trades;
      }
      now.try_emplace(id, std::move(kept));
    }
  }
  for (const auto& [id, kept] : now) {
    auto known = kept_.find(id);
    if (known == kept_.end() || known->second != kept) news.emplace(id, kept);
  }
  for (const auto& [id, kept] : kept_) {
    if (!now.contains(id)) news.emplace(id, std::nullopt);
  }
  kept_ = std::move(now);
  return news;
}

void OrderDesk::Contradict(Entry& entry) {
  entry.contradicted = true;
  unsettled_.insert(entry.order.order_id);
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
    SetWay(entry, Way::kSent);
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
    Entry& entry = entries_.At(id);
    // Whoever asked hears that it ended, and that answers it.
    if (entry.way != Way::kOpen) continue;
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
}

}  // namespace ballast::broker
