#include "services/order_management/market_desk.h"

#include <algorithm>

#include "libs/calendar/sessions.h"
#include "libs/orders/trailing.h"

namespace ballast {

void MarketDesk::Merge(MarketStep& into, MarketStep step) {
  for (Quote& quote : step.quotes) {
    auto there = std::find_if(into.quotes.begin(), into.quotes.end(),
                              [&](const Quote& other) { return other.symbol == quote.symbol; });
    if (there == into.quotes.end())
      into.quotes.push_back(std::move(quote));
    else
      *there = std::move(quote);
  }
  into.market_time = step.market_time;
  into.lockstep = step.lockstep;
  into.execution_sequences = std::move(step.execution_sequences);
  // The one before was of a stream that is over: nobody waits for it.
  into.done = std::move(step.done);
}

bool MarketDesk::Put(MarketStep step) {
  MutexLock lock(mutex_);
  if (put_) {
    Merge(*put_, std::move(step));
    return false;
  }
  put_ = std::move(step);
  return true;
}

void MarketDesk::Take() {
  std::optional<MarketStep> step;
  {
    MutexLock lock(mutex_);
    step.swap(put_);
  }
  if (!step) return;
  if (step_)
    Merge(*step_, *std::move(step));
  else
    step_ = std::move(step);
  looked_ = false;
  Work();
}

void MarketDesk::OnInstruments(std::vector<Instrument> instruments) {
  for (Instrument& instrument : instruments) {
    Symbol symbol = instrument.symbol;
    instruments_[symbol] = std::move(instrument);
  }
}

void MarketDesk::OnLost() {
  MutexLock lock(mutex_);
  put_.reset();
  step_.reset();
}

void MarketDesk::Recover() {
  for (const auto& [id, account] : floor_.accounts.all()) {
    for (const auto& [order_id, order] : account.working()) SetWatched(order);
  }
}

void MarketDesk::See(const OrderEvent& event) {
  bool may_wait = event.order && (event.order->status == OrderStatus::kHeld || !watched_.empty());
  if (may_wait) SetWatched(*event.order);
}

void MarketDesk::SetWatched(const Order& order) {
  bool waits = order.status == OrderStatus::kHeld &&
               (order.hold != HoldReason::kParent || order.time_in_force == TimeInForce::kGtd);
  Key key{order.account_id, order.order_id};
  if (!waits) {
    watched_.erase(key);
    days_.erase(order.order_id);
  } else {
    watched_.insert(std::move(key));
  }
  SetWatching();
}

std::optional<Decimal> MarketDesk::TakeMark(const Symbol& symbol) {
  std::optional<Decimal> mark = marks_[symbol];
  if (mark) marks_.erase(symbol);
  SetWatching();
  return mark;
}

const Instrument* MarketDesk::Find(const Symbol& symbol) const {
  auto found = instruments_.find(symbol);
  return found == instruments_.end() ? nullptr : &found->second;
}

const Instrument* MarketDesk::Of(const Order& order) const { return Find(order.symbol); }

// What the venue did before the step is known here, so that an order does not follow a position that is gone.
bool MarketDesk::HasCome(const MarketStep& step) const {
  if (!step.lockstep) return true;
  if (!broker_.ready()) return false;
  return std::all_of(step.execution_sequences.begin(), step.execution_sequences.end(), [this](const auto& head) {
    orders::Account* account = floor_.accounts.Find(head.first);
    return account == nullptr || account->snapshot().execution_sequence >= head.second;
  });
}

void MarketDesk::Work() {
  if (!step_) return;
  if (!looked_) {
    if (!HasCome(*step_)) return;
    fired_.clear();
    Look(*step_);
    looked_ = true;
  }
  if (step_->lockstep) {
    bool under_way = std::any_of(fired_.begin(), fired_.end(), [this](const Key& key) {
      const Order* order = floor_.accounts.Find(key.first)->Find(key.second);
      return order != nullptr &&
             (order->status == OrderStatus::kPendingNew || order->status == OrderStatus::kSubmitted);
    });
    if (under_way) return;
  }
  if (step_->done) floor_.writer.After([done = std::move(step_->done)] { done(); });
  step_.reset();
}

void MarketDesk::Look(const MarketStep& step) {
  std::map<Symbol, const Quote*> quotes;
  for (const Quote& quote : step.quotes) quotes[quote.symbol] = &quote;
  for (auto& [symbol, mark] : marks_) {
    auto quote = quotes.find(symbol);
    if (quote != quotes.end() && quote->second->last_price.IsPositive()) mark = quote->second->last_price;
  }
  std::vector<const Order*> opened;
  for (const Key& key : std::set<Key>(watched_)) {
    orders::Account* account = floor_.accounts.Find(key.first);
    const Order* order = account == nullptr ? nullptr : account->Find(key.second);
    if (order == nullptr || order->status != OrderStatus::kHeld) continue;
    if (!Expire(*account, *order, step.market_time, true)) continue;
    if (auto quote = quotes.find(order->symbol); quote != quotes.end()) {
      // What was quoted before a halt is no price to trigger at.
      const bool halted = quote->second->halted;
      if (order->hold == HoldReason::kTrigger && !halted) Watch(*account, *order, *quote->second);
      bool open = quote->second->session_open && !quote->second->stale && !halted;
      if (order->hold == HoldReason::kSession && open) opened.push_back(account->Find(key.second));
    }
    (void)Expire(*account, *account->Find(key.second), step.market_time, false);
  }
  std::sort(opened.begin(), opened.end(), [](const Order* left, const Order* right) {
    return std::tie(left->create_time, left->sequence) < std::tie(right->create_time, right->sequence);
  });
  std::vector<std::pair<Key, Decimal>> released;
  for (const Order* order : opened) released.push_back({{order->account_id, order->order_id}, order->quantity});
  for (const auto& [key, quantity] : released)
    held_.ReleaseIfRiskApproves(*floor_.accounts.Find(key.first), key.second, quantity);
}

std::optional<Rejection> MarketDesk::Ended(const Order& order, UtcTime market_time, bool before) {
  auto past = [&](UtcTime end) { return before ? market_time > end : market_time >= end; };
  if (order.time_in_force == TimeInForce::kGtd && past(order.expire_time)) {
    return Rejection{.reason = RejectReason::kSessionEnded,
                     .check = "expire_time",
                     .limit = order.expire_time.ToString(),
                     .observed = market_time.ToString(),
                     .message = "the order's date was over before it was sent"};
  }
  if (auto day = days_.find(order.order_id); day != days_.end() && past(day->second)) {
    return Rejection{.reason = RejectReason::kSessionEnded,
                     .check = "session",
                     .limit = day->second.ToString(),
                     .observed = market_time.ToString(),
                     .message = "the order's day was over before its trigger was reached"};
  }
  std::int64_t age_ms = (floor_.clock.Now() - order.create_time).nanos / 1'000'000;
  if (order.hold == HoldReason::kSession && age_ms > floor_.options.queue_age_ms_max) {
    return Rejection{.reason = RejectReason::kStaleIntent,
                     .check = "queue_age",
                     .limit = std::to_string(floor_.options.queue_age_ms_max),
                     .observed = std::to_string(age_ms),
                     .message = "the order waited too long for the open"};
  }
  return std::nullopt;
}

bool MarketDesk::Expire(orders::Account& account, const Order& order, UtcTime market_time, bool before) {
  if (order.status != OrderStatus::kHeld) return true;
  // One that trails has stored when it looked at the market: its day is still known after a restart.
  bool of_day = order.time_in_force == TimeInForce::kDay && order.hold == HoldReason::kTrigger;
  if (of_day && order.trailing && order.trailing->high_water_time.nanos != 0 && !days_.contains(order.order_id)) {
    if (const Instrument* instrument = Of(order))
      days_[order.order_id] = calendar::DayEnd(*instrument, order.trailing->high_water_time);
  }
  std::optional<Rejection> why = Ended(order, market_time, before);
  if (!why) return true;
  floor_.writer.Keep(account.ExpireHeld(order.order_id, *std::move(why), floor_.clock.Now()));
  return false;
}

void MarketDesk::Watch(orders::Account& account, const Order& order, const Quote& quote) {
  const Instrument* instrument = Of(order);
  if (instrument == nullptr) return;  // its tick is not known: at the next step
  if (order.time_in_force == TimeInForce::kDay && quote.session_open)
    days_.try_emplace(order.order_id, calendar::DayEnd(*instrument, quote.quote_time));
  Order followed = order;
  orders::Followed what = orders::WatchTrigger(followed, quote, instrument->tick_size);
  if (what.triggered) {
    Key key{account.snapshot().id, followed.order_id};
    if (held_.Fire(account, followed)) fired_.push_back(std::move(key));
    return;
  }
  // Its first look is stored too: from then on its day and the newest quote it knows are.
  bool first =
      followed.trailing && order.trailing->high_water_time.nanos == 0 && followed.trailing->high_water_time.nanos != 0;
  if (what.moved || first) floor_.writer.Keep(account.Trail(followed, floor_.clock.Now()));
}

}  // namespace ballast
