#include "libs/positions/holding.h"

#include <algorithm>
#include <utility>

#include "libs/ledger/lot.h"
#include "libs/ledger/mark_board.h"

namespace ballast::positions {
namespace {

std::optional<RoundTrip> Close(Holding& holding, const ledger::Booking& booking, UtcTime time) {
  bool was_long = holding.quantity.IsPositive();
  holding.realised += booking.realised;
  holding.fees += booking.closed_fee;
  holding.exit_quantity += booking.closed_quantity;
  holding.exit_notional += booking.closed_notional;
  if (booking.closed_quantity != holding.quantity.Abs()) return std::nullopt;
  RoundTrip trip{.side = was_long ? Side::kBuy : Side::kSell,
                 .quantity = holding.entry_quantity,
                 .entry_price = Divide(holding.entry_notional, holding.entry_quantity, Rounding::kHalfEven),
                 .exit_price = Divide(holding.exit_notional, holding.exit_quantity, Rounding::kHalfEven),
                 .pnl = holding.realised - holding.fees,
                 .fees = holding.fees,
                 .entry_time = holding.open_time,
                 .exit_time = time};
  // What opens now is another one.
  holding = Holding{};
  return trip;
}

FillResult ApplyLeg(Holding& holding, const ledger::Leg& leg, UtcTime time) {
  ledger::Lot lot{.quantity = holding.quantity, .cost = holding.cost};
  const ledger::Booking booking = ledger::Book(lot, leg);
  FillResult result{.realised = booking.realised, .closed = std::nullopt};
  if (!booking.closed_quantity.IsZero()) result.closed = Close(holding, booking, time);
  if (!booking.opened_quantity.IsZero()) {
    if (holding.flat()) {
      holding = Holding{};
      holding.highest = holding.lowest = leg.price;
      holding.open_time = time;
    }
    holding.fees += booking.opened_fee;
    holding.entry_quantity += booking.opened_quantity;
    holding.entry_notional += booking.opened_notional;
  }
  holding.quantity = lot.quantity;
  holding.cost = lot.cost;
  return result;
}

}  // namespace

Decimal Holding::AveragePrice() const { return flat() ? Decimal() : Divide(cost, quantity, Rounding::kHalfEven); }

Decimal Holding::MarketValue(Decimal mark) const { return ledger::Value(quantity, mark); }

FillResult ApplyFill(Holding& holding, const Fill& fill, const std::string& currency) {
  ledger::Legs legs = ledger::LegsOf(fill, currency);
  FillResult result = ApplyLeg(holding, legs.trade, fill.transact_time);
  if (legs.disposal) {
    FillResult fee = ApplyLeg(holding, *legs.disposal, fill.transact_time);
    result.realised += fee.realised;
    if (result.closed && fee.closed) {
      // The rest that the trade opened went for its fee: one round trip, not two.
      result.closed->pnl += fee.closed->pnl;
      result.closed->fees += fee.closed->fees;
    } else if (fee.closed) {
      result.closed = std::move(fee.closed);
    }
  }
  holding.update_time = fill.transact_time;
  if (!holding.flat()) ApplyMark(holding, fill.price);
  return result;
}

void ApplyMark(Holding& holding, Decimal mark) {
  holding.highest = std::max(holding.highest, mark);
  holding.lowest = std::min(holding.lowest, mark);
}

}  // namespace ballast::positions
