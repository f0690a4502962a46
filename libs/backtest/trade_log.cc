#include "libs/backtest/trade_log.h"

#include <algorithm>

#include "libs/ledger/fill.h"

namespace ballast::backtest {

void TradeLog::Begin(Running& running, const Fill& fill, Side side) {
  running.trade = Trade{.symbol = fill.symbol, .side = side, .open_time = fill.transact_time};
  running.in_quantity = running.in_notional = running.out_quantity = running.out_notional = Decimal();
  running.realised = Decimal();
}

void TradeLog::OnFill(const Fill& fill) {
  Running& running = running_[fill.symbol];
  ledger::Legs legs = ledger::LegsOf(fill, currency_);
  for (const std::optional<ledger::Leg>& leg : {std::optional(legs.trade), legs.disposal}) {
    if (!leg) continue;
    if (running.lot.quantity.IsZero()) Begin(running, fill, leg->side);
    ledger::Booking booking = ledger::Book(running.lot, *leg);
    Trade& trade = running.trade;
    ++trade.fills;
    auto enter = [&] {
      running.in_quantity += booking.opened_quantity.Abs();
      running.in_notional += booking.opened_notional.Abs();
      running.trade.fees += booking.opened_fee;
      running.trade.quantity = std::max(running.trade.quantity, running.lot.quantity.Abs());
    };
    if (booking.closed_quantity.IsZero()) {
      enter();
      continue;
    }
    running.out_quantity += booking.closed_quantity.Abs();
    running.out_notional += booking.closed_notional.Abs();
    running.realised += booking.realised;
    trade.fees += booking.closed_fee;
    bool over = running.lot.quantity.IsZero() || !booking.opened_quantity.IsZero();
    if (!over) continue;
    trade.close_time = fill.transact_time;
    trade.entry_price = Divide(running.in_notional, running.in_quantity, Rounding::kHalfEven);
    trade.exit_price = Divide(running.out_notional, running.out_quantity, Rounding::kHalfEven);
    trade.profit = running.realised - trade.fees;
    trade.best = std::max(trade.best, running.realised);
    trade.worst = std::min(trade.worst, running.realised);
    trade.exit_reason = fill.reason;
    trades_.push_back(std::move(trade));
    if (running.lot.quantity.IsZero()) continue;
    Begin(running, fill, leg->side);
    ++running.trade.fills;
    enter();
  }
}

void TradeLog::OnMark(const Symbol& symbol, Decimal bid, Decimal ask) {
  auto found = running_.find(symbol);
  if (found == running_.end() || found->second.lot.quantity.IsZero()) return;
  Running& running = found->second;
  running.mark = running.lot.quantity.IsPositive() ? bid : ask;
  Decimal stands =
      Multiply(running.lot.quantity, running.mark, Rounding::kHalfEven) - running.lot.cost + running.realised;
  running.trade.best = std::max(running.trade.best, stands);
  running.trade.worst = std::min(running.trade.worst, stands);
}

std::map<Symbol, OpenTrade> TradeLog::Open() const {
  std::map<Symbol, OpenTrade> open;
  for (const auto& [symbol, running] : running_) {
    const ledger::Lot& lot = running.lot;
    if (lot.quantity.IsZero()) continue;
    open[symbol] = {.side = running.trade.side,
                    .open_time = running.trade.open_time,
                    .quantity = lot.quantity,
                    .entry_price = Divide(lot.cost, lot.quantity, Rounding::kHalfEven),
                    .fees = running.trade.fees,
                    .realised = running.realised,
                    .unrealised = Multiply(lot.quantity, running.mark, Rounding::kHalfEven) - lot.cost};
  }
  return open;
}

}  // namespace ballast::backtest
