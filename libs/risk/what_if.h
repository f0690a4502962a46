#pragma once

#include <optional>
#include <vector>

#include "libs/risk/exposure.h"

namespace ballast::risk {

struct MarketMove {
  // Empty: every instrument that is not named.
  Symbol symbol;
  // -0.1: the price falls by a tenth.
  Decimal ratio;
};

// The market as it would be: what positions are valued at, moved. Nothing trades on the way.
Market MovedMarket(const Market& market, const std::vector<MarketMove>& moves);
// The account without what is under way, after `order` (when there is one) was filled whole: at its limit, else at the
// side of the market that it takes. Nothing: there is no price.
std::optional<Exposure> FilledExposure(const Exposure& exposure, const Order* order, const Market& market);

// What all positions lose when the market jumps over their stops: no stop holds, and `gap_ratio` of what each is worth
// is lost. Nothing: one has no price.
std::optional<Decimal> WorstLoss(const Exposure& exposure, const Market& market, Decimal gap_ratio);
// The market after that: against each position by as much, and a little above zero at least.
Market GappedMarket(const Exposure& exposure, const Market& market, Decimal gap_ratio);

struct Standing {
  // Nothing: a position has no price.
  std::optional<Decimal> equity;
  Decimal gross;
  Decimal net;
  Decimal largest;
};
Standing StandingOf(const Exposure& exposure, const Market& market);

}  // namespace ballast::risk
