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
// Of an exponential average of 0.94: what is older weighs a thousandth.
constexpr int kVolatilityWarmup = 110;

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
    decider.wants_quotes_ = decider.strategies_[symbol]->wants_quotes();
    if (decider.spec_.confirmation) decider.trends_.emplace(symbol, decider.spec_.confirmation->periods);
  }
  return decider;
}

void Decider::Restore(std::uint64_t sequence, std::map<Symbol, SymbolState> states, DeploymentBook book) {
  sequence_ = sequence;
  book_ = std::move(book);
  for (auto& [symbol, state] : states) {
    // A position in an instrument that is not traded any more is still the deployment's to close.
    states_[symbol] = std::move(state);
  }
}

int Decider::warmup_bars() const {
  int bars = strategies_.empty() ? 0 : strategies_.begin()->second->warmup_bars();
  return spec_.sizing ? std::max({bars, kVolatilityWarmup, sizing::BarsNeeded(*spec_.sizing)}) : bars;
}

int Decider::longer_warmup_bars() const { return trends_.empty() ? 0 : trends_.begin()->second.warmup_bars(); }

bool Decider::Wants(const Bar& bar) const {
  return strategies_.contains(bar.symbol) &&
         (bar.timeframe == spec_.timeframe || (spec_.confirmation && bar.timeframe == spec_.confirmation->timeframe));
}

void Decider::Warm(const Bar& bar) {
  if (auto trend = trends_.find(bar.symbol); trend != trends_.end() && bar.timeframe == spec_.confirmation->timeframe)
    trend->second.OnBar(bar);
  auto strategy = strategies_.find(bar.symbol);
  if (strategy == strategies_.end() || bar.timeframe != spec_.timeframe) return;
  UtcTime& seen = last_seen_[bar.symbol];
  if (seen.nanos != 0 && bar.start_time <= seen) return;
  seen = bar.start_time;
  Observe(bar);
  (void)strategy->second->OnBar(bar);
}

