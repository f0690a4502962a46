#include "libs/positions/holding.h"

#include <algorithm>

#include "libs/ledger/mark_board.h"

namespace ballast::positions {
namespace {

void Open(Holding& holding, Side side, Decimal quantity, Decimal price, Decimal fee, UtcTime time) {
  if (holding.flat()) {
    holding = Holding{};
    holding.highest = holding.lowest = price;
    holding.open_time = time;
  }
  Decimal notional = Multiply(quantity, price, Rounding::kHalfEven);
  holding.quantity += side == Side::kBuy ? quantity : -quantity;
  holding.cost += side == Side::kBuy ? notional : -notional;
  holding.fees += fee;
  holding.entry_quantity += quantity;
  holding.entry_notional += notional;
}

FillEffect Close(Holding& holding, Decimal quantity, Decimal notional, Decimal fee, UtcTime time) {
  bool was_long = holding.quantity.IsPositive();
  bool all = quantity == holding.quantity.Abs();
  // The last part takes what is left of the cost, so nothing is lost to rounding.
  Decimal cost =
      all ? holding.cost : MultiplyDivide(holding.cost, quantity, holding.quantity.Abs(), Rounding::kHalfEven);
  FillEffect effect;
  effect.realised = (was_long ? notional : -notional) - cost;
  holding.quantity += was_long ? -quantity : quantity;
  holding.cost -= cost;
  holding.realised += effect.realised;
  holding.fees += fee;
  holding.exit_quantity += quantity;
  holding.exit_notional += notional;
  if (all) {
    effect.closed =
        RoundTrip{.side = was_long ? Side::kBuy : Side::kSell,
                  .quantity = holding.entry_quantity,
                  .entry_price = Divide(holding.entry_notional, holding.entry_quantity, Rounding::kHalfEven),
                  .exit_price = Divide(holding.exit_notional, holding.exit_quantity, Rounding::kHalfEven),
                  .pnl = holding.realised - holding.fees,
                  .fees = holding.fees,
                  .entry_time = holding.open_time,
                  .exit_time = time};
  }
  return effect;
}

}  // namespace

Decimal Holding::AveragePrice() const { return flat() ? Decimal() : Divide(cost, quantity, Rounding::kHalfEven); }

Decimal Holding::MarketValue(Decimal mark) const { return ledger::Value(quantity, mark); }

FillEffect ApplyFill(Holding& holding, const Fill& fill) {
  bool same_side = holding.flat() || holding.quantity.IsPositive() == (fill.side == Side::kBuy);
  FillEffect effect;
  if (same_side) {
    Open(holding, fill.side, fill.quantity, fill.price, fill.fee, fill.transact_time);
  } else {
    Decimal closing = std::min(fill.quantity, holding.quantity.Abs());
    Decimal opening = fill.quantity - closing;
    Decimal notional = Multiply(fill.quantity, fill.price, Rounding::kHalfEven);
    Decimal opening_notional = Multiply(opening, fill.price, Rounding::kHalfEven);
    Decimal closing_fee =
        opening.IsZero() ? fill.fee : MultiplyDivide(fill.fee, closing, fill.quantity, Rounding::kHalfEven);
    effect = Close(holding, closing, notional - opening_notional, closing_fee, fill.transact_time);
    if (!opening.IsZero()) Open(holding, fill.side, opening, fill.price, fill.fee - closing_fee, fill.transact_time);
  }
  holding.update_time = fill.transact_time;
  if (!holding.flat()) ApplyMark(holding, fill.price);
  return effect;
}

void ApplyMark(Holding& holding, Decimal mark) {
  holding.highest = std::max(holding.highest, mark);
  holding.lowest = std::min(holding.lowest, mark);
}

}  // namespace ballast::positions
