#include "libs/strategy/decider.h"

#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/ledger/lot.h"
#include "libs/strategy/catalogue.h"

namespace ballast::strategy {
namespace {

// After a refusal: long enough not to hammer, short enough not to leave a stop unattended.
constexpr Duration kRefusalPause = Duration::Seconds(5);

std::string ActionName(bool enter, bool is_long) {
  return std::string(enter ? "enter" : "exit") + (is_long ? "_long" : "_short");
}

// A position of this sign is not what the signal wants.
bool IsAgainst(Signal signal, const SymbolState& state) {
  if (state.quantity.IsZero() || signal == Signal::kNone) return false;
  return signal == Signal::kOut || state.quantity.IsPositive() != (signal == Signal::kLong);
}

// It holds what the strategy has turned away from.
bool Opposed(const SymbolState& state) { return IsAgainst(state.waiting_entry, state); }

}  // namespace

absl::StatusOr<Decider> Decider::Make(DeploymentId id, Spec spec) {
  const Entry* entry = Find(spec.strategy_id);
  if (entry == nullptr)
    return absl::InvalidArgumentError(ToAbsl("strategy_id: there is no strategy '" + spec.strategy_id + "'"));
  return Make(std::move(id), std::move(spec), *entry);
}

absl::StatusOr<Decider> Decider::Make(DeploymentId id, Spec spec, const Entry& entry) {
  Decider decider(std::move(id), std::move(spec));
  for (const Symbol& symbol : decider.spec_.symbols) {
    ASSIGN_OR_RETURN(decider.strategies_[symbol], entry.make(decider.spec_.parameters));
    decider.states_[symbol];
  }
  return decider;
}

void Decider::Restore(std::uint64_t sequence, std::map<Symbol, SymbolState> states) {
  sequence_ = sequence;
  for (auto& [symbol, state] : states) {
    // A position in an instrument that is not traded any more is still the deployment's to close.
    states_[symbol] = std::move(state);
  }
}

int Decider::warmup_bars() const { return strategies_.empty() ? 0 : strategies_.begin()->second->warmup_bars(); }

void Decider::Warm(const Bar& bar) {
  auto strategy = strategies_.find(bar.symbol);
  if (strategy == strategies_.end() || bar.timeframe != spec_.timeframe) return;
  UtcTime& seen = last_seen_[bar.symbol];
  if (seen.nanos != 0 && bar.start_time <= seen) return;
  seen = bar.start_time;
  (void)strategy->second->OnBar(bar);
}

Decision Decider::Note(const Symbol& symbol, UtcTime time, std::string action, std::string reason,
                       std::map<std::string, std::string> inputs) {
  return {.sequence = ++sequence_,
          .symbol = symbol,
          .time = time,
          .action = std::move(action),
          .reason = std::move(reason),
          .inputs = std::move(inputs)};
}

Decision Decider::Exit(const Symbol& symbol, UtcTime time, const std::string& order_reason, std::string why,
                       std::map<std::string, std::string> inputs) {
  SymbolState& state = states_[symbol];
  bool is_long = state.quantity.IsPositive();
  Decision decision = Note(symbol, time, ActionName(false, is_long), std::move(why), std::move(inputs));
  decision.intent = Intent{.side = is_long ? Side::kSell : Side::kBuy,
                           .quantity = state.quantity.Abs(),
                           .reduce_only = true,
                           .reason = order_reason};
  state.working_request = RequestIdOf(decision);
  state.working_is_entry = false;
  return decision;
}

Decision Decider::Enter(const Symbol& symbol, Signal side, std::string why, std::map<std::string, std::string> inputs,
                        const DecisionContext& context) {
  SymbolState& state = states_[symbol];
  state.waiting_entry = Signal::kNone;
  auto hold = [&](const std::string& reason) {
    return Note(symbol, context.market_time, "hold", why + "; " + reason, std::move(inputs));
  };
  if (!context.entries_allowed) return hold("no entries while the deployment is not active");
  if (side == Signal::kShort && !spec_.allow_short) return hold("shorts are not allowed");
  if (open_positions() >= spec_.max_open_positions) {
    return hold("the deployment holds " + std::to_string(spec_.max_open_positions) + " positions already");
  }
  auto quote = context.quotes.find(symbol);
  auto instrument = context.instruments.find(symbol);
  if (quote == context.quotes.end() || instrument == context.instruments.end()) return hold("there is no quote");
  if (!quote->second.session_open) return hold("the market is closed");
  if (side == Signal::kShort && !instrument->second.shortable) return hold("the instrument cannot be sold short");
  if (!context.equity || !context.equity->IsPositive()) return hold("the account's equity is not known");
  Decimal price = side == Signal::kLong ? quote->second.ask_price : quote->second.bid_price;
  if (!price.IsPositive() || !instrument->second.lot_size.IsPositive()) return hold("the quote has no price");
  Decimal money = Multiply(*context.equity, spec_.position_size_ratio, Rounding::kDown);
  // Risk counts an order of either side at the dearer of ask and last price. Sized by a better one, a position as large
  // as risk allows would be refused for a tick.
  Decimal counted = std::max(quote->second.ask_price, quote->second.last_price);
  Decimal quantity = Divide(money, counted, Rounding::kDown).RoundTo(instrument->second.lot_size, Rounding::kDown);
  inputs["equity"] = context.equity->ToString();
  inputs["price"] = price.ToString();
  if (!quantity.IsPositive() || Multiply(quantity, price, Rounding::kDown) < instrument->second.min_notional) {
    return hold("the position size is below the smallest order");
  }
  bool is_long = side == Signal::kLong;
  Decision decision = Note(symbol, context.market_time, ActionName(true, is_long), std::move(why), std::move(inputs));
  decision.intent = Intent{.side = is_long ? Side::kBuy : Side::kSell, .quantity = quantity, .reason = "signal"};
  if (spec_.stop_loss_ratio) {
    Decimal distance = Multiply(price, *spec_.stop_loss_ratio, Rounding::kUp);
    Decimal stop = is_long ? price - distance : price + distance;
    if (stop.IsPositive()) decision.intent->protective_stop_price = stop;
  }
  state.working_request = RequestIdOf(decision);
  state.working_is_entry = true;
  return decision;
}

std::vector<Decision> Decider::OnBar(const Bar& bar, const DecisionContext& context) {
  auto strategy = strategies_.find(bar.symbol);
  if (strategy == strategies_.end() || bar.timeframe != spec_.timeframe) return {};
  UtcTime& seen = last_seen_[bar.symbol];
  SymbolState& state = states_[bar.symbol];
  if (seen.nanos != 0 && bar.start_time <= seen) return {};
  seen = bar.start_time;
  Evaluation evaluation = strategy->second->OnBar(bar);
  // Decided before the restart: the indicators move, nothing is repeated.
  if (state.last_bar.nanos != 0 && bar.start_time <= state.last_bar) return {};
  state.last_bar = bar.start_time;

  std::vector<Decision> decisions;
  bool can_act = state.working_request.empty() && context.market_time >= state.blocked_until;
  if (evaluation.signal == Signal::kNone) {
    if (state.waiting_entry == Signal::kNone || !can_act) return decisions;
    if (!state.quantity.IsZero()) {
      // On the wanted side after all; the other side's exit is OnQuote's.
      if (!Opposed(state)) state.waiting_entry = Signal::kNone;
    } else if (state.waiting_entry == Signal::kOut || (state.waiting_entry == Signal::kShort && !spec_.allow_short)) {
      state.waiting_entry = Signal::kNone;
    } else {
      // An exit has made room for the entry of the signal before.
      decisions.push_back(Enter(bar.symbol, state.waiting_entry, "the opposite position is closed",
                                {{"close", bar.close.ToString()}}, context));
    }
    return decisions;
  }
  state.waiting_entry = Signal::kNone;
  bool opposite = IsAgainst(evaluation.signal, state);
  if (!can_act) {
    // Once the order under way has ended, the signal still holds.
    if (opposite || !state.working_request.empty()) state.waiting_entry = evaluation.signal;
    decisions.push_back(Note(
        bar.symbol, context.market_time, "hold",
        evaluation.reason + (state.working_request.empty() ? "; an order was just refused" : "; an order is under way"),
        evaluation.inputs));
  } else if (opposite) {
    auto quote = context.quotes.find(bar.symbol);
    if (quote == context.quotes.end() || !quote->second.session_open) {
      decisions.push_back(Note(bar.symbol, context.market_time, "hold", evaluation.reason + "; the market is closed",
                               evaluation.inputs));
    } else {
      decisions.push_back(Exit(bar.symbol, context.market_time, "signal", evaluation.reason, evaluation.inputs));
    }
    state.waiting_entry = evaluation.signal;
  } else if (evaluation.signal == Signal::kOut) {
    decisions.push_back(
        Note(bar.symbol, context.market_time, "hold", evaluation.reason + "; nothing is held", evaluation.inputs));
  } else if (state.quantity.IsZero()) {
    decisions.push_back(Enter(bar.symbol, evaluation.signal, evaluation.reason, evaluation.inputs, context));
  } else {
    decisions.push_back(Note(bar.symbol, context.market_time, "hold",
                             evaluation.reason + "; the position is held already", evaluation.inputs));
  }
  return decisions;
}

std::vector<Decision> Decider::OnQuote(const Symbol& symbol, const DecisionContext& context) {
  auto found = states_.find(symbol);
  if (found == states_.end()) return {};
  SymbolState& state = found->second;
  if (state.quantity.IsZero() || !state.working_request.empty() || context.market_time < state.blocked_until) return {};
  auto quote = context.quotes.find(symbol);
  if (quote == context.quotes.end() || !quote->second.session_open) return {};
  bool is_long = state.quantity.IsPositive();
  Decimal entry = Divide(state.cost, state.quantity, Rounding::kHalfEven);
  // What the position could be closed at, not the last trade.
  Decimal price = is_long ? quote->second.bid_price : quote->second.ask_price;
  if (!price.IsPositive()) return {};
  Decimal gain = is_long ? price - entry : entry - price;
  auto distance = [&](Decimal ratio) { return Multiply(entry, ratio, Rounding::kHalfEven); };
  std::map<std::string, std::string> inputs = {{"entry", entry.ToString()}, {"price", price.ToString()}};
  if (spec_.stop_loss_ratio && gain <= -distance(*spec_.stop_loss_ratio)) {
    state.waiting_entry = Signal::kNone;
    return {Exit(symbol, context.market_time, "stop_loss", "the stop loss is reached", std::move(inputs))};
  }
  if (spec_.take_profit_ratio && gain >= distance(*spec_.take_profit_ratio)) {
    state.waiting_entry = Signal::kNone;
    return {Exit(symbol, context.market_time, "take_profit", "the take profit is reached", std::move(inputs))};
  }
  if (Opposed(state)) {
    return {Exit(symbol, context.market_time, "signal", "the signal's exit is not done yet", std::move(inputs))};
  }
  return {};
}

std::vector<Decision> Decider::CloseAll(const std::string& reason, const DecisionContext& context) {
  std::vector<Decision> decisions;
  for (auto& [symbol, state] : states_) {
    state.waiting_entry = Signal::kNone;
    if (state.quantity.IsZero() || !state.working_request.empty() || context.market_time < state.blocked_until)
      continue;
    // Without a quote the market may be open: order management decides.
    auto quote = context.quotes.find(symbol);
    if (quote != context.quotes.end() && !quote->second.session_open) continue;
    decisions.push_back(Exit(symbol, context.market_time, reason, "the deployment is being stopped", {}));
  }
  return decisions;
}

bool Decider::OnOrderEvent(const OrderEvent& event, UtcTime now) {
  bool own = event.order && event.order->deployment_id == id_;
  bool booked = event.fill && event.fill->deployment_id == id_;
  if (!event.order || (!own && !booked)) return false;
  SymbolState& state = states_[event.order->symbol];
  bool changed = false;
  if (booked) {
    ledger::Lot lot{.quantity = state.quantity, .cost = state.cost};
    ledger::Book(lot, *event.fill, "");
    state.quantity = lot.quantity;
    state.cost = lot.cost;
    changed = true;
  }
  if (own && IsTerminal(event.order->status) && event.order->request_id.value() == state.working_request) {
    state.working_request.clear();
    // Ended without a trade: the same thing again at once would end the same way.
    if (event.order->cumulative_quantity.IsZero()) state.blocked_until = now + kRefusalPause;
    changed = true;
  }
  return changed;
}

void Decider::OnRefused(const std::string& request_id, UtcTime now) {
  for (auto& [symbol, state] : states_) {
    if (state.working_request != request_id) continue;
    state.working_request.clear();
    state.blocked_until = now + kRefusalPause;
  }
}

void Decider::ForgetSignals() {
  for (auto& [symbol, state] : states_) state.waiting_entry = Signal::kNone;
}

std::string Decider::RequestIdOf(const Decision& decision) const {
  return id_.value() + "-" + std::to_string(decision.sequence);
}

int Decider::open_positions() const {
  return static_cast<int>(std::count_if(states_.begin(), states_.end(), [](const auto& entry) {
    return !entry.second.quantity.IsZero() || (!entry.second.working_request.empty() && entry.second.working_is_entry);
  }));
}

bool Decider::flat() const {
  return std::all_of(states_.begin(), states_.end(), [](const auto& entry) { return entry.second.quantity.IsZero(); });
}

bool Decider::any_working() const {
  return std::any_of(states_.begin(), states_.end(),
                     [](const auto& entry) { return !entry.second.working_request.empty(); });
}

}  // namespace ballast::strategy
