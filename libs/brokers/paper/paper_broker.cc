#include "libs/brokers/paper/paper_broker.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "libs/base/check.h"

namespace ballast::paper {
namespace {

using broker::Execution;
using broker::ExecutionType;

Decimal FeeFor(const Instrument& instrument, Decimal quantity, Decimal price, bool maker) {
  Decimal notional = Multiply(quantity, price, Rounding::kUp);
  Decimal fee = Multiply(notional, maker ? instrument.maker_fee_ratio : instrument.taker_fee_ratio, Rounding::kUp) +
                Multiply(quantity, instrument.fee_per_unit, Rounding::kUp);
  // Billed in hundredths of a cent.
  return fee.RoundTo(Decimal::Of("0.0001"), Rounding::kUp);
}

}  // namespace

PaperBroker::PaperBroker(std::vector<Instrument> instruments, Options options) : options_(options) {
  for (Instrument& instrument : instruments) instruments_.emplace(instrument.symbol, instrument);
}

void PaperBroker::OpenAccount(const AccountId& id, const std::string& currency, Decimal cash) {
  if (ledgers_.contains(id)) return;
  ledgers_[id] = {.account_id = id, .currency = currency, .cash = cash};
  changes_.accounts.insert(id);
}

// Gives the execution its sequence and books it in order and ledger.
void PaperBroker::Tell(Order& order, Execution execution, UtcTime now) {
  Ledger& ledger = ledgers_[order.account_id];
  execution.account_id = order.account_id;
  execution.execution_sequence = ++ledger.execution_sequence;
  execution.order_id = order.order_id;
  if (order.broker_order_id.empty()) {
    order.broker_order_id = "p" + std::to_string(ledger.execution_sequence);
  }
  execution.broker_order_id = order.broker_order_id;
  execution.symbol = order.symbol;
  execution.side = order.side;
  execution.transact_time = now;
  if (execution.type == ExecutionType::kTrade) {
    execution.execution_id = ExecutionId(order.account_id.value() + "-" + std::to_string(execution.execution_sequence));
    execution.fee_currency = ledger.currency;
    Decimal notional = Multiply(execution.last_quantity, execution.last_price, Rounding::kHalfEven);
    Decimal signed_quantity = SignOf(order.side) > 0 ? execution.last_quantity : -execution.last_quantity;
    ledger.cash -= SignOf(order.side) > 0 ? notional : -notional;
    ledger.cash -= execution.fee;
    Decimal& position = ledger.positions[order.symbol];
    position += signed_quantity;
    if (position.IsZero()) ledger.positions.erase(order.symbol);
    order.cumulative_quantity += execution.last_quantity;
    order.leaves_quantity = order.quantity - order.cumulative_quantity;
    order.status = order.leaves_quantity.IsZero() ? OrderStatus::kFilled : OrderStatus::kPartiallyFilled;
  }
  execution.cumulative_quantity = order.cumulative_quantity;
  execution.leaves_quantity = IsTerminal(order.status) ? Decimal() : order.leaves_quantity;
  order.update_time = now;
  if (IsTerminal(order.status)) {
    UtcTime arrival = states_[order.order_id].arrival;
    working_.erase({arrival, order.order_id});
    waiting_.erase({arrival + options_.latency, order.order_id});
  }
  changes_.orders.insert(order.order_id);
  changes_.accounts.insert(order.account_id);
  changes_.executions.push_back(std::move(execution));
}

void PaperBroker::End(Order& order, ExecutionType type, OrderStatus status, UtcTime now) {
  order.status = status;
  Execution execution;
  execution.type = type;
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
  bool rests = order.time_in_force == TimeInForce::kGtc || order.time_in_force == TimeInForce::kDay;
  if (!quote->session_open && (!rests || order.type == OrderType::kMarket)) {
    return Rejection{.reason = RejectReason::kMarketClosed,
                     .check = "venue",
                     .message = "the market in " + order.symbol.value() + " is closed"};
  }
  // Gross exposure after the order against what the account's equity can carry.
  const Ledger& ledger = ledgers_.at(order.account_id);
  Decimal gross, equity = ledger.cash, before;
  Decimal change = SignOf(order.side) > 0 ? order.quantity : -order.quantity;
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
  if (orders_.contains(submitted.order_id) || !ledgers_.contains(submitted.account_id)) return;
  Order& order = orders_[submitted.order_id] = submitted;
  order.status = OrderStatus::kRejected;
  order.rejection = rejection;
  states_[order.order_id].arrival = now;
  order.leaves_quantity = Decimal();
  Execution execution;
  execution.type = ExecutionType::kRejected;
  execution.rejection = rejection;
  Tell(order, std::move(execution), now);
}

void PaperBroker::Submit(const Order& submitted, UtcTime now) {
  if (orders_.contains(submitted.order_id) || !ledgers_.contains(submitted.account_id)) return;
  if (std::optional<Rejection> refusal = Refusal(submitted)) {
    Reject(submitted, *refusal, now);
    return;
  }
  Order& order = orders_[submitted.order_id] = submitted;
  order.status = OrderStatus::kNew;
  order.cumulative_quantity = Decimal();
  order.leaves_quantity = order.quantity;
  order.broker_order_id.clear();
  states_[order.order_id] = {.arrival = now, .waiting = true};
  working_.insert({now, order.order_id});
  waiting_.insert({now + options_.latency, order.order_id});
  Execution execution;
  execution.type = ExecutionType::kNew;
  Tell(order, std::move(execution), now);
  OnTime(now);
}

void PaperBroker::OnTime(UtcTime now) {
  while (!waiting_.empty() && waiting_.begin()->first <= now) Arrive(orders_.at(waiting_.begin()->second), now);
}

std::optional<UtcTime> PaperBroker::NextDue() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.begin()->first;
}

