#pragma once

#include "libs/ledger/fill.h"

namespace ballast::ledger {

// What is held of one instrument in one book, at average cost. `cost` is a sum, never an average, so that
// cash + cost - realised is the same number before and after any leg.
struct Lot {
  // Signed: long > 0.
  Decimal quantity;
  // What the open quantity was paid for; negative for a short.
  Decimal cost;

  friend bool operator==(const Lot&, const Lot&) = default;
};

// A leg in its two parts: what it closed of what was held, and what it opened. Their sums are the leg's.
struct Booking {
  Decimal closed_quantity, closed_notional, closed_fee;
  Decimal opened_quantity, opened_notional, opened_fee;
  // Before fees.
  Decimal realised;
};

// Through zero it closes everything at its price and opens the rest; its fee is split by quantity. The part that closes
// all takes what is left of the cost, so that nothing is lost to rounding.
Booking Book(Lot& lot, const Leg& leg);
// Both legs of a fill.
void Book(Lot& lot, const FillTerms& fill, std::string_view currency);

}  // namespace ballast::ledger
