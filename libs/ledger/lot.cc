#include "libs/ledger/lot.h"

#include <algorithm>

namespace ballast::ledger {

Booking Book(Lot& lot, const Leg& leg) {
  const bool buy = leg.side == Side::kBuy;
  const bool was_long = lot.quantity.IsPositive();
  const Decimal held = lot.quantity.Abs();
  Booking booking;
  if (!lot.quantity.IsZero() && was_long != buy) booking.closed_quantity = std::min(leg.quantity, held);
  booking.opened_quantity = leg.quantity - booking.closed_quantity;
  booking.opened_notional = booking.closed_quantity.IsZero()
                                ? leg.notional
                                : Multiply(booking.opened_quantity, leg.price, Rounding::kHalfEven);
  booking.closed_notional = leg.notional - booking.opened_notional;
  booking.closed_fee = booking.opened_quantity.IsZero()
                           ? leg.fee
                           : MultiplyDivide(leg.fee, booking.closed_quantity, leg.quantity, Rounding::kHalfEven);
  booking.opened_fee = leg.fee - booking.closed_fee;
  if (!booking.closed_quantity.IsZero()) {
    bool all = booking.closed_quantity == held;
    Decimal cost = all ? lot.cost : MultiplyDivide(lot.cost, booking.closed_quantity, held, Rounding::kHalfEven);
    booking.realised = (was_long ? booking.closed_notional : -booking.closed_notional) - cost;
    lot.quantity -= was_long ? booking.closed_quantity : -booking.closed_quantity;
    lot.cost -= cost;
  }
  lot.quantity += buy ? booking.opened_quantity : -booking.opened_quantity;
  lot.cost += buy ? booking.opened_notional : -booking.opened_notional;
  return booking;
}

void Book(Lot& lot, const FillTerms& fill, std::string_view currency) {
  Legs legs = LegsOf(fill, currency);
  (void)Book(lot, legs.trade);
  if (legs.disposal) (void)Book(lot, *legs.disposal);
}

}  // namespace ballast::ledger