// The order is on the book now.
void PaperBroker::Arrive(Order& order, UtcTime now) {
  VenueState& state = states_.at(order.order_id);
  waiting_.erase({state.arrival + options_.latency, order.order_id});
  state.waiting = false;
  changes_.orders.insert(order.order_id);
  Work(order, now, true);
}

void PaperBroker::Trade(Order& order, Decimal quantity, Decimal price, bool maker, UtcTime now) {
  taken_[{order.symbol, order.side}] += quantity;
  Execution execution;
  execution.type = ExecutionType::kTrade;
  execution.last_quantity = quantity;
  execution.last_price = price;
  execution.maker = maker;
  execution.fee = FeeFor(instruments_.at(order.symbol), quantity, price, maker);
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
  auto found = orders_.find(id);
  if (found == orders_.end() || found->second.account_id != account) return;  // asked again when it is known
  Order& order = found->second;
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
  const Quote& quote = *FindQuote(order.symbol);
  const Instrument& instrument = instruments_.at(order.symbol);
  if (!quote.session_open) return;
  auto levels = matching::Opposite(quote, instrument, order.side, options_.depth, taken_[{order.symbol, order.side}]);
  auto matches = matching::Walk(levels, order.side, MayTrade(order), limit, instrument.lot_size);
  if (order.time_in_force == TimeInForce::kFok) {
    Decimal sum;
    for (const matching::Match& match : matches) sum += match.quantity;
    if (sum < order.leaves_quantity) return;
  }
  Decimal slippage = Multiply(instrument.tick_size, Decimal::FromInt(options_.slippage_ticks), Rounding::kHalfEven);
  for (const matching::Match& match : matches) {
    Decimal price = match.price;
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
  const Quote& quote = *FindQuote(order.symbol);
  bool buy = order.side == Side::kBuy;
  Decimal price = *order.limit_price;
  Decimal same = buy ? quote.bid_price : quote.ask_price, other = buy ? quote.ask_price : quote.bid_price;
  bool through = buy ? other < price : other > price;
  bool best = buy ? same < price : same > price;
  VenueState& state = states_.at(order.order_id);
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

// A resting order trades at its own price once the other side reaches it; those ahead of it trade first.
void PaperBroker::TradeResting(Order& order, UtcTime now) {
  const Quote& quote = *FindQuote(order.symbol);
  const Instrument& instrument = instruments_.at(order.symbol);
  if (!quote.session_open) return;
  Queue(order);
  VenueState& state = states_.at(order.order_id);
  Decimal ahead = state.queue_ahead.value_or(Decimal());
  Decimal taken = taken_[{order.symbol, order.side}];
  auto levels = matching::Opposite(quote, instrument, order.side, options_.depth, taken + ahead);
  auto matches = matching::Walk(levels, order.side, MayTrade(order), order.limit_price, instrument.lot_size);
  bool buy = order.side == Side::kBuy;
  if (ahead.IsPositive() && (buy ? quote.ask_price : quote.bid_price) == *order.limit_price) {
    Decimal size = buy ? quote.ask_size : quote.bid_size;
    state.queue_ahead = ahead - std::min(ahead, size);
    changes_.orders.insert(order.order_id);
  }
  for (const matching::Match& match : matches) Trade(order, match.quantity, *order.limit_price, true, now);
}

void PaperBroker::Work(Order& order, UtcTime now, bool arriving) {
  const Quote* quote = FindQuote(order.symbol);
  if (quote == nullptr || IsTerminal(order.status)) return;
  VenueState& state = states_.at(order.order_id);
  bool has_stop = order.type == OrderType::kStop || order.type == OrderType::kStopLimit;
  if (has_stop && !state.triggered) {
    bool reached =
        order.side == Side::kBuy ? quote->ask_price >= *order.stop_price : quote->bid_price <= *order.stop_price;
    if (!reached || !quote->session_open) return;
    state.triggered = true;
    Execution execution;
    execution.type = ExecutionType::kTriggered;
    Tell(order, std::move(execution), now);
    arriving = true;
  }
  bool at_market = order.type == OrderType::kMarket || order.type == OrderType::kStop;
  if (arriving || at_market) {
    Take(order, at_market ? std::nullopt : order.limit_price, now);
  } else {
    TradeResting(order, now);
  }
  EndUnlessReducing(order, now);
  if (IsTerminal(order.status)) return;
  bool immediate = order.time_in_force == TimeInForce::kIoc || order.time_in_force == TimeInForce::kFok;
  if (immediate && arriving) {
    End(order, ExecutionType::kCanceled, OrderStatus::kCanceled, now);
  } else if (arriving && !at_market) {
    Queue(order);
  }
}

void PaperBroker::Cancel(const AccountId& account, const OrderId& id, UtcTime now) {
  auto found = orders_.find(id);
  if (found == orders_.end() || found->second.account_id != account) return;  // asked again when it is known
  Order& order = found->second;
  if (!IsTerminal(order.status)) {
    End(order, ExecutionType::kCanceled, OrderStatus::kCanceled, now);
    return;
  }
  Execution execution;
  execution.type = ExecutionType::kCancelRejected;
  execution.rejection =
      Rejection{.reason = RejectReason::kOrderClosed, .check = "venue", .message = "the order is closed"};
  Tell(order, std::move(execution), now);
}

void PaperBroker::OnQuote(const Quote& quote, UtcTime now) {
  const Quote* former = FindQuote(quote.symbol);
  bool closes = former != nullptr && former->session_open && !quote.session_open;
  quotes_[quote.symbol] = quote;
  taken_[{quote.symbol, Side::kBuy}] = Decimal();
  taken_[{quote.symbol, Side::kSell}] = Decimal();
  std::vector<OrderId> ids;
  for (const auto& [arrival, id] : working_) {
    if (orders_.at(id).symbol == quote.symbol) ids.push_back(id);
  }
  for (const OrderId& id : ids) {
    Order& order = orders_.at(id);
    const VenueState& state = states_.at(id);
    if (closes && order.time_in_force == TimeInForce::kDay) {
      End(order, ExecutionType::kExpired, OrderStatus::kExpired, now);
    } else if (!state.waiting) {
      Work(order, now, false);
    } else if (state.arrival + options_.latency <= now) {
      Arrive(order, now);
    }
  }
}

Changes PaperBroker::TakeChanges() { return std::exchange(changes_, Changes{}); }

void PaperBroker::RestoreLedger(Ledger ledger) {
  AccountId id = ledger.account_id;
  ledgers_[id] = std::move(ledger);
}

void PaperBroker::RestoreOrder(Order order, VenueState state) {
  OrderId id = order.order_id;
  if (!IsTerminal(order.status)) {
    working_.insert({state.arrival, id});
    if (state.waiting) waiting_.insert({state.arrival + options_.latency, id});
  }
  states_[id] = std::move(state);
  orders_[id] = std::move(order);
}

void PaperBroker::Forget(UtcTime made_before) {
  for (auto entry = orders_.begin(); entry != orders_.end();) {
    const Order& order = entry->second;
    bool old = IsTerminal(order.status) && order.create_time < made_before && !changes_.orders.contains(order.order_id);
    if (old) states_.erase(order.order_id);
    entry = old ? orders_.erase(entry) : std::next(entry);
  }
}

std::vector<matching::Level> PaperBroker::Levels(const Symbol& symbol, Side side) const {
  const Quote* quote = FindQuote(symbol);
  const Instrument* instrument = FindInstrument(symbol);
  if (quote == nullptr || instrument == nullptr) return {};
  auto taken = taken_.find({symbol, side});
  return matching::Opposite(*quote, *instrument, side, options_.depth,
                            taken == taken_.end() ? Decimal() : taken->second);
}

const Order* PaperBroker::Find(const OrderId& id) const {
  auto found = orders_.find(id);
  return found == orders_.end() ? nullptr : &found->second;
}
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
