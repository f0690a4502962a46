#include <algorithm>
#include <tuple>
#include <utility>

#include "libs/strategy/decider.h"

namespace ballast::strategy {
namespace {

// One that is reached already would be left at once.
std::string WrongSide(const EntryTerms& terms, bool is_long, const Quote& quote) {
  const Decimal exit = is_long ? quote.bid_price : quote.ask_price;
  const std::string market = std::string(is_long ? "the bid " : "the ask ") + exit.ToString();
  if (terms.stop_price && (is_long ? *terms.stop_price >= exit : *terms.stop_price <= exit))
    return "stop_price " + terms.stop_price->ToString() + " is not " + (is_long ? "below " : "above ") + market;
  if (terms.target_price && (is_long ? *terms.target_price <= exit : *terms.target_price >= exit))
    return "target_price " + terms.target_price->ToString() + " is not " + (is_long ? "above " : "below ") + market;
  return "";
}

std::string WrongQuantity(Decimal quantity, const sizing::Result& most, const sizing::Situation& situation) {
  const Instrument& instrument = situation.instrument;
  const std::string asked = "quantity " + quantity.ToString();
  if (!quantity.IsMultipleOf(instrument.lot_size))
    return asked + " is no multiple of the lot " + instrument.lot_size.ToString();
  if (quantity > most.quantity)
    return asked + " is more than the " + most.quantity.ToString() + " that the deployment's size " +
           (most.caps.empty() ? "allows" : "and its limits (" + most.caps.back().name + ") allow");
  if (Multiply(quantity, situation.price, Rounding::kDown) < instrument.min_notional)
    return asked + " is below the smallest order of " + instrument.min_notional.ToString();
  return "";
}

}  // namespace

TradingCalendar Decider::CalendarOf(const Symbol& symbol, const DecisionContext& context) {
  auto instrument = context.instruments.find(symbol);
  return instrument == context.instruments.end() ? TradingCalendar::kUnspecified : instrument->second.calendar;
}

std::string Decider::WhyNot(const Symbol& symbol, Signal side, const DecisionContext& context,
                            std::map<std::string, std::string>& inputs) const {
  if (!context.entries_allowed) return "no entries while the deployment is not active";
  if (context.ending.contains(CalendarOf(symbol, context))) return "the day is being ended";
  if (side == Signal::kShort && !spec_.allow_short) return "shorts are not allowed";
  if (side == Signal::kLong && spec_.short_only) return "longs are not allowed";
  if (open_positions() >= spec_.max_open_positions)
    return "the deployment holds " + std::to_string(spec_.max_open_positions) + " positions already";
  if (book_.day_halted || book_.drawdown_halted) {
    inputs["profit"] = profit().ToString();
    inputs["day_start"] = book_.day_start.ToString();
    inputs["peak"] = book_.peak.ToString();
    return book_.drawdown_halted ? "the deployment's drawdown limit is reached"
                                 : "the deployment's daily loss limit is reached";
  }
  if (spec_.schedule) {
    auto left = LeftOfWindow(*spec_.schedule, CalendarOf(symbol, context), context.market_time);
    if (!left) return "outside of the deployment's hours";
    if (*left <= Duration::Seconds(60LL * spec_.schedule->close_before_end_minutes))
      return "the deployment's hours are ending";
  }
  if (auto trend = trends_.find(symbol); trend != trends_.end()) {
    inputs["trend_average"] = trend->second.average().ToString();
    if (trend->second.side() != side) return "the " + spec_.confirmation->timeframe + " bars do not confirm it";
  }
  return "";
}

sizing::Ceiling Decider::CeilingOf(const Symbol& symbol, Decimal capital, const DecisionContext& context) const {
  sizing::Ceiling ceiling;
  if (spec_.sizing && context.ceiling) ceiling = *context.ceiling;
  if (spec_.capital_ratio) {
    Decimal left = capital;
    for (const auto& [held, state] : states_) {
      if (held != symbol) left -= state.cost.Abs() + state.book.working_notional;
    }
    ceiling.capital = left;
  }
  return ceiling;
}

void Decider::Try(const sizing::Situation& situation, const sizing::Result& taken, SymbolBook& book) const {
  book.trial = {.quantities = {}, .capital = situation.capital};
  for (sizing::Method method : sizing::kVoters) {
    sizing::Result result = method == taken.method ? taken : sizing::Size(method, *spec_.sizing, situation);
    if (result.known) book.trial.quantities[method] = result.quantity;
  }
  book.trial.quantities[taken.method] = taken.quantity;
}

Decision Decider::Enter(const Symbol& symbol, Signal side, std::string why, std::map<std::string, std::string> inputs,
                        const EntryTerms& asked, const DecisionContext& context) {
  SymbolState& state = states_[symbol];
  const EntryTerms terms = asked;
  state.waiting_entry = Signal::kNone;
  state.book.waiting_terms = {};
  state.book.waits_for_open = false;
  auto hold = [&](const std::string& reason) {
    return Note(symbol, context.market_time, "hold", why + "; " + reason, std::move(inputs));
  };
  if (std::string not_now = WhyNot(symbol, side, context, inputs); !not_now.empty()) return hold(not_now);
  auto quote = context.quotes.find(symbol);
  auto instrument = context.instruments.find(symbol);
  if (quote == context.quotes.end() || instrument == context.instruments.end()) return hold("there is no quote");
  if (!quote->second.session_open) {
    if (!spec_.entries_wait_for_open) return hold("the market is closed");
    state.waiting_entry = side;
    state.book.waits_for_open = true;
    state.book.waiting_terms = terms;
    return hold("the market is closed: it is entered at the open");
  }
  if (side == Signal::kShort && !instrument->second.shortable) return hold("the instrument cannot be sold short");
  if (!context.equity || !context.equity->IsPositive()) return hold("the account's equity is not known");
  bool is_long = side == Signal::kLong;
  Decimal price = is_long ? quote->second.ask_price : quote->second.bid_price;
  if (!price.IsPositive() || !instrument->second.lot_size.IsPositive()) return hold("the quote has no price");
  if (spec_.sizing && !context.ceiling) return hold("the account's limits are not known");

  if (terms.quantity) inputs["quantity"] = terms.quantity->ToString();
  if (terms.stop_price) inputs["stop_price"] = terms.stop_price->ToString();
  if (terms.target_price) inputs["target_price"] = terms.target_price->ToString();
  if (std::string fault = WrongSide(terms, is_long, quote->second); !fault.empty()) return hold(fault);
  std::optional<Decimal> stop = terms.stop_price;
  if (spec_.stop_loss_ratio || spec_.trailing_stop_ratio) {
    // The nearer one is the one that holds at first.
    Decimal ratio = std::min(spec_.stop_loss_ratio.value_or(Decimal::FromInt(1)),
                             spec_.trailing_stop_ratio.value_or(Decimal::FromInt(1)));
    Decimal distance = Multiply(price, ratio, Rounding::kUp);
    Decimal at = is_long ? price - distance : price + distance;
    if (at.IsPositive() && (!stop || (is_long ? at > *stop : at < *stop))) stop = at;
  }
  Decimal capital = *context.equity;
  if (spec_.capital_ratio) capital = Multiply(capital, *spec_.capital_ratio, Rounding::kDown);
  const sizing::Settings settings = spec_.sizing.value_or(sizing::Settings());
  sizing::Situation situation{.side = is_long ? Side::kBuy : Side::kSell,
                              .price = price,
                              // Risk counts an order of either side at the dearer of ask and last price. Sized by a
                              // better one, a position as large as risk allows would be refused for a tick.
                              .counted_price = std::max(quote->second.ask_price, quote->second.last_price),
                              .stop_price = stop,
                              .capital = capital,
                              .fixed_ratio = spec_.position_size_ratio,
                              .instrument = instrument->second,
                              .move = sizing::UsualMove(state.book.volatility, settings),
                              .moves = {},
                              .record = book_.record,
                              .track = book_.track,
                              .ceiling = CeilingOf(symbol, capital, context)};
  for (const Symbol& one : spec_.symbols)
    situation.moves.push_back(sizing::UsualMove(states_.at(one).book.volatility, settings));
  sizing::Result size = sizing::Size(settings, situation);
  inputs["equity"] = context.equity->ToString();
  inputs["price"] = price.ToString();
  if (spec_.sizing) {
    inputs["sizing"] = sizing::NameOf(size.method);
    for (const auto& [name, value] : size.inputs) inputs["sizing_" + name] = value;
  }
  for (const sizing::Cap& cap : size.caps) inputs["sizing_cap_" + cap.name] = cap.quantity.ToString();
  if (!size.quantity.IsPositive()) return hold(size.refusal);
  const sizing::Result by_settings = size;
  if (terms.quantity) {
    if (std::string fault = WrongQuantity(*terms.quantity, size, situation); !fault.empty()) return hold(fault);
    size.quantity = *terms.quantity;
    size.notional = Multiply(size.quantity, situation.counted_price, Rounding::kUp);
  }
  if (context.size_ratio) {
    const Decimal lot = instrument->second.lot_size;
    size.quantity = Multiply(size.quantity, *context.size_ratio, Rounding::kDown).RoundTo(lot, Rounding::kDown);
    inputs["size_ratio"] = context.size_ratio->ToString();
    if (!size.quantity.IsPositive()) return hold("a canary's part of the size is less than a lot");
    size.notional = Multiply(size.notional, *context.size_ratio, Rounding::kUp);
  }

  Decision decision =
      Note(symbol, context.market_time, is_long ? "enter_long" : "enter_short", std::move(why), std::move(inputs));
  decision.intent = Intent{.side = situation.side, .quantity = size.quantity, .reason = "signal"};
  decision.intent->protective_stop_price = stop;
  state.working_request = RequestIdOf(decision);
  state.working_is_entry = true;
  state.book.best_price = Decimal();
  std::tie(state.book.stop_price, state.book.target_price) = std::tie(terms.stop_price, terms.target_price);
  if (spec_.capital_ratio) state.book.working_notional = size.notional;
  if (spec_.sizing) {
    // Methods are judged by what they said, not by what the strategy wanted.
    if (terms.quantity) size = by_settings;
    Try(situation, size, state.book);
  }
  return decision;
}

bool Decider::WaitsFor(const Symbol& symbol, const DecisionContext& context) const {
  auto found = states_.find(symbol);
  if (found == states_.end()) return false;
  const SymbolState& state = found->second;
  auto quote = context.quotes.find(symbol);
  return state.book.waits_for_open && state.waiting_entry != Signal::kNone && state.quantity.IsZero() &&
         state.working_request.empty() && context.market_time >= state.blocked_until && quote != context.quotes.end() &&
         quote->second.session_open;
}

std::vector<Decision> Decider::OnOpen(const Symbol& symbol, const DecisionContext& context) {
  if (!WaitsFor(symbol, context)) return {};
  Signal side = states_.at(symbol).waiting_entry;
  return {Enter(symbol, side, "the market has opened", {}, states_.at(symbol).book.waiting_terms, context)};
}

std::string Decider::MoveStops(const Symbol& symbol, const EntryTerms& terms, const DecisionContext& context) {
  if (!terms.stop_price && !terms.target_price) return "";
  SymbolState& state = states_.at(symbol);
  auto quote = context.quotes.find(symbol);
  if (quote == context.quotes.end()) return "; there is no quote to move its stop by";
  if (std::string fault = WrongSide(terms, state.quantity.IsPositive(), quote->second); !fault.empty())
    return "; " + fault;
  std::string told;
  auto move = [&](const char* what, const std::optional<Decimal>& to, std::optional<Decimal>& at) {
    if (!to || to == at) return;
    at = to;
    told += std::string("; its ") + what + " is now " + to->ToString();
  };
  move("stop", terms.stop_price, state.book.stop_price);
  move("target", terms.target_price, state.book.target_price);
  return told;
}

}  // namespace ballast::strategy
