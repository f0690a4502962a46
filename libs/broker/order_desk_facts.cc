#include <utility>

#include "libs/broker/order_desk.h"

// What the venue says, each fact by what it makes of its order.
namespace ballast::broker {
namespace {

// Answers from so many moments, and to so many different questions, are proof.
constexpr std::size_t kAnswersMin = 3;
constexpr std::size_t kQuestionsMin = 2;
constexpr std::size_t kEvidenceMax = 12;

}  // namespace

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
  told = {.version = trade.version,
          .busted = trade.busted,
          .quantity = trade.quantity,
          .price = trade.price,
          .fee = trade.fee,
          .fee_currency = trade.fee_currency};
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
  entry.order.external = ballast::External{};
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

bool OrderDesk::Adopt(const Order& order, UtcTime now) {
  Entry* known = Known(order.order_id);
  if (known != nullptr && !known->order.external) return false;
  bool told = known != nullptr && known->order.external->handling != ExternalHandling::kUnspecified;
  if (told) {
    known->order.external = order.external;
    return true;
  }
  Entry& entry = known != nullptr ? *known : entries_.Insert(order.order_id).first;
  const Decimal traded = entry.order.cumulative_quantity;
  entry.order = order;
  entry.order.cumulative_quantity = traded;
  entry.order.leaves_quantity = order.quantity - traded;
  entry.order.status = traded.IsPositive() ? OrderStatus::kPartiallyFilled : OrderStatus::kNew;
  // What made it look wrong was that nobody knew of it.
  entry.contradicted = false;
  query_.erase(order.order_id);
  unsettled_.insert(order.order_id);
  SetWay(entry, Way::kOpen);
  Tell(entry, {.type = ExecutionType::kAdopted, .adopted = entry.order}, now);
  return true;
}

void OrderDesk::RecallTrade(const Order& order, const ExecutionId& root, const Told& told) {
  Entry* known = Known(order.order_id);
  if (known == nullptr) {
    known = &entries_.Insert(order.order_id).first;
    known->order = order;
    SetWay(*known, Way::kClosed);
  }
  known->trades.try_emplace(root, told);
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

void OrderDesk::Contradict(Entry& entry) {
  entry.contradicted = true;
  unsettled_.insert(entry.order.order_id);
}

}  // namespace ballast::broker
