#include "libs/brokers/paper/paper_broker.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "libs/base/check.h"
#include "libs/brokers/paper/paper_fees.h"
#include "libs/calendar/sessions.h"
#include "libs/ledger/fill.h"
#include "libs/model/quote_fault.h"
#include "libs/model/trigger.h"

namespace ballast::paper {
namespace {

using broker::Execution;
using broker::ExecutionType;

// Longer than this without a usable quote, and the market opens anew.
constexpr Duration kReopens = Duration::Seconds(15 * 60);

constexpr Duration kMinute = Duration::Seconds(60);

bool Usable(const Quote& quote) {
  return FaultOf(quote.bid_price, quote.bid_size, quote.ask_price, quote.ask_size) == QuoteFault::kNone;
}

// An order of the close trades in the session's last minute.
constexpr Duration kClosing = Duration::Seconds(60);

Rejection Unsupported(std::string message) {
  return {.reason = RejectReason::kBrokerUnsupported, .check = "venue", .message = std::move(message)};
}

bool Tradable(const Quote& quote) { return quote.session_open && !quote.stale && !quote.halted; }

// When the order ends by itself, if it does.
std::optional<UtcTime> EndOf(const Order& order, const Instrument& instrument, UtcTime arrival) {
  if (order.time_in_force == TimeInForce::kGtd) return order.expire_time;
  if (order.time_in_force == TimeInForce::kDay || IsAuction(order.time_in_force))
    return calendar::DayEnd(instrument, arrival);
  return std::nullopt;
}

Rejection EndedAt(const Order& order, const Instrument& instrument, UtcTime end) {
  Rejection why{.reason = RejectReason::kSessionEnded,
                .check = "venue",
                .limit = end.ToString(),
                .observed = order.leaves_quantity.ToString()};
  if (order.time_in_force == TimeInForce::kGtd) {
    why.message = "the order was good until " + end.ToString();
    return why;
  }
  bool never_closes = instrument.calendar == TradingCalendar::kAlwaysOpen;
  std::string good_for = order.time_in_force == TimeInForce::kAtOpen    ? "for the opening"
                         : order.time_in_force == TimeInForce::kAtClose ? "for the close"
                                                                        : "for the day";
  why.message = "the order was good " + good_for + ", and the " + (never_closes ? "day" : "session") + " of " +
                order.symbol.value() + " ended at " + end.ToString();
  return why;
}

Rejection HaltedAt(const Quote& quote) {
  return {.reason = RejectReason::kInstrumentHalted,
          .check = "venue",
          .observed = quote.halt_reason,
          .message = "trading in " + quote.symbol.value() + " is halted: " + quote.halt_reason};
}

// What of a shown part is left of it; then the next one is shown, and queues again.
Decimal ShownLeft(const Order& order) {
  if (!order.display_quantity) return order.leaves_quantity;
  Decimal shown = order.cumulative_quantity;
  Decimal rest = shown - shown.RoundTo(*order.display_quantity, Rounding::kDown);
  return std::min(order.leaves_quantity, *order.display_quantity - rest);
}

// Told again: nothing new was said, and what was taken from the book is still gone.
bool IsSame(const Quote& former, const Quote& quote) {
  return quote.quote_time.nanos != 0 && former.quote_time == quote.quote_time && former.bid_price == quote.bid_price &&
         former.bid_size == quote.bid_size && former.ask_price == quote.ask_price && former.ask_size == quote.ask_size;
}

}  // namespace

PaperBroker::PaperBroker(std::vector<Instrument> instruments, Options options) : options_(options) {
  for (Instrument& instrument : instruments) instruments_.emplace(instrument.symbol, instrument);
}

void PaperBroker::OpenAccount(const AccountId& id, const std::string& currency, Decimal cash) {
  Ledger& ledger = ledgers_[id];
  if (!ledger.currency.empty()) return;
  ledger.account_id = id;
  ledger.currency = currency;
  ledger.cash += cash;
  changes_.accounts.insert(id);
}

void PaperBroker::Adjust(const AccountId& account, Decimal cash, const Symbol& symbol, Decimal quantity) {
  Ledger& ledger = ledgers_.at(account);
  ledger.cash += cash;
  if (!quantity.IsZero() && (ledger.positions[symbol] += quantity).IsZero()) ledger.positions.erase(symbol);
  changes_.accounts.insert(account);
}

void PaperBroker::Record(const AccountId& account, Execution execution) {
  changes_.trades.push_back({.number = ++ledgers_.at(account).trades, .execution = std::move(execution)});
}

// Gives the execution its sequence and books it in order and ledger.
void PaperBroker::Tell(Order& order, Execution execution, UtcTime now) {
  Ledger& ledger = ledgers_[order.account_id];
  execution.account_id = order.account_id;
  ledger.id_number = std::max(ledger.id_number, ledger.execution_sequence) + 1;
  execution.execution_sequence = ++ledger.execution_sequence;
  execution.order_id = order.order_id;
  if (order.broker_order_id.empty()) {
    order.broker_order_id = "p" + std::to_string(ledger.id_number);
  }
  execution.broker_order_id = order.broker_order_id;
  execution.symbol = order.symbol;
  execution.side = order.side;
  execution.transact_time = now;
  if (execution.type == ExecutionType::kTrade) {
    execution.execution_id = ExecutionId(order.account_id.value() + "-" + std::to_string(ledger.id_number));
    execution.fee_currency = ledger.currency;
    ledger::FillEffect effect = ledger::EffectOf({order.symbol.value(), order.side, execution.last_quantity,
                                                  execution.last_price, execution.fee, execution.fee_currency},
                                                 ledger.currency);
    ledger.cash += effect.cash;
    Decimal& position = ledger.positions[order.symbol];
    position += effect.quantity;
    if (position.IsZero()) ledger.positions.erase(order.symbol);
    order.cumulative_quantity += execution.last_quantity;
    order.leaves_quantity = order.quantity - order.cumulative_quantity;
    order.status = order.leaves_quantity.IsZero() ? OrderStatus::kFilled : OrderStatus::kPartiallyFilled;
  }
  execution.cumulative_quantity = order.cumulative_quantity;
  if (execution.type == ExecutionType::kTrade)
    changes_.trades.push_back({.number = ++ledger.trades, .execution = execution});
  execution.leaves_quantity = IsTerminal(order.status) ? Decimal() : order.leaves_quantity;
  order.update_time = now;
  if (IsTerminal(order.status)) {
    UtcTime arrival = states_.At(order.order_id).arrival;
    working_.erase({arrival, order.order_id});
    if (const Instrument* instrument = FindInstrument(order.symbol)) {
      if (std::optional<UtcTime> end = EndOf(order, *instrument, arrival)) days_.erase({*end, order.order_id});
    }
    waiting_.erase({arrival + LatencyOf(order.account_id), order.order_id});
    bool ended_before =
        execution.type == ExecutionType::kCancelRejected || execution.type == ExecutionType::kReplaceRejected;
    if (!ended_before) closed_.push_back(order.order_id);
  }
  changes_.orders.insert(order.order_id);
  changes_.accounts.insert(order.account_id);
  changes_.executions.push_back(std::move(execution));
}

void PaperBroker::End(Order& order, ExecutionType type, OrderStatus status, std::optional<Rejection> why, UtcTime now) {
  order.status = status;
  order.rejection = why;
  Execution execution;
  execution.type = type;
  execution.rejection = std::move(why);
  Tell(order, std::move(execution), now);
}

std::optional<Rejection> PaperBroker::Refusal(const Order& order) const {
  const Instrument* instrument = FindInstrument(order.symbol);
  if (instrument == nullptr) {
    return Rejection{.reason = RejectReason::kUnknownInstrument,
                     .check = "venue",
                     .message = "the venue does not trade " + order.symbol.value()};
  }
  if (!order.quantity.IsMultipleOf(instrument->lot_size)) {
    return Rejection{.reason = RejectReason::kQuantityOffLot,
                     .check = "venue",
                     .limit = instrument->lot_size.ToString(),
                     .observed = order.quantity.ToString(),
                     .message = "the quantity is no multiple of the lot size"};
  }
  for (const std::optional<Decimal>& price : {order.limit_price, order.stop_price}) {
    if (price && !price->IsMultipleOf(instrument->tick_size)) {
      return Rejection{.reason = RejectReason::kPriceOffTick,
                       .check = "venue",
                       .limit = instrument->tick_size.ToString(),
                       .observed = price->ToString(),
                       .message = "the price is no multiple of the tick size"};
    }
  }
  const Quote* quote = FindQuote(order.symbol);
  if (quote == nullptr) {
    return Rejection{.reason = RejectReason::kNoLiquidity,
                     .check = "venue",
                     .message = "there is no market in " + order.symbol.value()};
  }
  bool rests = Rests(order.time_in_force);
  bool waits = IsAuction(order.time_in_force) || (rests && order.type != OrderType::kMarket);
  if (!quote->session_open && !waits) {
    return Rejection{.reason = RejectReason::kMarketClosed,
                     .check = "venue",
                     .message = "the market in " + order.symbol.value() + " is closed"};
  }
  if (quote->halted && (options_.refuses_in_halts || !waits)) return HaltedAt(*quote);
  if (IsAuction(order.time_in_force) && instrument->calendar == TradingCalendar::kAlwaysOpen)
    return Unsupported("the market in " + order.symbol.value() + " never closes: it has no opening and no close");
  if (order.time_in_force == TimeInForce::kAtOpen && quote->session_open)
    return Unsupported("the session of " + order.symbol.value() + " is open already");
  return Uncarried(order);
}

// Gross exposure after the order against what the account's equity can carry.
std::optional<Rejection> PaperBroker::Uncarried(const Order& order) const {
  const Ledger& ledger = ledgers_.at(order.account_id);
  Decimal gross, equity = ledger.cash, before;
  Decimal open = order.quantity - order.cumulative_quantity;
  Decimal change = SignOf(order.side) > 0 ? open : -open;
  std::map<Symbol, Decimal> positions = ledger.positions;
  for (const auto& [symbol, quantity] : positions) {
    const Quote* mark = FindQuote(symbol);
    if (mark == nullptr) continue;
    equity += Multiply(quantity, mark->last_price, Rounding::kHalfEven);
    before += Multiply(quantity.Abs(), mark->last_price, Rounding::kHalfEven);
  }
  positions[order.symbol] += change;
  for (const auto& [symbol, quantity] : positions) {
    const Quote* mark = FindQuote(symbol);
    if (mark != nullptr) gross += Multiply(quantity.Abs(), mark->last_price, Rounding::kHalfEven);
  }
  Decimal carried = Multiply(equity, options_.leverage_max, Rounding::kDown);
  if (gross > carried && gross > before) {
    return Rejection{.reason = RejectReason::kInsufficientFunds,
                     .check = "venue",
                     .limit = carried.ToString(),
                     .observed = gross.ToString(),
                     .message = "the account's equity does not carry this exposure"};
  }
  return std::nullopt;
}

void PaperBroker::Reject(const Order& submitted, const Rejection& rejection, UtcTime now) {
  if (orders_.Contains(submitted.order_id) || !ledgers_.contains(submitted.account_id)) return;
  Order& order = orders_.Put(submitted.order_id, submitted);
  order.status = OrderStatus::kRejected;
  order.rejection = rejection;
  states_.Put(order.order_id, {.arrival = now});
  order.leaves_quantity = Decimal();
  Execution execution;
  execution.type = ExecutionType::kRejected;
  execution.rejection = rejection;
  Tell(order, std::move(execution), now);
}

// What works from now on.
void PaperBroker::Keep(const Order& order) {
  const VenueState& state = states_.At(order.order_id);
  working_.insert({state.arrival, order.order_id});
  if (state.waiting) waiting_.insert({state.arrival + LatencyOf(order.account_id), order.order_id});
  const Instrument* instrument = FindInstrument(order.symbol);
  if (instrument == nullptr) return;
  if (std::optional<UtcTime> end = EndOf(order, *instrument, state.arrival)) days_.insert({*end, order.order_id});
}

void PaperBroker::Submit(const Order& submitted, UtcTime now) {
  if (orders_.Contains(submitted.order_id) || !ledgers_.contains(submitted.account_id)) return;
  EndSessions(now);
  std::optional<Rejection> refusal = Refusal(submitted);
  if (!refusal && submitted.time_in_force == TimeInForce::kGtd && submitted.expire_time <= now)
    refusal = EndedAt(submitted, instruments_.at(submitted.symbol), submitted.expire_time);
  if (refusal) {
    Reject(submitted, *refusal, now);
    return;
  }
  Order& order = orders_.Put(submitted.order_id, submitted);
  order.rejection.reset();
  order.status = OrderStatus::kNew;
  order.cumulative_quantity = Decimal();
  order.leaves_quantity = order.quantity;
  order.broker_order_id.clear();
  states_.Put(order.order_id, {.arrival = now, .waiting = true});
  Keep(order);
  Execution execution;
  execution.type = ExecutionType::kNew;
  Tell(order, std::move(execution), now);
  OnTime(now);
}

void PaperBroker::Expire(UtcTime until) {
  while (!days_.empty() && days_.begin()->first <= until) {
    UtcTime end = days_.begin()->first;
    Order& order = orders_.At(days_.begin()->second);
    Rejection why = EndedAt(order, instruments_.at(order.symbol), end);
    End(order, ExecutionType::kExpired, OrderStatus::kExpired, std::move(why), end);
  }
}

// What ended before `now`, also when nobody quotes after it.
void PaperBroker::EndSessions(UtcTime now) {
  Expire(now - Duration{1});  // a quote of this very time may still come
  // Sessions end at whole minutes: nothing ends between two looks within one, its very beginning left out.
  std::int64_t minute = now.nanos / kMinute.nanos;
  if (minute == looked_minute_ && now.nanos % kMinute.nanos != 0) return;
  looked_minute_ = now.nanos % kMinute.nanos == 0 ? -1 : minute;
  for (auto& [symbol, quote] : quotes_) {
    const Instrument* instrument = FindInstrument(symbol);
    if (instrument != nullptr && quote.session_open && !calendar::IsOpen(*instrument, now)) quote.session_open = false;
  }
}

void PaperBroker::OnTime(UtcTime now) {
  EndSessions(now);
  while (!waiting_.empty() && waiting_.begin()->first <= now) Arrive(orders_.At(waiting_.begin()->second), now);
}

std::optional<UtcTime> PaperBroker::NextDue() const {
  std::optional<UtcTime> due;
  if (!waiting_.empty()) due = waiting_.begin()->first;
  if (!days_.empty()) {
    UtcTime over = days_.begin()->first + Duration{1};
    due = due ? std::min(*due, over) : over;
  }
  return due;
}

// The order is on the book now.
void PaperBroker::Arrive(Order& order, UtcTime now) {
  VenueState& state = states_.At(order.order_id);
  waiting_.erase({state.arrival + LatencyOf(order.account_id), order.order_id});
  state.waiting = false;
  changes_.orders.insert(order.order_id);
  Work(order, now, true);
}

void PaperBroker::Trade(Order& order, Decimal quantity, Decimal price, bool maker, UtcTime now) {
  Taken(order) += quantity;
  Execution execution;
  execution.type = ExecutionType::kTrade;
  execution.last_quantity = quantity;
  execution.last_price = price;
  execution.maker = maker;
  execution.fee = FaceOf(order.account_id) == nullptr
                      ? FeeFor(instruments_.at(order.symbol), quantity, price, maker)
                      : FeeFor(*TermsFor(order.account_id, order.symbol), quantity, price, maker);
  Tell(order, std::move(execution), now);
}

// The last line of the reduce-only promise: whoever was told of a fill too late, the ledger never is.
Decimal PaperBroker::MayTrade(const Order& order) const {
  if (!order.reduce_only) return order.leaves_quantity;
  const std::map<Symbol, Decimal>& positions = ledgers_.at(order.account_id).positions;
  auto held = positions.find(order.symbol);
  if (held == positions.end() || held->second.IsPositive() == (order.side == Side::kBuy)) return {};
  return std::min(order.leaves_quantity, held->second.Abs());
}

void PaperBroker::EndUnlessReducing(Order& order, UtcTime now) {
  if (!order.reduce_only || IsTerminal(order.status) || MayTrade(order).IsPositive()) return;
  order.rejection = Rejection{.reason = RejectReason::kReduceOnly,
                              .check = "reduce_only",
                              .limit = "0",
                              .observed = order.leaves_quantity.ToString(),
                              .message = "the position this order could reduce is gone"};
  order.status = OrderStatus::kCanceled;
  Execution execution;
  execution.type = ExecutionType::kCanceled;
  execution.rejection = order.rejection;
  Tell(order, std::move(execution), now);
}

void PaperBroker::Reduce(const AccountId& account, const OrderId& id, Decimal quantity, const Rejection& why,
                         UtcTime now) {
  Order* found = orders_.Find(id);
  if (found == nullptr || found->account_id != account) return;  // asked again when it is known
  Order& order = *found;
  if (IsTerminal(order.status) || quantity >= order.quantity) return;
  order.rejection = why;
  Execution execution;
  execution.rejection = why;
  if (quantity <= order.cumulative_quantity) {
    order.status = OrderStatus::kCanceled;
    execution.type = ExecutionType::kCanceled;
  } else {
    order.quantity = quantity;
    order.leaves_quantity = quantity - order.cumulative_quantity;
    execution.type = ExecutionType::kRestated;
  }
  Tell(order, std::move(execution), now);
}

// Against the other side of the book, at its prices and worse by the slippage.
void PaperBroker::Take(Order& order, std::optional<Decimal> limit, UtcTime now) {
  Quote scratch;
  const Quote& quote = Shown(order, scratch);
  const Instrument& instrument = instruments_.at(order.symbol);
  if (!Tradable(quote)) return;
  auto levels = matching::Opposite(quote, instrument, order.side, options_.depth, Taken(order));
  auto matches = matching::Walk(levels, order.side, MayTrade(order), limit, instrument.lot_size);
  if (order.time_in_force == TimeInForce::kFok) {
    Decimal sum;
    for (const matching::Match& match : matches) sum += match.quantity;
    if (sum < order.leaves_quantity) return;
  }
  for (const matching::Match& match : matches) {
    Decimal price = match.price;
    // Ticks that are coarse beside the price slip no further than the book reaches.
    Decimal slippage = Multiply(instrument.tick_size, Decimal::FromInt(options_.slippage_ticks), Rounding::kHalfEven);
    slippage = std::min(slippage, matching::Reach(price).RoundTo(instrument.tick_size, Rounding::kDown));
    if (order.side == Side::kBuy) {
      price += slippage;
      if (limit) price = std::min(price, *limit);
    } else {
      price = std::max(price - slippage, std::min(match.price, instrument.tick_size));
      if (limit) price = std::max(price, *limit);
    }
    Trade(order, match.quantity, price, false, now);
  }
}

void PaperBroker::Queue(const Order& order) {
  Quote scratch;
  const Quote& quote = Shown(order, scratch);
  bool buy = order.side == Side::kBuy;
  Decimal price = *order.limit_price;
  Decimal same = buy ? quote.bid_price : quote.ask_price, other = buy ? quote.ask_price : quote.bid_price;
  bool through = buy ? other < price : other > price;
  bool best = buy ? same < price : same > price;
  VenueState& state = states_.At(order.order_id);
  std::optional<Decimal> ahead = state.queue_ahead;
  if (!options_.queue || through || best) {
    ahead = Decimal();
  } else if (same == price) {
    Decimal quoted = buy ? quote.bid_size : quote.ask_size;
    ahead = std::min(ahead.value_or(quoted), quoted);  // less is quoted: some of those ahead have gone
  }
  if (ahead == state.queue_ahead) return;
  state.queue_ahead = ahead;
  changes_.orders.insert(order.order_id);
}

void PaperBroker::Rest(const Order& order) {
  Quote scratch;
  const Quote& quote = Shown(order, scratch);
  VenueState& state = states_.At(order.order_id);
  if (!Tradable(quote) || state.rests) return;
  state.rests = order.side == Side::kBuy ? quote.ask_price > *order.limit_price : quote.bid_price < *order.limit_price;
  if (state.rests) changes_.orders.insert(order.order_id);
}

Rejection PaperBroker::CutOff(const Order& order) const {
  Quote scratch;
  const Quote& quote = Shown(order, scratch);
  bool buy = order.side == Side::kBuy;
  std::string symbol = order.symbol.value();
  Rejection why{.reason = RejectReason::kNoLiquidity,
                .check = "venue",
                .limit = "0",
                .observed = order.leaves_quantity.ToString()};
  if (!quote.session_open) {
    why.reason = RejectReason::kMarketClosed;
    why.message = "the market in " + symbol + " is closed";
    return why;
  }
  if (quote.halted) return HaltedAt(quote);
  std::string filled = order.cumulative_quantity.ToString() + " of " + order.quantity.ToString() + " filled";
  if (quote.stale) {
    why.message = "nothing trades in " + symbol + ": it has had no usable quote since " + quote.quote_time.ToString() +
                  "; " + filled;
    return why;
  }
  // What the book holds now, at the order's price or better.
  Decimal held;
  bool at_market = !HasLimit(order.type);
  for (const matching::Level& level : Levels(order.symbol, order.side, order.account_id)) {
    if (!at_market && (buy ? level.price > *order.limit_price : level.price < *order.limit_price)) break;
    held += level.size;
  }
  why.limit = held.ToString();
  why.message = std::string(buy ? "the offers" : "the bids") + " in " + symbol +
                (at_market ? "" : " at " + order.limit_price->ToString() + " or better") + " hold " + why.limit +
                " for " + why.observed +
                (order.time_in_force == TimeInForce::kFok ? ", and it is all or nothing; " : "; ") + filled;
  return why;
}

// A resting order trades at its own price once the other side reaches it; those ahead of it trade first.
void PaperBroker::TradeResting(Order& order, UtcTime now) {
  Quote scratch;
  const Quote& quote = Shown(order, scratch);
  const Instrument& instrument = instruments_.at(order.symbol);
  if (!Tradable(quote)) return;
  Queue(order);
  Decimal ahead = states_.At(order.order_id).queue_ahead.value_or(Decimal());
  Decimal taken = Taken(order);
  auto levels = matching::Opposite(quote, instrument, order.side, options_.depth, taken + ahead);
  Decimal most = std::min(MayTrade(order), ShownLeft(order));
  auto matches = matching::Walk(levels, order.side, most, order.limit_price, instrument.lot_size);
  Decimal shown = ShownLeft(order), traded;
  for (const matching::Match& match : matches) {
    Trade(order, match.quantity, *order.limit_price, true, now);
    traded += match.quantity;
  }
  // The next part comes behind everybody who is there.
  if (order.display_quantity && traded == shown) states_.At(order.order_id).queue_ahead.reset();
}

// Whether it is time for the order: always, but for those of the opening and the close.
bool PaperBroker::AuctionOf(const Order& order, const Quote& quote, UtcTime now) const {
  if (!IsAuction(order.time_in_force)) return true;
  if (!Tradable(quote)) return false;
  // It came while the market was closed, so the first quote that trades is the opening.
  if (order.time_in_force == TimeInForce::kAtOpen) return true;
  UtcTime close = calendar::DayEnd(instruments_.at(order.symbol), states_.At(order.order_id).arrival);
  return now >= close - kClosing;
}

bool PaperBroker::WouldTake(const Order& order) const {
  if (!order.post_only || FindQuote(order.symbol) == nullptr) return false;
  Quote scratch;
  const Quote& quote = Shown(order, scratch);
  if (!Tradable(quote)) return false;
  return order.side == Side::kBuy ? quote.ask_price <= *order.limit_price : quote.bid_price >= *order.limit_price;
}

Rejection PaperBroker::TakesRejection(const Order& order) const {
  Quote scratch;
  const Quote& quote = Shown(order, scratch);
  bool buy = order.side == Side::kBuy;
  std::string touch = (buy ? quote.ask_price : quote.bid_price).ToString();
  return {.reason = RejectReason::kWouldTake,
          .check = "venue",
          .limit = touch,
          .observed = order.limit_price->ToString(),
          .message = std::string("a post-only order would have traded as it arrived: the ") + (buy ? "ask" : "bid") +
                     " is " + touch};
}

// What is wrong with the terms the order is to have.
std::optional<Rejection> PaperBroker::ReplaceRefusal(const Order& order, const Order& wanted,
                                                     const Replacement& terms) const {
  if (IsTerminal(order.status))
    return Rejection{.reason = RejectReason::kOrderClosed, .check = "venue", .message = "the order is closed"};
  bool limit = terms.limit_price && (!HasLimit(order.type) || !terms.limit_price->IsPositive());
  bool stop = terms.stop_price && (!HasTrigger(order.type) || !terms.stop_price->IsPositive());
  if (limit || stop) return Unsupported("an order of this type has no such price");
  if (terms.stop_price && terms.stop_price != order.stop_price && states_.At(order.order_id).triggered)
    return Unsupported("the stop was reached already");
  if (terms.quantity && !terms.quantity->IsPositive()) return Unsupported("an order has a quantity");
  if (wanted.quantity > order.cumulative_quantity) {
    if (std::optional<Rejection> refusal = Refusal(wanted)) return refusal;
  }
  if (!HasTrigger(order.type) && WouldTake(wanted)) return TakesRejection(wanted);
  return std::nullopt;
}

void PaperBroker::Replace(const AccountId& account, const OrderId& id, const Replacement& terms, UtcTime now) {
  Order* found = orders_.Find(id);
  if (found == nullptr || found->account_id != account) return;  // asked again when it is known
  Order& order = *found;
  if (terms.number <= order.replace_count) return;  // answered before
  EndSessions(now);
  order.replace_count = terms.number;
  Order wanted = order;
  wanted.quantity = std::max(terms.quantity.value_or(order.quantity), order.cumulative_quantity);
  if (terms.limit_price) wanted.limit_price = terms.limit_price;
  if (terms.stop_price) wanted.stop_price = terms.stop_price;
  Execution execution;
  execution.replacement = terms;
  if (std::optional<Rejection> refusal = ReplaceRefusal(order, wanted, terms)) {
    execution.type = ExecutionType::kReplaceRejected;
    execution.rejection = std::move(refusal);
    Tell(order, std::move(execution), now);
    return;
  }
  // Another price, or more of it, comes behind those who are there.
  bool behind = wanted.limit_price != order.limit_price || wanted.quantity > order.quantity;
  VenueState& state = states_.At(id);
  if (behind) state.queue_ahead.reset();
  if (wanted.limit_price != order.limit_price) state.rests = false;
  order.quantity = wanted.quantity;
  order.limit_price = wanted.limit_price;
  order.stop_price = wanted.stop_price;
  order.leaves_quantity = order.quantity - order.cumulative_quantity;
  if (order.leaves_quantity.IsZero()) order.status = OrderStatus::kFilled;
  execution.type = ExecutionType::kReplaced;
  execution.replacement->quantity = order.quantity;
  execution.replacement->limit_price = order.limit_price;
  execution.replacement->stop_price = order.stop_price;
  Tell(order, std::move(execution), now);
  if (!IsTerminal(order.status) && !state.waiting) Work(order, now, false);
}

void PaperBroker::Work(Order& order, UtcTime now, bool arriving) {
  if (FindQuote(order.symbol) == nullptr || IsTerminal(order.status)) return;
  Quote scratch;
  const Quote* quote = &Shown(order, scratch);
  VenueState& state = states_.At(order.order_id);
  if (!AuctionOf(order, *quote, now)) return;
  if (HasTrigger(order.type) && !state.triggered) {
    Decimal price = TriggerPrice(order.side, order.trigger_source, *quote);
    if (!Reaches(order.type, order.side, *order.stop_price, price) || !Tradable(*quote)) return;
    state.triggered = true;
    Execution execution;
    execution.type = ExecutionType::kTriggered;
    Tell(order, std::move(execution), now);
    arriving = true;
  }
  bool at_market = !HasLimit(order.type);
  if (arriving && WouldTake(order)) {
    // It was acknowledged when it came, so it ends as what was taken ends.
    End(order, ExecutionType::kCanceled, OrderStatus::kCanceled, TakesRejection(order), now);
    return;
  }
  if (at_market || (!state.rests && !order.post_only)) {
    Take(order, at_market ? std::nullopt : order.limit_price, now);
  } else {
    TradeResting(order, now);
  }
  EndUnlessReducing(order, now);
  if (IsTerminal(order.status)) return;
  // A market order does not wait for a book; a stop that became one does: it protects.
  bool at_close = order.time_in_force == TimeInForce::kAtClose;  // it has the rest of the last minute
  bool immediate = (order.type == OrderType::kMarket && !at_close) || order.time_in_force == TimeInForce::kAtOpen ||
                   order.time_in_force == TimeInForce::kIoc || order.time_in_force == TimeInForce::kFok;
  if (immediate) {
    End(order, ExecutionType::kCanceled, OrderStatus::kCanceled, CutOff(order), now);
  } else if (!at_market) {
    Rest(order);
    if (state.rests) Queue(order);
  }
}

void PaperBroker::Cancel(const AccountId& account, const OrderId& id, UtcTime now, std::optional<Rejection> why) {
  Order* found = orders_.Find(id);
  if (found == nullptr || found->account_id != account) return;  // asked again when it is known
  Order& order = *found;
  if (!IsTerminal(order.status)) {
    End(order, ExecutionType::kCanceled, OrderStatus::kCanceled, std::move(why), now);
    return;
  }
  Execution execution;
  execution.type = ExecutionType::kCancelRejected;
  execution.rejection =
      Rejection{.reason = RejectReason::kOrderClosed, .check = "venue", .message = "the order is closed"};
  Tell(order, std::move(execution), now);
}

void PaperBroker::OnQuote(const Quote& told, UtcTime now) {
  const Instrument* instrument = FindInstrument(told.symbol);
  if (instrument == nullptr) return;
  EndSessions(now);
  const Quote* known = FindQuote(told.symbol);
  Quote quote = told;
  if (!Usable(told)) {
    // The former one stands, and nobody behind it. Without one there is no market.
    if (known == nullptr) return;
    quote = *known;
    if (told.last_price.IsPositive()) quote.last_price = told.last_price;
    quote.stale = true;
  }
  quote.session_open = told.session_open && calendar::IsOpen(*instrument, now);
  // After a night or a halt it is not the market that comes to an order: the order takes the first prices there are.
  bool opens = Tradable(quote) && (known == nullptr || !known->session_open || known->halted ||
                                   quote.quote_time - known->quote_time > kReopens);
  if (known == nullptr || !IsSame(*known, quote)) {
    taken_[{quote.symbol, Side::kBuy}].clear();
    taken_[{quote.symbol, Side::kSell}].clear();
  }
  quotes_[quote.symbol] = quote;
  std::vector<OrderId> ids;
  for (const auto& [arrival, id] : working_) {
    if (orders_.At(id).symbol == quote.symbol) ids.push_back(id);
  }
  for (const OrderId& id : ids) {
    Order& order = orders_.At(id);
    VenueState& state = states_.At(id);
    if (opens && state.rests) {
      state.rests = false;
      changes_.orders.insert(id);
    }
    if (!state.waiting) {
      Work(order, now, false);
    } else if (state.arrival + LatencyOf(order.account_id) <= now) {
      Arrive(order, now);
    }
  }
}

std::vector<OrderId> PaperBroker::Working(const AccountId& account) const {
  std::vector<OrderId> ids;
  for (const auto& [arrival, id] : working_) {
    if (orders_.At(id).account_id == account) ids.push_back(id);
  }
  return ids;
}

Changes PaperBroker::TakeChanges() { return std::exchange(changes_, Changes{}); }

void PaperBroker::RestoreLedger(Ledger ledger) {
  AccountId id = ledger.account_id;
  ledgers_[id] = std::move(ledger);
}

void PaperBroker::RestoreOrder(Order order, VenueState state) {
  OrderId id = order.order_id;
  states_.Put(id, std::move(state));
  const Order& kept = orders_.Put(id, std::move(order));
  if (IsTerminal(kept.status))
    closed_.push_back(id);
  else
    Keep(kept);
}

std::vector<Order> PaperBroker::Forget(std::size_t keep) {
  std::vector<Order> forgotten;
  // What is not durable yet is known nowhere else.
  while (closed_.size() > keep && !changes_.orders.contains(closed_.front())) {
    const OrderId& id = closed_.front();
    Order& order = orders_.At(id);
    forgotten_until_ = std::max(forgotten_until_, order.create_time);
    forgotten.push_back(std::move(order));
    states_.Erase(id);
    orders_.Erase(id);
    closed_.pop_front();
  }
  return forgotten;
}

void PaperBroker::SetTold(const AccountId& id, std::uint64_t execution_sequence) {
  Ledger& ledger = ledgers_.at(id);
  if (ledger.execution_sequence == execution_sequence) return;
  ledger.execution_sequence = execution_sequence;
  changes_.accounts.insert(id);
}

void PaperBroker::GoOnAfter(const AccountId& id, std::uint64_t execution_sequence) {
  Ledger& ledger = ledgers_.at(id);
  if (ledger.execution_sequence >= execution_sequence) return;
  ledger.execution_sequence = execution_sequence;
  changes_.accounts.insert(id);
}

std::vector<matching::Level> PaperBroker::Levels(const Symbol& symbol, Side side) const {
  const Quote* quote = FindQuote(symbol);
  const Instrument* instrument = FindInstrument(symbol);
  if (quote == nullptr || instrument == nullptr) return {};
  return matching::Opposite(*quote, *instrument, side, options_.depth, TakenAt(symbol, side, ""));
}

const Order* PaperBroker::Find(const OrderId& id) const { return orders_.Find(id); }
const Ledger* PaperBroker::FindLedger(const AccountId& id) const {
  auto found = ledgers_.find(id);
  return found == ledgers_.end() ? nullptr : &found->second;
}
const Quote* PaperBroker::FindQuote(const Symbol& symbol) const {
  auto found = quotes_.find(symbol);
  return found == quotes_.end() ? nullptr : &found->second;
}
const Instrument* PaperBroker::FindInstrument(const Symbol& symbol) const {
  auto found = instruments_.find(symbol);
  return found == instruments_.end() ? nullptr : &found->second;
}

}  // namespace ballast::paper