void Decider::Hear(const Quote& quote) {
  if (auto strategy = strategies_.find(quote.symbol); strategy != strategies_.end()) strategy->second->OnQuote(quote);
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

std::vector<Decision> Decider::OnBar(const Bar& bar, const DecisionContext& context) {
  if (auto trend = trends_.find(bar.symbol); trend != trends_.end() && bar.timeframe == spec_.confirmation->timeframe)
    trend->second.OnBar(bar);
  auto strategy = strategies_.find(bar.symbol);
  if (strategy == strategies_.end() || bar.timeframe != spec_.timeframe) return {};
  UtcTime& seen = last_seen_[bar.symbol];
  SymbolState& state = states_[bar.symbol];
  if (seen.nanos != 0 && bar.start_time <= seen) return {};
  seen = bar.start_time;
  Observe(bar);
  if (context.equity && context.equity->IsPositive())
    book_.capital = Multiply(*context.equity, spec_.capital_ratio.value_or(Decimal::FromInt(1)), Rounding::kDown);
  WatchLosses(context);
  Evaluation evaluation = strategy->second->OnBar(bar);
  // Decided before the restart: the indicators move, nothing is repeated.
  if (state.last_bar.nanos != 0 && bar.start_time <= state.last_bar) return {};
  state.last_bar = bar.start_time;

  std::vector<Decision> decisions;
  bool can_act = state.working_request.empty() && context.market_time >= state.blocked_until;
  if (evaluation.signal == Signal::kNone) {
    if (evaluation.noted)
      decisions.push_back(Note(bar.symbol, context.market_time, "hold", evaluation.reason, evaluation.inputs));
    if (state.waiting_entry == Signal::kNone || !can_act) return decisions;
    if (!state.quantity.IsZero()) {
      // On the wanted side after all; the other side's exit is OnQuote's.
      if (!Opposed(state)) state.waiting_entry = Signal::kNone;
    } else if (!Allows(spec_, state.waiting_entry)) {
      state.waiting_entry = Signal::kNone;
    } else if (state.book.waits_for_open) {
      // OnOpen's.
    } else {
      // An exit has made room for the entry of the signal before.
      decisions.push_back(Enter(bar.symbol, state.waiting_entry, "the opposite position is closed",
                                {{"close", bar.close.ToString()}}, state.book.waiting_terms, context));
    }
    return decisions;
  }
  state.waiting_entry = Signal::kNone;
  state.book.waits_for_open = false;
  bool opposite = IsAgainst(evaluation.signal, state);
  if (!can_act) {
    // Once the order under way has ended, the signal still holds.
    if (opposite || !state.working_request.empty()) state.waiting_entry = evaluation.signal;
    state.book.waiting_terms = evaluation.terms;
    decisions.push_back(Note(
        bar.symbol, context.market_time, "hold",
        evaluation.reason + (state.working_request.empty() ? "; an order was just refused" : "; an order is under way"),
        evaluation.inputs));
  } else if (opposite) {
    auto quote = context.quotes.find(bar.symbol);
    if (quote == context.quotes.end() || !quote->second.session_open) {
      // The exit is OnQuote's; the entry may be made behind it.
      state.book.waits_for_open = spec_.entries_wait_for_open && Allows(spec_, evaluation.signal);
      decisions.push_back(Note(bar.symbol, context.market_time, "hold", evaluation.reason + "; the market is closed",
                               evaluation.inputs));
    } else {
      decisions.push_back(Exit(bar.symbol, context.market_time, "signal", evaluation.reason, evaluation.inputs));
    }
    state.waiting_entry = evaluation.signal;
    state.book.waiting_terms = evaluation.terms;
  } else if (evaluation.signal == Signal::kOut) {
    decisions.push_back(
        Note(bar.symbol, context.market_time, "hold", evaluation.reason + "; nothing is held", evaluation.inputs));
  } else if (state.quantity.IsZero()) {
    decisions.push_back(
        Enter(bar.symbol, evaluation.signal, evaluation.reason, evaluation.inputs, evaluation.terms, context));
  } else {
    decisions.push_back(
        Note(bar.symbol, context.market_time, "hold",
             evaluation.reason + "; the position is held already" + MoveStops(bar.symbol, evaluation.terms, context),
             evaluation.inputs));
  }
  return decisions;
}

std::vector<Decision> Decider::OnQuote(const Symbol& symbol, const DecisionContext& context) {
  auto found = states_.find(symbol);
  if (found == states_.end()) return {};
  SymbolState& state = found->second;
  if (state.quantity.IsZero()) return {};
  auto quote = context.quotes.find(symbol);
  if (quote == context.quotes.end() || !quote->second.session_open) return {};
  // What the position could be closed at, not the last trade.
  Decimal price = state.quantity.IsPositive() ? quote->second.bid_price : quote->second.ask_price;
  if (!price.IsPositive()) return {};
  marks_[symbol] = price;
  WatchLosses(context);
  WatchBest(symbol, state, price);
  if (!state.working_request.empty() || context.market_time < state.blocked_until) return {};
  if (auto exit = ExitOnQuote(symbol, price, context)) return {*std::move(exit)};
  return {};
}

std::optional<Decision> Decider::ExitOnQuote(const Symbol& symbol, Decimal price, const DecisionContext& context) {
  SymbolState& state = states_.at(symbol);
  bool is_long = state.quantity.IsPositive();
  Decimal entry = Divide(state.cost, state.quantity, Rounding::kHalfEven);
  Decimal gain = is_long ? price - entry : entry - price;
  auto distance = [](Decimal from, Decimal ratio) { return Multiply(from, ratio, Rounding::kHalfEven); };
  std::map<std::string, std::string> inputs = {{"entry", entry.ToString()}, {"price", price.ToString()}};
  auto out = [&](const char* reason, const char* why) {
    state.waiting_entry = Signal::kNone;
    state.book.waits_for_open = false;
    return Exit(symbol, context.market_time, reason, why, std::move(inputs));
  };
  if (spec_.stop_loss_ratio && gain <= -distance(entry, *spec_.stop_loss_ratio))
    return out("stop_loss", "the stop loss is reached");
  auto reached = [&](const std::optional<Decimal>& at, bool below) {
    return at && (below ? price <= *at : price >= *at);
  };
  if (const SymbolBook& book = state.book; reached(book.stop_price, is_long)) {
    inputs["stop_price"] = book.stop_price->ToString();
    return out("stop_loss", "the strategy's stop is reached");
  } else if (reached(book.target_price, !is_long)) {
    inputs["target_price"] = book.target_price->ToString();
    return out("take_profit", "the strategy's target is reached");
  }
  if (spec_.take_profit_ratio && gain >= distance(entry, *spec_.take_profit_ratio))
    return out("take_profit", "the take profit is reached");
  if (const Decimal& best = state.book.best_price; spec_.trailing_stop_ratio && best.IsPositive()) {
    Decimal fallen = is_long ? best - price : price - best;
    if (fallen >= distance(best, *spec_.trailing_stop_ratio)) {
      inputs["best"] = best.ToString();
      return out("trailing_stop", "the trailing stop is reached");
    }
  }
  if (spec_.schedule && spec_.schedule->close_before_end_minutes > 0) {
    auto left = LeftOfWindow(*spec_.schedule, CalendarOf(symbol, context), context.market_time);
    if (!left || *left <= Duration::Seconds(60LL * spec_.schedule->close_before_end_minutes))
      return out("schedule", "the hours of the deployment are ending");
  }
  if (Opposed(state))
    return Exit(symbol, context.market_time, "signal", "the signal's exit is not done yet", std::move(inputs));
  return std::nullopt;
}

std::vector<Decision> Decider::CloseAll(const std::string& reason, const DecisionContext& context) {
  std::vector<Decision> decisions;
  for (auto& [symbol, state] : states_) {
    state.waiting_entry = Signal::kNone;
    state.book.waits_for_open = false;
    if (state.quantity.IsZero() || !state.working_request.empty() || context.market_time < state.blocked_until)
      continue;
    // Without a quote the market may be open: order management decides.
    auto quote = context.quotes.find(symbol);
    if (quote != context.quotes.end() && !quote->second.session_open) continue;
    decisions.push_back(Exit(symbol, context.market_time, reason, "the deployment is being stopped", {}));
  }
  return decisions;
}

void Decider::OnRefused(const std::string& request_id, UtcTime now) {
  for (auto& [symbol, state] : states_) {
    if (state.working_request != request_id) continue;
    state.working_request.clear();
    state.book.working_notional = Decimal();
    state.blocked_until = now + kRefusalPause;
  }
}

void Decider::ForgetSignals() {
  for (auto& [symbol, state] : states_) {
    state.waiting_entry = Signal::kNone;
    state.book.waits_for_open = false;
  }
}

void Decider::ForgetEntries() {
  for (auto& [symbol, state] : states_) {
    state.book.waits_for_open = false;
    // The turn away from what is held is an exit first.
    if (!Opposed(state)) state.waiting_entry = Signal::kNone;
  }
}

void Decider::ForgetHoldings() {
  for (auto& [symbol, state] : states_) {
    state.quantity = state.cost = Decimal();
    state.waiting_entry = Signal::kNone;
    state.working_request.clear();
    state.working_is_entry = false;
    state.book.waits_for_open = false;
    state.book.trade_profit = state.book.trade_quantity = state.book.trade_notional = Decimal();
    state.book.best_price = state.book.working_notional = Decimal();
    state.book.stop_price = state.book.target_price = std::nullopt;
    state.book.trial = {};
  }
  marks_.clear();
  saved_best_.clear();
}

Decision Decider::Remark(UtcTime time, std::string reason, std::map<std::string, std::string> inputs) {
  return Note(Symbol(), time, "settings", std::move(reason), std::move(inputs));
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
