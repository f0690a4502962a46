#include <algorithm>
#include <tuple>

#include "libs/base/absl_std.h"
#include "libs/ledger/lot.h"
#include "libs/strategy/decider.h"

namespace ballast::strategy {
namespace {

// After an order that ended without a trade, as after a refusal.
constexpr Duration kVainPause = Duration::Seconds(5);
// Of what a limit or a trailing stop allows: what is kept may be so much behind.
const Decimal kBehind = Decimal::Of("0.05");

// A fee is money unless it is of the base asset (BTC of BTC-USD) or of a third one, which ledger::LegsOf tells apart by
// the account's currency: the quoted one.
std::string_view CurrencyOf(const Fill& fill) {
  std::string_view symbol = fill.symbol.value(), fee = fill.fee_currency;
  std::size_t dash = symbol.rfind('-');
  return dash == std::string_view::npos ? fee : symbol.substr(dash + 1);
}

}  // namespace

void Decider::Observe(const Bar& bar) {
  if (spec_.sizing) sizing::Observe(states_[bar.symbol].book.volatility, bar, *spec_.sizing);
}

void Decider::TakeOver(const Decider& before) {
  Restore(before.sequence_, before.states_, before.book_);
  marks_ = before.marks_;
  saved_best_ = before.saved_best_;
  saved_peak_ = before.saved_peak_;
  unsaved_ = before.unsaved_;
  auto measure = [](const Spec& spec) {
    const sizing::Settings settings = spec.sizing.value_or(sizing::Settings());
    return std::tuple(spec.timeframe, spec.sizing.has_value(), settings.volatility_decay, settings.volatility_periods);
  };
  if (measure(spec_) != measure(before.spec_)) {
    for (auto& [symbol, state] : states_) state.book.volatility = {};
  }
}

void Decider::BookLeg(const Symbol& symbol, SymbolState& state, const ledger::Leg& leg) {
  ledger::Lot lot{.quantity = state.quantity, .cost = state.cost};
  ledger::Booking booking = ledger::Book(lot, leg);
  state.quantity = lot.quantity;
  state.cost = lot.cost;
  SymbolBook& book = state.book;
  Decimal closed = booking.realised - booking.closed_fee;
  book_.realised += closed - booking.opened_fee;
  book.trade_profit += closed;
  bool ended = !booking.closed_quantity.IsZero() && (lot.quantity.IsZero() || !booking.opened_quantity.IsZero());
  if (ended) {
    sizing::Close(book_.record, book.trade_profit, book.trade_notional);
    sizing::Close(book_.track, book.trial, book.trade_profit, book.trade_quantity);
    book.trade_profit = book.trade_quantity = book.trade_notional = book.best_price = Decimal();
    book.trial = {};
    book.stop_price = book.target_price = std::nullopt;
    marks_.erase(symbol);
  }
  if (booking.opened_quantity.IsZero()) return;
  book.trade_profit -= booking.opened_fee;
  book.trade_notional += booking.opened_notional;
  book.trade_quantity = std::max(book.trade_quantity, lot.quantity.Abs());
  marks_[symbol] = leg.price;
}

bool Decider::OnOrderEvent(const OrderEvent& event, UtcTime now) {
  bool own = event.order && event.order->deployment_id == id_;
  bool booked = event.fill && event.fill->deployment_id == id_;
  if (!event.order || (!own && !booked)) return false;
  SymbolState& state = states_[event.order->symbol];
  bool changed = false;
  if (booked) {
    ledger::Legs legs = ledger::LegsOf(*event.fill, CurrencyOf(*event.fill));
    BookLeg(event.order->symbol, state, legs.trade);
    if (legs.disposal) BookLeg(event.order->symbol, state, *legs.disposal);
    changed = true;
  }
  if (own && IsTerminal(event.order->status) && event.order->request_id.value() == state.working_request) {
    state.working_request.clear();
    state.book.working_notional = Decimal();
    // Ended without a trade: the same thing again at once would end the same way.
    if (event.order->cumulative_quantity.IsZero()) state.blocked_until = now + kVainPause;
    changed = true;
  }
  return changed;
}

Decimal Decider::unrealised() const {
  Decimal sum;
  for (const auto& [symbol, state] : states_) {
    auto mark = marks_.find(symbol);
    if (!state.quantity.IsZero() && mark != marks_.end())
      sum += Multiply(state.quantity, mark->second, Rounding::kHalfEven) - state.cost;
  }
  return sum;
}

void Decider::WatchLosses(const DecisionContext& context) {
  TimeZone zone = spec_.schedule ? spec_.schedule->zone : TimeZone::kUtc;
  std::int64_t day = LocalDay(zone, TradingCalendar::kUnspecified, context.market_time);
  Decimal now = profit();
  if (day != book_.day) {
    book_.day = day;
    book_.day_start = now;
    book_.day_halted = false;
    unsaved_ = true;
  }
  auto allowed = [&](const std::optional<Decimal>& ratio) { return Multiply(book_.capital, *ratio, Rounding::kDown); };
  if (now > book_.peak) {
    // Stored with the next change; a bit behind after a crash.
    if (spec_.drawdown_ratio &&
        now - saved_peak_ >= Multiply(allowed(spec_.drawdown_ratio), kBehind, Rounding::kDown)) {
      saved_peak_ = now;
      unsaved_ = true;
    }
    book_.peak = now;
  }
  if (!book_.capital.IsPositive()) return;
  auto reached = [&](const std::optional<Decimal>& ratio, Decimal from) {
    return ratio && from - now >= allowed(ratio);
  };
  if (!book_.day_halted && reached(spec_.daily_loss_ratio, book_.day_start)) book_.day_halted = unsaved_ = true;
  if (!book_.drawdown_halted && reached(spec_.drawdown_ratio, book_.peak)) book_.drawdown_halted = unsaved_ = true;
}

void Decider::WatchBest(const Symbol& symbol, SymbolState& state, Decimal price) {
  if (!spec_.trailing_stop_ratio) return;
  Decimal& best = state.book.best_price;
  bool is_long = state.quantity.IsPositive();
  if (!best.IsZero() && (is_long ? price <= best : price >= best)) return;
  best = price;
  Decimal& saved = saved_best_[symbol];
  Decimal behind = Multiply(Multiply(price, *spec_.trailing_stop_ratio, Rounding::kDown), kBehind, Rounding::kDown);
  if ((price - saved).Abs() < behind) return;
  saved = price;
  unsaved_ = true;
}

void Decider::ClearHalts() {
  Decimal now = profit();
  book_.day_start = now;
  book_.peak = now;
  book_.day_halted = book_.drawdown_halted = false;
}

}  // namespace ballast::strategy
