#pragma once

#include <optional>
#include <vector>

#include "libs/model/market.h"
#include "libs/model/order.h"

namespace ballast::matching {

struct Level {
  Decimal price;
  Decimal size;
};

// Nothing is offered further from the quoted price than this part of it: 5 %. A tick that is coarse beside the price
// ends the book early instead of asking a multiple of what is quoted.
Decimal Reach(Decimal quoted_price);

// The side of the book an order of `side` trades against, best first: the quoted level, then `depth` - 1 more within
// reach, each one tick further and half as large again. What trades within one step is gone until the next quote:
// `taken` is that much from the front.
std::vector<Level> Opposite(const Quote& quote, const Instrument& instrument, Side side, int depth, Decimal taken);

struct Match {
  Decimal quantity;
  Decimal price;
};
// Walks the levels: at most `quantity`, at no worse than `limit`, in whole lots.
std::vector<Match> Walk(const std::vector<Level>& levels, Side side, Decimal quantity, std::optional<Decimal> limit,
                        Decimal lot_size);

}  // namespace ballast::matching
